// What happened before: breadcrumbs on a line of time, each with how long before the event it was left.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { brief, clock, duration, filled, many, moment, shown } from "./shown.js";
import { At } from "./verdict.js";

const MOST = 300; // that are drawn without being asked for: 10,000 would hold the page up for seconds

const TONE = { error: "error", fatal: "error", critical: "error", warning: "warning", warn: "warning" };

function ago(crumb, end) {
  const seconds = (end - moment(crumb.timestamp)) / 1000;
  return Number.isFinite(seconds) ? (seconds >= 0 ? `-${duration(seconds)}` : `+${duration(-seconds)}`) : "";
}

export function Breadcrumbs({ of, until }) {
  const times = of.map((crumb) => moment(crumb.timestamp)).filter(Number.isFinite);
  const end = Number.isFinite(moment(until)) ? moment(until) : Math.max(...times, 0);
  const begin = Math.min(end, ...times);
  const length = Math.max(end - begin, 1e-3);
  const [all, showAll] = useState(false);
  const older = all ? 0 : Math.max(0, of.length - MOST);
  const drawn = of.slice(older);
  const at = (crumb) => Math.max(0, Math.min(100, ((moment(crumb.timestamp) - begin) / length) * 100));
  return html`<div class="crumbs">
    <div class="line-of-time" aria-hidden="true">${drawn.map((crumb) => Number.isFinite(at(crumb)) && html`<i class=${TONE[crumb.level] ?? ""} style=${{ left: `${at(crumb)}%` }}></i>`)}<i class="end"></i></div>
    ${older > 0 && html`<p class="quiet">${many(older, "older one is", "older ones are")} not shown. <button type="button" onClick=${() => showAll(true)}>show all</button></p>`}
    <ol>${drawn.map((crumb, place) => html`<li class=${TONE[crumb.level] ?? ""}>
      <time datetime=${crumb.timestamp} title=${clock(crumb.timestamp)}>${ago(crumb, end)}</time>
      <span class="category">${brief(crumb.category ?? "", 60)}</span>
      <span class="said"><span class="sr">${crumb.level ?? ""} </span>${brief(crumb.message ?? "", 2000)}${filled(crumb.data) && html` <code class="quiet">${brief(Object.entries(crumb.data).map(([name, value]) => `${name}=${typeof value === "string" ? value : shown(value)}`).join("  "), 400)}</code>`}
        <${At} places=${[`breadcrumbs.values.${place + older}`, `breadcrumbs.${place + older}`]} /></span>
    </li>`)}
    <li class="end"><time datetime=${until ?? ""}>0</time><span class="category">this</span><span class="said">${clock(until)}</span></li></ol>
  </div>`;
}
