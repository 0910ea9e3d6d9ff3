from __future__ import annotations

import gc
import math
import threading
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pytest_sentryintegration.store import STRAYS, Arrival, Entry, RefusedRequest, Store
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem


def envelope(text: str) -> RawEnvelope:
    return RawEnvelope({}, (RawItem({"type": "event"}, text.encode()),))


def texts(entries: list[Entry]) -> list[str]:
    return [entry.envelope.items[0].payload.decode() for entry in entries if isinstance(entry, Arrival)]


def test_an_inbox_holds_what_was_added_to_it_in_order() -> None:
    store = Store()
    store.open("a")
    store.open("b")

    for inbox, text in (("a", "1"), ("b", "2"), ("a", "3")):
        store.add(inbox, project_id="1", envelope=envelope(text))

    assert texts(store.since("a")) == ["1", "3"]
    assert texts(store.since("b")) == ["2"]


def test_traffic_without_an_inbox_goes_to_the_running_test() -> None:
    store = Store()
    store.open("a")
    store.start("a")

    store.add(None, project_id="1", envelope=envelope("now"))
    store.finish("a")
    store.add(None, project_id="1", envelope=envelope("after"))

    assert texts(store.since("a")) == ["now"]
    assert texts(store.since(STRAYS)) == ["after"]
    assert store.strays == 1


def test_of_nested_captures_the_inner_one_receives() -> None:
    store = Store()
    for inbox in ("outer", "inner"):
        store.open(inbox)
        store.start(inbox)

    store.add(None, project_id="1", envelope=envelope("1"))
    store.finish("inner")
    store.add(None, project_id="1", envelope=envelope("2"))

    assert (texts(store.since("inner")), texts(store.since("outer"))) == (["1"], ["2"])


def test_what_comes_for_a_finished_test_is_kept_in_its_inbox_and_listed_as_late() -> None:
    store = Store()
    store.open("a", test="t.py::test_a")
    store.start("a")
    store.finish("a")

    store.add("a", project_id="1", envelope=envelope("late"))
    store.close("a")
    store.add("a", project_id="1", envelope=envelope("later still"))

    assert [late.test for late in store.take_late()] == ["t.py::test_a"] * 2
    assert store.take_late() == []
    assert store.since(STRAYS) == []


def test_reading_goes_on_after_a_number() -> None:
    store = Store()
    store.open("a")
    numbers = [store.add("a", project_id="1", envelope=envelope(str(n))).number for n in range(5)]

    assert [texts(store.since("a", number)) for number in (0, numbers[2], numbers[4])] == [
        ["0", "1", "2", "3", "4"],
        ["3", "4"],
        [],
    ]


def test_a_refused_request_stands_between_the_others() -> None:
    store = Store()
    store.open("a")

    store.add("a", project_id="1", envelope=envelope("1"))
    store.refuse("a", status=400, reason="no", method="POST", path="/x", headers=(("a", "b"),), body=b"\xff")

    last = store.since("a")[-1]
    assert isinstance(last, RefusedRequest)
    assert (last.number, last.status, last.reason, last.body) == (2, 400, "no", b"\xff")


def test_waiting_ends_when_something_newer_comes() -> None:
    store = Store()
    store.open("a")
    adding = threading.Thread(
        target=store.add, args=("a",), kwargs={"project_id": "1", "envelope": envelope("")}
    )

    assert not store.wait("a", 0, timeout=0.001)
    adding.start()
    assert store.wait("a", 0, timeout=10)
    adding.join()


def test_clearing_forgets_what_came_and_keeps_the_inbox_open() -> None:
    store = Store()
    store.open("a")
    store.add("a", project_id="1", envelope=envelope("before"))

    store.clear("a")
    store.add("a", project_id="1", envelope=envelope("after"))

    assert texts(store.since("a")) == ["after"]


