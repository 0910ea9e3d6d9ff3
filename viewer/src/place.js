// Where the reader is, kept in the URL: the filter, the order, and what is open.
import { batch, effect, signal } from "@preact/signals";

const read = () => new URLSearchParams(location.hash.slice(1));

/** The filter as it was typed. */
export const filter = signal(read().get("q") ?? "");
/** The order of the list: `test`, or as it came. */
export const by = signal(read().get("by") ?? "");
/** What is open: `entry:NUMBER:NOUN:INDEX`, `trace:ID`, `trace:ID:SPAN`, or nothing. */
export const open = signal(read().get("open") ?? "");

// What was open when something was opened from it; closing that leads back.
let trail = [];
/** Whether closing leads back to something. */
export const leadsBack = signal(false);

/** Open something from the list. */
export function show(place) {
  trail = [];
  open.value = place;
}

/** Open something from what is open. */
export function go(place) {
  if (open.peek() && open.peek() !== place) trail.push(open.peek());
  open.value = place;
}

/** Close what is open: what it was opened from is open again. */
export const close = () => (open.value = trail.pop() ?? "");

/** Close all that is open. */
export const closeAll = () => show("");

/** Show another place in what is open; no step to go back from. */
export function move(place) {
  before = place;
  open.value = place;
}

addEventListener("hashchange", () => {
  const place = read();
  // At once: what writes the URL would else write the former place into it.
  batch(() => {
    before = place.get("open") ?? "";
    filter.value = place.get("q") ?? "";
    by.value = place.get("by") ?? "";
    open.value = before;
  });
  if (trail.at(-1) === open.peek()) trail.pop();
});

let before = open.peek();
effect(() => {
  // Whoever changed the trail has changed `open`, too.
  leadsBack.value = Boolean(open.value) && trail.length > 0;
});
effect(() => {
  const parts = new URLSearchParams();
  if (filter.value) parts.set("q", filter.value);
  if (by.value) parts.set("by", by.value);
  if (open.value) parts.set("open", open.value);
  const hash = parts.size ? `#${parts}` : location.pathname + location.search;
  // What was opened can be gone back from; a filter that is being typed is no step.
  if (open.value !== before) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
  before = open.value;
});
