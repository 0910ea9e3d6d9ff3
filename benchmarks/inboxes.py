"""What one ``find`` costs in an inbox with 50,000 envelopes, the first time and afterwards.

Run ``python benchmarks/inboxes.py [REPETITIONS]``. Afterwards means: for another one, in the same inbox.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bars import Bar, Spent, now, table

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.store import STRAYS, Store
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

ENVELOPES = 50_000
REPETITIONS = 3
FIRST, AFTER = 0.2, 0.02
NUMBERS = (41_234, 777, 49_999)
CLASSES = dict(zip(NUMBERS, (KeyError, ZeroDivisionError, OSError), strict=True))


def message(number: int) -> dict[str, Any]:
    """Return a message of 700 bytes."""
    return {
        "event_id": f"{number:032x}",
        "message": f"message <{number}> of /var/log",
        "level": "info",
        "tags": {"order": f"order-{number}"},
        "contexts": {"trace": {"trace_id": "b" * 32, "span_id": "c" * 16}},
        "extra": {"text": "x" * 500},
    }


def error(number: int) -> dict[str, Any]:
    """Return an error of 700 bytes; all but three are of one class."""
    name = CLASSES.get(number, RuntimeError).__name__
    frames = [{"filename": "shop/cart.py", "function": "pay", "lineno": line} for line in range(8)]
    exception = {"type": name, "value": f"error <{number}>", "stacktrace": {"frames": frames}}
    return {"event_id": f"{number:032x}", "level": "error", "exception": {"values": [exception]}}


def transaction(number: int) -> dict[str, Any]:
    """Return a transaction with two spans, of 700 bytes."""
    trace = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}"}
    span = {"op": "db", "description": "SELECT * FROM cart", "start_timestamp": 1.0, "timestamp": 1.5}
    spans = [
        {**trace, "parent_span_id": trace["span_id"], "span_id": f"{number}-{place}", **span}
        for place in range(2)
    ]
    return {
        "event_id": f"{number:032x}",
        "type": "transaction",
        "transaction": f"GET /orders/{number}",
        "start_timestamp": 1.0,
        "timestamp": 2.0,
        "contexts": {"trace": {**trace, "op": "http.server"}},
        "spans": spans,
    }


@dataclass(frozen=True)
class Kind:
    """One way to ask, in an inbox full of one kind of thing."""

    what: str
    noun: str
    payload: Callable[[int], dict[str, Any]]
    positional: Callable[[int], Any] = lambda number: ...
    named: Callable[[int], dict[str, Any]] = lambda number: {}


BY_TEXT = Kind("a message by its text", "messages", message, "message <{}> of /var/log".format)
KINDS = (
    BY_TEXT,
    Kind(
        "a message by a tag", "messages", message, named=lambda number: {"tags": {"order": f"order-{number}"}}
    ),
    Kind("an error by its class", "errors", error, CLASSES.__getitem__),
    Kind("a transaction by its name", "transactions", transaction, lambda number: f"GET /orders/{number}"),
)


def filled(payload: Callable[[int], dict[str, Any]]) -> Store:
    """Return a store with an envelope for each number."""
    store = Store()
    for number in range(ENVELOPES):
        sent = payload(number)
        item = RawItem({"type": sent.get("type", "event")}, json.dumps(sent).encode())
        store.add(None, project_id="1", envelope=RawEnvelope({"event_id": sent["event_id"]}, (item,)))
    return store


def finds(store: Store, kind: Kind, numbers: Sequence[int] = NUMBERS) -> list[Spent]:
    """Return what each `find` costs, one after the other in one inbox."""
    view: Any = getattr(SentryEvents(Reader(StoredInbox(store, STRAYS))), kind.noun)
    costs = []
    for number in numbers:
        before = now()
        found = view.find(kind.positional(number), **kind.named(number))
        costs.append(now() - before)
        assert found.envelope.headers["event_id"] == f"{number:032x}"
    return costs


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Measure a `find` of each kind; return the bars."""
    bars = []
    for kind in KINDS:
        store = filled(kind.payload)
        runs = [finds(store, kind) for _ in range(repetitions)]
        first = statistics.median(run[0].processor for run in runs)
        after = statistics.median(spent.processor for run in runs for spent in run[1:])
        what = f"an inbox with {ENVELOPES:,} envelopes, find {kind.what}"
        bars += [
            Bar(f"{what}, first", f"{first:.3f} s of processor", f"<= {FIRST} s", first <= FIRST),
            Bar(
                f"{what}, after",
                f"{after * 1000:.1f} ms of processor",
                f"<= {AFTER * 1000:g} ms",
                after <= AFTER,
            ),
        ]
    return bars


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
