// Where the reader is, kept in the URL: the filter, and what is open.
import { signal, effect } from "@preact/signals";

const read = () => new URLSearchParams(location.hash.slice(1));

/** The filter as it was typed. */
export const filter = signal(read().get("q") ?? "");
/** What is open: `entry:NUMBER:INDEX`, `trace:ID`, or nothing. */
export const open = signal(read().get("open") ?? "");

addEventListener("hashchange", () => {
  filter.value = read().get("q") ?? "";
  open.value = read().get("open") ?? "";
});

let before = open.peek();
effect(() => {
  const parts = new URLSearchParams();
  if (filter.value) parts.set("q", filter.value);
  if (open.value) parts.set("open", open.value);
  const hash = parts.size ? `#${parts}` : location.pathname + location.search;
  // What was opened can be gone back from; a filter that is being typed is no step.
  if (open.value !== before) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
  before = open.value;
});
