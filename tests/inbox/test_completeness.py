"""Traces that a test waits for until they are complete: spans that are late, doubled, reordered or lost.

Time is simulated: the inbox takes what is due when somebody waits, and the clock goes on by what was waited.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection
from typing import Any

import pytest

from pytest_sentryintegration import clock
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from tests.model.sent import TRACE, container, item, span, streamed, transaction
from tests.words.inboxes import Received

pytestmark = pytest.mark.uncounted

QUIET = 0.2
ROOT, CHILD = container("span", streamed("root")), container("span", streamed("child", "root"))


class Clock:
    """Stands in for `time.perf_counter`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Planned(Received):
    """An inbox that envelopes come to at given seconds of a simulated clock, while somebody waits."""

    def __init__(
        self, time: Clock, *plan: tuple[float, RawItem], timeout: float = 60, **options: Any
    ) -> None:
        super().__init__(timeout=timeout, **options)
        self.time = time
        self.plan = sorted(plan, key=lambda planned: planned[0])
        self.held: list[str] = []
        self.at: dict[float, Callable[[], None]] = {}

    def wait(self, number: int, timeout: float) -> bool:
        until = self.time.seconds + timeout
        if self.plan and self.plan[0][0] <= until:
            self.time.seconds, envelope = self.plan.pop(0)
            self.send(envelope)
            self.at.get(self.time.seconds, bool)()
        else:
            self.time.seconds = until + 0.000001
        return self.number() > number

    def send(self, envelope: RawItem) -> None:
        self.store.add("t", project_id="1", envelope=RawEnvelope({}, (envelope,)))

    def holding(self, trace_ids: Collection[str]) -> list[str]:
        return self.held


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    simulated = Clock()
    monkeypatch.setattr(clock, "_COUNTER", (simulated,))
    return simulated


def spans_of(chance: random.Random, services: int) -> list[RawItem]:
    """Return a trace of spans with random parents, in an envelope or two a service, static or streamed."""
    known: list[str] = []
    sent = []
    for number in range(services):
        ids = [f"{number}.{position}" for position in range(chance.randint(1, 5))]
        parents = [chance.choice(known) if known else None]
        parents += [chance.choice(ids[:position]) for position in range(1, len(ids))]
        known += ids
        if chance.random() < 0.5:
            trace = {"span_id": ids[0], "op": ids[0], "parent_span_id": parents[0]}
            inner = [span(own, parent) for own, parent in zip(ids[1:], parents[1:], strict=True)]
            sent.append(item("transaction", transaction(*inner, trace=trace)))
        else:
            cut = chance.randint(0, len(ids))
            batch = [
                streamed(own, parent, is_segment=own is ids[0])
                for own, parent in zip(ids, parents, strict=True)
            ]
            sent += [container("span", *part) for part in (batch[:cut], batch[cut:]) if part]
    return sent


@pytest.mark.parametrize("seed", range(200))
def test_it_is_complete_when_it_was_quiet_after_the_last_and_never_before(seed: int, time: Clock) -> None:
    chance = random.Random(seed)
    envelopes = spans_of(chance, chance.randint(1, 8))
    doubled = [*envelopes, *chance.choices(envelopes, k=chance.randint(0, 3))]
    chance.shuffle(doubled)
    received, seen = Planned(time), Received()
    at = 0.0
    for envelope in doubled:
        known = next(iter(seen.events.traces), None)
        # Where a parent is missing it may take any time, else the next comes before it was quiet.
        at += chance.uniform(0, 5.0 if known is not None and known.missing else QUIET * 0.99)
        received.plan.append((at, envelope))
        seen.store.add("t", project_id="1", envelope=RawEnvelope({}, (envelope,)))
    (whole,) = seen.events.traces

    trace = received.events.traces.find(complete=True)

    assert received.plan == []
    assert len(trace.spans) == len(whole.spans) == len(tuple(trace.tree.walk()))
    assert QUIET <= time.seconds - at < QUIET + 0.001


def test_what_a_process_holds_back_is_waited_for(time: Clock) -> None:
    received = Planned(time, (0, ROOT), (5, CHILD))
    received.held = ["Process 7 still runs."]

    def finish() -> None:
        received.held = []

    received.at[5] = finish

    trace = received.events.traces.find(TRACE, complete=True)

    assert (len(trace.spans), round(time.seconds, 3)) == (2, 5 + QUIET)


def test_what_this_process_finished_since_it_was_drained_is_sent_and_found(time: Clock) -> None:
    received = Planned(time, (0, ROOT))
    finished: list[RawItem] = []

    def drain() -> list[str]:
        while finished:
            received.send(finished.pop())
        return []

    def holding(trace_ids: Collection[str]) -> list[str]:
        # Another thread finishes the span after the drain, before anybody asks for what is open.
        if not seen:
            seen.extend(trace_ids)
            finished.append(CHILD)
        return []

    seen: list[str] = []
    received._drain, received.holding = drain, holding  # type: ignore[method-assign]

    trace = received.events.traces.find(TRACE, complete=True)

    assert (len(trace.spans), seen[0]) == (2, TRACE)


def test_a_wait_for_several_waits_for_each_of_them(time: Clock) -> None:
    other = container("span", streamed("other", "gone", trace_id="b" * 32))
    late = container("span", streamed("gone", trace_id="b" * 32))
    received = Planned(time, (0, ROOT), (0, other), (3, late))

    traces = received.events.traces.wait(2, complete=True)

    assert ([len(trace.spans) for trace in traces], round(time.seconds, 3)) == ([1, 2], 3 + QUIET)


@pytest.mark.asyncio
async def test_the_loop_runs_while_a_complete_trace_is_waited_for(time: Clock) -> None:
    received = Planned(time, (0, CHILD), (1, ROOT))

    trace = await received.events.traces.find_async(complete=True)
    traces = await received.events.traces.wait_async(1, complete=True)

    assert ([len(trace.spans)], traces) == ([2], (trace,))


