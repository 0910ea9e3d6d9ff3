// What the page says where there is nothing to show, or where something is wrong, and what to do.
import { html } from "htm/preact";
import { evicted, held, limit, paused, reading, restarted, rows, state } from "./source.js";
import { filter } from "./place.js";
import { tokens } from "./filter.js";
import { Copy } from "./parts.js";
import { many } from "./shown.js";

// The key that the fake Sentry prints: one that real Sentry would take, too.
const KEY = "5e27be7a8d1c4f0e9b3a6c5d2f184e70";

export function State() {
  const [word, tone] = {
    connecting: ["connecting ...", "quiet"],
    live: paused.value ? [`paused${held.value ? `, ${held.value} more came` : ""}`, "warning"] : ["live", "good"],
    lost: ["connection lost", "error"],
    refused: ["refused", "error"],
    file: ["report", "quiet"],
    damaged: ["damaged", "error"],
  }[state.value];
  return html`<span role="status" class="state ${tone}">${word}</span>`;
}

export function Notices() {
  const port = location.port || "80";
  return html`${state.value === "lost" && html`<p class="notice error" role="alert"><strong>The connection to the server is lost.</strong> What came is still in the list, and can be opened again when the server is back.
      If it was stopped, start it again: <code>sentryintegration serve --port ${port}</code>. This page goes on by itself.</p>`}
    ${state.value === "refused" && html`<p class="notice error" role="alert"><strong>The server lets this page read nothing.</strong> It was perhaps started anew with another token: <a href="/api/session">enter the token</a> that it printed, then load this page again.</p>`}
    ${restarted.value && html`<p class="notice">The server was started anew, and what it had captured before is gone. To keep it, start it with <code>serve --data FILE</code>.
      <button type="button" onClick=${() => (restarted.value = false)}>understood</button></p>`}
    ${evicted.value > 0 && html`<p class="notice">${many(evicted.value, "older request was", "older requests were")} evicted, and ${evicted.value === 1 ? "is" : "are"} not shown: the server keeps the newest ${limit.value ? limit.value.toLocaleString("en") : ""}. For more, start it with <code>serve --limit</code>.</p>`}`;
}

export function Empty() {
  if (state.value === "connecting") return html`<p class="empty" role="status">Connecting ...</p>`;
  if (state.value === "damaged") return html`<p class="empty error" role="alert">This report cannot be read: it was cut off, or changed.</p>`;
  if (rows.value.length) {
    const verdict = /verdict:/.test(filter.value) && !rows.value.some((row) => row.verdict);
    return html`<div class="empty"><p>None of the ${rows.value.length} that came passes the filter
        ${tokens(filter.value).map((token) => html` <code>${token}</code>`)}.</p>
      ${verdict && html`<p class="quiet">This server does not tell verdicts in its list: open an entry to see its own.</p>`}
      <p><button type="button" onClick=${() => (filter.value = "")}>show all</button></p></div>`;
  }
  if (reading.value) return html`<p class="empty" role="status">Reading what came ...</p>`;
  if (state.value === "file") return html`<p class="empty">Nothing was captured in this run.</p>`;
  const dsn = `${location.protocol}//${KEY}@${location.host}/1`;
  return html`<div class="empty">
    <h2>Nothing has come yet</h2>
    <p>Start the application with this DSN; what it sends appears here as it comes.</p>
    <p><code>SENTRY_DSN=${dsn}</code></p>
    <p><${Copy} text=${`SENTRY_DSN=${dsn}`}>copy<//></p>
    <p class="quiet">Is it running and still nothing comes? <a href="/api/captured/explain">What the server knows about it</a>: refused requests are listed here, too.</p>
  </div>`;
}
