// What the views of one thing are made of: sections, and tables of names and values.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { filter } from "./place.js";
import { toggled } from "./filter.js";
import { factsOf } from "./nouns.js";
import { brief, filled, shown } from "./shown.js";
import { At } from "./verdict.js";
import { printing } from "./window.js";

/** Facts in one line. Each is apart from the others: right-to-left text would else change their order. */
export const Beside = ({ of }) => of.filter(Boolean).map((one, place) => html`${place > 0 && "  ·  "}<bdi>${one}</bdi>`);

/** What a thing says first, of each fact at most so many characters. */
export const Headline = ({ of, most }) => {
  const facts = factsOf(of).map((fact) => brief(fact, most));
  return facts.length > 1 ? html`<${Beside} of=${facts} />` : facts[0];
};

export function Section(properties) {
  const { title, of, count, children, closed, lazy } = properties;
  const [open, setOpen] = useState(!closed);
  if ("of" in properties && !filled(of)) return null;
  // What was not asked for is not printed: it would come too late for the paper.
  if (printing.value && lazy && !open) return null;
  return html`<details class="section" open=${open || printing.value} onToggle=${(event) => printing.value || setOpen(event.currentTarget.open)}>
    <summary><h3>${title}</h3>${count !== undefined && html` <span class="quiet">${count}</span>`}</summary>
    ${(!lazy || open) && children}
  </details>`;
}

/** A table of names and values; *path* is where they stand in what was sent, *token* begins a filter by one. */
export function Table({ of, token, path, labelled }) {
  const entries = Object.entries(of ?? {});
  return html`<table aria-label=${labelled}><tbody>${entries.slice(0, 300).map(
    ([name, value]) => html`<tr><th scope="row">${brief(name)}</th><td>${token
      ? html`<button type="button" class="tag" title="filter by this" onClick=${() => (filter.value = toggled(filter.value, `${token}${name}=${value}`))}>${brief(value)}</button>`
      : html`<pre tabindex="0">${shown(value)}</pre>`}${path !== undefined && html`<${At} places=${[path ? `${path}.${name}` : name]} />`}</td></tr>`,
  )}</tbody></table>${entries.length > 300 && html`<p class="quiet">${entries.length - 300} more are not shown here: see the JSON.</p>`}`;
}

export function Copy({ text, children, title }) {
  const [said, say] = useState("");
  // A page from another machine without TLS has no clipboard.
  const copy = () => Promise.resolve(navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
    () => say("copied"),
    () => say("select it and copy it yourself"),
  );
  return html`<button type="button" title=${title} onClick=${copy}>${children}</button><span role="status" class="quiet">${said}</span>`;
}
