// The keys and the words of the filter, in a dialog.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";

const KEYS = [
  ["j  k", "next, previous: in the list, or in the trace that is open"],
  ["Enter", "open; in a trace, what happened in the span"],
  ["Esc", "close, back to where it was opened from"],
  ["t", "the trace of what is open"],
  ["←  →", "in a trace: fold, unfold"],
  ["/", "filter; in a trace: search"],
  ["p", "pause, go on"],
  ["?", "this"],
];

const WORDS = [
  ["level:error", "errors, and messages and logs of that level"],
  ["noun:transaction", "one kind; it is shown as a table"],
  ["tag:graph=g1", "a tag with that value; tag:graph for any value"],
  ["test:checkout", "what a test sent whose name contains it"],
  ["project:2", "what was sent to that project"],
  ["verdict:dropped", "what real Sentry would drop; also trimmed, refused"],
  ["trace:04ce62", "one trace, by the begin of its id"],
  ["server:  release:  environment:  status:  transaction:  inbox:", "further fields"],
  ["-level:info", "a minus: all others"],
  ['"two words"', "free text, anywhere in what the list knows"],
];

export function Help({ open, onClose }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open) dialog.current.close();
  }, [open]);
  const list = (pairs) => html`<dl>${pairs.map(([key, what]) => html`<div><dt>${key.split("  ").map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${what}</dd></div>`)}</dl>`;
  return html`<dialog ref=${dialog} onClose=${onClose} aria-label="keys and filter">
    <form method="dialog"><button autofocus>close</button></form>
    <h2>Keys</h2>${list(KEYS)}
    <h2>Filter</h2>${list(WORDS)}
  </dialog>`;
}
