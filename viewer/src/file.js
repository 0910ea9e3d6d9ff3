// The source of a report: what the captured API would answer stands in the page itself, compressed.
import { signal } from "@preact/signals";
import { rows, rowsOf, state } from "./rows.js";
import { moment } from "./shown.js";

/** Title, tests, and what could not be read or was left out; `null` until it is read. */
export const report = signal(null);

const element = (name) => document.getElementById(`report-${name}`);

export const isThere = () => element("head") !== null;

async function unpacked(name) {
  const bytes = Uint8Array.from(atob(element(name).textContent.trim()), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const KEPT = 8; // blocks that stay unpacked
const blocks = new Map();

function block(number) {
  if (number === undefined || number === null)
    return Promise.reject(new Error("it was left out, so that the report stays small and quick to make; the dump holds it"));
  if (!blocks.has(number)) {
    blocks.set(number, unpacked(`block-${number}`));
    if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value);
  }
  return blocks.get(number);
}

function found(answer) {
  if (answer === undefined) throw new Error("it was left out, so that the report stays small and quick to make; the dump holds it");
  return answer;
}

export const object = async (row) => found((await block(row.block)).objects[row.key]);

export async function findings(row) {
  const answer = (await block(row.block)).findings[row.number];
  if (answer === undefined) throw new Error("the report judges some thousand requests, those of failed tests first; sentryintegration show DIR judges all");
  return answer;
}

export async function trace(id) {
  const places = report.value.traces;
  if (!Object.hasOwn(places, id)) throw new Error("no span of this trace is in the report");
  return found((await block(places[id])).traces[id]);
}

/** Where the bytes of an attachment are, by the path that the API gives. */
export async function address(path) {
  const [name, number] = /(\d+)-\d+$/.exec(path) ?? [];
  const row = rows.value.find((one) => one.number === Number(number));
  const [type, bytes] = found((await block(row?.block)).attachments[name]);
  return `data:${type};base64,${bytes}`;
}

/** What is to be shown of a failing test. */
export const failure = async (test) => found((await block(test.block)).tests[test.place]);

export async function connect() {
  try {
    const head = await unpacked("head");
    // As they came: the dump has them test by test.
    rows.value = head.rows.toSorted((one, other) => moment(one.received) - moment(other.received) || one.number - other.number).flatMap(rowsOf);
    report.value = head;
    state.value = "file";
  } catch (error) {
    state.value = "damaged";
  }
}

export const pause = () => {};
export const forget = () => {};

/** The bytes of the envelope that a row came in, as text, and an address to have them from. */
export async function envelope(row) {
  if (typeof row.bytes !== "number") throw new Error("a report holds the bytes of what failed tests sent, up to 200 KB each; a dump (--sentry-dump) holds all, as .envelope files");
  const [kind, text] = found((await block(row.bytes)).envelopes[row.number]);
  const bytes = kind === "text" ? new TextEncoder().encode(text) : Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return { text: new TextDecoder().decode(bytes.slice(0, 100_000)), length: bytes.length, address: URL.createObjectURL(new Blob([bytes])) };
}

export const judge = () => {};
