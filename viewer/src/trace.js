// A trace as a waterfall: spans below their parents, at their time, with what else happened in them.
import { html } from "htm/preact";
import { useMemo, useState } from "preact/hooks";
import { open } from "./place.js";
import { rows, trace } from "./source.js";
import { useAnswer } from "./loading.js";
import { Window } from "./window.js";

/** Things in lists by a key, each in its order. */
function grouped(things, key) {
  const groups = new Map();
  for (const thing of things) {
    const group = groups.get(key(thing));
    if (group) group.push(thing);
    else groups.set(key(thing), [thing]);
  }
  return groups;
}

/** Spans in the order of a tree, each with its depth; what has no parent here is at the top. */
export function laidOut(spans, collapsed) {
  const known = new Set(spans.map((span) => span.span_id));
  const children = grouped(
    [...spans].sort((a, b) => (a.start ?? "").localeCompare(b.start ?? "")),
    (span) => (known.has(span.parent_span_id) && span.parent_span_id !== span.span_id ? span.parent_span_id : ""),
  );
  const lines = [];
  const waiting = (children.get("") ?? []).map((span) => [span, 0]).reverse();
  const seen = new Set();
  while (waiting.length) {
    const [span, depth] = waiting.pop();
    if (seen.has(span.span_id)) continue;
    seen.add(span.span_id);
    const below = children.get(span.span_id) ?? [];
    lines.push({ span, depth, below: below.length });
    if (!collapsed.has(span.span_id)) for (const child of [...below].reverse()) waiting.push([child, depth + 1]);
  }
  return lines;
}

const at = (text) => Date.parse(text) + Number((/\.\d{3}(\d+)/.exec(text) ?? [0, 0])[1]) / 1000;

const duration = (seconds) => (seconds === null || seconds === undefined ? "" : seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`);

function Line({ line, style, begin, length, found, collapsed, toggle, happened, orphan }) {
  const { span, depth, below } = line;
  const left = ((at(span.start) - begin) / length) * 100;
  const width = Math.max(((span.duration ?? 0) * 1000 * 100) / length, 0.3);
  return html`<div role="listitem" class="span ${found ? "found" : ""} ${/ok|^$/.test(span.status ?? "") ? "" : "failed"}" style=${style}>
    <div class="name" style=${{ paddingLeft: `${Math.min(depth, 20) * 14}px` }}>
      ${below ? html`<button type="button" class="fold" aria-expanded=${String(!collapsed)} aria-label=${`${below} spans below`} onClick=${toggle}>${collapsed ? "+" : "-"}</button>` : html`<span class="fold"></span>`}
      <code>${span.op ?? ""}</code> ${(span.description ?? "").slice(0, 300)}
      ${orphan && html`<span class="bad">its parent ${span.parent_span_id} has not come</span>`}
    </div>
    <div class="bar-box" aria-hidden="true"><div class="bar" style=${{ left: `${left}%`, width: `${width}%` }}></div>
      ${happened.map((row) => html`<button type="button" tabindex="-1" class="mark" title=${row.label} onClick=${() => (open.value = `entry:${row.key}`)}></button>`)}
    </div>
    <div class="took">${duration(span.duration)}</div>
  </div>`;
}

export function Trace({ id }) {
  const own = rows.value.filter((row) => row.trace_id === id);
  // Again where more of it came, and not for each thing that comes.
  const answer = useAnswer(() => trace(id), [id, own.length]);
  const [search, setSearch] = useState("");
  const [collapsed, setCollapsed] = useState(() => new Set());
  const spans = answer.value?.spans ?? [];
  const lines = useMemo(() => laidOut(spans, collapsed), [answer.value, collapsed]);
  const times = useMemo(() => {
    let begin = Infinity, end = -Infinity;
    for (const span of spans) {
      const start = at(span.start);
      begin = Math.min(begin, start);
      end = Math.max(end, start + (span.duration ?? 0) * 1000);
    }
    return { begin, length: Math.max(end - begin, 0.001) };
  }, [answer.value]);
  if (answer.loading && !spans.length) return html`<p class="quiet" role="status">Loading ...</p>`;
  if (answer.error) return html`<p class="bad" role="alert">The trace cannot be shown: ${answer.error}.</p>`;
  const happened = grouped(own.filter((row) => row.span_id && row.noun !== "transactions"), (row) => row.span_id);
  const orphans = new Set(answer.value.orphans ?? []);
  const needle = search.toLowerCase();
  const matches = (span) => needle !== "" && `${span.op} ${span.description} ${JSON.stringify(span.data)}`.toLowerCase().includes(needle);
  const hits = needle === "" ? [] : lines.filter((line) => matches(line.span));
  const first = hits.length ? lines.indexOf(hits[0]) : -1;
  const services = answer.value.services ?? [];
  return html`<article class="trace">
    <header>
      <h2>Trace <code>${id}</code></h2>
      <p class="quiet">${spans.length} spans${services.length ? ` of ${services.join(", ")}` : ""}, ${duration(times.length / 1000)}</p>
      ${(answer.value.missing ?? []).map((lost) => html`<p class="bad">Span ${lost.span_id} has not come${lost.service ? `, which ${lost.service} names as a parent` : ""}.</p>`)}
      <label>Search in it <input type="search" value=${search} onInput=${(event) => setSearch(event.target.value)} /></label>
      <span role="status" class="quiet">${needle && `${hits.length} found`}</span>
    </header>
    <${Window} items=${lines} height=${26} selected=${first} label="spans, parents before children"
      render=${(line, place, style) => html`<${Line} key=${line.span.span_id} line=${line} style=${style} ...${times} found=${matches(line.span)}
        orphan=${orphans.has(line.span.span_id)} happened=${happened.get(line.span.span_id) ?? []} collapsed=${collapsed.has(line.span.span_id)}
        toggle=${() => {
          const next = new Set(collapsed);
          if (!next.delete(line.span.span_id)) next.add(line.span.span_id);
          setCollapsed(next);
        }} />`} />
    <h3>What happened in it</h3>
    <ul>${own.map(
      (row) => html`<li><a href="#" onClick=${(event) => { event.preventDefault(); open.value = `entry:${row.key}`; }}>${row.label}</a> <span class="quiet">${row.noun}</span></li>`,
    )}</ul>
  </article>`;
}
