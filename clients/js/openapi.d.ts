// Made of the captured API's description, by make_types.py: not to be edited.

export type Error = { error: string; };

/** The failure of the fixture, and what it is made of. */
export type NotThere = { text: string; nearest: { number: number; label: string; differences: { path: string; expected: string; got: string; text: string; }[]; }[]; reasons: string[]; };

export type Objection = { outcome: "refused" | "dropped" | "trimmed"; reason: string | null; what: string; findings: { path: string; rule: string; sent: unknown; stored: unknown; text: string; }[]; };

export type SpanTree = Span & { children: SpanTree[]; };

/** What the stream tells of a request. */
export type Summary = { number: number; inbox: string; received: string; project_id: string | null; test: string; items: { noun: "events" | "messages" | "errors" | "transactions" | "spans" | "traces" | "attachments" | "logs" | "metrics" | "check_ins" | "feedback" | "sessions" | "client_reports" | "envelopes" | "items" | "refused"; label: string; }[]; };

export type Continuity = { trace_id: string; continuous: boolean; text: string | null; breaks: { kind: "second_root" | "several_headers" | "headers_disagree" | "baggage_lost" | "changed" | "not_continued" | "unsampled" | "unanswered"; hop: string; caller: { service: string | null; op: string | null; description: string | null; trace_id: string | null; span_id: string | null; } | null; callee: { service: string | null; op: string | null; description: string | null; trace_id: string | null; span_id: string | null; } | null; differences: { name: string; before: unknown; after: unknown; }[]; event: string | null; evidence: string; cure: string; }[]; };

export type Faults = { rate_limit?: { categories?: string[]; seconds?: number; scope?: string; namespaces?: string[]; reason?: string; times?: number; item_type?: string; probability?: number; seed?: number; } | { categories?: string[]; seconds?: number; scope?: string; namespaces?: string[]; reason?: string; times?: number; item_type?: string; probability?: number; seed?: number; }[]; status?: { code: number; times?: number; item_type?: string; probability?: number; seed?: number; } | { code: number; times?: number; item_type?: string; probability?: number; seed?: number; }[]; delay?: { seconds: number; times?: number; item_type?: string; probability?: number; seed?: number; } | { seconds: number; times?: number; item_type?: string; probability?: number; seed?: number; }[]; disconnect?: { times?: number; item_type?: string; probability?: number; seed?: number; } | { times?: number; item_type?: string; probability?: number; seed?: number; }[]; truncate?: { times?: number; item_type?: string; probability?: number; seed?: number; } | { times?: number; item_type?: string; probability?: number; seed?: number; }[]; };

export type Event = { number: number; inbox: string; received: string; id: string | null; level: string; text: string | null; message: string | null; logger: string | null; tags: Record<string, string>; user: Record<string, unknown>; extra: Record<string, unknown>; contexts: Record<string, unknown>; breadcrumbs: Breadcrumb[]; exceptions: SentException[]; exception: SentException | null; frames: Frame[]; release: string | null; environment: string | null; dist: string | null; transaction: string | null; fingerprint: unknown[]; flags: Record<string, unknown>; modules: Record<string, unknown>; request: Record<string, unknown>; attachments: Record<string, Attachment>; trace_id: string | null; span_id: string | null; timestamp: string | null; sdk: Record<string, unknown>; server_name: string | null; project_id: string; verdict: Verdict; };

export type SentException = { type: string | null; value: string | null; module: string | null; frames: Frame[]; mechanism: Record<string, unknown>; handled: boolean | null; };

export type Frame = { filename: string | null; function: string | null; lineno: number | null; in_app: boolean | null; context_line: string | null; vars: Record<string, unknown>; pre_context: unknown[]; post_context: unknown[]; };

export type Breadcrumb = { message: string | null; category: string | null; level: string; data: Record<string, unknown>; timestamp: string | null; };

export type Transaction = { number: number; inbox: string; received: string; name: string; source: string | null; op: string | null; status: string | null; tags: Record<string, string>; data: Record<string, unknown>; spans: Span[]; trace_id: string; span_id: string | null; parent_span_id: string | null; start: string | null; end: string | null; duration: number | null; measurements: Record<string, unknown>; contexts: Record<string, unknown>; attachments: Record<string, Attachment>; release: string | null; environment: string | null; sdk: Record<string, unknown>; server_name: string | null; project_id: string; verdict: Verdict; };

export type Span = { op: string | null; description: string | null; status: string | null; tags: Record<string, string>; data: Record<string, unknown>; start: string | null; end: string | null; duration: number | null; trace_id: string; span_id: string | null; parent_span_id: string | null; origin: string | null; project_id: string; transaction: string | null; service: string; };

export type Trace = { number: number; inbox: string; received: string; trace_id: string; missing: MissingParent[]; spans: Span[]; projects: string[]; services: string[]; roots: (string | null)[]; orphans: (string | null)[]; transactions: string[]; events: (string | null)[]; logs: number; };

export type MissingParent = { span_id: string; service: string; };

export type Attachment = { filename: string; content_type: string | null; attachment_type: string; project_id: string; event: string | null; size: number; path: string; };

export type Log = { number: number; inbox: string; received: string; level: string; body: string; attributes: Record<string, unknown>; trace_id: string | null; span_id: string | null; timestamp: string | null; project_id: string; };

export type Metric = { number: number; inbox: string; received: string; name: string; type: string; value: number | null; unit: string | null; attributes: Record<string, unknown>; trace_id: string | null; span_id: string | null; timestamp: string | null; project_id: string; };

export type CheckIn = { number: number; inbox: string; received: string; monitor_slug: string; status: string; id: string | null; duration: number | null; monitor_config: Record<string, unknown>; project_id: string; };

