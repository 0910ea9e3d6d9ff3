// What comes, as it comes.
import { RequestError } from "./errors.js";
import { ENDLESS, mayAnswerLater, pause } from "./requests.js";

/** Milliseconds between two attempts to go on where a stream was cut. */
const PAUSE = 200;

/** Yield the objects of an answer that holds one a line of JSON. */
export async function* lines(requests, path, { pairs, signal }) {
  const response = await open(requests, path, { pairs, signal });
  yield* response.each("\n", (line) => (line ? JSON.parse(line) : undefined));
}

/**
 * Yield what server-sent events tell: `{event: "captured", ...}` for a request, `{event: "evicted"}` and
 * `{event: "restarted"}` with a text. Goes on where it is cut, and fails where no server is there for `patience` ms.
 */
export async function* summaries(requests, path, { pairs, signal, patience }) {
  let last;
  let cut;
  for (;;) {
    let response;
    try {
      response = await open(requests, path, { pairs, signal, last, patience: cut ? 0 : patience });
    } catch (error) {
      if (cut && !cut.error && error instanceof RequestError && error.status === 404) return; // the inbox was closed
      if (!(cut && mayAnswerLater(error) && performance.now() - cut.since < patience)) throw error;
      await pause(PAUSE, requests.signal, signal);
      continue;
    }
    cut = undefined;
    try {
      for await (const message of response.each("\n\n", parse)) {
        last = message.id ?? last;
        yield message.value;
      }
      cut = { since: performance.now() };
    } catch (error) {
      // What `fetch` throws where a connection breaks.
      if (signal?.aborted || requests.signal?.aborted || !(error instanceof TypeError)) throw error;
      cut = { since: performance.now(), error };
    }
    await pause(PAUSE, requests.signal, signal);
  }
}

async function open(requests, path, { pairs, signal, last, patience = requests.patience }) {
  const leaving = new AbortController();
  const both = AbortSignal.any([leaving.signal, signal].filter(Boolean));
  const headers = last === undefined ? {} : { "last-event-id": last };
  const response = await requests.ask("GET", path, { pairs, headers, signal: both, wait: ENDLESS, patience });
  return {
    async *each(separator, read) {
      const decoder = new TextDecoder();
      let rest = "";
      try {
        for await (const chunk of response.body) {
          const parts = (rest + decoder.decode(chunk, { stream: true })).split(separator);
          rest = parts.pop();
          for (const part of parts) {
            const value = read(part);
            if (value !== undefined) yield value;
          }
        }
      } finally {
        leaving.abort();
      }
    },
  };
}

function parse(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const [, name, text] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = text;
  }
  if (fields.data === undefined) return undefined;
  return { id: fields.id, value: { event: fields.event ?? "captured", ...JSON.parse(fields.data) } };
}
