/// <reference lib="esnext.disposable" />
import type * as api from "./openapi.js";

/** The kinds of things that are captured, such as `messages`. */
export type Noun = keyof api.Objects;

/** What an attribute is expected to be. An object is compared member by member, and need not name all of them. */
export type Criterion =
  | string
  | number
  | bigint
  | boolean
  | null
  | RegExp
  | Date
  | typeof anything
  | { readonly [member: string]: Criterion };

/** The name by which exceptions are asked for: of the class, with its module or without. */
export type ErrorClass = abstract new (...given: never[]) => Error;

/** Criteria by name: attributes of the noun's objects, with dots into these. All of them have to match. */
export type Criteria<N extends Noun> = {
  readonly [name in Exclude<keyof api.Objects[N], "count"> | api.Main[N]]?: name extends "exception"
    ? Criterion | ErrorClass
    : Criterion;
} & { readonly [path: `${string}.${string}`]: Criterion };

/** Which part of what came is meant, and when to give up. */
export interface Part {
  /** A cursor: only what came after it. */
  readonly after?: number;
  /** One project alone. */
  readonly project?: string | number;
  readonly signal?: AbortSignal;
}

export interface Wait extends Part {
  /** Milliseconds until what is not there is an error, at most 240,000; 5000 where neither this nor `connect` says so. */
  readonly timeout?: number;
}

export interface Within extends Part {
  /** Milliseconds for which it is waited that nothing comes: 0 where it is not given. */
  readonly within?: number;
}

/** Of traces: whether to wait until all of a trace has come. */
export type Complete<N extends Noun> = N extends "traces" ? { readonly complete?: boolean } : unknown;

/** The criterion that needs no name: the text of an event, the name of a transaction, ... */
export type First<N extends Noun> = N extends "events" | "messages" | "errors"
  ? string | RegExp | typeof anything | ErrorClass
  : string | RegExp | typeof anything;

/** What a method takes: a criterion without a name, criteria by name with options among them, or both. */
export type Question<N extends Noun, Options> =
  | []
  | [criteria: Criteria<N> & Options]
  | [first: First<N>, criteria?: Criteria<N> & Options];

/** Bytes that are asked for when they are needed. */
export interface Bytes {
  bytes(): Promise<Uint8Array>;
}

export interface Attachment extends Readonly<api.Attachment>, Bytes {
  text(): Promise<string>;
  json(): Promise<any>;
}

type WithAttachments<T> = Omit<T, "attachments"> & { attachments: Record<string, Attachment> };

export type Event = WithAttachments<api.Event>;
export type Transaction = WithAttachments<api.Transaction>;
export type Envelope = api.Envelope & Bytes;

export interface Trace extends api.Trace {
  /** Its spans, each with its children; those whose parent has not come stand at the top, too. */
  tree(): Promise<SpanTree[]>;
  /** Its tree as text, a line a span. */
  draw(): Promise<string>;
  /**
   * Reject with an AssertionError where a service did not go on with the trace as it got it: its message names the hop
   * and the cure. What may come yet and tell otherwise is waited for.
   */
  assertContinuous(options?: { readonly timeout?: number; readonly signal?: AbortSignal }): Promise<void>;
}

/** Objects of each noun, as the methods of a view return them. */
export interface Captured extends Omit<api.Objects, "events" | "messages" | "errors" | "transactions" | "traces" | "attachments" | "envelopes"> {
  events: Event;
  messages: Event;
  errors: Event;
  transactions: Transaction;
  traces: Trace;
  attachments: Attachment;
  envelopes: Envelope;
}

/** What came of one noun. Every method asks the server, which has the criteria and the failures of `sentry_events`. */
export interface View<N extends Noun> {
  /** Return the one that matches, once it is there. Rejects with an AssertionError where none does in time, or several do. */
  find(...question: Question<N, Wait & Complete<N>>): Promise<Captured[N]>;
  /** Return all that match, at once, in the order in which they came. */
  where(...question: Question<N, Part>): Promise<Captured[N][]>;
  /** Return all that match, once there are `count`. Rejects with an AssertionError where there are fewer in time. */
  wait(count: number, ...question: Question<N, Wait & Complete<N>>): Promise<Captured[N][]>;
  /** Return the newest that matches, once there is one. Rejects with an AssertionError where none comes in time. */
  latest(...question: Question<N, Wait & Complete<N>>): Promise<Captured[N]>;
  /** Reject with an AssertionError if one matches, or comes within `within` milliseconds. */
  none(...question: Question<N, Within>): Promise<void>;
  /** Return how many match, at once. */
  count(...question: Question<N, Part>): Promise<number>;
  /** Yield all that match, those first that are there already, until the loop is left. Rejects where it is cut. */
  stream(...question: Question<N, Part>): AsyncGenerator<Captured[N], void, void>;
}

