import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { by, filter, show } from "./place.js";
import { nounIn, nounOf, toggled, withNoun } from "./filter.js";
import { brief, clock, duration, namesOf } from "./shown.js";
import { columnsOf, NOUNS, PLURAL, tone, WORD } from "./nouns.js";
import { Headline } from "./parts.js";
import { narrow, Window } from "./window.js";

const opening = (row) => (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(`entry:${row.key}`);
};

const addressOf = (row) => {
  const parts = new URLSearchParams(filter.value ? { q: filter.value } : {});
  parts.set("open", `entry:${row.key}`);
  return `#${parts}`;
};

function Verdict({ of }) {
  if (!of || of === "accepted") return null;
  return html`<span class="verdict ${of}">${of}</span>`;
}

/** The widths of a table's columns: when it came, its own, and the verdict. */
const widthsOf = (columns) => `13ch ${columns.map((one) => one[2]).join(" ")} 10ch`;

function Row({ row, style, active, columns }) {
  const tags = Object.entries(row.tags ?? {}).slice(0, 3);
  const where = row.test ? namesOf(row.test).name : (row.server_name ?? (row.inbox === "strays" ? "" : row.inbox));
  return html`<div role="listitem" class="row ${tone(row)} ${active ? "active" : ""}" style=${style}>
    <a href=${addressOf(row)} aria-current=${active ? "true" : null} onClick=${opening(row)}
      style=${columns && !narrow.value ? { display: "grid", gridTemplateColumns: widthsOf(columns) } : null}>
      <time datetime=${row.received} title=${`received ${row.received}`}>${clock(row.received)}</time>
      ${columns && !narrow.value
        ? columns.map(([title, value, , right]) => html`<span class="cell ${right ? "right" : ""}"><span class="sr">${title} </span>${brief(value(row))}</span>`).concat(html`<span class="cell"><${Verdict} of=${row.verdict} /></span>`)
        : html`<span class="noun">${WORD[row.noun] ?? row.noun}</span>
          <span class="label"><${Headline} of=${row} />${row.at && html` <code class="at">${row.at}</code>`}</span>
          ${row.noun === "transactions" && html`<span class="took">${duration(row.duration)}</span>`}
          <${Verdict} of=${row.verdict} />
          <span class="where">${where}</span>`}
    </a>
    ${!columns && !narrow.value && tags.length > 0 && html`<span class="tags">${tags.map(
      ([name, value]) => html`<button type="button" class="tag" title=${`filter by ${name}=${brief(value, 80)}`}
        onClick=${() => (filter.value = toggled(filter.value, `tag:${name}=${value}`))}>${brief(name, 30)}=${brief(value, 30)}</button>`,
    )}</span>`}
  </div>`;
}

const Heading = ({ of, style }) => html`<div role="listitem" class="group" style=${style}><b>${of.heading || "outside of a test"}</b> <span class="quiet">${of.count}</span></div>`;

/** The rows below the name of their test, tests in the order in which they last sent something. */
function byTest(rows) {
  const tests = new Map();
  for (const row of rows) {
    const name = row.test ?? "";
    if (!tests.has(name)) tests.set(name, []);
    tests.get(name).push(row);
  }
  return [...tests].flatMap(([heading, own]) => [{ heading, count: own.length, key: `heading:${heading}` }, ...own]);
}

/** How much there is of each noun; a press shows that alone, as a table. */
export function Counts({ rows }) {
  const counts = new Map();
  for (const row of rows) counts.set(row.noun, (counts.get(row.noun) ?? 0) + 1);
  const chosen = nounIn(filter.value);
  const there = NOUNS.filter((noun) => counts.has(noun));
  const kinds = useRef(null);
  // On a telephone there is no room for all of them.
  useLayoutEffect(() => kinds.current.querySelector('[aria-pressed="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" }), [chosen, there.length]);
  return html`<nav class="counts" aria-label="kinds" ref=${kinds}>
    <button type="button" aria-pressed=${String(!chosen)} onClick=${() => (filter.value = withNoun(filter.value, ""))}>all <b>${rows.length.toLocaleString("en")}</b></button>
    ${there.map((noun) => {
      const word = WORD[noun];
      const on = chosen !== "" && nounOf(word).startsWith(chosen);
      return html`<button type="button" key=${noun} aria-pressed=${String(on)} class=${noun === "refused" || noun === "client_reports" ? "error" : ""}
        onClick=${() => (filter.value = withNoun(filter.value, on ? "" : word))}>${PLURAL[noun]} <b>${counts.get(noun).toLocaleString("en")}</b></button>`;
    })}
    <span class="space"></span>
    <button type="button" aria-pressed=${String(by.value === "test")} onClick=${() => (by.value = by.value ? "" : "test")}>by test</button>
  </nav>`;
}

export function List({ rows, selected, tables }) {
  const noun = nounIn(filter.value);
  const columns = tables ? columnsOf(noun) : null;
  const items = by.value === "test" ? byTest(rows) : rows;
  return html`${columns && !narrow.value && html`<div class="heads" aria-hidden="true" style=${{ gridTemplateColumns: widthsOf(columns) }}>
      <span>came at</span>${columns.map(([title, , , right]) => html`<span class=${right ? "right" : ""}>${title}</span>`)}<span></span></div>`}
    <${Window} items=${items} keyOf=${(row) => row.key} height=${narrow.value ? 46 : 28} selected=${selected} label="what came, newest first"
    render=${(row, place, style) =>
      row.heading === undefined
        ? html`<${Row} key=${row.key} row=${row} style=${style} active=${row.key === selected} columns=${columns} />`
        : html`<${Heading} key=${row.key} of=${row} style=${style} />`} />`;
}