def test_a_trace_that_was_found_waits_for_the_rest_of_it(time: Clock) -> None:
    received = Planned(time, (0, CHILD), (2, ROOT))
    received.wait(0, 0)
    (trace,) = received.events.traces

    trace.assert_complete()

    assert (len(trace.spans), round(time.seconds, 3)) == (2, 2 + QUIET)


def test_a_trace_that_was_quiet_long_enough_is_not_waited_for(time: Clock) -> None:
    received = Planned(time)
    received.send(ROOT)
    time.seconds = QUIET

    received.events.traces.find(complete=True, timeout=0)

    assert time.seconds == QUIET


def test_what_comes_for_other_traces_is_no_reason_to_wait(time: Clock) -> None:
    other = container("span", streamed("other", trace_id="b" * 32))
    received = Planned(time, (0, ROOT), *((0.05 * number, other) for number in range(1, 100)))

    received.events.traces.find(TRACE, complete=True)

    assert QUIET <= time.seconds < 2 * QUIET


def test_an_error_of_the_trace_keeps_it_from_being_quiet(time: Clock) -> None:
    received = Planned(time)
    received.send(ROOT)
    time.seconds = 0.1
    headers = {"trace": {"trace_id": TRACE}}
    event = item("event", {"message": "late", "contexts": {"trace": {"trace_id": TRACE}}})
    received.store.add("t", project_id="1", envelope=RawEnvelope(headers, (event,)))

    received.events.traces.find(complete=True)

    assert round(time.seconds, 3) == round(0.1 + QUIET, 3)


def test_the_last_quiet_time_is_waited_for_though_the_time_is_over(time: Clock) -> None:
    received = Planned(time, (0.95, ROOT))

    received.events.traces.find(complete=True, timeout=1)

    assert round(time.seconds, 3) == 0.95 + QUIET


def test_several_traces_are_a_failure_without_waiting(time: Clock) -> None:
    received = Planned(time)
    received.send(container("span", streamed("other", trace_id="b" * 32)))
    received.send(ROOT)

    with pytest.raises(AssertionError, match="2 traces arrived"):
        received.events.traces.find(complete=True)
    assert time.seconds == 0


def failure(received: Planned, **options: Any) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        received.events.traces.find(complete=True, timeout=1, **options)
    return str(caught.value).splitlines()


def test_the_failure_names_who_called_the_service_whose_parent_is_missing(time: Clock) -> None:
    trace = {"span_id": "api", "op": "http.server", "parent_span_id": "fetch"}
    sent = item("transaction", transaction(trace=trace, server_name="api-1", transaction="GET /stock"))
    header = {"trace_id": TRACE, "public_key": "abc", "release": "page@1", "transaction": "/shop"}
    received = Planned(time)
    received.store.add("t", project_id="1", envelope=RawEnvelope({"trace": header}, (sent,)))

    assert failure(received) == [
        "Expected one complete trace within 1 s; not all of it has come:",
        f"  {TRACE} with 1 span",
        "- The caller of 'api-1' owes span fetch, the parent of http.server 'GET /stock';",
        "  by its trace header, the trace began in transaction '/shop', release 'page@1',",
        "  public key 'abc'. Either the caller ended before it flushed, or it did not",
        "  sample the trace, or it does not report here.",
    ]


def test_the_failure_names_the_service_that_owes_a_span_of_its_own(time: Clock) -> None:
    received = Planned(time)
    received.send(ROOT)
    received.send(container("span", streamed("db", "lost")))

    assert failure(received)[2:] == [
        "- 'project 1' owes span lost, which it names as the parent of its span db.",
    ]


def test_the_failure_says_what_is_held_back(time: Clock) -> None:
    received = Planned(time)
    received.held = ["Transaction 'checkout' is not finished, so it is not sent yet."]
    received.send(ROOT)

    assert failure(received)[2:] == ["- Transaction 'checkout' is not finished, so it is not sent yet."]


def test_the_failure_says_that_it_never_became_quiet(time: Clock) -> None:
    busy = [(0.1 * number, container("span", streamed(f"{number}", "root"))) for number in range(1, 40)]

    assert failure(Planned(time, (0, ROOT), *busy))[2:] == [
        "- The newest of it came only 0.00 s ago: less than sentry_quiet, 0.2 s."
    ]


def test_many_missing_parents_are_counted(time: Clock) -> None:
    received = Planned(time)
    received.send(container("span", *(streamed(f"s{number}", f"p{number}") for number in range(7))))

    assert failure(received)[-1] == "- 2 more parents have not come."


def test_a_trace_whose_inbox_is_gone_is_judged_by_what_has_come() -> None:
    received = Received()
    received.item("span", {"items": [streamed("child", "root")]})
    trace = received.events.traces[0]
    del received

    with pytest.raises(AssertionError, match="'project 1' owes span root"):
        trace.assert_complete()


def test_eight_senders_at_once_make_one_complete_trace() -> None:
    envelopes = spans_of(random.Random(1), 8)
    received = Received(timeout=30)
    ready = threading.Barrier(9)

    def send(share: list[RawItem]) -> None:
        ready.wait()
        for envelope in share:
            received.store.add("t", project_id="1", envelope=RawEnvelope({}, (envelope,)))

    threads = [threading.Thread(target=send, args=(envelopes[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    ready.wait()

    trace = received.events.traces.find(complete=True)

    for thread in threads:
        thread.join()
    assert {sent.span_id for sent in trace.spans} == {sent.span_id for sent in received.events.spans}
    assert (trace.missing, len(received.events.envelopes)) == ((), len(envelopes))
