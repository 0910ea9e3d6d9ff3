// What is asked of the server: the answer, or why there is none.
import { useEffect, useState } from "preact/hooks";

export function useAnswer(ask, depends) {
  const [answer, setAnswer] = useState({ loading: true });
  useEffect(() => {
    let left = false;
    setAnswer({ loading: true });
    ask().then(
      (value) => left || setAnswer({ value }),
      (error) => left || setAnswer({ error: String(error.message ?? error) }),
    );
    return () => (left = true);
  }, depends);
  return answer;
}
