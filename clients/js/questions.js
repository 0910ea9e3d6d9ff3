// What a test asks for, as the query of a URL.
import { MAIN } from "./nouns.js";
import { exactly, pythonPattern } from "./patterns.js";

/** Anything that is there: `find({ user: anything })`. */
export const anything = Symbol("anything");

/** The longest time to wait, in milliseconds: Node gives a request up that is not answered for five minutes. */
const LONGEST = 240_000;

/** What stands beside criteria. */
const OPTIONS = ["timeout", "within", "signal", "after", "project", "complete"];

/** Names of the server's own parameters, each with what says the same here. */
const PARAMETERS = {
  inbox: "ask an inbox of its own",
  wait: "use timeout",
  count: "use wait(count, ...)",
  expect: "use find or none",
  limit: "use where(...).slice(0, limit)",
  order: "use latest",
  follow: "use stream",
};

/** Read what `method` was called with: a criterion without a name, criteria by name with options among them. */
export function readQuestion(noun, method, given, allowed) {
  const alone = given.length === 1 && isPlain(given[0]);
  const [main, named = {}] = alone ? [anyOther, given[0]] : given.length ? given : [anyOther];
  if (given.length > 2) throw new TypeError(`${method} takes a criterion and an object of criteria, got ${given.length} arguments`);
  if (!isPlain(named)) throw new TypeError(`criteria by name are an object, such as {level: "warning"}, got ${shown(named)}`);
  const pairs = [];
  if (main !== anyOther) pairs.push(...pairsOf(isErrorClass(main) ? "exception" : MAIN[noun], main));
  const options = {};
  for (const [name, value] of Object.entries(named)) {
    if (OPTIONS.includes(name)) {
      if (!allowed.includes(name)) throw new TypeError(`${name} is no option of ${method}: it takes ${allowed.join(", ")}`);
      options[name] = value;
    } else if (name in PARAMETERS) {
      throw new TypeError(`${name} is no criterion: ${PARAMETERS[name]}`);
    } else {
      pairs.push(...pairsOf(name, value));
    }
  }
  if (options.after !== undefined) pairs.push(["after", String(options.after)]);
  if (options.project !== undefined) pairs.push(["project", String(options.project)]);
  if (options.complete) pairs.push(["complete", "true"]);
  return { pairs, ...options };
}

/** Return milliseconds if one can wait that long. */
export function milliseconds(name, value) {
  if (typeof value !== "number" || !(value >= 0 && value <= LONGEST))
    throw new TypeError(`${name} is a number of milliseconds from 0 to ${LONGEST}, got ${shown(value)}`);
  return value;
}

const anyOther = Symbol("no criterion");

const isPlain = (value) =>
  typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
const isErrorClass = (value) => typeof value === "function" && (value === Error || value.prototype instanceof Error);

function shown(value) {
  if (typeof value === "function") return `a function`;
  const text = typeof value === "object" && value !== null ? `a ${value.constructor?.name ?? "object"}` : String(value);
  return typeof value === "string" ? JSON.stringify(text) : text;
}

function* pairsOf(name, value) {
  if (isPlain(value)) {
    const members = Object.entries(value);
    if (!members.length) throw new TypeError(`${name} is an empty object, which says nothing: use anything`);
    for (const [key, member] of members) yield* pairsOf(`${name}.${key}`, member);
  } else {
    yield [name, textOf(name, value)];
  }
}

function textOf(name, value) {
  if (value === anything) return "*";
  if (value instanceof RegExp) return `~${pythonPattern(value)}`;
  if (value === null || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Date) return value.toISOString();
  if (name === "exception" && isErrorClass(value)) return value.name;
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new TypeError(`${name} holds half of a surrogate pair, which a URL cannot: use a RegExp`);
    return value === "*" || value.startsWith("~") ? `~${exactly(value)}` : value;
  }
  if (value === undefined) throw new TypeError(`${name} is undefined: leave it out, or ask for null or anything`);
  if (Array.isArray(value)) throw new TypeError(`${name} is a list, which cannot be asked for as a whole: ask for "${name}.0"`);
  throw new TypeError(
    `${name} is ${shown(value)}, which cannot be sent to the server: criteria are text, numbers, true, false, null, ` +
      "dates, regular expressions, anything, and objects of these. Take all with where(), and look at them here",
  );
}
