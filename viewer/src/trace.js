// A trace as a waterfall over services: spans below their parents, at their time, with what else happened in them.
import { html } from "htm/preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, move } from "./place.js";
import { rows, trace } from "./source.js";
import { useAnswer } from "./loading.js";
import { brief, duration, many, moment } from "./shown.js";
import { headline, tone } from "./nouns.js";
import { Happened, Span } from "./span.js";
import { criticalPath, linesOf, treeOf, waited } from "./tree.js";
import { narrow, printing, Window } from "./window.js";

/** What the keys do while a trace is open; `null` where none is. */
export const keys = { current: null };

const COLOURS = 8;

function Line({ node, style, tree, path, active, found, folded, toggle, happened, service, id }) {
  const { span, depth, children } = node;
  const percent = (time) => ((time - tree.begin) / tree.length) * 100;
  const own = path.get(node.id);
  const failed = span && span.status && !/^(ok|unset|cancelled)$/.test(span.status);
  const other = span && (!node.parent?.span || node.parent.span.service !== span.service);
  return html`<div role="listitem" class="span s${service} ${active ? "active" : ""} ${found ? "found" : ""} ${failed ? "failed" : ""} ${span ? "" : "missing"} ${own ? "critical" : ""}" style=${style}>
    <div class="name" style=${{ paddingLeft: `${Math.min(depth, 24) * 12}px` }}>
      ${children.length ? html`<button type="button" class="fold" aria-expanded=${String(!folded)} aria-label=${`${many(children.length, "span")} below`} onClick=${toggle}>${folded ? "+" : "−"}</button>` : html`<span class="fold"></span>`}
      <a href=${`#open=trace:${id}:${node.id}`} aria-current=${active ? "true" : null} onClick=${(event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); move(`trace:${id}:${node.id}`); }}>
        ${other && html`<b class="service">${brief(span.service, 40)}</b> `}
        ${span ? html`<code>${brief(span.op ?? "", 60)}</code> ${brief(span.description ?? "", 200)}` : html`<span class="error">parent ${node.id} has not come</span>`}
        ${failed && html` <span class="error">${brief(span.status, 40)}</span>`}
      </a>
    </div>
    <div class="bar-box" aria-hidden="true">
      ${span && Number.isFinite(node.start) && html`<div class="bar" style=${{ left: `${percent(node.start)}%`, width: `max(2px, ${percent(node.end) - percent(node.start)}%)` }}></div>`}
      ${(own ?? []).map(([start, end]) => html`<div class="waited" style=${{ left: `${percent(start)}%`, width: `max(1px, ${percent(end) - percent(start)}%)` }}></div>`)}
      ${happened.slice(0, 30).map((row) => html`<button type="button" tabindex="-1" class="mark ${tone(row)} ${row.noun}" title=${brief(headline(row), 120)}
        style=${{ left: `${Math.max(0, Math.min(100, percent(row.timestamp ? moment(row.timestamp) : node.start)))}%` }} onClick=${() => go(`entry:${row.key}`)}></button>`)}
    </div>
    <div class="took">${span ? duration(span.duration) : ""}</div>
  </div>`;
}

function textOf(node) {
  const { span } = node;
  node.text ??= span ? `${span.op ?? ""} ${span.description ?? ""} ${span.service ?? ""} ${span.status ?? ""} ${JSON.stringify(span.data ?? {})} ${JSON.stringify(span.tags ?? {})}`.toLowerCase() : node.id;
  return node.text;
}

const NONE = [];

export function Trace({ id, chosen }) {
  const own = useMemo(() => rows.value.filter((row) => row.trace_id === id), [rows.value, id]);
  // Again where more of it came, and not for each thing that comes.
  const answer = useAnswer(() => trace(id), [id, own.length], true);
  const [search, setSearch] = useState("");
  const [collapsed, setCollapsed] = useState(() => new Set());
  const [critical, setCritical] = useState(true);
  const field = useRef(null);
  const spans = answer.value?.spans ?? NONE;
  const tree = useMemo(() => treeOf(spans), [spans]);
  const lines = useMemo(() => linesOf(tree.tops, collapsed), [tree, collapsed]);
  const path = useMemo(() => criticalPath(tree.tops.find((node) => node.span && !node.span.parent_span_id) ?? tree.tops[0]), [tree]);
  const longest = useMemo(() => [...path].map(([key, times]) => [key, waited(times)]).filter(([, time]) => time >= tree.length / 100).sort((a, b) => b[1] - a[1]).slice(0, 3), [path, tree]);
  const services = answer.value?.services ?? NONE;
  const happened = useMemo(() => {
    const groups = new Map();
    for (const row of own) if (row.span_id && row.noun !== "transactions") groups.set(row.span_id, [...(groups.get(row.span_id) ?? []), row]);
    return groups;
  }, [own]);
  const needle = search.trim().toLowerCase();
  const hits = useMemo(() => (needle ? linesOf(tree.tops, new Set()).filter((node) => textOf(node).includes(needle)) : NONE), [tree, needle]);
  const found = useMemo(() => new Set(hits.map((node) => node.id)), [hits]);
  const place = lines.findIndex((node) => node.id === chosen);

  const choose = (node) => {
    if (!node) return;
    const hidden = new Set(collapsed);
    for (let up = node.parent; up; up = up.parent) hidden.delete(up.id);
    if (hidden.size !== collapsed.size) setCollapsed(hidden);
    move(`trace:${id}:${node.id}`);
  };
  const fold = (node, folded) => {
    if (!node?.children.length) return;
    const next = new Set(collapsed);
    if (folded ?? !next.has(node.id)) next.add(node.id);
    else next.delete(node.id);
    setCollapsed(next);
  };
  const hit = (step) => {
    const now = hits.findIndex((node) => node.id === chosen);
    choose(hits[now < 0 ? 0 : (now + step + hits.length) % hits.length]);
  };
  useEffect(() => void (hits.length && !found.has(chosen) && choose(hits[0])), [hits]);
  useEffect(() => {
    keys.current = {
      j: () => choose(lines[Math.min(place + 1, lines.length - 1)]),
      k: () => choose(lines[Math.max(place - 1, 0)]),
      ArrowRight: () => fold(lines[place], false),
      ArrowLeft: () => (lines[place]?.children.length && !collapsed.has(chosen) ? fold(lines[place], true) : choose(lines[place]?.parent)),
      Enter: () => {
        const first = (happened.get(chosen) ?? own.filter((row) => row.noun === "transactions" && row.span_id === chosen))[0];
        if (first) go(`entry:${first.key}`);
      },
      "/": () => field.current?.focus(),
    };
  });
  useEffect(() => () => (keys.current = null), []);

  if (answer.loading && !spans.length) return html`<p class="quiet" role="status">Loading the trace ...</p>`;
  if (answer.error) return html`<div class="banner bad" role="alert"><p>The trace cannot be shown: ${answer.error}.</p>
    ${own.length > 0 && html`<p>What came of it and is still in the list:</p><${Happened} of=${own} />`}</div>`;
  const missing = answer.value.missing ?? [];
  const node = tree.known.get(chosen);
  const first = (tree.tops[0]?.span ?? tree.tops[0]?.children[0]?.span) || null;
  const ticks = tree.took === 0 ? [0] : narrow.value ? [0, 50, 100] : [0, 25, 50, 75, 100];
  return html`<article class="trace">
    <header>
      <p class="kind"><span class="noun">trace</span> <code class="quiet">${id}</code></p>
      <h2>${brief(first?.description ?? first?.op ?? "Trace", 200)}</h2>
      <p class="quiet">${many(spans.length, "span")}, ${duration(tree.took / 1000)}, ${many(own.filter((row) => row.noun === "errors").length, "error")}, ${many(own.filter((row) => row.noun === "logs").length, "log")}</p>
      <p class="legend">${services.map((name, index) => html`<span class="s${index % COLOURS}"><i></i>${brief(name, 60)}</span>`)}</p>
      ${missing.length > 0 && html`<p class="banner bad"><strong>It is not complete.</strong> ${missing.slice(0, 5).map((lost) => html`Span <code>${lost.span_id}</code> has not come, which ${brief(lost.service, 60)} names as a parent. `)}${missing.length > 5 && `${missing.length - 5} more have not come.`}</p>`}
      ${longest.length > 0 && critical && html`<p class="longest"><span class="quiet">Waited for longest: </span>${longest.map(([key, time]) => {
        const it = tree.known.get(key);
        return html`<button type="button" class="link" onClick=${() => choose(it)}><code>${brief(it.span?.op ?? key, 30)}</code> ${brief(it.span?.description ?? "", 40)}</button> <span class="quiet">${duration(time / 1000)} (${Math.round((time / tree.length) * 100)} %)</span> `;
      })}</p>`}
      <div class="tools" role="search"><label>Search <input ref=${field} type="search" value=${search} placeholder="op, description, attribute" onInput=${(event) => setSearch(event.target.value)}
        onKeyDown=${(event) => { if (event.key === "Enter" && hits.length) { event.preventDefault(); hit(event.shiftKey ? -1 : 1); } }} /></label>
        <span role="status" class="quiet">${needle && (hits.length ? `${Math.max(hits.findIndex((one) => one.id === chosen), 0) + 1} of ${hits.length}` : "not found in this trace")}</span>
        <button type="button" aria-pressed=${String(critical)} onClick=${() => setCritical(!critical)}>critical path</button>
        <button type="button" onClick=${() => setCollapsed(collapsed.size ? new Set() : new Set(tree.nodes.filter((one) => one.children.length && one.depth > 0).map((one) => one.id)))}>${collapsed.size ? "unfold all" : "fold all"}</button></div>
    </header>
    <div class="axis" aria-hidden="true"><span></span><span class="ticks">${ticks.map((tick) => html`<i style=${{ left: `${tick}%` }}>${tick ? duration((tree.length * tick) / 100_000) : "0"}</i>`)}</span><span></span></div>
    <${Window} items=${lines} keyOf=${(one) => one.id} height=${narrow.value ? 44 : 24} selected=${chosen ?? null} label="spans, parents before children"
      render=${(one, _, style) => html`<${Line} key=${one.id} node=${one} style=${style} tree=${tree} id=${id} path=${critical ? path : EMPTY} active=${one.id === chosen} found=${found.has(one.id)}
        folded=${collapsed.has(one.id)} toggle=${() => fold(one)} happened=${happened.get(one.id) ?? NONE} service=${Math.max(services.indexOf(one.span?.service), 0) % COLOURS} />`} />
    <div class="below">
      ${node && html`<${Span} node=${node} begin=${tree.begin} times=${waited(path.get(node.id))} happened=${happened.get(node.id) ?? NONE} />`}
      ${(!node || printing.value) && html`<section><h3>What came with it</h3><${Happened} of=${own} begin=${tree.begin} /></section>`}
    </div>
  </article>`;
}

const EMPTY = new Map();