def test_adding_from_many_threads_loses_nothing() -> None:
    store = Store()
    store.open("a")

    def add() -> None:
        for _ in range(500):
            store.add("a", project_id="1", envelope=envelope(""))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [entry.number for entry in store.since("a")] == list(range(1, 4001))


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 5, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def fill(store: Store, *inboxes: str) -> None:
    for inbox in inboxes:
        store.add(inbox, project_id="1", envelope=envelope(inbox))


def numbers(entries: list[Entry]) -> list[int]:
    return [entry.number for entry in entries]


def test_all_inboxes_are_read_in_order_of_arrival() -> None:
    store = Store()
    for inbox in ("a", "b", "c"):
        store.open(inbox)

    fill(store, "a", "b", "a", "c", "b", STRAYS)
    store.close("c")

    assert numbers(store.since(None)) == [1, 2, 3, 5, 6]
    assert texts(store.since(None, 3)) == ["b", STRAYS]
    assert (store.last(None), store.last("a"), store.last("c")) == (6, 3, 0)


def test_over_its_limit_a_store_evicts_the_oldest_of_all_inboxes_and_counts_them() -> None:
    store = Store(limit=3)
    store.open("a")
    store.open("b")

    fill(store, "a", "b", "a", "a", "b")

    assert (numbers(store.since("a")), numbers(store.since("b"))) == ([3, 4], [5])
    assert (store.evicted(), store.evicted("a"), store.evicted("b")) == ((2, 2), (1, 1), (1, 2))
    assert (store.last("a"), store.count) == (4, 5)


def test_refused_requests_count_against_the_limit() -> None:
    store = Store(limit=2)

    for _ in range(3):
        store.refuse(None, status=400, reason="", method="POST", path="/", headers=(), body=b"")

    assert numbers(store.since(STRAYS)) == [2, 3]


@pytest.mark.parametrize("forget", [Store.clear, Store.close])
def test_what_was_forgotten_takes_no_place_of_the_limit(forget: Callable[[Store, str], None]) -> None:
    store = Store(limit=3)
    store.open("a")
    store.open("b")

    fill(store, "a", "b", "a")
    forget(store, "a")
    fill(store, "b", "b")

    assert numbers(store.since(None)) == [2, 4, 5]
    assert store.evicted() == (0, 0)


def test_what_is_too_old_is_evicted_when_the_store_is_used() -> None:
    now = Clock()
    store = Store(max_age=10, now=now)

    for _ in range(3):
        fill(store, STRAYS)
        now.move(6)

    assert numbers(store.since(STRAYS)) == [3]
    now.move(6)
    assert (store.evicted(), store.since(STRAYS)) == ((3, 3), [])


def test_an_emptied_inbox_keeps_the_number_that_a_wait_goes_on_from() -> None:
    store = Store(limit=1)
    store.open("a")
    fill(store, "a", STRAYS)

    assert (store.since("a"), store.last("a")) == ([], 1)
    assert not store.wait("a", store.last("a"), timeout=0)


@pytest.mark.parametrize(
    "limits", [{"limit": 0}, {"max_age": 0}, {"max_age": math.nan}, {"max_age": math.inf}, {"max_age": 1e20}]
)
def test_a_limit_that_nothing_can_keep_to_is_an_error(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(limits))} is .*, got "):
        Store(**limits)


def test_one_who_follows_gets_each_entry_once_in_batches() -> None:
    store = Store()
    store.open("a")
    fill(store, "a", STRAYS, "a", "a")

    first = store.follow("a", 0, timeout=0, most=2)
    second = store.follow("a", first.cursor, timeout=0, most=2)

    assert (numbers(first.entries), numbers(second.entries)) == ([1, 3], [4])
    assert store.follow("a", second.cursor, timeout=0) == ([], 4, False)


