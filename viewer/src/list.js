import { html } from "htm/preact";
import { filter, open } from "./place.js";
import { toggled } from "./filter.js";
import { Window } from "./window.js";

const WORD = {
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

/** `12:03:04.567`, in the reader's time zone. */
export const clock = (text) => {
  const date = new Date(text);
  return Number.isNaN(+date) ? "" : date.toTimeString().slice(0, 8) + "." + String(date.getMilliseconds()).padStart(3, "0");
};

const tone = (row) => (row.noun === "refused" || row.noun === "client_reports" ? "bad" : row.level ?? (row.noun === "errors" ? "error" : ""));

function Row({ row, style, active }) {
  const tags = Object.entries(row.tags ?? {}).slice(0, 3);
  return html`<div role="listitem" class="row ${active ? "active" : ""}" style=${style}>
    <a href="#" aria-current=${active ? "true" : null}
      onClick=${(event) => {
        event.preventDefault();
        open.value = `entry:${row.key}`;
      }}>
      <time datetime=${row.received}>${clock(row.received)}</time>
      <span class="noun ${tone(row)}">${WORD[row.noun] ?? row.noun}</span>
      <span class="label">${row.label}</span>
      <span class="where">${row.test ? row.test.replace(/^.*::/, "") : row.server_name ?? (row.inbox === "strays" ? "" : row.inbox)}</span>
    </a>
    <span class="tags">${tags.map(
      ([name, value]) => html`<button type="button" class="tag" title="filter by this tag"
        onClick=${() => (filter.value = toggled(filter.value, `tag:${name}=${value}`))}>${name}=${String(value).slice(0, 40)}</button>`,
    )}</span>
  </div>`;
}

export function List({ rows, selected }) {
  return html`<${Window} items=${rows} height=${30} selected=${selected} label="what came, newest first"
    render=${(row, place, style) => html`<${Row} key=${row.key} row=${row} style=${style} active=${place === selected} />`} />`;
}
