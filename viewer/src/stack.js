// Exceptions with their causes and groups, and the frames of their stacks.
import { html } from "htm/preact";
import { brief, shown } from "./shown.js";
import { Table } from "./parts.js";
import { At } from "./verdict.js";
import { printing } from "./window.js";

/** Which frames are the application's own: as the sender says, and where it says nothing, all that look so. */
function ownOf(frames) {
  // The SDK for Python counts frozen modules, such as runpy, among them.
  if (frames.some((frame) => frame.in_app === true)) return (frame) => frame.in_app === true && !/^<frozen /.test(frame.filename ?? "");
  return (frame) => frame.in_app !== false && !/(^|\/)(site-packages|dist-packages|node_modules|lib\/python)/.test(frame.filename ?? "");
}

function Source({ frame }) {
  const before = (frame.pre_context ?? []).slice(-5), after = (frame.post_context ?? []).slice(0, 5);
  const first = (frame.lineno ?? 0) - before.length;
  const line = (text, place, own) => html`<div class=${own ? "line" : "around"}><span class="number" aria-hidden="true">${frame.lineno ? first + place : ""}</span><code>${brief(text, 2000) || " "}</code></div>`;
  return html`<div class="source" tabindex="0">
    ${before.map((text, place) => line(text, place))}
    ${line(frame.context_line, before.length, true)}
    ${after.map((text, place) => line(text, before.length + 1 + place))}
  </div>`;
}

function Frame({ frame, path, own, open }) {
  const variables = Object.fromEntries(Object.entries(frame.vars ?? {}).filter(([name]) => !/^__\w+__$/.test(name)));
  const holds = frame.context_line !== null || Object.keys(variables).length > 0;
  return html`<details class="frame ${own ? "" : "library"}" open=${open || printing.value}>
    <summary><code class="file">${brief(frame.filename ?? "?")}</code><span class="quiet">:${frame.lineno ?? "?"} in </span><code>${brief(frame.function ?? "?")}</code></summary>
    ${typeof frame.context_line === "string" && html`<${Source} frame=${frame} />`}
    ${Object.keys(variables).length > 0 && html`<${Table} of=${variables} path=${`${path}.vars`} labelled="variables" />`}
    ${!holds && html`<p class="quiet">The sender gave neither source nor variables.</p>`}
  </details>`;
}

/** How an exception is related to the one above it, in words. */
function relation(mechanism) {
  const source = mechanism?.source ?? "";
  if (/^exceptions\[\d+\]$/.test(source)) return "in the group";
  if (source === "__context__") return "while handling";
  return "caused by";
}

const SHORT = 500; // characters of a value that the headline has

/** `module.Type: value` of an exception, in full where it is short. */
export const named = (sent) => `${sent.module ? `${brief(sent.module)}.` : ""}${brief(sent.type ?? "?")}${sent.value ? `: ${brief(sent.value, SHORT)}` : ""}`;

/** Frames in groups: each of the application's own, and those of libraries between two of them. */
function folded(frames) {
  const groups = [];
  for (const frame of frames) {
    const last = groups.at(-1);
    // The innermost stays by itself: there it happened.
    if (last && !frame.own && !last[0].own && last[0] !== frames[0]) last.push(frame);
    else groups.push([frame]);
  }
  return groups;
}

/** A stack, innermost frame first: the last one of the application's own is open. */
function Frames({ of, path }) {
  const isOwn = ownOf(of);
  const last = of.map(isOwn).lastIndexOf(true);
  const reversed = of.map((frame, index) => ({ frame, index, own: isOwn(frame) })).reverse();
  const most = printing.value ? reversed.length : 60;
  const one = ({ frame, index, own }) => html`<${Frame} frame=${frame} own=${own} open=${index === (last < 0 ? of.length - 1 : last)} path=${`${path}.${index}`} />`;
  return html`${folded(reversed.slice(0, most)).map((group) => (group.length < 3 || group[0].own ? group.map(one) : html`<details class="libraries" open=${printing.value}>
      <summary class="quiet">${group.length} frames of libraries</summary>${group.map(one)}</details>`))}
    ${reversed.length > most && html`<p class="quiet">${reversed.length - most} outer frames are not shown here: see the JSON.</p>`}`;
}

function Exception({ sent, place, depth, first }) {
  const path = `exception.values.${place}`;
  return html`<section class="exception" style=${{ marginLeft: `${Math.min(depth, 6) * 18}px` }} aria-label=${`exception ${brief(sent.type, 80)}`}>
    ${(!first || String(sent.value ?? "").length > SHORT) && html`<h3>${!first && html`<span class="relation">${relation(sent.mechanism)}</span> `}<span class="type">${sent.module ? `${brief(sent.module)}.` : ""}${brief(sent.type ?? "?")}</span></h3>
    ${sent.value && html`<pre tabindex="0" class="value">${shown(sent.value)}</pre>`}`}
    <${At} places=${[`${path}.value`, `${path}.type`, `${path}.module`]} />
    <${Frames} of=${sent.frames ?? []} path=${`${path}.stacktrace.frames`} />
  </section>`;
}

/** Where a message was sent, or what else has a stack and no exception. */
export const Stack = ({ of }) => (of?.length ? html`<section class="exception" aria-label="stack"><${Frames} of=${of} path="threads.values.0.stacktrace.frames" /></section>` : null);

/** Exceptions in the order in which they are read, outermost first, each with its depth below the first. */
export function ordered(exceptions) {
  const all = exceptions.map((sent, place) => ({ sent, place })).reverse();
  const id = (one) => one.sent.mechanism?.exception_id;
  const parent = (one) => one.sent.mechanism?.parent_id;
  if (!all.some((one) => typeof parent(one) === "number")) return all.map((one, depth) => ({ ...one, depth: Math.min(depth, 1) }));
  const below = new Map();
  const ids = new Set(all.map(id));
  for (const one of all) {
    const key = ids.has(parent(one)) && parent(one) !== id(one) ? parent(one) : undefined;
    below.set(key, [...(below.get(key) ?? []), one]);
  }
  const found = [], seen = new Set();
  const waiting = [...(below.get(undefined) ?? [])].reverse().map((one) => [one, 0]);
  while (waiting.length) {
    const [one, depth] = waiting.pop();
    if (seen.has(one)) continue;
    seen.add(one);
    found.push({ ...one, depth });
    if (id(one) !== undefined) for (const child of (below.get(id(one)) ?? []).toReversed()) waiting.push([child, depth + 1]);
  }
  return [...found, ...all.filter((one) => !seen.has(one)).map((one) => ({ ...one, depth: 0 }))];
}

export const Exceptions = ({ of }) => {
  const all = ordered(of ?? []);
  return html`${all.slice(0, 100).map(({ sent, place, depth }, index) => html`<${Exception} sent=${sent} place=${place} depth=${depth} first=${index === 0} />`)}
    ${all.length > 100 && html`<p class="quiet">${all.length - 100} more exceptions are not shown here: see the JSON.</p>`}`;
};
