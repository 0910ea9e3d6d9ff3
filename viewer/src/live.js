// The live source: the stream of the captured API. Rows are summaries; the whole is asked for when it is opened.
import { connections, evicted, held, limit, older, paused, reading, restarted, rows, rowsOf, state } from "./rows.js";

let waiting = [];
let scheduled = false;

function flush() {
  scheduled = false;
  if (paused.peek()) {
    held.value = waiting.length;
    return;
  }
  if (waiting.length) {
    const again = new Map(judging ? waiting.map((row) => [row.key, row]) : []);
    const before = again.size ? rows.peek().filter((row) => !again.has(row.key)) : rows.peek();
    const all = before.concat(waiting).sort((one, other) => one.number - other.number);
    waiting = [];
    // What the server has evicted goes here as well: it could not be opened.
    const oldest = limit.peek() ? all.at(-1).number - limit.peek() : 0;
    const gone = all.findIndex((row) => row.number > oldest);
    if (gone > 0) evicted.value = Math.max(evicted.peek(), oldest);
    rows.value = gone > 0 ? all.slice(gone) : all;
    reading.value = false;
  }
  held.value = 0;
}

function schedule() {
  if (!scheduled) {
    scheduled = true;
    setTimeout(flush, 50);
  }
}

export function pause(on) {
  paused.value = on;
  flush();
}

function take(summary) {
  waiting.push(...rowsOf(summary));
  schedule();
}

class Unanswered extends Error {
  message = "the server does not answer";
}

const unanswered = () => {
  throw new Unanswered();
};

/** What is said of what the list has and the server has not: it does not tell which of both it was. */
export const GONE = "the server does not keep it any more: it was evicted, or cleared";

async function get(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } }).catch(unanswered);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? body.text ?? `the server answered ${answer.status}`);
  return body;
}

/** The object of a row: the noun's INDEXth of its request. */
export async function object(row) {
  const after = `after=${row.number - 1}&limit=${row.index + 1}`;
  const { items } = await get(`/api/captured/${row.noun}?${after}&inbox=${encodeURIComponent(row.inbox)}`);
  const found = items[row.index];
  if (!found || found.number !== row.number) throw new Error(GONE);
  return found;
}

export const findings = (row) =>
  get(`/api/captured/findings?after=${row.number - 1}&until=${row.number}&inbox=${encodeURIComponent(row.inbox)}`);

export async function trace(id) {
  const { items } = await get(`/api/captured/traces?trace_id=${encodeURIComponent(id)}&limit=1`);
  if (!items.length) throw new Error("no span of this trace is kept");
  return items[0];
}

/** Where the bytes of an attachment are, by the path that the API gives. */
export const address = async (path) => path;

function allIsRead() {
  reading.value = false;
  for (const stream of behind) isRead(stream);
}

function empty() {
  waiting = [];
  rows.value = [];
  evicted.value = unjudged = 0;
  allIsRead();
}

/** Forget what came, here and on the server; nothing where that does not answer: the page says so by itself. */
export async function forget() {
  const answer = await fetch("/api/captured/", { method: "DELETE" }).catch(() => null);
  if (answer?.ok) empty();
}

const NEWEST = 200; // requests that are shown at once; older ones follow behind

/** Streams that have not yet sent all that was there when they began. */
const behind = new Set();

function isRead(stream) {
  behind.delete(stream);
  older.value = behind.size > 0;
  if (stream.ends) stream.close();
}

/** Follow what came after *after*, of which what is there already goes up to *there*; with *ends* that alone. */
function follow(after, there, { ends = false, verdicts = false }) {
  const stream = new EventSource(`/api/captured/stream?after=${after}${verdicts ? "&verdicts=true" : ""}`);
  stream.ends = ends;
  if (there > after) behind.add(stream);
  older.value = behind.size > 0;
  stream.onmessage = (message) => {
    const summary = JSON.parse(message.data);
    if (!ends || summary.number <= there) take(summary);
    if (summary.number >= there) isRead(stream);
  };
  stream.addEventListener("evicted", () => (evicted.value ||= 1));
  return stream;
}

// A verdict takes about a millisecond: older entries are judged when the filter asks for one.
let unjudged = 0, judging = false;

export function judge() {
  if (!unjudged) return;
  judging = true;
  follow(0, unjudged, { ends: true, verdicts: true });
  unjudged = 0;
}

/**
 * Whether the server is another than before: its entry of a number that is known came at another time. The stream tells
 * it by itself where the numbers begin again below what was read; not where as many have come meanwhile.
 */
async function isAnother() {
  const known = rows.peek().findLast((row) => row.noun !== "refused");
  if (!known) return false;
  const { items } = await get(`/api/captured/envelopes?after=${known.number - 1}&limit=1`).catch(() => ({ items: [] }));
  return items[0]?.number === known.number && items[0].received !== known.received;
}

const some = ({ counts }) => counts.items + counts.refused > 0;

/** The number of the newest request that is kept: later ones, to which the cursor counts, may be gone. */
async function newestOf({ counts }) {
  const nouns = ["items", "refused"].filter((noun) => counts[noun] > 0);
  const answers = await Promise.all(nouns.map((noun) => get(`/api/captured/${noun}?order=newest&limit=1`)));
  return Math.max(0, ...answers.map(({ items }) => items[0]?.number ?? 0));
}

export async function connect() {
  let newest = 0;
  try {
    const counts = await get("/api/captured/");
    evicted.value = counts.evicted;
    limit.value = counts.limit ?? 0;
    reading.value = some(counts);
    newest = await newestOf(counts);
  } catch (error) {
    const isAway = error instanceof Unanswered;
    state.value = isAway ? "lost" : "refused";
    if (isAway) setTimeout(connect, 1000);
    return;
  }
  const first = Math.max(0, newest - NEWEST);
  const stream = follow(first, newest, { verdicts: true });
  stream.onopen = async () => {
    if (state.peek() === "lost" && (await isAnother())) {
      stream.close();
      empty();
      restarted.value = true;
      connect();
      return;
    }
    state.value = "live";
    connections.value++;
    // What was counted may have been cleared before the stream began.
    if (older.peek() && !(await get("/api/captured/").then(some, () => true))) allIsRead();
  };
  stream.onerror = () => (state.value = stream.readyState === EventSource.CLOSED ? "refused" : "lost");
  stream.addEventListener("restarted", () => {
    empty();
    restarted.value = true;
  });
  if (first > 0) {
    unjudged = first;
    follow(0, first, { ends: true });
  }
}

/** The bytes of the envelope that a row came in, as text, and where they are. */
export async function envelope(row) {
  const place = `/api/captured/envelopes/${row.number}`;
  const answer = await fetch(place).catch(unanswered);
  if (!answer.ok) throw new Error(GONE);
  const bytes = await answer.arrayBuffer();
  return { text: new TextDecoder().decode(bytes.slice(0, 100_000)), length: bytes.byteLength, address: place };
}
