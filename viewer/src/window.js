// A list of which only what is seen is in the document; printed, all of it up to a bound.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { html } from "htm/preact";

const PRINTED = 1000;

const query = matchMedia("print");
export const printing = signal(query.matches);
query.addEventListener("change", () => (printing.value = query.matches));

const narrowly = matchMedia("(max-width: 760px)");
/** Whether the page is as wide as a telephone. */
export const narrow = signal(narrowly.matches);
narrowly.addEventListener("change", () => (narrow.value = narrowly.matches));

export function Window({ items, keyOf, height, render, selected, label }) {
  const box = useRef(null);
  const [view, setView] = useState([0, 60]);
  const top = useRef({ key: null, place: 0 });
  const place = selected === null ? -1 : items.findIndex((item) => keyOf(item) === selected);
  const revealed = useRef(-1);
  const owed = useRef(false);
  // What a function of an earlier render knows of the items, is not so any more.
  const now = useRef({});
  const reveal = () => {
    if (place < 0) return;
    const { scrollTop, clientHeight } = box.current;
    owed.current = !clientHeight; // on a telephone the list is not there while something is open
    if (owed.current) return;
    if (place * height < scrollTop) box.current.scrollTop = place * height;
    else if ((place + 1) * height > scrollTop + clientHeight) box.current.scrollTop = (place + 1) * height - clientHeight;
    revealed.current = box.current.scrollTop;
  };
  // What comes is put at the top: what is being read stays where it is.
  const settle = () => {
    const { key, place: before } = top.current;
    if (key === null || !box.current.clientHeight || (items[before] && keyOf(items[before]) === key)) return;
    const after = items.findIndex((item) => keyOf(item) === key);
    if (after < 0) return;
    box.current.scrollTop += (after - before) * height;
    top.current = { key, place: after };
  };
  const measure = () => {
    if (!box.current?.clientHeight) return;
    const { scrollTop, clientHeight } = box.current;
    const first = Math.max(0, Math.floor(scrollTop / height) - 10);
    const last = first + Math.ceil(clientHeight / height) + 20;
    const seen = Math.floor(scrollTop / height);
    top.current = { key: scrollTop > 0 && items[seen] ? keyOf(items[seen]) : null, place: seen };
    setView((now) => (now[0] === first && now[1] === last ? now : [first, last]));
  };
  now.current = { measure, reveal, settle };
  useEffect(() => {
    measure();
    const observer = new ResizeObserver(() => {
      if (!box.current) return;
      now.current.settle();
      // What is shown below it has taken room, or given it back: what was chosen stays seen.
      if (owed.current || box.current.scrollTop === revealed.current) now.current.reveal();
      now.current.measure();
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [height]);
  useLayoutEffect(settle, [items]);
  useEffect(reveal, [selected, place >= 0]);
  const [first, last] = printing.value ? [0, PRINTED] : view;
  return html`<div class="window" ref=${box} onScroll=${measure}>
    <div role="list" aria-label=${label} class="all" style=${{ height: `${items.length * height}px` }}>
      ${items.slice(first, last).map((item, index) => render(item, first + index, { top: `${(first + index) * height}px`, height: `${height}px` }))}
    </div>
    ${printing.value && items.length > PRINTED && html`<p>${items.length - PRINTED} more are not printed.</p>`}
  </div>`;
}
