// The tests of a report: failed ones first; of one its failure, the nearest miss, and all that it sent.
import { html } from "htm/preact";
import { computed } from "@preact/signals";
import { by, filter, go, show } from "./place.js";
import { failure, report, rows } from "./source.js";
import { matcher } from "./filter.js";
import { useAnswer } from "./loading.js";
import { headline, NOUNS, PLURAL, tone, WORD } from "./nouns.js";
import { brief, duration, namesOf, shown } from "./shown.js";
import { Beside, Headline, Section } from "./parts.js";
import { Window } from "./window.js";

const TONES = { "collection error": "error", failed: "error", error: "error", running: "error", rerun: "warning", xpassed: "warning", passed: "good" };
const WORDS = { running: "did not end", "": "no manifest" };
const wordOf = (outcome) => WORDS[outcome] ?? outcome;

/** Whether a test needs somebody to look at it. */
export const isRed = (test) => TONES[test.outcome] === "error";

const rowsOfTest = computed(() => {
  const groups = new Map();
  for (const row of rows.value) groups.set(row.of, [...(groups.get(row.of) ?? []), row]);
  return groups;
});

export const tests = computed(() =>
  (report.value?.tests ?? []).map((test, place) => ({
    ...test,
    key: `test:${place}`,
    place,
    noun: "",
    status: wordOf(test.outcome),
    words: `${test.test}\n${test.headline}\n${wordOf(test.outcome)}`.toLowerCase(),
  })),
);

/** Those that pass the filter themselves, or with something that they sent. */
export const passingTests = computed(() => {
  if (!filter.value) return tests.value;
  const passes = matcher(filter.value);
  return tests.value.filter((test) => passes(test) || (rowsOfTest.value.get(test.place) ?? []).some(passes));
});

const many = (count, noun) => `${count} ${count === 1 ? WORD[noun] ?? noun : PLURAL[noun] ?? noun}`;
// What was lost is told in words beside it.
const countsOf = (test) => NOUNS.filter((noun) => test.counts?.[noun] && !(noun === "client_reports" && test.lost)).map((noun) => many(test.counts[noun], noun)).join(", ");

const addressOf = (place) => `#${new URLSearchParams({ ...(filter.value ? { q: filter.value } : {}), open: place })}`;
const opening = (how, place) => (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  how(place);
};

/** How many tests ended how; a press shows those alone. */
export function Outcomes() {
  const counts = Object.entries(report.value?.outcomes ?? {});
  return html`<nav class="counts" aria-label="outcomes">
    <button type="button" aria-pressed=${String(!filter.value)} onClick=${() => (filter.value = "")}>all tests <b>${counts.reduce((sum, [, count]) => sum + count, 0).toLocaleString("en")}</b></button>
    ${counts.map(([outcome, count]) => {
      const token = `status:${wordOf(outcome).replaceAll(" ", "")}`.startsWith("status:did") ? "status:did" : `status:${wordOf(outcome).split(" ")[0]}`;
      const on = filter.value === token;
      return html`<button type="button" key=${outcome} class=${TONES[outcome] === "error" ? "error" : ""} aria-pressed=${String(on)}
        onClick=${() => (filter.value = on ? "" : token)}>${wordOf(outcome)} <b>${count.toLocaleString("en")}</b></button>`;
    })}
    <span class="space"></span>
    <button type="button" onClick=${() => (by.value = "all")}>all that was sent <b>${rows.value.length.toLocaleString("en")}</b></button>
  </nav>`;
}

export function Lacking() {
  const lacking = report.value?.lacking ?? [];
  if (!lacking.length) return null;
  return html`<details class="notice"><summary>${lacking.length === 1 ? "Something is" : `${lacking.length} things are`} not in this report</summary>
    <ul>${lacking.map((sentence) => html`<li>${sentence}</li>`)}</ul></details>`;
}

function Row({ test, style, active }) {
  const { path, name } = namesOf(test.test);
  const said = test.headline || [countsOf(test), test.lost && `lost: ${test.lost}`].filter(Boolean).join("; ") || "sent nothing";
  return html`<div role="listitem" class="row test ${TONES[test.outcome] ?? ""} ${active ? "active" : ""}" style=${style}>
    <a href=${addressOf(test.key)} aria-current=${active ? "true" : null} onClick=${opening(show, test.key)}>
      <span class="outcome">${wordOf(test.outcome)}</span>
      <span class="name" title=${test.test}>${name} <span class="quiet">${path}</span></span>
      <span class="took">${duration(test.duration)}</span>
      <span class="said">${brief(said)}</span>
    </a></div>`;
}

