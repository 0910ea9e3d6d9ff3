// One thing that came: what it says first, what Sentry would make of it, then where from, then everything else.
import { html } from "htm/preact";
import { go } from "./place.js";
import { envelope, findings, object } from "./source.js";
import { useAnswer } from "./loading.js";
import { brief, clock, duration, filled, shown, size } from "./shown.js";
import { headline, tone, WORD } from "./nouns.js";
import { findCall } from "./python.js";
import { Attachment, Attachments } from "./attachments.js";
import { Breadcrumbs } from "./breadcrumbs.js";
import { Exceptions, named, Stack } from "./stack.js";
import { Beside, Copy, Headline, Section, Table } from "./parts.js";
import { At, Findings, objectionsTo, Verdict } from "./verdict.js";

/** What has a view of its own, or is said elsewhere. */
const ELSEWHERE = new Set([
  "number", "inbox", "received", "text", "message", "body", "exceptions", "exception", "frames", "tags", "user", "extra", "contexts", "breadcrumbs",
  "flags", "modules", "request", "attachments", "attributes", "discarded", "headers", "json", "spans", "data", "measurements", "sdk", "monitor_config",
  "fingerprint", "trace_id", "span_id", "path", "verdict",
]);

function factsOf(row, it) {
  const facts = { ...(it.sdk?.name ? { sdk: `${it.sdk.name} ${it.sdk.version ?? ""}` } : {}) };
  for (const [name, value] of Object.entries(it)) if (!ELSEWHERE.has(name)) facts[name.replaceAll("_", " ")] = name === "duration" ? duration(value) : name === "size" ? size(value) : value;
  if (row.noun === "refused") facts.request = `${it.method} ${it.path}`;
  if (it.fingerprint?.length) facts.fingerprint = it.fingerprint;
  return Object.fromEntries(Object.entries({ ...facts, test: row.test, inbox: row.inbox, received: it.received }).filter(([, value]) => filled(value)));
}

/** The envelope as it was sent: its items as JSON, and its bytes. */
function Envelope({ row }) {
  const answer = useAnswer(() => envelope(row), [row.key]);
  if (answer.loading) return html`<p class="quiet" role="status">Loading ...</p>`;
  if (answer.error) return html`<p class="quiet">It cannot be shown: ${answer.error}.</p>`;
  const { text, address: place, length } = answer.value;
  return html`<p><a href=${place} download>download it</a> <span class="quiet">${size(length)}</span></p><pre tabindex="0" class="bytes">${shown(text)}</pre>`;
}

export function Entry({ row }) {
  const answer = useAnswer(() => object(row), [row.key]);
  const judged = useAnswer(() => findings(row), [row.key]);
  const it = answer.value ?? {};
  const objections = judged.value ? objectionsTo(row, judged.value.items) : [];
  const call = findCall(row.noun, it);
  return html`<article class=${tone(row)}>
    <header>
      <p class="kind"><span class="noun">${WORD[row.noun] ?? row.noun}</span> <span class="quiet"><${Beside} of=${[it.level !== WORD[row.noun] && it.level, it.transaction && html`in <bdi>${brief(it.transaction, 80)}</bdi>`, brief(it.server_name ?? row.server_name, 80), clock(row.received), it.exception?.handled === false && "unhandled"]} /></span></p>
      <h2>${it.exception ? named(it.exception) : html`<${Headline} of=${row} most=${500} />`}</h2>
      ${answer.value && html`<p class="actions">
        ${it.trace_id && html`<button type="button" onClick=${() => go(`trace:${it.trace_id}${it.span_id ? `:${it.span_id}` : ""}`)}>where in the trace</button>`}
        <${Copy} text=${call} title=${brief(call, 300)}>copy as a test<//>
      </p>`}
    </header>
    ${answer.loading && html`<p class="quiet" role="status">Loading ...</p>`}
    ${answer.error && html`<p class="banner bad" role="alert">It cannot be shown: ${answer.error}. What the list knows of it is below.</p><${Table} of=${row.tags} />`}
    ${answer.value && html`<${Findings.Provider} value=${objections.flatMap((one) => one.findings)}>
      ${judged.error && html`<p class="banner quiet">There is no verdict: ${judged.error}</p>`}
      ${judged.value && html`<${Verdict} objections=${objections} judged=${judged.value.payloads_judged} noun=${row.noun} fault=${it.fault} />`}
      ${filled(it.message) && it.message !== headline(row) && html`<pre tabindex="0" class="value">${shown(it.message)}</pre>`}
      <${At} places=${["message", "logentry", "level", "release", "environment", "transaction", "timestamp", "dist", "server_name", "logger", "fingerprint"]} />
      <${Exceptions} of=${it.exceptions} />
      <${Stack} of=${it.frames} />
      <${Section} title="Discarded by the sender, before it was sent" of=${it.discarded}><table><thead><tr><th scope="col">how many</th><th scope="col">of</th><th scope="col">why</th></tr></thead><tbody>${(it.discarded ?? []).map(
        (one) => html`<tr><td>${one.quantity}</td><td>${brief(one.category)}</td><td><code>${brief(one.reason)}</code></td></tr>`,
      )}</tbody></table><//>
      ${row.noun === "attachments" && html`<ul class="files"><${Attachment} file=${it} /></ul>`}
      <${Section} title="Attachments" of=${it.attachments} count=${Object.keys(it.attachments ?? {}).length}><${Attachments} of=${it.attachments} /><//>
      <${Section} title="Breadcrumbs" of=${it.breadcrumbs} count=${it.breadcrumbs?.length}><${Breadcrumbs} of=${it.breadcrumbs} until=${it.timestamp ?? it.received} /><//>
      <${Section} title="Tags" of=${it.tags}><${Table} of=${it.tags} token="tag:" path="tags" /><//>
      <${Section} title="Facts"><${Table} of=${factsOf(row, it)} /><//>
      <${Section} title="Flags" of=${it.flags}><${Table} of=${it.flags} path="contexts.flags" /><//>
      <${Section} title="User" of=${it.user}><${Table} of=${it.user} path="user" /><//>
      <${Section} title="Request" of=${it.request}><${Table} of=${it.request} path="request" /><//>
      <${Section} title="Extra" of=${it.extra}><${Table} of=${it.extra} path="extra" /><//>
      <${Section} title="Attributes" of=${it.attributes}><${Table} of=${it.attributes} path="attributes" /><//>
      <${Section} title="Data" of=${it.data}><${Table} of=${it.data} path="contexts.trace.data" /><//>
      <${Section} title="Measurements" of=${it.measurements}><${Table} of=${it.measurements} path="measurements" /><//>
      <${Section} title="Monitor" of=${it.monitor_config}><${Table} of=${it.monitor_config} path="monitor_config" /><//>
      <${Section} title="Headers of the request" of=${row.noun === "refused" ? it.headers : null}><${Table} of=${it.headers} /><//>
      <${Section} title="Contexts" of=${it.contexts}><${Table} of=${it.contexts} path="contexts" /><//>
      <${Section} title="As a test"><pre tabindex="0" class="call">${shown(call)}</pre><//>
      <${Section} title="JSON" closed lazy><pre tabindex="0" class="json">${shown(it)}</pre><//>
      <${Section} title="Envelope, as it was sent" of=${row.noun === "refused" ? null : row.number} closed lazy><${Envelope} row=${row} /><//>
    <//>`}
  </article>`;
}
