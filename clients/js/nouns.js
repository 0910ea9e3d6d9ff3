// Made of the captured API's description, by make_types.py: not to be edited.

/** What each noun is called, and the criterion that `find` takes without a name. */
export const MAIN = {
  events: "text",
  messages: "text",
  errors: "text",
  transactions: "name",
  spans: "op",
  traces: "trace_id",
  attachments: "filename",
  logs: "body",
  metrics: "name",
  check_ins: "monitor_slug",
  feedback: "message",
  sessions: "status",
  client_reports: "reason",
  envelopes: "type",
  items: "type",
  refused: "reason",
};
