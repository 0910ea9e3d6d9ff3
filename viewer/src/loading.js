// What is asked of the server: the answer, or why there is none.
import { useEffect, useState } from "preact/hooks";
import { connections } from "./source.js";

/** Ask again whenever *depends* changes, and what failed also when the server is back; with *keep* the former answer stays until the next is there. */
export function useAnswer(ask, depends, keep = false) {
  const [answer, setAnswer] = useState({ loading: true });
  const [failed, askAgain] = useState(0);
  // The error may come after the server is back.
  useEffect(() => void (answer.error && answer.began !== connections.value && askAgain(connections.value)), [answer, connections.value]);
  useEffect(() => {
    let left = false;
    const began = connections.value;
    setAnswer((before) => (keep && before.value ? before : { loading: true }));
    ask().then(
      (value) => left || setAnswer({ value }),
      (error) => left || setAnswer({ error: String(error.message ?? error).replace(/\.$/, ""), began }),
    );
    return () => (left = true);
  }, [...depends, failed]);
  return answer;
}