def test_one_who_follows_and_falls_behind_is_told_so_once() -> None:
    store = Store(limit=2)
    fill(store, *[STRAYS] * 5)

    batch = store.follow(None, 1, timeout=0, most=1)

    assert (numbers(batch.entries), batch.cursor, batch.evicted) == ([4], 4, True)
    assert store.follow(None, 4, timeout=0).evicted is False


def test_one_who_follows_is_told_when_all_that_came_was_evicted() -> None:
    now = Clock()
    store = Store(max_age=1, now=now)
    fill(store, STRAYS, STRAYS)
    now.move(2)

    assert store.follow(STRAYS, 0, timeout=0) == ([], 2, True)
    assert store.follow(STRAYS, 2, timeout=0) == ([], 2, False)


def test_an_envelope_wakes_those_who_wait_for_its_inbox_and_for_all() -> None:
    store = Store()
    found: dict[str | None, bool] = {}
    for inbox in ("a", "b"):
        store.open(inbox)
    waiting = [
        threading.Thread(target=lambda inbox=inbox: found.update({inbox: store.wait(inbox, 0, timeout=10)}))
        for inbox in ("a", None)
    ]
    other = threading.Thread(target=lambda: found.update({"b": store.wait("b", 0, timeout=0.1)}))

    for thread in (*waiting, other):
        thread.start()
    other.join()
    fill(store, "a")
    for thread in waiting:
        thread.join()

    assert found == {"a": True, None: True, "b": False}


def test_an_inbox_that_nobody_uses_for_an_hour_is_closed() -> None:
    now = Clock()
    store = Store(now=now)
    store.open("unused", test="w1", expires=True)
    store.open("used", expires=True)
    store.open("of a test")
    fill(store, "unused", "used", "of a test")

    now.move(3599)
    assert store.inboxes == {STRAYS: "", "unused": "w1", "used": "", "of a test": ""}
    store.since("used")
    now.move(1)
    fill(store, STRAYS, "unused")

    assert store.inboxes == {STRAYS: "", "used": "", "of a test": ""}
    assert texts(store.since(STRAYS)) == [STRAYS, "unused"]
    assert texts(store.since(None)) == ["used", "of a test", STRAYS, "unused"]


def test_of_too_many_inboxes_the_one_that_was_not_used_for_the_longest_time_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_sentryintegration.store.bounds.MOST", 2)
    store = Store()
    store.open("of a test")
    for name in ("a", "b", "c"):
        store.open(name, expires=True)
    fill(store, "a")

    store.open("d", expires=True)

    assert store.inboxes.keys() == {STRAYS, "of a test", "a", "d"}


def test_an_inbox_that_somebody_waits_for_stays_open() -> None:
    now = Clock()
    store = Store(now=now)
    store.open("a", expires=True)
    woken: list[bool] = []
    waiting = threading.Thread(target=lambda: woken.append(store.wait("a", 0, timeout=10)))

    waiting.start()
    while not store._inboxes["a"].waiting:
        waiting.join(0.001)
    now.move(7200)
    assert "a" in store.inboxes
    fill(store, "a")
    waiting.join()

    assert woken == [True]


def test_a_closed_inbox_that_expires_leaves_no_trace() -> None:
    store = Store(limit=10)
    for number in range(1000):
        store.open(f"w{number}", expires=True)
        fill(store, f"w{number}")
        store.close(f"w{number}")

    assert (store.inboxes, store.take_late(), store._closed) == ({STRAYS: ""}, [], {})
    assert len(store._bounds._order) == 0


@pytest.mark.uncounted
def test_a_store_with_a_limit_holds_no_more_however_much_comes() -> None:
    store = Store(limit=100)
    payload = RawEnvelope({}, (RawItem({"type": "event"}, b"x"),))
    for _ in range(200):
        store.add(None, project_id="1", envelope=payload)
    gc.collect()
    tracemalloc.start()
    for number in range(20_000):
        store.add(None, project_id=f"{number:100}", envelope=payload)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # 100 entries, of the 20,000 that came.
    assert grown < 100 * 2000
