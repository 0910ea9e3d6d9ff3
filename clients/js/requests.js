// Requests to the captured API, and what their answers mean.
import { AssertionError, RequestError, UnreachableError } from "./errors.js";

/** Milliseconds that the server may take beside the time for which it is asked to wait. */
const GRACE = 30_000;

/** What never ends: a stream. */
export const ENDLESS = Infinity;

/** Milliseconds before a question is asked again, at first and at most. */
const FIRST = 50;
const LONGEST = 1000;

/** Codes of Node for a connection that was refused, reset or closed. */
const CUT = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET"];

/** Whether the server may answer later: it is not there, its Redis is away for a moment, or a proxy stands before what starts. */
export const mayAnswerLater = (error) => (error instanceof UnreachableError ? isCut(error.cause) : [502, 503, 504].includes(error.status));

/** Whether a failure of `fetch` is of the connection. A browser gives no cause of any failure. */
const isCut = (failure) => failure.name === "TypeError" && (!failure.cause || CUT.includes(failure.cause.code));

export class Requests {
  /** `patience`: milliseconds for which a server that cannot answer at present is asked again, where nothing else is said. */
  constructor(url, { token, headers, signal, patience }) {
    this.url = url;
    this.signal = signal;
    this.patience = patience;
    this.headers = new Headers(headers);
    if (token && !this.headers.has("authorization")) this.headers.set("authorization", `Bearer ${token}`);
  }

  /**
   * Ask for a path below the address of the server, with pairs of names and texts as its query.
   * `wait`: milliseconds for which the server is asked to wait. Resolves to a Response with status 2xx.
   * What the server cannot answer at present is asked again for `patience`, also where it may have been done already: behind
   * a proxy (502, 504) or a connection that was cut. The README says what that means for what changes something.
   */
  async ask(method, path, { wait, patience = wait ?? this.patience, ...rest } = {}) {
    const deadline = performance.now() + patience;
    const left = () => Math.max(Math.ceil(deadline - performance.now()), 0);
    for (let next = FIRST, part = wait; ; next = Math.min(next * 2, LONGEST)) {
      try {
        return await this.#once(method, path, { ...rest, wait: part });
      } catch (error) {
        if (!mayAnswerLater(error) || !left()) throw error;
      }
      await pause(Math.min(next, left()), this.signal, rest.signal);
      if (wait !== undefined && wait !== ENDLESS) part = Math.min(wait, left());
    }
  }

  async #once(method, path, { pairs = [], body, headers = {}, signal, wait }) {
    const waiting = wait === undefined || wait === ENDLESS ? [] : [["wait", String(wait / 1000)]];
    const query = new URLSearchParams([...pairs, ...waiting]).toString();
    const limit = wait === ENDLESS ? undefined : AbortSignal.timeout(Math.ceil(wait ?? 0) + GRACE);
    const signals = [this.signal, signal, limit].filter(Boolean);
    const init = { method, headers: new Headers(this.headers), redirect: "error" };
    for (const [name, text] of Object.entries(headers)) init.headers.set(name, text);
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers.set("content-type", "application/json");
    }
    let response;
    try {
      response = await fetch(`${this.url}${path}${query && `?${query}`}`, { ...init, signal: AbortSignal.any(signals) });
    } catch (error) {
      throw this.unreachable(error, signal, limit);
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** Return what to throw for an error of `fetch`: the caller's own reason where the caller ended it. */
  unreachable(error, signal, limit) {
    if (this.signal?.aborted || signal?.aborted) return error;
    const why = limit?.aborted ? "it takes too long" : (error.cause?.code ?? error.cause?.message ?? error.message);
    return new UnreachableError(this.url, why, { cause: error });
  }
}

/** Resolve after some milliseconds; reject where a signal ends it. */
export function pause(time, ...signals) {
  const ending = AbortSignal.any(signals.filter(Boolean));
  return new Promise((resolve, reject) => {
    const leave = () => (clearTimeout(timer), reject(ending.reason));
    const timer = setTimeout(() => (ending.removeEventListener("abort", leave), resolve()), time);
    if (ending.aborted) leave();
    else ending.addEventListener("abort", leave, { once: true });
  });
}

async function refusal(response) {
  const text = await response.text();
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    // A proxy, or another server.
  }
  if (typeof said.text === "string") return new AssertionError(said);
  const place = `${response.status} of ${new URL(response.url).pathname}`;
  return new RequestError(response.status, said.error ?? said.detail ?? `${place}: ${text.slice(0, 200)}`);
}
