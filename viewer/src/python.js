// The `find` call of a test that finds one thing that came.

/** A text as Python writes it. */
export function quoted(text) {
  // JSON's escapes are Python's as well. Letters, marks, digits and signs of every script stay; what is not seen, or
  // changes the order of what is seen, is escaped.
  return JSON.stringify(text).replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => {
    const point = char.codePointAt(0).toString(16);
    return point.length > 4 ? `\\U${point.padStart(8, "0")}` : `\\u${point.padStart(4, "0")}`;
  });
}

/** A JSON value as Python writes it. */
export function literal(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  return `{${Object.entries(value).map(([name, inner]) => `${quoted(name)}: ${literal(inner)}`).join(", ")}}`;
}

// Of each noun, what `find` compares first, and what else tells it from others.
const CRITERIA = {
  errors: ["text", "level", "tags", "release"],
  messages: ["text", "level", "tags", "release"],
  transactions: ["name", "op", "tags", "release"],
  attachments: ["filename", "content_type"],
  logs: ["body", "level"],
  metrics: ["name", "type", "value"],
  check_ins: ["monitor_slug", "status"],
  feedback: ["message", "contact_email"],
  sessions: ["status", "release"],
  refused: ["reason", "status"],
  items: ["type"],
};

/** The call that finds *it* among what a test sent. */
export function findCall(noun, it) {
  if (noun === "client_reports") return `sentry_events.client_reports.find(${quoted(it.discarded?.[0]?.reason ?? "")})`;
  const [main, ...further] = CRITERIA[noun] ?? ["type"];
  const parts = typeof it[main] === "string" ? [quoted(it[main])] : [];
  for (const name of further) {
    const value = it[name];
    if (value === null || value === undefined || value === "" || (typeof value === "object" && !Object.keys(value).length)) continue;
    parts.push(`${name}=${literal(value)}`);
  }
  return `sentry_events.${noun}.find(${parts.join(", ")})`;
}
