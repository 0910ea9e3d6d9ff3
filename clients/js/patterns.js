// A JavaScript regular expression as one of Python's `re`, which is what the server searches with.
//
// The two differ in what `\d`, `\w`, `\b`, `\s`, `.`, `$` and classes mean, and in how escapes are written. Each
// is written out here as what it means in JavaScript. Characters are code points, and upper and lower case are those
// of all letters, as with the flag u.

const SPACE = "\\t-\\r \\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
const NO_SPACE =
  "\\x00-\\x08\\x0e-\\x1f\\x21-\\x9f\\xa1-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e\\u2030-\\u205e" +
  "\\u2060-\\u2fff\\u3001-\\ufefe\\uff00-\\U0010ffff";
const SETS = {
  d: "0-9",
  D: "\\x00-\\x2f\\x3a-\\U0010ffff",
  w: "0-9A-Z_a-z",
  W: "\\x00-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\U0010ffff",
  s: SPACE,
  S: NO_SPACE,
};
const IN_LINE = "[^\\n\\r\\u2028\\u2029]";
const ANYTHING = "[\\s\\S]";
const CONTROLS = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** Return the source of the Python pattern that finds what `regexp` finds; a TypeError says what cannot be said. */
export function pythonPattern(regexp) {
  return new Translation(regexp).result();
}

/** Return a Python pattern that finds this text alone. */
export function exactly(text) {
  return `\\A${Array.from(text, outside).join("")}\\Z`;
}

const outside = (character) => (/[.^$*+?{}[\]\\|()]/.test(character) ? `\\${character}` : written(character));
const inside = (character) => (/[\][\\^\-&~|]/.test(character) ? `\\${character}` : written(character));
/** Half of a surrogate pair has no UTF-8, but an escape. */
const written = (character) =>
  /^[\ud800-\udfff]$/.test(character) ? `\\u${character.charCodeAt(0).toString(16)}` : character;

class Translation {
  constructor(regexp) {
    this.regexp = regexp;
    this.source = regexp.source;
    this.at = 0;
    for (const flag of regexp.flags) {
      if (flag === "y") this.refuse("there is no flag y");
      if (flag === "v") this.refuse("there is no flag v; write its sets out, with the flag u");
    }
  }

  refuse(what) {
    throw new TypeError(`${this.regexp} cannot be asked of the server, whose patterns are Python's: ${what}`);
  }

  result() {
    let pattern = this.regexp.ignoreCase ? "(?i)" : "";
    while (this.at < this.source.length) pattern += this.next();
    return pattern;
  }

  take(match) {
    const found = match.exec(this.source.slice(this.at));
    if (found) this.at += found[0].length;
    return found;
  }

  character() {
    const character = String.fromCodePoint(this.source.codePointAt(this.at));
    this.at += character.length;
    return character;
  }

  next() {
    const group = this.take(/^\((?:\?(?::|=|!|<=|<!|<[^>]*>|(-?[a-z]+(?:-[a-z]*)?):))?/);
    if (group) {
      if (group[1] && !/^-?i$/.test(group[1])) this.refuse(`in (?${group[1]}:...) flags mean other things there`);
      return /^\(\?<[^=!]/.test(group[0]) ? "(" : group[0];
    }
    const repeated = this.take(/^\{\d+(?:,\d*)?\}/);
    if (repeated) return repeated[0];
    const character = this.character();
    switch (character) {
      case "\\":
        return this.escape();
      case "[":
        return this.class();
      case ".":
        return this.regexp.dotAll ? ANYTHING : IN_LINE;
      case "^":
        return this.regexp.multiline ? `(?<!${IN_LINE})` : "^";
      case "$":
        return this.regexp.multiline ? `(?!${IN_LINE})` : "\\Z";
      case "*":
      case "+":
      case "?":
      case "|":
      case ")":
        return character;
      default:
        return outside(character);
    }
  }

  escape() {
    const set = this.take(/^[dDwWsS]/);
    if (set) return `[${SETS[set[0]]}]`;
    if (this.take(/^b/)) return "(?a:\\b)";
    // Not \B, which before Python 3.14 is not found in an empty text.
    if (this.take(/^B/)) return "(?!(?a:\\b))";
    if (this.take(/^k(?=<)/)) this.refuse("there, a reference (\\k) to a group that took no part finds nothing");
    return outside(this.escaped());
  }

  /** Return the one character that an escape stands for, inside of a class and outside. */
  escaped() {
    if (this.take(/^0(?!\d)/)) return "\0";
    const digit = this.take(/^\d+/);
    if (digit) this.refuse(`there, a reference (\\${digit[0]}) to a group that took no part finds nothing`);
    const control = this.take(/^[tnvfr]/);
    if (control) return String.fromCharCode(CONTROLS[control[0]]);
    const letter = this.take(/^c([A-Za-z])/);
    if (letter) return String.fromCharCode(letter[1].charCodeAt(0) % 32);
    if (/^c/.test(this.source.slice(this.at))) return "\\";
    const code = this.take(/^x([\da-fA-F]{2})/) ?? this.take(/^u(d[89ab][\da-f]{2}\\ud[c-f][\da-f]{2})/i);
    if (code) return String.fromCharCode(...code[1].split(/\\u/i).map((digits) => parseInt(digits, 16)));
    const unit = this.take(/^u([\da-fA-F]{4})/);
    if (unit) return String.fromCharCode(parseInt(unit[1], 16));
    if (this.regexp.unicode) {
      const point = this.take(/^u\{([\da-fA-F]+)\}/);
      if (point) return String.fromCodePoint(parseInt(point[1], 16));
      const property = this.take(/^[pP]\{[^}]*\}/);
      if (property) this.refuse(`there is no \\${property[0]}; name the characters, as in [a-zà-ÿ]`);
    }
    return this.character();
  }

  class() {
    const negated = this.take(/^\^/) ? "^" : "";
    let members = "";
    while (!this.take(/^\]/)) {
      const first = this.member();
      if (!this.take(/^-(?!\])/)) {
        members += first.text;
        continue;
      }
      const last = this.member();
      // A set is no end of a range: the hyphen stands for itself then.
      members += first.set || last.set ? `${first.text}\\-${last.text}` : `${first.text}-${last.text}`;
    }
    if (members) return `[${negated}${members}]`;
    return negated ? ANYTHING : "(?!)";
  }

  member() {
    const set = this.take(/^\\([dDwWsS])/);
    if (set) return { set: true, text: SETS[set[1]] };
    if (this.take(/^\\b/)) return { text: "\\x08" };
    const character = this.character();
    return { text: inside(character === "\\" ? this.escaped() : character) };
  }
}
