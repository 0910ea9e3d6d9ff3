"""What a tree of 100,000 spans costs: to build, to compare with a pattern, to draw, and to judge.

Run ``python benchmarks/trees.py [REPETITIONS]``. The spans come as 100 containers of streamed spans, the last
ones first, or in one transaction; the pattern describes every one of them.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from typing import Any

from bars import Bar, Spent, now, table

from pytest_sentryintegration import span
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.store import Arrival, Store
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

SPANS = 100_000
REPETITIONS = 3
CHILDREN = 10
SERVICES = 50
MOST = 1.5
TRACE = "b" * 32
START = 1_700_000_000.0


def streamed(count: int) -> list[Arrival]:
    """Return spans as sentry-sdk 3 sends them."""
    spans = [
        {
            "trace_id": TRACE,
            "span_id": f"{number + 1:016x}",
            **({"parent_span_id": f"{(number - 1) // CHILDREN + 1:016x}"} if number else {}),
            "name": f"SELECT {number}",
            "status": "ok",
            "is_segment": number == 0,
            "start_timestamp": START + number * 1e-5,
            "end_timestamp": START + 2 - number * 1e-6,
            "attributes": {
                "sentry.op": {"value": "db.query", "type": "string"},
                "rows": {"value": number, "type": "integer"},
            },
        }
        for number in range(count)
    ]
    envelopes = []
    for first in reversed(range(0, count, 1000)):
        payload = json.dumps({"version": 2, "items": spans[first : first + 1000]}).encode()
        content_type = "application/vnd.sentry.items.span.v2+json"
        headers = {
            "type": "span",
            "item_count": len(spans[first : first + 1000]),
            "content_type": content_type,
        }
        envelopes.append(RawEnvelope({}, (RawItem(headers, payload),)))
    return _arrivals(envelopes)


def in_a_transaction(count: int) -> list[Arrival]:
    """Return spans as sentry-sdk 2 sends them."""
    spans = [
        {
            "trace_id": TRACE,
            "span_id": f"{number + 1:016x}",
            "parent_span_id": f"{(number - 1) // CHILDREN + 1:016x}",
            "op": "db.query",
            "description": f"SELECT {number}",
            "status": "ok",
            "start_timestamp": START + number * 1e-5,
            "timestamp": START + 2 - number * 1e-6,
            "data": {"rows": number},
        }
        for number in range(1, count)
    ]
    transaction = {
        "type": "transaction",
        "event_id": "a" * 32,
        "transaction": "SELECT 0",
        "contexts": {
            "trace": {"trace_id": TRACE, "span_id": f"{1:016x}", "op": "db.query", "description": "SELECT 0"}
        },
        "start_timestamp": START,
        "timestamp": START + 2,
        "spans": spans,
    }
    item = RawItem({"type": "transaction"}, json.dumps(transaction).encode())
    return _arrivals([RawEnvelope({"event_id": "a" * 32}, (item,))])


def of_services(count: int, services: int = SERVICES) -> list[Arrival]:
    """Return a trace of services that call each other in a chain, 20 transactions each, the last first."""
    requests = 20
    inner = count // (services * requests)
    header = {"trace_id": TRACE, "public_key": "a" * 32, "release": "page@1", "sampled": "true"}
    envelopes = []
    for service in reversed(range(services)):
        for request in range(requests):
            number = (service * requests + request) * inner + 1
            start = START + number * 1e-5
            within = {"trace_id": TRACE, "parent_span_id": f"{number:016x}", "op": "http.client"}
            spans = [
                {
                    **within,
                    "span_id": f"{number + position:016x}",
                    "description": f"GET http://service-{service + 1}/{request}",
                    "start_timestamp": start,
                    "timestamp": start + 1,
                }
                for position in range(1, inner)
            ]
            trace = {"trace_id": TRACE, "span_id": f"{number:016x}", "op": "http.server"}
            if service:
                trace["parent_span_id"] = f"{number - requests * inner + 1:016x}"
            elif request:
                trace["parent_span_id"] = f"{1:016x}"
            transaction = {
                "type": "transaction",
                "transaction": f"GET /{request}",
                "server_name": f"service-{service}",
                "contexts": {"trace": trace},
                "start_timestamp": start,
                "timestamp": start + 1,
                "spans": spans,
            }
            item = RawItem({"type": "transaction"}, json.dumps(transaction).encode())
            envelopes.append(RawEnvelope({"trace": header}, (item,)))
    return _arrivals(envelopes)


def judged(arrivals: list[Arrival]) -> Spent:
    """Stitch a sound trace and judge it: its services, what is missing, whether it is continuous."""
    before = now()
    contents = Contents(lambda number: [each for each in arrivals if each.number > number])
    contents.update()
    (trace,) = contents.traces
    tree, said = trace.tree, (len(trace.services), trace.missing, trace.breaks())
    spent = now() - before
    assert said == (SERVICES, (), [])
    assert sum(1 for _ in tree.walk()) == SPANS
    return spent


def _arrivals(envelopes: list[RawEnvelope]) -> list[Arrival]:
    store = Store()
    return [store.add(None, project_id="1", envelope=envelope) for envelope in envelopes]


def pattern(count: int) -> Any:
    """Return the pattern of the whole tree."""

    def of(number: int) -> Any:
        first = number * CHILDREN + 1
        return span(
            "db.query",
            f"SELECT {number}",
            *(of(child) for child in range(first, min(first + CHILDREN, count))),
        )

    return of(0)


def cost(arrivals: list[Arrival], expected: Any) -> dict[str, Spent]:
    """Build, compare and draw once."""
    times = [now()]
    contents = Contents(lambda number: [each for each in arrivals if each.number > number])
    contents.update()
    tree = contents.traces[0].tree
    assert tree.children
    times.append(now())
    assert tree == expected
    times.append(now())
    assert len(str(tree).splitlines()) <= 202
    times.append(now())
    return {
        step: after - before
        for step, before, after in zip(("build", "compare", "draw"), times, times[1:], strict=False)
    }


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Measure both forms with half and with all of the spans; return their bars."""
    forms: dict[str, Callable[[int], list[Arrival]]] = {
        "streamed": streamed,
        "in a transaction": in_a_transaction,
    }
    bars = []
    expected = {count: pattern(count) for count in (SPANS // 2, SPANS)}
    for form, make in forms.items():
        sent = {count: make(count) for count in expected}
        costs: dict[int, list[dict[str, Spent]]] = {count: [] for count in expected}
        for _ in range(repetitions):
            for count in expected:
                costs[count].append(cost(sent[count], expected[count]))
        half, whole = (statistics.median(_together(each) for each in costs[count]) for count in expected)
        steps = ", ".join(
            f"{step} {statistics.median(each[step].processor for each in costs[SPANS]):.2f}"
            for step in costs[SPANS][0]
        )
        wall = statistics.median(sum(step.wall for step in each.values()) for each in costs[SPANS])
        measured = f"{whole:.2f} s of processor ({steps}; wall {wall:.2f}; half of them {half:.2f})"
        # Twice as many spans in up to 2.5 times the time counts as linear: larger trees miss the processor's
        # caches more often.
        bars.append(
            Bar(
                f"a tree of {SPANS:,} spans, {form}",
                measured,
                f"<= {MOST} s, linear",
                whole <= MOST and whole <= 2.5 * half,
            )
        )
    services = of_services(SPANS)
    spent = [judged(services) for _ in range(repetitions)]
    processor = statistics.median(each.processor for each in spent)
    wall = statistics.median(each.wall for each in spent)
    bars.append(
        Bar(
            f"a trace of {SPANS:,} spans over {SERVICES} services, stitched and judged",
            f"{processor:.2f} s of processor (wall {wall:.2f})",
            f"<= {MOST} s",
            processor <= MOST,
        )
    )
    return bars


def _together(steps: dict[str, Spent]) -> float:
    # Nothing here waits, so processor time is what it costs.
    return sum(step.processor for step in steps.values())


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
