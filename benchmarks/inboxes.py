"""What one ``find`` costs in an inbox with 50,000 envelopes, the first time and afterwards.

Run ``python benchmarks/inboxes.py [REPETITIONS]``. Afterwards means: for another event, in the same inbox.
"""

from __future__ import annotations

import json
import statistics
import sys
from typing import Any

from bars import Bar, Spent, now, table

from pytest_sentryintegration.events import SentryEvents, Source
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.store import STRAYS, Store
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

ENVELOPES = 50_000
REPETITIONS = 3
FIRST, AFTER = 0.2, 0.02
NUMBERS = ("41234", "777", "49999")


def filled() -> Store:
    """Return a store with small messages."""
    store = Store()
    for number in range(ENVELOPES):
        event: dict[str, Any] = {
            "event_id": f"{number:032x}",
            "message": f"message <{number}>",
            "level": "info",
            "tags": {"order": f"order-{number}"},
            "contexts": {"trace": {"trace_id": "b" * 32, "span_id": "c" * 16}},
            "extra": {"text": "x" * 500},
        }
        item = RawItem({"type": "event"}, json.dumps(event).encode())
        store.add(None, project_id="1", envelope=RawEnvelope({"event_id": event["event_id"]}, (item,)))
    return store


def finds(store: Store, questions: list[dict[str, Any]]) -> list[Spent]:
    """Return what each `find` costs, one after the other in one inbox."""
    contents = Contents(lambda number: store.since(STRAYS, number))
    source = Source(contents, number=lambda: store.last(STRAYS))
    sentry_events = SentryEvents(source)
    costs = []
    for criteria in questions:
        named = {name: value for name, value in criteria.items() if name != "main"}
        before = now()
        found = sentry_events.messages.find(criteria.get("main", ...), **named)
        costs.append(now() - before)
        assert found.level == "info"
    return costs


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Measure a `find` by text and one by a tag; return the bars."""
    store = filled()
    kinds: dict[str, list[dict[str, Any]]] = {
        "text": [{"main": f"message <{number}>"} for number in NUMBERS],
        "a tag": [{"tags": {"order": f"order-{number}"}} for number in NUMBERS],
    }
    costs: dict[str, list[list[Spent]]] = {kind: [] for kind in kinds}
    for _ in range(repetitions):
        for kind, questions in kinds.items():
            costs[kind].append(finds(store, questions))
    bars = []
    for kind, runs in costs.items():
        first = statistics.median(run[0].processor for run in runs)
        after = statistics.median(spent.processor for run in runs for spent in run[1:])
        what = f"an inbox with {ENVELOPES:,} envelopes, one find by {kind}"
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
