import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { computed, effect, signal } from "@preact/signals";
import { html } from "htm/preact";
import { connect, forget, isReport, judge, older, pause, paused, reading, report, rows, state } from "./source.js";
import { matcher, mistaken, NAMES } from "./filter.js";
import { by, close, closeAll, filter, go, leadsBack, move, open, show } from "./place.js";
import { Counts, List } from "./list.js";
import { Entry } from "./entry.js";
import { keys, Trace } from "./trace.js";
import { Help } from "./help.js";
import { Empty, Notices, State } from "./states.js";
import { isRed, Lacking, Outcomes, passingTests, Test, TestList, tests } from "./tests.js";
import { narrow } from "./window.js";

const newest = computed(() => rows.value.toReversed());
const passing = computed(() => newest.value.filter(matcher(filter.value)));
// Of a report first the tests, then all that was sent.
const byTests = computed(() => isReport && by.value !== "all");
const listed = computed(() => (byTests.value ? passingTests.value : passing.value));
const total = computed(() => (byTests.value ? tests.value : rows.value).length);
const placeOf = (item) => (item.key.startsWith("test:") ? item.key : `entry:${item.key}`);
const cursor = signal(null);
const help = signal(false);

const opened = computed(() => {
  const [kind, ...rest] = open.value.split(":");
  if (kind === "trace") return { trace: rest[0], span: rest[1] };
  if (kind === "test") return { key: open.value, test: tests.value[rest[0]] };
  const key = rest.join(":");
  return kind === "entry" ? { key, row: rows.value.find((one) => one.key === key) } : {};
});

effect(() => {
  if (isReport) return;
  const errors = rows.value.reduce((sum, row) => sum + (row.noun === "errors"), 0);
  document.title = errors ? `${errors} error${errors > 1 ? "s" : ""} · sentryintegration` : "sentryintegration";
});

effect(() => {
  if (/(^|\s)-?verdict:/.test(filter.value) && state.value === "live") judge();
});

const traceOf = (row) => `trace:${row.trace_id}${row.span_id ? `:${row.span_id}` : ""}`;

function step(by) {
  const there = listed.value;
  const now = there.findIndex((row) => row.key === cursor.value);
  const next = there[now < 0 ? 0 : Math.max(0, Math.min(now + by, there.length - 1))];
  if (!next) return;
  cursor.value = next.key;
  if (opened.value.row || opened.value.test) move(placeOf(next));
}

/** Leave what is open, and let the keyboard go on in the list. */
function leave() {
  close();
  if (!open.value) setTimeout(() => document.querySelector(".row.active a")?.focus());
}

function onKey(event) {
  const typing = event.target.matches("input, textarea, select");
  if (help.value) return;
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    else leave();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  // What has the focus does by itself what it is for.
  const onControl = event.target.matches("a, button, summary");
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    Enter: () => {
      const item = listed.value.find((one) => one.key === cursor.value);
      if (item) show(placeOf(item));
    },
    t: () => opened.value.row?.trace_id && go(traceOf(opened.value.row)),
    "/": () => document.querySelector("#filter").focus(),
    p: () => !isReport && pause(!paused.value),
    "?": () => (help.value = true),
    ...(opened.value.trace ? keys.current : {}),
  };
  if (!actions[event.key] || (event.key === "Enter" && onControl)) return;
  actions[event.key]();
  event.preventDefault();
}

function Gone() {
  if (state.value === "connecting" || reading.value || older.value) return html`<p class="quiet" role="status">Reading what came ...</p>`;
  if (isReport) return html`<div class="banner bad" role="alert"><p><strong>It is not in this report.</strong></p><p>The address is of another report, or was changed.</p></div>`;
  return html`<div class="banner bad" role="alert"><p><strong>It is not among what came.</strong></p>
    <p>It was evicted or cleared, or the server was started anew since this address was made. Where evictions are the cause, start it with a larger <code>serve --limit</code>.</p></div>`;
}

function App() {
  const panel = useRef(null);
  useEffect(() => {
    addEventListener("keydown", onKey);
    // What somebody opens a report for: the first failed test.
    connect().then(() => !open.value && !narrow.value && byTests.value && tests.value[0] && isRed(tests.value[0]) && move("test:0"));
    return () => removeEventListener("keydown", onKey);
  }, []);
  const { row, key, test, trace, span } = opened.value;
  const isOpen = Boolean(key || trace);
  useEffect(() => {
    if (!isOpen) return;
    panel.current.scrollTop = 0;
    panel.current.focus({ preventScroll: true });
  }, [key, trace]);
  // In a list of tests the place of what one of them sent is its test.
  const at = byTests.value && row ? `test:${row.of}` : key;
  useEffect(() => void (at && (cursor.value = at)), [at]);
  const hint = mistaken(filter.value);
  return html`<div class="page ${isOpen ? "split" : ""} ${trace ? "wide" : ""}">
    <header class="top">
      <h1>${report.value?.title ?? "sentryintegration"}</h1>
      <label class="filter"><span class="sr">Filter</span>
        <input id="filter" type="search" value=${filter.value} placeholder="level:error  tag:graph=g1  noun:transaction  or any text" title=${`text, or ${NAMES.join(":, ")}:`} autocomplete="off" spellcheck="false"
          onInput=${(event) => (filter.value = event.target.value)} /></label>
      <span class="quiet number" role="status">${listed.value.length.toLocaleString("en")} of ${total.value.toLocaleString("en")}${older.value ? ", reading more" : ""}</span>
      ${!isReport && html`<button type="button" aria-pressed=${String(paused.value)} onClick=${() => pause(!paused.value)}>${paused.value ? "go on" : "pause"}</button>
      <button type="button" disabled=${state.value !== "live"} onClick=${() => confirm("Forget everything that came, on the server too?") && (closeAll(), forget())}>clear</button>`}
      <button type="button" aria-haspopup="dialog" onClick=${() => (help.value = true)} title="keys and filter">?<span class="sr"> keys and filter</span></button>
      <${State} />
    </header>
    <section class="notices" aria-label="notices"><${Notices} />${isReport && html`<${Lacking} />`}${hint && html`<p class="notice" role="status">${hint}</p>`}</section>
    ${byTests.value ? total.value > 0 && html`<${Outcomes} />` : rows.value.length > 0 && html`<${Counts} rows=${rows.value} />`}
    <main>
      ${byTests.value && listed.value.length ? html`<${TestList} items=${listed.value} selected=${cursor.value} />` : !byTests.value && passing.value.length ? html`<${List} rows=${passing.value} selected=${cursor.value} tables=${!isOpen} />` : html`<${Empty} />`}
    </main>
    ${isOpen && html`<aside ref=${panel} tabindex="-1" aria-label=${trace ? "trace" : test ? "test" : "entry"}>
      <button type="button" class="close" onClick=${leave} title=${leadsBack.value ? "back to where this was opened from (Esc)" : "close (Esc)"}>${leadsBack.value ? "back" : "close"}</button>
      ${trace && html`<${Trace} key=${trace} id=${trace} chosen=${span} />`}
      ${row && html`<${Entry} key=${row.key} row=${row} />`}
      ${test && html`<${Test} key=${test.key} test=${test} />`}
      ${key && !row && !test && (!isReport || report.value) && html`<${Gone} />`}
    </aside>`}
    <${Help} open=${help.value} onClose=${() => (help.value = false)} />
  </div>`;
}

render(html`<${App} />`, document.querySelector("#app"));