export function TestList({ items, selected }) {
  return html`<${Window} items=${items} keyOf=${(test) => test.key} height=${46} selected=${selected} label="tests, failed ones first"
    render=${(test, place, style) => html`<${Row} key=${test.key} test=${test} style=${style} active=${test.key === selected} />`} />`;
}

function Sent({ row, also }) {
  const place = `entry:${row.key}`;
  return html`<li><span class="noun ${tone(row)}">${WORD[row.noun] ?? row.noun}</span> <a href=${addressOf(place)} onClick=${opening(go, place)}><${Headline} of=${row} most=${200} /></a>
    ${row.at && html` <code>${row.at}</code>`}${row.verdict && html` <span class="verdict ${row.verdict}">${row.verdict}</span>`} ${also}</li>`;
}

/** The row that a miss means: of several in one request the one that is called so. */
const rowOf = (miss) => {
  const there = rows.value.filter((row) => row.number === miss.number);
  return there.find((row) => row.label === miss.label) ?? there[0];
};

function Miss({ miss }) {
  const row = rowOf(miss);
  return html`<div class="miss">
    <ul>${row ? html`<${Sent} row=${row} />` : html`<li>${miss.label}</li>`}</ul>
    <table><thead><tr><th scope="col">differs in</th><th scope="col">expected</th><th scope="col">got</th></tr></thead>
      <tbody>${(miss.differences ?? []).map((one) => html`<tr><td><code>${brief(one.path)}</code></td><td><code>${brief(one.expected)}</code></td><td><code>${brief(one.got)}</code></td></tr>`)}</tbody></table>
  </div>`;
}

/** A trace by its longest transaction, which is most often its root. */
function TraceName({ id, of }) {
  const [longest] = of.filter((row) => row.noun === "transactions" && row.trace_id === id).sort((one, other) => (other.duration ?? 0) - (one.duration ?? 0));
  return longest ? html`${brief(headline(longest), 120)} <span class="quiet">${duration(longest.duration)}</span> <code class="quiet">${id.slice(0, 8)}</code>` : html`<code>${id}</code>`;
}

export function Test({ test }) {
  const answer = useAnswer(() => (test.block === null && !test.headline ? Promise.resolve({}) : failure(test)), [test.key]);
  const own = rowsOfTest.value.get(test.place) ?? [];
  const traces = [...new Set(own.map((row) => row.trace_id))].filter((id) => id && Object.hasOwn(report.value.traces, id));
  const { failure: text, nearest, reasons } = answer.value ?? {};
  return html`<article class="test ${TONES[test.outcome] ?? ""}">
    <header>
      <p class="kind"><span class="outcome">${wordOf(test.outcome)}</span> <span class="quiet"><${Beside} of=${[duration(test.duration), countsOf(test)]} /></span></p>
      <h2>${test.test}</h2>
    </header>
    ${test.outcome === "collection error" && html`<p class="banner bad">Its tests were not run: pytest could not collect them.</p>`}
    ${test.outcome === "running" && html`<p class="banner bad">The process ended while this test ran: what it sent is not known.</p>`}
    ${answer.error && html`<p class="banner bad" role="alert">Its failure cannot be shown: ${answer.error}.</p>`}
    ${nearest?.length > 0 && html`<${Section} title="Nearest miss">${nearest.map((miss) => html`<${Miss} miss=${miss} />`)}<//>`}
    ${text && html`<${Section} title="Failure"><pre tabindex="0" class="failure">${shown(text)}</pre><//>`}
    ${reasons?.length > 0 && html`<${Section} title="Why nothing came"><ul>${reasons.map((one) => html`<li>${shown(one)}</li>`)}</ul><//>`}
    ${test.lost && html`<${Section} title="Lost by the senders"><p>${test.lost}</p><//>`}
    ${own.length > 0 && html`<${Section} title="Sent" count=${own.length}><ul class="sent">${own.slice(0, 500).map((row) => html`<${Sent} key=${row.key} row=${row} />`)}</ul>
      ${own.length > 500 && html`<p class="quiet">${own.length - 500} more: filter by <code>test:</code> in all that was sent.</p>`}<//>`}
    ${traces.length > 0 && html`<${Section} title="Traces" count=${traces.length}><ul class="sent">${traces.slice(0, 100).map(
      (id) => html`<li><a href=${addressOf(`trace:${id}`)} onClick=${opening(go, `trace:${id}`)}><${TraceName} id=${id} of=${own} /></a></li>`,
    )}</ul><//>`}
    ${!own.length && !reasons?.length && !/running|collection/.test(test.outcome) && html`<p class="quiet">It sent nothing to Sentry${test.sent ? " that is in this report" : ""}.</p>`}
  </article>`;
}
