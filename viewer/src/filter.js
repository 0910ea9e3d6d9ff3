// The filter: `level:error tag:graph=g1 noun:transaction test:checkout project:2 trace:ID`, and free text.

const FIELDS = {
  level: (row, value) => (row.level ?? "").startsWith(value),
  noun: (row, value) => row.noun.startsWith(value.replace(/s$/, "")),
  test: (row, value) => (row.test ?? "").toLowerCase().includes(value),
  project: (row, value) => String(row.project_id ?? "") === value,
  inbox: (row, value) => row.inbox.toLowerCase().includes(value),
  trace: (row, value) => (row.trace_id ?? "").startsWith(value),
  release: (row, value) => (row.release ?? "").toLowerCase().includes(value),
  environment: (row, value) => (row.environment ?? "").toLowerCase() === value,
  server: (row, value) => (row.server_name ?? "").toLowerCase().includes(value),
  verdict: (row, value) => (row.verdict ?? (row.noun === "refused" ? "refused" : "accepted")) === value,
  tag: (row, value) => {
    const [key, ...rest] = value.split("=");
    const sent = Object.entries(row.tags ?? {}).find(([name]) => name.toLowerCase() === key);
    return sent !== undefined && (rest.length === 0 || String(sent[1]).toLowerCase() === rest.join("="));
  },
};

export const NAMES = Object.keys(FIELDS);

/** Tokens of a filter; text in "double quotes" is one. */
export const tokens = (text) => text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];

/** A function that says whether a row passes the filter. */
export function matcher(text) {
  const tests = tokens(text).map((token) => {
    const not = token.startsWith("-") && token.length > 1;
    const plain = (not ? token.slice(1) : token).replaceAll('"', "").toLowerCase();
    const [name, ...rest] = plain.split(":");
    const value = rest.join(":");
    const field = rest.length && value ? FIELDS[name] : undefined;
    const test = field ? (row) => field(row, value) : (row) => row.text.includes(plain);
    return not ? (row) => !test(row) : test;
  });
  return (row) => tests.every((test) => test(row));
}

/** The filter with a token added, or taken away where it is there. */
export function toggled(text, token) {
  const quoted = /\s/.test(token) ? `"${token}"` : token;
  const there = tokens(text);
  const rest = there.filter((one) => one !== quoted);
  return (rest.length < there.length ? rest : [...there, quoted]).join(" ");
}
