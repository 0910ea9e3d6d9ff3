// A list of which only what is seen is in the document.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "htm/preact";

export function Window({ items, height, render, selected, label }) {
  const box = useRef(null);
  const [view, setView] = useState([0, 60]);
  const measure = () => {
    if (!box.current) return;
    const first = Math.max(0, Math.floor(box.current.scrollTop / height) - 10);
    setView([first, first + Math.ceil(box.current.clientHeight / height) + 20]);
  };
  useEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [height]);
  useEffect(() => {
    if (selected < 0) return;
    const top = selected * height;
    const { scrollTop, clientHeight } = box.current;
    if (top < scrollTop) box.current.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) box.current.scrollTop = top + height - clientHeight;
  }, [selected]);
  const [first, last] = view;
  const shown = items.slice(first, last);
  return html`<div class="window" ref=${box} onScroll=${measure} tabindex="-1">
    <div role="list" aria-label=${label} class="all" style=${{ height: `${items.length * height}px` }}>
      ${shown.map((item, place) => render(item, first + place, { top: `${(first + place) * height}px`, height: `${height}px` }))}
    </div>
  </div>`;
}
