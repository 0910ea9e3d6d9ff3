"""The facade against plain ``sentry_sdk``: at most 1.1 times as long, plus 10 µs.

Run with ``python benchmarks/facade.py [stream]``. Each pair is measured in turns, in one process, with an
in-memory transport; the figures are averages of the calls in a round, and the smallest of the rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import sentry_sdk
from bars import MISSED
from sentry_sdk.transport import Transport

import sentryintegration as facade

FACTOR, EXTRA = 1.1, 10e-6
ROUNDS, CALLS = 15, 200
STATIC = int(sentry_sdk.VERSION.split(".")[0]) == 2 and "stream" not in sys.argv
TAGS = {"spec": "structure", "graph": "g1"}
QUERY = b"DROP TABLES ;"


class Nowhere(Transport):
    """Takes envelopes and forgets them."""

    def capture_envelope(self, envelope: Any) -> None:
        """Forget an envelope."""


def raw_start(name: str, op: str, **more: Any) -> Any:
    if STATIC:
        return sentry_sdk.start_transaction(name=name, op=op, **more)
    from sentry_sdk import traces

    # The facade's transactions, like those of static 2.x, each have a trace of their own.
    traces.new_trace()
    return traces.start_span(name, {"sentry.op": op}, None)


def raw_child(op: str, name: str) -> Any:
    if STATIC:
        return sentry_sdk.start_span(op=op, name=name)
    from sentry_sdk import traces

    return traces.start_span(name, {"sentry.op": op})


def raw_message() -> None:
    sentry_sdk.capture_message("text", level="warning")


def message() -> None:
    facade.capture_message("text", facade.Warn)


def raw_message_with_more() -> None:
    from sentry_sdk.attachments import Attachment

    hint: Any = {"attachments": [Attachment(bytes=QUERY, filename="query.sql")]}
    event: Any = {"message": "text", "level": "warning"}
    sentry_sdk.capture_event(event, hint, level="warning", tags=TAGS)


def message_with_more() -> None:
    facade.capture_message("text", facade.Warn, tags=TAGS, attachments=[("query.sql", QUERY)])


def failing(depth: int) -> None:
    if depth:
        failing(depth - 1)
    raise KeyError("lost")


def raised() -> Exception:
    try:
        failing(5)
    except KeyError as error:
        return error
    raise AssertionError


def raw_exception() -> None:
    sentry_sdk.capture_exception(raised())


def exception() -> None:
    facade.capture_exception(raised())


def raw_transaction() -> None:
    with raw_start("checkout", "http.server"):
        pass


def transaction() -> None:
    with facade.start_transaction(name="checkout", op="http.server"):
        pass


def raw_span() -> None:
    with raw_child("db.query", "SELECT 1"):
        pass


def span() -> None:
    with facade.start_transaction(op="db.query", description="SELECT 1"):
        pass


def raw_tree() -> None:
    with raw_start("checkout", "http.server"):
        for _ in range(20):
            with raw_child("db.query", "SELECT 1"):
                pass


def tree() -> None:
    with facade.start_transaction(name="checkout", op="http.server"):
        for _ in range(20):
            with facade.start_transaction(op="db.query", description="SELECT 1"):
                pass


def raw_headers() -> None:
    dict(sentry_sdk.get_current_scope().iter_trace_propagation_headers())


def headers() -> None:
    facade.trace_headers()


def raw_tag() -> None:
    sentry_sdk.get_global_scope().set_tag("region", "eu")


def tag() -> None:
    facade.set_tag("region", "eu")


def measure(call: Callable[[], None], calls: int) -> float:
    """Return the seconds of this thread that a call takes, collections of garbage included."""
    batcher = getattr(sentry_sdk.get_client(), "span_batcher", None)
    if batcher is not None:
        # Between the rounds, not in them: each streamed transaction wakes the SDK's flushing thread, and how
        # long this thread then waits for the interpreter varies (the same call took 28 or 46 µs).
        batcher._flush_event.set = lambda: None
        batcher.flush()
    start = time.thread_time()
    for _ in range(calls):
        call()
    return (time.thread_time() - start) / calls


def compare(
    name: str, raw: Callable[[], None], ours: Callable[[], None], calls: int = CALLS, steps: int = 1
) -> bool:
    """Compare two ways of doing the same, in turns; *steps* is how many calls of the facade are in it."""
    for call in (raw, ours):
        measure(call, calls // 10)
    raws, all_ours = [], []
    for _ in range(ROUNDS):
        raws.append(measure(raw, calls))
        all_ours.append(measure(ours, calls))
    return report(name, min(raws), min(all_ours), steps)


def report(name: str, raw: float, ours: float, steps: int = 1) -> bool:
    bar = FACTOR * raw + EXTRA * steps
    verdict = "ok" if ours <= bar else "MISSED"
    print(f"{name:<34}{raw * 1e6:9.1f}{ours * 1e6:9.1f}{bar * 1e6:9.1f}  {verdict}")
    return ours <= bar


def main() -> int:
    options: dict[str, Any] = {"trace_lifecycle": "stream"} if "stream" in sys.argv else {}
    met = []
    print(f"sentry-sdk {sentry_sdk.VERSION} {'static' if STATIC else 'stream'}; µs a call")
    print(f"{'':<34}{'raw':>9}{'facade':>9}{'bar':>9}")
    none = "nobody initialised"
    met.append(compare(f"message, {none}", raw_message, message))
    met.append(compare(f"transaction, {none}", raw_transaction, transaction))

    for rate, label in ((None, "tracing off"), (0.0, "sampled out"), (1.0, "sampled")):
        facade.init("https://k@host/1", traces_sample_rate=rate, transport=Nowhere(), **options)
        met.append(compare(f"transaction, {label}", raw_transaction, transaction))
        met.append(compare_inside(f"span, {label}"))
    met.append(compare("transaction with 20 spans", raw_tree, tree, 50, steps=21))
    met.append(compare("message", raw_message, message))
    met.append(compare("message, tags, attachment", raw_message_with_more, message_with_more))
    met.append(compare("exception", raw_exception, exception, 100))
    met.append(compare("set_tag", raw_tag, tag))
    met.append(compare_inside("trace headers", raw_headers, headers))
    return 0 if all(met) else MISSED


def compare_inside(
    name: str, raw: Callable[[], None] = raw_span, ours: Callable[[], None] = span, calls: int = 50
) -> bool:
    """Compare what is done inside a transaction; a new one for each round, since it keeps its spans."""
    raws, all_ours = [], []
    for _ in range(ROUNDS * 3):
        with raw_start("raw", "root"):
            raws.append(measure(raw, calls))
        with facade.start_transaction(name="facade", op="root"):
            all_ours.append(measure(ours, calls))
    return report(name, min(raws), min(all_ours))


if __name__ == "__main__":
    sys.exit(main())
