import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { html } from "htm/preact";
import { connect, evicted, forget, held, older, pause, paused, rows, state } from "./source.js";
import { matcher, NAMES } from "./filter.js";
import { filter, open } from "./place.js";
import { List } from "./list.js";
import { Entry } from "./entry.js";
import { Trace } from "./trace.js";

const newest = computed(() => [...rows.value].reverse());
const passing = computed(() => newest.value.filter(matcher(filter.value)));
const cursor = signal(-1);
const help = signal(false);

const KEYS = [
  ["j, k", "next, previous"],
  ["Enter", "open"],
  ["Esc", "close"],
  ["t", "the trace of what is open"],
  ["/", "filter"],
  ["p", "pause"],
  ["?", "these keys"],
];

const opened = computed(() => {
  const [kind, ...rest] = open.value.split(":");
  if (kind === "trace") return { trace: rest.join(":") };
  const row = kind === "entry" ? rows.value.find((one) => one.key === rest.join(":")) : undefined;
  return { row, gone: kind === "entry" && !row };
});

function onKey(event) {
  const typing = event.target.matches("input, textarea");
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    else if (help.value) help.value = false;
    else open.value = "";
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const last = passing.value.length - 1;
  const actions = {
    j: () => (cursor.value = Math.min(cursor.value + 1, last)),
    k: () => (cursor.value = Math.max(cursor.value - 1, 0)),
    Enter: () => !event.target.matches("a, button, summary") && passing.value[cursor.value] && (open.value = `entry:${passing.value[cursor.value].key}`),
    t: () => opened.value.row?.trace_id && (open.value = `trace:${opened.value.row.trace_id}`),
    "/": () => document.querySelector("#filter").focus(),
    p: () => pause(!paused.value),
    "?": () => (help.value = !help.value),
  };
  if (actions[event.key]) {
    actions[event.key]();
    if (event.key !== "Enter") event.preventDefault();
  }
}

function State() {
  const text = {
    connecting: "connecting ...",
    live: paused.value ? `paused${held.value ? `, ${held.value} more came` : ""}` : "live",
    lost: "The connection is lost; trying again. What came is still shown.",
    refused: "The server refused the stream. Is its token missing? Open the address that it printed.",
  }[state.value];
  return html`<span role="status" class="state ${state.value}">${text}</span>`;
}

function Empty() {
  if (state.value === "connecting") return html`<p class="empty">Connecting ...</p>`;
  if (rows.value.length)
    return html`<p class="empty">Nothing passes the filter. <button type="button" onClick=${() => (filter.value = "")}>show all ${rows.value.length}</button></p>`;
  return html`<p class="empty">Nothing has come yet. Start the application with
    <code>SENTRY_DSN=${location.protocol}//public@${location.host}/1</code>; what it sends appears here.</p>`;
}

function App() {
  const panel = useRef(null);
  useEffect(() => {
    addEventListener("keydown", onKey);
    connect();
    return () => removeEventListener("keydown", onKey);
  }, []);
  const { row, gone, trace } = opened.value;
  const isOpen = Boolean(row || gone || trace);
  useEffect(() => void (isOpen && panel.current?.focus()), [open.value]);
  const selected = row ? passing.value.findIndex((one) => one.key === row.key) : cursor.value;
  useEffect(() => void (row && (cursor.value = selected)), [row?.key]);
  return html`<div class="page ${isOpen ? "split" : ""}">
    <header class="top">
      <h1>Captured</h1>
      <label class="filter"><span class="sr">Filter</span>
        <input id="filter" type="search" value=${filter.value} placeholder="level:error tag:graph=g1 noun:transaction text" title=${`text, or ${NAMES.join(":, ")}:`}
          onInput=${(event) => (filter.value = event.target.value)} /></label>
      <span class="quiet" role="status">${passing.value.length} of ${rows.value.length}${older.value ? ", older ones are being read" : ""}</span>
      <button type="button" aria-pressed=${String(paused.value)} onClick=${() => pause(!paused.value)}>${paused.value ? "go on" : "pause"}</button>
      <button type="button" onClick=${() => confirm("Forget everything that came?") && forget()}>clear</button>
      <button type="button" aria-expanded=${String(help.value)} onClick=${() => (help.value = !help.value)}>keys</button>
      <${State} />
    </header>
    ${evicted.value > 0 && html`<p class="notice">Older entries were evicted before they could be shown: the server keeps the newest only (serve --limit).</p>`}
    ${help.value && html`<dl class="keys">${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>`}
    <main>
      ${passing.value.length ? html`<${List} rows=${passing.value} selected=${selected} />` : html`<${Empty} />`}
    </main>
    ${isOpen && html`<aside ref=${panel} tabindex="-1" aria-label="what is open">
      <button type="button" class="close" onClick=${() => (open.value = "")}>close</button>
      ${trace && html`<${Trace} key=${trace} id=${trace} />`}
      ${row && html`<${Entry} key=${row.key} row=${row} />`}
      ${gone && html`<p class="bad">It is not among what came: it was evicted or cleared, or has not arrived here yet.</p>`}
    </aside>`}
  </div>`;
}

render(html`<${App} />`, document.querySelector("#app"));
