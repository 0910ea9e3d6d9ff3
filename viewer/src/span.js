// One span of a trace: all that was recorded of it, and what happened in it.
import { html } from "htm/preact";
import { go } from "./place.js";
import { brief, clock, duration, filled, many, moment } from "./shown.js";
import { tone, WORD } from "./nouns.js";
import { Headline, Section, Table } from "./parts.js";

/** What happened in a trace or a span, each a link. */
export const Happened = ({ of, begin }) => html`<ul class="happened">${of.slice(0, 200).map(
  (row) => html`<li><a class=${tone(row)} href=${`#open=entry:${row.key}`} onClick=${(event) => { event.preventDefault(); go(`entry:${row.key}`); }}><span class="noun">${WORD[row.noun] ?? row.noun}</span> <${Headline} of=${row} most=${200} /></a> <span class="quiet">${row.timestamp && begin ? `+${duration((moment(row.timestamp) - begin) / 1000)}` : ""}</span></li>`,
)}${of.length > 200 && html`<li>${of.length - 200} more</li>`}</ul>`;

export function Span({ node, begin, times, happened }) {
  if (!node.span)
    return html`<section class="chosen" aria-label="the chosen span"><h3>Span <code>${node.id}</code> has not come</h3>
      <p>${many(node.children.length, "span names", "spans name")} it as the parent. Its process did not finish or flush it, dropped it, does not report to this server, or it was evicted.</p></section>`;
  const { span } = node;
  const facts = { service: span.service, status: span.status, transaction: span.transaction, took: duration(span.duration), "waited for by itself": times ? duration(times / 1000) : "",
    "starts after": node.start > begin ? duration((node.start - begin) / 1000) : "0", started: clock(span.start), origin: span.origin, project: span.project_id, "span id": span.span_id, "parent span id": span.parent_span_id };
  return html`<section class="chosen" aria-label="the chosen span">
    <h3><code>${brief(span.op ?? "")}</code> ${brief(span.description ?? "", 1000)}</h3>
    ${happened.length > 0 && html`<${Happened} of=${happened} begin=${begin} />`}
    <${Table} of=${Object.fromEntries(Object.entries(facts).filter(([, value]) => filled(value)))} labelled="facts" />
    <${Section} title="Data" of=${span.data}><${Table} of=${span.data} /><//>
    <${Section} title="Tags" of=${span.tags}><${Table} of=${span.tags} /><//>
  </section>`;
}
