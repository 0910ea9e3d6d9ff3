// Files that came with an event. Raster images and text are shown; SVG and HTML are text here, and never drawn.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { address, GONE } from "./source.js";
import { useAnswer } from "./loading.js";
import { brief, shown, size } from "./shown.js";

// Those that the server gives out as what they are.
const IMAGES = /^image\/(png|jpeg|gif|webp)$/;
const TEXTS = /^(text\/.*|image\/svg\+xml|application\/(json|xml|yaml|x-yaml|javascript|sql|x-ndjson|.*\+json|.*\+xml))$/;
const NAMES = /\.(txt|log|md|json|xml|ya?ml|toml|ini|cfg|csv|tsv|sql|html?|svg|js|ts|py|jl|css|sh|diff|patch)$/i;
const SHOWN = 1_000_000; // bytes of a text that are fetched without being asked for

async function textAt(path) {
  const place = await address(path);
  let bytes;
  if (place.startsWith("data:")) bytes = Uint8Array.from(atob(place.slice(place.indexOf(",") + 1)), (char) => char.charCodeAt(0));
  else {
    const answer = await fetch(place);
    if (!answer.ok) throw new Error(GONE);
    bytes = new Uint8Array(await answer.arrayBuffer());
  }
  return new TextDecoder().decode(bytes);
}

function Picture({ file }) {
  const place = useAnswer(() => address(file.path), [file.path]);
  const [broken, setBroken] = useState(false);
  if (place.error) return html`<p class="quiet">It cannot be shown: ${place.error}.</p>`;
  if (broken) return html`<p class="quiet">It says that it is ${file.content_type}, and cannot be shown as one.</p>`;
  return place.value ? html`<img src=${place.value} alt=${`attachment ${brief(file.filename, 80)}`} onError=${() => setBroken(true)} />` : null;
}

function Text({ file }) {
  const answer = useAnswer(() => textAt(file.path), [file.path]);
  if (answer.error) return html`<p class="bad">It cannot be shown: ${answer.error}.</p>`;
  return html`<pre tabindex="0" class="file-text">${answer.loading ? "Loading ..." : shown(answer.value)}</pre>`;
}

function Link({ file }) {
  const place = useAnswer(() => address(file.path), [file.path]);
  return html`<a href=${place.value ?? "#"} download>${brief(file.filename ?? "without a name", 120)}</a>`;
}

export function Attachment({ file }) {
  const type = (file.content_type ?? "").split(";")[0].trim().toLowerCase();
  const isText = TEXTS.test(type) || ((!type || type === "application/octet-stream") && NAMES.test(file.filename ?? ""));
  return html`<li><p><${Link} file=${file} /> <span class="quiet">${[brief(type, 80), size(file.size), file.attachment_type === "event.attachment" ? "" : brief(file.attachment_type, 80)].filter(Boolean).join(", ")}</span></p>
    ${IMAGES.test(type) && html`<${Picture} file=${file} />`}
    ${isText && !IMAGES.test(type) && file.size <= SHOWN && html`<${Text} file=${file} />`}
  </li>`;
}

export const Attachments = ({ of }) => html`<ul class="files">${Object.values(of ?? {}).map((file) => html`<${Attachment} key=${file.path} file=${file} />`)}</ul>`;
