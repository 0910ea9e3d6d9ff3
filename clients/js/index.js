// The client of the captured API: what a fake Sentry was sent, by the nouns of `sentry_events`.
import { AssertionError, RequestError } from "./errors.js";
import { MAIN } from "./nouns.js";
import { milliseconds, readQuestion } from "./questions.js";
import { Requests } from "./requests.js";
import { lines, summaries } from "./streams.js";

export { AssertionError, RequestError, UnreachableError } from "./errors.js";
export { anything } from "./questions.js";

const TIMEOUT = 5000;
/** Options that say which part of what came is meant, and when to give up. */
const PART = ["signal", "after", "project"];
const variable = (name) => globalThis.process?.env?.[name] || undefined;

/** Connect to a fake Sentry, and wait until it answers. */
export async function connect(url = variable("SENTRYINTEGRATION_SERVER") ?? "http://127.0.0.1:8969", options = {}) {
  const { token = variable("SENTRYINTEGRATION_TOKEN"), headers, signal, timeout = TIMEOUT } = options;
  if (!/^https?:\/\/./.test(url))
    throw new TypeError(`the address of a fake Sentry is a URL such as http://127.0.0.1:8969, got ${JSON.stringify(url)}`);
  const patience = milliseconds("timeout", timeout);
  const requests = new Requests(String(url).replace(/\/+$/, ""), { token, headers, signal, patience });
  const { limit } = await (await requests.ask("GET", "/api/captured/")).json();
  if (limit === undefined) throw new RequestError(200, `what answers at ${url} is no fake Sentry`);
  return new Sentry({ requests, timeout, inbox: [] });
}

/** What came of one noun. */
class View {
  #noun;
  #place;

  constructor(noun, place) {
    this.#noun = noun;
    this.#place = place;
  }

  async find(...given) {
    const { items } = await this.#waiting("find", given, [["expect", "one"]]);
    return items[0];
  }

