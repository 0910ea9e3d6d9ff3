// Values as text. What was sent may have megabytes: nothing is shown of which the page would stand still.

const LONGEST = 20_000;
const DEEPEST = 12;

function cut(value, depth) {
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return Array.isArray(value) ? "[...]" : "{...}";
  if (Array.isArray(value)) return value.slice(0, 500).map((one) => cut(one, depth - 1));
  return Object.fromEntries(Object.entries(value).slice(0, 500).map(([name, one]) => [name, cut(one, depth - 1)]));
}

/** A value as text, cut where it is long or deep. */
export function shown(value) {
  const text = typeof value === "string" ? value : (JSON.stringify(cut(value, DEEPEST), null, 2) ?? "");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} ... ${text.length - LONGEST} more characters` : text;
}

/** A name as text, cut to a line or two. */
export function brief(value, most = 300) {
  const text = typeof value === "object" && value !== null ? shown(value) : String(value ?? "");
  return text.length > most ? `${text.slice(0, most)} ...` : text;
}

export const filled = (value) =>
  value !== null && value !== undefined && value !== "" && (typeof value !== "object" || Object.keys(value).length > 0);

/** `12:03:04.567`, in the reader's time zone. */
export const clock = (text) => {
  const date = new Date(text);
  return Number.isNaN(+date) ? "" : `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

/** Milliseconds since 1970, with the microseconds that `Date` leaves out. */
export const moment = (text) => Date.parse(text) + Number(`0.${/\.\d{3}(\d+)/.exec(text ?? "")?.[1] ?? 0}`);

export const duration = (seconds) => {
  if (typeof seconds !== "number") return "";
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  if (seconds < 86_400) return `${seconds.toFixed(2)} s`;
  const days = seconds / 86_400;
  return `${days < 1e5 ? days.toFixed(1) : days.toExponential(1)} d`;
};

export const size = (bytes) => (!(bytes >= 1000) ? many(bytes ?? 0, "byte") : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** A test's path and its own name. What stands in brackets is of a parameter, whatever it is. */
export function namesOf(test) {
  const [, path, name] = /^((?:(?!\[).)*::)?(.*)$/s.exec(test);
  return { path: (path ?? "").replace(/::$/, ""), name };
}

/** What a list of things counts as: `1 error`, `3 errors`. */
export const many = (count, word, words = `${word}s`) => `${count.toLocaleString("en")} ${count === 1 ? word : words}`;
