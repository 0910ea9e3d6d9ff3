// The spans of a trace as a tree with times, the lines that are seen of it, and its critical path.
import { moment } from "./shown.js";

/**
 * The nodes of a trace, and those at the top. A parent that never came is a node without a span, above the spans that
 * name it. Not by recursion: a trace may have 10,000 levels.
 */
export function treeOf(spans) {
  const nodes = spans.map((span, place) => {
    const start = moment(span.start);
    // Where clocks were set back, it ended before it began: it is a point then.
    const length = Math.max(span.duration ?? 0, 0) * 1000;
    return { id: span.span_id ?? `place-${place}`, span, start, end: start + length, children: [], parent: null, depth: 0 };
  });
  const known = new Map();
  nodes.forEach((node, place) => {
    // An id that came twice is a parent once; each of both is a line of its own.
    if (known.has(node.id)) node.id = `${node.id}-${place}`;
    known.set(node.id, node);
  });
  const tops = [];
  for (const node of nodes) {
    const wanted = node.span.parent_span_id;
    const own = node.span.span_id;
    let parent = wanted && wanted !== own ? known.get(wanted) : undefined;
    if (wanted && !parent && wanted !== own) {
      parent = { id: wanted, span: null, start: Infinity, end: -Infinity, children: [], parent: null, depth: 0 };
      known.set(wanted, parent);
      tops.push(parent);
    }
    if (!parent) tops.push(node);
    else {
      node.parent = parent;
      parent.children.push(node);
      if (!parent.span) {
        parent.start = Math.min(parent.start, node.start);
        parent.end = Math.max(parent.end, node.end);
      }
    }
  }
  const byStart = (one, other) => one.start - other.start || 0;
  tops.sort(byStart);
  for (const node of known.values()) node.children.sort(byStart);
  // Depths; what is only in a circle of parents is at the top, too.
  const seen = new Set();
  const walk = (roots) => {
    const waiting = [...roots];
    while (waiting.length) {
      const node = waiting.pop();
      if (seen.has(node)) continue;
      seen.add(node);
      for (const child of node.children) {
        if (!seen.has(child)) child.depth = node.depth + 1;
        waiting.push(child);
      }
    }
  };
  walk(tops);
  for (const node of nodes)
    if (!seen.has(node)) {
      node.parent = null;
      tops.push(node);
      walk([node]);
    }
  let begin = Infinity, end = -Infinity;
  for (const node of nodes) {
    if (Number.isNaN(node.start)) continue;
    begin = Math.min(begin, node.start);
    end = Math.max(end, node.end);
  }
  const took = Math.max(end - begin, 0) || 0;
  return { nodes, tops, known, begin, took, length: took || 1e-3 };
}

/** The nodes that are seen, in the order of the tree. */
export function linesOf(tops, collapsed) {
  const lines = [], seen = new Set();
  const waiting = tops.toReversed();
  while (waiting.length) {
    const node = waiting.pop();
    if (seen.has(node)) continue;
    seen.add(node);
    lines.push(node);
    if (!collapsed.has(node.id)) for (let place = node.children.length - 1; place >= 0; place--) waiting.push(node.children[place]);
  }
  return lines;
}

/**
 * What the end of a trace waited for: for each node on the path the times in which it, and none below it, was waited for.
 * Backwards from the end: of what ran then, the child that ended last.
 */
export function criticalPath(top) {
  const path = new Map();
  if (!top) return path;
  const note = (node, start, end) => end > start && path.set(node.id, [...(path.get(node.id) ?? []), [start, end]]);
  const waiting = [[top, top.end]], seen = new Set();
  while (waiting.length) {
    const [node, until] = waiting.pop();
    if (seen.has(node)) continue;
    seen.add(node);
    if (!path.has(node.id)) path.set(node.id, []);
    let cursor = Math.min(node.end, until);
    for (const child of node.children.toSorted((one, other) => other.end - one.end)) {
      if (cursor <= node.start) break;
      const end = Math.min(child.end, cursor);
      if (end <= child.start || end <= node.start) continue;
      note(node, end, cursor);
      waiting.push([child, end]);
      cursor = Math.max(child.start, node.start);
    }
    note(node, node.start, cursor);
  }
  return path;
}

/** How long a node was waited for by itself, in milliseconds. */
export const waited = (times) => (times ?? []).reduce((sum, [start, end]) => sum + end - start, 0);
