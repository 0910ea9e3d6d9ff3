from __future__ import annotations

import threading

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
