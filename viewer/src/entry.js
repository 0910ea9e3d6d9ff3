// One thing that came: what it says first, then where from, then everything else.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { filter, open } from "./place.js";
import { toggled } from "./filter.js";
import { findings, object } from "./source.js";
import { useAnswer } from "./loading.js";
import { clock } from "./list.js";

const LONGEST = 20_000;

/** A value as text, cut: a value may have megabytes. */
const shown = (value) => {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} ... ${text.length - LONGEST} more characters` : text;
};

/** A name as text, cut to a line or two. */
const brief = (value) => {
  const text = String(value ?? "?");
  return text.length > 300 ? `${text.slice(0, 300)} ...` : text;
};

function Table({ of, token }) {
  const entries = Object.entries(of ?? {});
  return html`<table><tbody>${entries.map(
    ([name, value]) => html`<tr><th scope="row">${brief(name)}</th><td>${token
      ? html`<button type="button" class="tag" onClick=${() => (filter.value = toggled(filter.value, `${token}${name}=${value}`))}>${shown(value)}</button>`
      : html`<pre>${shown(value)}</pre>`}</td></tr>`,
  )}</tbody></table>`;
}

const filled = (value) => value !== null && value !== undefined && (typeof value !== "object" || Object.keys(value).length > 0);

function Section({ title, of, children, closed }) {
  if (of !== undefined && !filled(of)) return null;
  return html`<details class="section" open=${!closed}><summary><h3>${title}</h3></summary>${children}</details>`;
}

function Frame({ frame, last }) {
  const variables = Object.entries(frame.vars ?? {}).filter(([name]) => !name.startsWith("__"));
  return html`<details class="frame ${frame.in_app === false ? "library" : ""}" open=${last}>
    <summary><code>${brief(frame.filename)}</code>:${frame.lineno ?? "?"} in <code>${brief(frame.function)}</code></summary>
    ${frame.context_line && html`<pre class="line">${shown(frame.context_line)}</pre>`}
    ${variables.length > 0 && html`<${Table} of=${Object.fromEntries(variables)} />`}
  </details>`;
}

function Exception({ sent, outermost }) {
  const frames = sent.frames ?? [];
  const own = frames.map((frame) => frame.in_app !== false).lastIndexOf(true);
  return html`<section class="exception">
    <h3>${outermost ? "" : "caused by "}${sent.module ? `${brief(sent.module)}.` : ""}${brief(sent.type)}: <span class="value">${brief(sent.value ?? "")}</span></h3>
    ${frames.map((frame, place) => html`<${Frame} frame=${frame} last=${place === own} />`).reverse()}
  </section>`;
}

function Attachments({ of }) {
  const files = Object.values(of ?? {});
  return html`<ul class="files">${files.map(
    (file) => html`<li><a href=${file.path} download>${brief(file.filename)}</a> <span class="quiet">${brief(file.content_type ?? "")} ${file.size} bytes</span></li>`,
  )}</ul>`;
}

function Verdict({ row }) {
  const answer = useAnswer(() => findings(row), [row.key]);
  if (answer.loading) return null;
  if (answer.error) return html`<p class="quiet">No verdict: ${answer.error}</p>`;
  const { items, payloads_judged: judged } = answer.value;
  if (!items.length)
    return judged
      ? html`<p class="good">Real Sentry would keep it as it is.</p>`
      : html`<p class="quiet">Its payload is not judged: install the extra <code>relay</code>.</p>`;
  return items.map(
    (one) => html`<div class="finding"><p class=${one.outcome === "trimmed" ? "warning" : "bad"}><strong>${one.outcome}</strong> ${one.reason ?? ""} <span class="quiet">${one.what}</span></p>
      <ul>${one.findings.map((finding) => html`<li><code>${finding.path ?? ""}</code> ${finding.text ?? shown(finding)}</li>`)}</ul></div>`,
  );
}

const VIEW = { errors: "errors", messages: "messages", transactions: "transactions" };

/** The `find` call that finds it. */
function asTest(row, it) {
  const quote = (text) => JSON.stringify(String(text));
  const noun = VIEW[row.noun] ?? row.noun;
  const main = row.noun === "errors" ? it.exception?.type : quote(it.text ?? it.name ?? it.body ?? it.filename ?? it.monitor_slug ?? "");
  const tags = Object.keys(it.tags ?? {}).length && row.noun !== "transactions" ? `, tags=${JSON.stringify(it.tags)}` : "";
  const level = row.noun === "messages" ? `, level=${quote(it.level)}` : "";
  return `sentry_events.${noun}.find(${main}${level}${tags})`;
}

function Copy({ text }) {
  const [done, setDone] = useState(false);
  return html`<button type="button" onClick=${() => navigator.clipboard.writeText(text).then(() => setDone(true))}>
    ${done ? "copied" : "copy as a test"}</button>`;
}

export function Entry({ row }) {
  const answer = useAnswer(() => object(row), [row.key]);
  if (answer.loading) return html`<p class="quiet" role="status">Loading ...</p>`;
  if (answer.error) return html`<p class="bad" role="alert">It cannot be shown: ${answer.error}.</p>`;
  const it = answer.value;
  const exceptions = [...(it.exceptions ?? [])].reverse();
  const facts = { level: it.level, status: it.status, transaction: it.transaction, release: it.release, environment: it.environment,
    "server name": it.server_name, project: it.project_id, test: row.test, inbox: row.inbox, "event id": it.id };
  return html`<article>
    <header>
      <h2>${row.label}</h2>
      <p class="quiet">${clock(row.received)} <span class="noun ${it.level ?? ""}">${row.noun}</span></p>
      <p class="actions">
        ${it.trace_id && html`<button type="button" onClick=${() => (open.value = `trace:${it.trace_id}`)}>show its trace</button>`}
        <${Copy} text=${asTest(row, it)} />
        <a href=${`/api/captured/envelopes/${row.number}`} download>envelope</a>
      </p>
    </header>
    ${exceptions.map((sent, place) => html`<${Exception} sent=${sent} outermost=${place === 0} />`)}
    <${Section} title="Verdict"><${Verdict} row=${row} /><//>
    <${Section} title="Tags" of=${it.tags}><${Table} of=${it.tags} token="tag:" /><//>
    <${Section} title="Facts"><${Table} of=${Object.fromEntries(Object.entries(facts).filter(([, value]) => filled(value) && value !== ""))} /><//>
    <${Section} title="Attachments" of=${it.attachments}><${Attachments} of=${it.attachments} /><//>
    <${Section} title="Breadcrumbs" of=${it.breadcrumbs}><table><tbody>${(it.breadcrumbs ?? []).map(
      (crumb) => html`<tr><td><time datetime=${crumb.timestamp}>${clock(crumb.timestamp)}</time></td><td>${brief(crumb.category)}</td><td>${brief(crumb.level)}</td><td><pre>${shown(crumb.message ?? crumb.data)}</pre></td></tr>`,
    )}</tbody></table><//>
    <${Section} title="User" of=${it.user}><${Table} of=${it.user} /><//>
    <${Section} title="Request" of=${it.request}><${Table} of=${it.request} /><//>
    <${Section} title="Extra" of=${it.extra}><${Table} of=${it.extra} /><//>
    <${Section} title="Attributes" of=${it.attributes}><${Table} of=${it.attributes} /><//>
    <${Section} title="Discarded by the sender" of=${it.discarded}><table><tbody>${(it.discarded ?? []).map(
      (one) => html`<tr><td>${one.quantity}</td><td>${one.category}</td><td>${one.reason}</td></tr>`,
    )}</tbody></table><//>
    <${Section} title="Contexts" of=${it.contexts} closed><${Table} of=${it.contexts} /><//>
    <${Section} title="JSON" closed><pre class="json">${shown(it)}</pre><//>
  </article>`;
}