  async where(...given) {
    const { pairs, signal } = this.#read("where", given, PART);
    return (await this.#ask(pairs, signal)).items;
  }

  async wait(count, ...given) {
    if (!Number.isInteger(count) || count < 1)
      throw new TypeError(`how many to wait for comes first, as in wait(2, "text"), got ${String(count)}`);
    return (await this.#waiting("wait", given, [["count", String(count)]])).items;
  }

  async none(...given) {
    const { pairs, signal, within = 0 } = this.#read("none", given, ["within", ...PART]);
    const wait = milliseconds("within", within);
    await this.#ask([...pairs, ["expect", "none"]], signal, wait, Math.max(wait, this.#place.timeout));
  }

  async latest(...given) {
    const { items } = await this.#waiting("latest", given, [["order", "newest"], ["limit", "1"]]);
    return items[0];
  }

  async count(...given) {
    const { pairs, signal } = this.#read("count", given, PART);
    return (await this.#ask([...pairs, ["limit", "1"]], signal)).count;
  }

  async *stream(...given) {
    const { pairs, signal } = this.#read("stream", given, PART);
    const all = [...pairs, ["follow", "true"], ...this.#place.inbox];
    for await (const item of lines(this.#place.requests, `/api/captured/${this.#noun}`, { pairs: all, signal }))
      yield withMethods(this.#noun, item, this.#place);
  }

  #read(method, given, allowed) {
    return readQuestion(this.#noun, method, given, allowed);
  }

  #waiting(method, given, further) {
    const complete = this.#noun === "traces" ? ["complete"] : [];
    const read = this.#read(method, given, ["timeout", ...PART, ...complete]);
    const wait = milliseconds("timeout", read.timeout ?? this.#place.timeout);
    return this.#ask([...read.pairs, ...further], read.signal, wait);
  }

  async #ask(pairs, signal, wait, patience = wait) {
    const { requests, inbox } = this.#place;
    const asked = { pairs: [...pairs, ...inbox], signal, wait, patience };
    const response = await requests.ask("GET", `/api/captured/${this.#noun}`, asked);
    const listing = await response.json();
    for (const item of listing.items) withMethods(this.#noun, item, this.#place);
    return listing;
  }
}

/** Faults of the fake Sentry: what goes wrong from now on. */
class Faults {
  #place;

  constructor(place) {
    this.#place = place;
  }

  async get() {
    return (await this.#ask("GET")).json();
  }

  async set(faults) {
    return (await this.#ask("PUT", faults)).json();
  }

  async clear() {
    await this.#ask("DELETE");
  }

  #ask(method, body) {
    return this.#place.requests.ask(method, "/api/faults", { pairs: this.#place.inbox, body });
  }
}

class Captured {
  #place;

  constructor(place) {
    this.#place = place;
    for (const noun of Object.keys(MAIN)) this[noun] = new View(noun, place);
    this.faults = new Faults(place);
  }

  async counts(options) {
    return (await this.#get("/api/captured/", options)).json();
  }

  async show(options) {
    return (await this.#get("/api/captured/", options, { accept: "text/plain" })).text();
  }

  async findings(options) {
    return (await this.#get("/api/captured/findings", options)).json();
  }

  async explain(options) {
    return (await (await this.#get("/api/captured/explain", options)).json()).text;
  }

  async snapshot(options) {
    return (await this.#get("/api/captured/snapshot", options)).json();
  }

  async clear(options = {}) {
    const { requests, inbox } = this.#place;
    await requests.ask("DELETE", "/api/captured/", { pairs: inbox, signal: options.signal });
  }

  stream({ noun, ...rest } = {}) {
    const { requests, inbox, timeout } = this.#place;
    const { pairs, signal } = readQuestion(noun, "stream", [rest], PART);
    const all = [...(noun === undefined ? [] : [["noun", noun]]), ...pairs, ...inbox];
    return summaries(requests, "/api/captured/stream", { pairs: all, signal, patience: timeout });
  }

  #get(path, options = {}, headers = {}) {
    const { requests, inbox } = this.#place;
    const { pairs, signal } = readQuestion(undefined, path, [options], PART);
    return requests.ask("GET", path, { pairs: [...pairs, ...inbox], headers, signal });
  }
}

/** A running fake Sentry: everything that it was sent, and inboxes of one's own. */
export class Sentry extends Captured {
  #place;

  constructor(place) {
    super(place);
    this.#place = place;
    this.url = place.requests.url;
  }

  async inbox({ name, test, signal } = {}) {
    const { requests, timeout } = this.#place;
    const opened = await (await requests.ask("POST", "/api/inboxes", { body: { name, test }, signal })).json();
    return new Inbox({ requests, timeout, inbox: [["inbox", opened.inbox]] }, opened);
  }
}

/** What was sent with the DSN of this inbox, and nothing else. */
export class Inbox extends Captured {
  #requests;

  constructor(place, { inbox, dsn, url }) {
    super(place);
    this.#requests = place.requests;
    this.name = inbox;
    this.dsn = dsn;
    this.url = url;
  }

  async close() {
    try {
      await this.#requests.ask("DELETE", `/api/inboxes/${encodeURIComponent(this.name)}`);
    } catch (error) {
      // Closed already, or by the server, which closes what nobody uses for an hour.
      if (!(error instanceof RequestError && error.status === 404)) throw error;
    }
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
  }
}

/** Give an object what has to be asked for; it stays equal to what the server sent. */
function withMethods(noun, item, place) {
  const files = noun === "attachments" ? [item] : Object.values(item.attachments ?? {});
  for (const file of files) ofFile(file, place);
  if (noun === "envelopes") method(item, "bytes", () => bytes(item.path, place));
  if (noun === "traces") ofTrace(item, place);
  return item;
}

function ofFile(file, place) {
  method(file, "bytes", () => bytes(file.path, place));
  method(file, "text", async () => new TextDecoder().decode(await file.bytes()));
  method(file, "json", async () => JSON.parse(await file.text()));
}

function ofTrace(trace, { requests, inbox: pairs, timeout: usual }) {
  const path = `/api/captured/traces/${trace.trace_id}`;
  method(trace, "tree", async () => (await requests.ask("GET", `${path}/tree`, { pairs, headers: { accept: "application/json" } })).json());
  method(trace, "draw", async () => (await requests.ask("GET", `${path}/tree`, { pairs, headers: { accept: "text/plain" } })).text());
  method(trace, "assertContinuous", async ({ timeout = usual, signal } = {}) => {
    const wait = milliseconds("timeout", timeout);
    const asked = { pairs, signal, wait };
    const { text, breaks } = await (await requests.ask("GET", `${path}/continuity`, asked)).json();
    if (text) throw new AssertionError({ text, reasons: breaks.map(({ hop, evidence }) => `${hop}: ${evidence}`) });
  });
}

const method = (object, name, value) => Object.defineProperty(object, name, { value });
const bytes = async (path, { requests, inbox: pairs }) =>
  new Uint8Array(await (await requests.ask("GET", path, { pairs })).arrayBuffer());