export type Feedback = { number: number; inbox: string; received: string; message: string; name: string | null; contact_email: string | null; url: string | null; project_id: string; };

export type Session = { number: number; inbox: string; received: string; sid: string | null; status: string; count: number; errors: number; release: string | null; environment: string | null; project_id: string; };

export type ClientReport = { number: number; inbox: string; received: string; discarded: Discarded[]; timestamp: string | null; project_id: string; };

export type Discarded = { reason: string; category: string; quantity: number; };

export type Envelope = { number: number; inbox: string; received: string; headers: Record<string, unknown>; items: Item[]; project_id: string; test: string; path: string; };

export type Item = { type: string; headers: Record<string, unknown>; verdict: Verdict; project_id: string; size: number; json: unknown; };

export type Verdict = { outcome: "accepted" | "trimmed" | "dropped" | "refused"; reason: string | null; findings: Finding[]; };

export type Finding = { path: string; rule: string; sent: unknown; stored: unknown; text: string; };

export type Refused = { number: number; inbox: string; received: string; status: number; reason: string; headers: Record<string, string>; method: string; path: string; size: number; fault: boolean; };

/** The objects of each noun. */
export interface Objects {
  events: Event;
  messages: Event;
  errors: Event;
  transactions: Transaction;
  spans: Span;
  traces: Trace;
  attachments: Attachment;
  logs: Log;
  metrics: Metric;
  check_ins: CheckIn;
  feedback: Feedback;
  sessions: Session;
  client_reports: ClientReport;
  envelopes: Envelope;
  items: Item;
  refused: Refused;
}

/** The criterion that `find` takes without a name. */
export interface Main {
  events: "text";
  messages: "text";
  errors: "text";
  transactions: "name";
  spans: "op";
  traces: "trace_id";
  attachments: "filename";
  logs: "body";
  metrics: "name";
  check_ins: "monitor_slug";
  feedback: "message";
  sessions: "status";
  client_reports: "reason";
  envelopes: "type";
  items: "type";
  refused: "reason";
}

/** What each route answers in JSON. */
export interface Answers {
  "GET /healthz": Record<string, unknown>;
  "GET /readyz": Record<string, unknown>;
  "POST /api/inboxes": { inbox: string; dsn: string; url: string; };
  "GET /api/captured/": { counts: { events: number; messages: number; errors: number; transactions: number; spans: number; traces: number; attachments: number; logs: number; metrics: number; check_ins: number; feedback: number; sessions: number; client_reports: number; envelopes: number; items: number; refused: number; }; cursor: number; evicted: number; limit: number | null; };
  "DELETE /api/captured/": { cursor: number; };
  "GET /api/captured/events": { count: number; items: Event[]; cursor: number; };
  "GET /api/captured/messages": { count: number; items: Event[]; cursor: number; };
  "GET /api/captured/errors": { count: number; items: Event[]; cursor: number; };
  "GET /api/captured/transactions": { count: number; items: Transaction[]; cursor: number; };
  "GET /api/captured/spans": { count: number; items: Span[]; cursor: number; };
  "GET /api/captured/traces": { count: number; items: Trace[]; cursor: number; };
  "GET /api/captured/attachments": { count: number; items: Attachment[]; cursor: number; };
  "GET /api/captured/logs": { count: number; items: Log[]; cursor: number; };
  "GET /api/captured/metrics": { count: number; items: Metric[]; cursor: number; };
  "GET /api/captured/check_ins": { count: number; items: CheckIn[]; cursor: number; };
  "GET /api/captured/feedback": { count: number; items: Feedback[]; cursor: number; };
  "GET /api/captured/sessions": { count: number; items: Session[]; cursor: number; };
  "GET /api/captured/client_reports": { count: number; items: ClientReport[]; cursor: number; };
  "GET /api/captured/envelopes": { count: number; items: Envelope[]; cursor: number; };
  "GET /api/captured/items": { count: number; items: Item[]; cursor: number; };
  "GET /api/captured/refused": { count: number; items: Refused[]; cursor: number; };
  "GET /api/captured/events/latest": Event;
  "GET /api/captured/messages/latest": Event;
  "GET /api/captured/errors/latest": Event;
  "GET /api/captured/transactions/latest": Transaction;
  "GET /api/captured/spans/latest": Span;
  "GET /api/captured/traces/latest": Trace;
  "GET /api/captured/attachments/latest": Attachment;
  "GET /api/captured/logs/latest": Log;
  "GET /api/captured/metrics/latest": Metric;
  "GET /api/captured/check_ins/latest": CheckIn;
  "GET /api/captured/feedback/latest": Feedback;
  "GET /api/captured/sessions/latest": Session;
  "GET /api/captured/client_reports/latest": ClientReport;
  "GET /api/captured/envelopes/latest": Envelope;
  "GET /api/captured/items/latest": Item;
  "GET /api/captured/refused/latest": Refused;
  "GET /api/captured/traces/{trace_id}/tree": SpanTree[];
  "GET /api/captured/traces/{trace_id}/continuity": Continuity;
  "GET /api/captured/findings": { count: number; items: Objection[]; cursor: number; payloads_judged: boolean; };
  "GET /api/captured/explain": { text: string; reasons: string[]; };
  "GET /api/captured/snapshot": Record<string, unknown>;
  "GET /api/faults": Faults;
  "PUT /api/faults": Faults;
  "DELETE /api/faults": Record<string, unknown>;
  "GET /api/eventlist/": { events: { project_id: unknown; event_id: string; summary: string; }[]; };
  "GET /api/event/{event_id}": { project_id: unknown; event_id: string; payload: { envelope_header: unknown; header: unknown; body: unknown; }; };
  "POST /api/flush/": { success: boolean; };
  "GET /api/openapi.json": Record<string, unknown>;
  "GET /": Record<string, unknown>;
}
