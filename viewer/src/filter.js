// The filter: `level:error tag:graph=g1 noun:transaction test:checkout project:2 trace:ID`, and free text.

const inside = (name) => (row, value) => String(row[name] ?? "").toLowerCase().includes(value);

/** The noun that a word means: `log`, `logs`, `check-in`; `lost` for client reports. */
export const nounOf = (word) => word.toLowerCase().replaceAll("-", "_").replace(/^lost$/, "client_reports").replace(/s$/, "");

const FIELDS = {
  level: (row, value) => (row.level ?? "").startsWith(value),
  noun: (row, value) => row.noun.startsWith(nounOf(value)),
  test: inside("test"),
  project: (row, value) => String(row.project_id ?? "") === value,
  inbox: inside("inbox"),
  trace: (row, value) => (row.trace_id ?? "").startsWith(value),
  transaction: inside("transaction"),
  release: inside("release"),
  environment: (row, value) => (row.environment ?? "").toLowerCase() === value,
  server: inside("server_name"),
  status: (row, value) => String(row.status ?? "").toLowerCase().startsWith(value),
  verdict: (row, value) => (row.verdict ?? (row.noun === "refused" ? "refused" : "accepted")) === value,
  tag: (row, value) => {
    // Which of several "=" ends the key, the tag says.
    return Object.entries(row.tags ?? {}).some(([key, sent]) => [key, `${key}=${sent}`].some((one) => one.toLowerCase() === value));
  },
};

export const NAMES = Object.keys(FIELDS);

/** Tokens of a filter; text in "double quotes" is one, in which two of them are one of its own. */
export const tokens = (text) => text.match(/(?:[^\s"]|"(?:[^"]|"")*"?)+/g) ?? [];

function read(token) {
  const not = token.startsWith("-") && token.length > 1;
  const plain = (not ? token.slice(1) : token).replace(/"((?:[^"]|"")*)"?/g, (_, inner) => inner.replaceAll('""', '"')).toLowerCase();
  const [name, ...rest] = plain.split(":");
  return { not, plain, name, value: rest.join(":") };
}

/** A function that says whether a row passes the filter. */
export function matcher(text) {
  const tests = tokens(text).map((token) => {
    const { not, plain, name, value } = read(token);
    const field = value && Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    const test = field ? (row) => field(row, value) : (row) => row.words.includes(plain);
    return not ? (row) => !test(row) : test;
  });
  return (row) => tests.every((test) => test(row));
}

/** The one noun that a filter asks for, or `""`. */
export function nounIn(text) {
  const nouns = tokens(text).map(read).filter((token) => token.name === "noun" && token.value && !token.not);
  return nouns.length === 1 ? nounOf(nouns[0].value) : "";
}

function distance(one, other) {
  let last = [...Array(other.length + 1).keys()];
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) next[j] = Math.min(last[j] + 1, next[j - 1] + 1, last[j - 1] + (one[i - 1] !== other[j - 1]));
    last = next;
  }
  return last[other.length];
}

/** What is said of a token that looks like a field and is none. */
export function mistaken(text) {
  for (const { name, value } of tokens(text).map(read)) {
    if (!value || Object.hasOwn(FIELDS, name) || !/^[a-z_]{2,15}$/.test(name)) continue;
    const near = NAMES.map((known) => [distance(name, known), known]).sort((a, b) => a[0] - b[0])[0];
    if (near[0] <= 2) return `"${name}:" is no field, and is searched as text. Did you mean "${near[1]}:"?`;
  }
  return "";
}

const quoted = (token) => (/[\s"]/.test(token) ? `"${token.replaceAll('"', '""')}"` : token);

/** The filter with a token added, or taken away where it is there. */
export function toggled(text, token) {
  const there = tokens(text);
  const rest = there.filter((one) => one !== quoted(token));
  return (rest.length < there.length ? rest : [...there, quoted(token)]).join(" ");
}

/** The filter with another noun, or with none. */
export function withNoun(text, noun) {
  const rest = tokens(text).filter((one) => read(one).name !== "noun" || read(one).not);
  return (noun ? [`noun:${noun}`, ...rest] : rest).join(" ");
}
