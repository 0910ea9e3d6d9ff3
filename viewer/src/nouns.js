// What each noun is called, and what a table of it shows.
import { clock, duration, many, size } from "./shown.js";

export const WORD = {
  errors: "error",
  messages: "message",
  transactions: "transaction",
  logs: "log",
  metrics: "metric",
  check_ins: "check-in",
  feedback: "feedback",
  sessions: "session",
  client_reports: "lost",
  attachments: "attachment",
  refused: "refused",
  items: "item",
};

/** In the order in which a person asks. */
export const NOUNS = Object.keys(WORD);

export const PLURAL = { ...Object.fromEntries(NOUNS.map((noun) => [noun, noun])), check_ins: "check-ins", client_reports: "lost", feedback: "feedback", items: "other items" };

const at = (row) => clock(row.timestamp ?? row.received);

/** Columns of a table: a title, what stands there, and how wide it may be. */
const COLUMNS = {
  log: [["level", (row) => row.level, "7ch"], ["sent at", at, "13ch"], ["body", (row) => row.body, "1fr"], ["trace", (row) => row.trace_id?.slice(0, 8), "10ch"]],
  metric: [["name", (row) => row.name, "2fr"], ["type", (row) => row.type, "14ch"], ["value", (row) => row.value, "12ch", true], ["unit", (row) => row.unit, "12ch"], ["sent at", at, "13ch"]],
  check_in: [["monitor", (row) => row.monitor_slug, "2fr"], ["status", (row) => row.status, "14ch"], ["took", (row) => duration(row.duration), "10ch", true], ["id", (row) => row.id?.slice(0, 8), "10ch"]],
  session: [["status", (row) => row.status, "12ch"], ["count", (row) => row.count, "8ch", true], ["errors", (row) => row.errors, "8ch", true], ["release", (row) => row.release, "1fr"], ["environment", (row) => row.environment, "14ch"]],
  feedback: [["message", (row) => row.message, "2fr"], ["name", (row) => row.name, "1fr"], ["contact", (row) => row.contact_email, "1fr"], ["page", (row) => row.url, "1fr"]],
  client_report: [["lost before it was sent, as the sender says", (row) => row.label, "1fr"]],
  attachment: [["filename", (row) => row.filename, "2fr"], ["type", (row) => row.content_type, "1fr"], ["size", (row) => size(row.size ?? 0), "10ch", true]],
  refused: [["status", (row) => row.status, "7ch"], ["reason", (row) => row.reason, "1fr"]],
  transaction: [["name", (row) => row.name, "2fr"], ["op", (row) => row.op, "1fr"], ["status", (row) => row.status, "14ch"], ["took", (row) => duration(row.duration), "9ch", true], ["service", (row) => row.server_name, "1fr"]],
};

/** The columns of the one noun that is asked for, or none. */
export const columnsOf = (noun) => COLUMNS[noun] ?? null;

const BAD = new Set(["refused", "client_reports"]);

export function tone(row) {
  if (BAD.has(row.noun) || row.verdict === "dropped" || row.verdict === "refused") return "error";
  if (row.noun === "check_ins") return /error|missed|timeout/.test(row.status) ? "error" : "";
  if (row.noun === "sessions") return /crashed|abnormal|errored/.test(row.status) ? "error" : "";
  if (row.noun === "transactions") return row.status && !/^(ok|unset)$/.test(row.status) ? "error" : "";
  const level = row.level ?? (row.noun === "errors" ? "error" : "");
  return { warn: "warning" }[level] ?? level;
}

/** What a row says first, in facts: the text itself where the summary has it, as Python would write it where not. */
export function factsOf(row) {
  if (row.noun === "messages") return [row.text ?? row.label];
  if (row.noun === "logs") return [row.body ?? row.label];
  if (row.noun === "feedback") return [row.message ?? row.label];
  if (row.noun === "refused") return [`${row.status}: ${row.reason}`];
  if (row.noun === "transactions") return [row.name, row.op].filter(Boolean);
  if (row.noun === "attachments") return [row.filename, row.content_type, size(row.size ?? 0)].filter(Boolean);
  if (row.noun === "sessions") return [row.status, row.errors > 0 && many(row.errors, "error"), row.release].filter(Boolean);
  if (row.noun === "check_ins") return [row.monitor_slug, row.status].filter(Boolean);
  return [row.label];
}

/** The same as one text. */
export const headline = (row) => factsOf(row).join("  ·  ");