/** Faults of the fake Sentry: what goes wrong from now on. */
export interface Faults {
  /** Return what is set and not used up. */
  get(): Promise<api.Faults>;
  /** Set faults in place of all that are set: `{status: {code: 503, times: 1}}`. Seconds are seconds here. */
  set(faults: api.Faults): Promise<api.Faults>;
  /** Take all back, and send what delays hold back. */
  clear(): Promise<void>;
}

/** What the stream tells: a request with what it held, or that something happened to the stream. */
export type Told =
  | ({ event: "captured" } & Summary)
  | { event: "evicted" | "restarted"; text: string };

type Views = { readonly [N in Noun]: View<N> };

/** What all of a server or one inbox holds: `errors.find("no such cart")`. */
export interface Inboxed extends Views {
  readonly faults: Faults;
  /** Return how much of each noun there is, the cursor, how many requests were evicted, and the limit. */
  counts(part?: Part): Promise<api.Answers["GET /api/captured/"]>;
  /** Return what came as text: events with their fields, trees of transactions; empty where nothing came. */
  show(part?: Part): Promise<string>;
  /** Return what real Sentry would refuse, drop or trim, worst first. */
  findings(part?: Part): Promise<api.Answers["GET /api/captured/findings"]>;
  /** Return why nothing (more) came, the likeliest reason first. */
  explain(part?: Part): Promise<string>;
  /** Return what came as data that is equal on every run and machine. */
  snapshot(part?: Part): Promise<api.Answers["GET /api/captured/snapshot"]>;
  /** Forget what came. */
  clear(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Yield a summary of each request, those first that are there already, until the loop is left. Goes on where it is
   * cut; nothing is lost or told twice, and what was evicted meanwhile is told.
   */
  stream(options?: Part): AsyncGenerator<Told, void, void>;
  stream<N extends Noun>(options: { readonly noun: N } & Criteria<N> & Part): AsyncGenerator<Told, void, void>;
}

/** A running fake Sentry: everything that it was sent, and inboxes of one's own. */
export interface Sentry extends Inboxed {
  readonly url: string;
  /** Open an inbox. `name` becomes a part of its name, `test` is shown beside what comes. */
  inbox(options?: { readonly name?: string; readonly test?: string; readonly signal?: AbortSignal }): Promise<Inbox>;
}

/** What was sent with the DSN of this inbox, and nothing else. */
export interface Inbox extends Inboxed, AsyncDisposable {
  readonly name: string;
  /** What the application is to report to. */
  readonly dsn: string;
  /** Its own address: `connect(inbox.url)` asks this inbox alone. */
  readonly url: string;
  /** Close it, and forget what it holds. What comes for it afterwards is among the strays. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** What the server demands where it listens on more than loopback; else the variable SENTRYINTEGRATION_TOKEN. */
  readonly token?: string;
  /** Further headers of each request. */
  readonly headers?: HeadersInit;
  /** Milliseconds for which a server that cannot answer is asked again, and for which `find` waits: 5000. */
  readonly timeout?: number;
  /** Ends every request of this connection. */
  readonly signal?: AbortSignal;
}

/**
 * Connect to a fake Sentry, and wait until it answers. `url`: its address, or that of an inbox; else the variable
 * SENTRYINTEGRATION_SERVER, else http://127.0.0.1:8969.
 */
export function connect(url?: string, options?: ConnectOptions): Promise<Sentry>;

/** Anything that is there: `find({user: anything})`. */
export const anything: unique symbol;

/** What was expected did not come, or came and should not have. The message is that of `sentry_events`. */
export class AssertionError extends Error {
  /** What came near, and in what it differs. */
  readonly nearest: api.NotThere["nearest"];
  /** Why nothing (more) came. */
  readonly reasons: api.NotThere["reasons"];
}

/** The server refused the question: it is wrong (400), not for this client (401, 403), its inbox is closed (404), ... */
export class RequestError extends Error {
  readonly status: number;
}

/** No fake Sentry answers. */
export class UnreachableError extends Error {}

export type Span = api.Span;
export type SpanTree = api.SpanTree;
export type Summary = api.Summary;
export type SentException = api.SentException;
export type Frame = api.Frame;
export type Breadcrumb = api.Breadcrumb;
export type Log = api.Log;
export type Metric = api.Metric;
export type CheckIn = api.CheckIn;
export type Feedback = api.Feedback;
export type Session = api.Session;
export type ClientReport = api.ClientReport;
export type Item = api.Item;
export type Refused = api.Refused;
