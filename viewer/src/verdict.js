// What real Sentry would make of it: each finding in the list of them, and at its place.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { html } from "htm/preact";
import { brief, filled, shown } from "./shown.js";

/** The findings about what is shown. */
export const Findings = createContext([]);

/** The objections to one row, of those to its whole request. */
export function objectionsTo(row, items) {
  const own = items.filter((one) => one.what.endsWith(row.label) || row.noun === "refused");
  return own.length || row.noun !== "items" ? own : items;
}

const within = (path, place) => path === place || path.startsWith(`${place}.`);

/** The findings at *places*, or below them. */
export function At({ places }) {
  const found = useContext(Findings).filter((one) => places.some((place) => within(one.path ?? "", place)));
  return found.slice(0, 20).map(
    (one) => html`<p class="finding" data-path=${one.path}><span class="sr">Finding: </span>${one.text}
      ${one.stored === null && filled(one.sent) ? " Nothing of it is stored." : filled(one.stored) && html` <span class="quiet">Stored: <code>${brief(one.stored, 120)}</code></span>`}</p>`,
  );
}

/** Whether there is a finding at one of these places. */
export const useFinding = (...places) => useContext(Findings).some((one) => places.some((place) => within(one.path ?? "", place)));

function seek(path) {
  const there = [...document.querySelectorAll("[data-path]")].find((one) => one.dataset.path === path && !one.closest(".verdicts"));
  if (!there) return;
  for (let up = there.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
  there.scrollIntoView({ block: "center" });
  there.tabIndex = -1;
  there.focus();
}

const OUTCOME = {
  trimmed: "Real Sentry would keep it, but not as it was sent",
  dropped: "Real Sentry would drop it",
  refused: "Real Sentry would refuse it",
};

export function Verdict({ objections, judged, noun, fault }) {
  if (fault) return html`<p class="banner bad"><strong>It was refused by a fault that was set</strong>, so nothing of it was kept.</p>`;
  if (noun === "refused") return html`<p class="banner bad"><strong>It was refused</strong>, so nothing of it was kept. Real Sentry answers alike.</p>`;
  if (!objections.length)
    return judged
      ? html`<p class="banner good">Real Sentry would keep it as it is.</p>`
      : html`<p class="banner quiet">Nothing is said against it, but payloads are not judged: install the extra <code>relay</code> where the server runs.</p>`;
  return objections.map(
    (one) => html`<div class="banner ${one.outcome === "trimmed" ? "warning" : "bad"} verdicts">
      <strong>${OUTCOME[one.outcome] ?? one.outcome}</strong>${one.reason ? html`: ${brief(one.reason)}` : "."}
      ${one.findings.length > 0 && html`<ul>${one.findings.slice(0, 50).map(
        (finding) => html`<li data-path=${finding.path}>${finding.path && html`<button type="button" class="link" onClick=${() => seek(finding.path)}><code>${brief(finding.path, 120)}</code></button> `}${finding.text ?? shown(finding)}</li>`,
      )}${one.findings.length > 50 && html`<li>${one.findings.length - 50} more</li>`}</ul>`}
    </div>`,
  );
}
