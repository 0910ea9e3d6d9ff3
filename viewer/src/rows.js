// What the list shows: a row for each thing that came, with what the filter looks at.
import { signal } from "@preact/signals";

export const rows = signal([]);
export const state = signal("connecting"); // connecting, live, lost, refused; file, damaged of a report
export const connections = signal(0); // how often the server was reached
export const paused = signal(false);
export const held = signal(0);
export const evicted = signal(0); // requests that came and are not kept any more
export const limit = signal(0); // how many requests the server keeps
export const restarted = signal(false); // whether the server began anew meanwhile
export const reading = signal(false); // whether something came, of which nothing was read yet
export const older = signal(false); // whether older ones are still being read

/** The rows of one request, from its summary as the stream of the captured API sends it. */
export function rowsOf(summary) {
  const counts = {};
  return summary.items.map((item) => {
    const index = (counts[item.noun] = (counts[item.noun] ?? -1) + 1);
    const row = { ...item, ...summary, items: undefined, index, key: `${summary.number}:${item.noun}:${index}` };
    row.words = [row.label, row.noun, row.test, row.id, row.trace_id, row.transaction, row.text, row.body, row.message, row.reason, row.at, row.server_name, ...Object.values(row.tags ?? {})]
      .join("\n")
      .toLowerCase();
    return row;
  });
}
