"""Views over a store that evicts: they show what is kept, and hold no more than that."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

import pytest

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.model import Contents, Envelope, Event
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.store import STRAYS, Store
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

TRACE = "a" * 32


def item(kind: str, payload: Any) -> RawItem:
    return RawItem({"type": kind}, json.dumps(payload).encode())


def transaction(span: int, trace_id: str = TRACE) -> RawItem:
    trace = {"trace_id": trace_id, "span_id": f"{span:016x}", "op": "task"}
    return item("transaction", {"transaction": f"t{span}", "contexts": {"trace": trace}, "spans": []})


class Kept(StoredInbox):
    """A bounded store with one inbox."""

    def __init__(self, limit: int) -> None:
        super().__init__(Store(limit=limit), STRAYS)
        self.timeout = 0
        self.reader = Reader(self)
        self.events = SentryEvents(self.reader)

    def send(self, *items: RawItem) -> None:
        self.store.add(STRAYS, project_id="1", envelope=RawEnvelope({}, items))

    def messages(self, first: int, after: int) -> None:
        for number in range(first, after):
            self.send(item("event", {"message": f"n{number}"}))


@pytest.mark.parametrize("limit", [1, 3, 8, 20])
def test_a_view_shows_what_the_store_keeps_whenever_it_is_read(limit: int) -> None:
    kept = Kept(limit)

    for number in range(50):
        kept.messages(number, number + 1)
        first = max(0, number + 1 - limit)
        assert [event.message for event in kept.events] == [f"n{n}" for n in range(first, number + 1)]


def test_a_search_finds_what_is_kept_alone() -> None:
    kept = Kept(20)
    kept.messages(0, 20)
    assert kept.events.find("n0").message == "n0"

    kept.messages(20, 21)

    assert kept.events.where("n0") == ()
    assert kept.events.find("n20").message == "n20"
    with pytest.raises(AssertionError, match="20 messages arrived"):
        kept.events.messages.find("n0")


def test_every_noun_forgets_what_was_evicted() -> None:
    kept = Kept(2)
    kept.send(
        item("event", {"message": "one"}),
        item("event", {"exception": {"values": [{"type": "ValueError"}]}}),
        transaction(1),
        RawItem({"type": "attachment", "filename": "a"}, b"x"),
        item("log", {"items": [{"body": "b"}]}),
        item("trace_metric", {"items": [{"name": "m"}]}),
        item("check_in", {"monitor_slug": "c"}),
        item("feedback", {"contexts": {"feedback": {"message": "f"}}}),
        item("session", {"sid": "1"}),
        item("client_report", {"discarded_events": [{"reason": "r", "category": "error", "quantity": 1}]}),
    )
    kept.store.refuse(STRAYS, status=400, reason="", method="POST", path="/", headers=(), body=b"")
    assert [noun for noun in NOUNS if not getattr(kept.events, noun)] == []

    for _ in range(2):
        kept.send()

    assert {noun: len(getattr(kept.events, noun)) for noun in NOUNS} == dict.fromkeys(NOUNS, 0) | {
        "envelopes": 2
    }


def test_objects_that_are_kept_stay_the_same() -> None:
    kept = Kept(16)
    kept.messages(0, 16)
    last = kept.events[-1]

    kept.messages(16, 30)

    assert kept.events[1] is last
    assert kept.events.find(last.text) is last


def test_a_trace_that_a_test_has_begun_stays_its_object_where_a_part_of_it_is_evicted() -> None:
    kept = Kept(2)
    trace = kept.events.trace().__enter__()
    kept.send(transaction(1, trace.trace_id))
    assert list(kept.events.traces) == [trace]

    kept.messages(0, 2)
    assert len(kept.events) == 2
    kept.send(transaction(2, trace.trace_id))

    assert list(kept.events.traces) == [trace]
    assert [root.transaction.name for root in trace.roots] == ["t2"]


def test_a_trace_of_which_all_is_evicted_is_gone_and_one_that_goes_on_is_linked_anew() -> None:
    kept = Kept(4)
    kept.send(transaction(1, "b" * 32))
    for span in range(2, 5):
        kept.send(transaction(span))
    ended, goes_on = kept.events.traces
    assert [len(trace.spans) for trace in (ended, goes_on)] == [1, 3]

    kept.send(transaction(5))
    kept.send(transaction(6))

    (left,) = kept.events.traces
    assert (left.trace_id, [root.transaction.name for root in left.roots]) == (
        TRACE,
        ["t3", "t4", "t5", "t6"],
    )
    assert [span.op for span in ended.spans] == ["task"]


def test_what_is_kept_is_taken_in_anew_once_an_eighth_of_it_was_evicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept(80)
    kept.messages(0, 80)
    assert len(kept.events) == 80
    anew: list[int] = []
    begin = Contents._begin

    def begin_anew(self: Contents) -> None:
        anew.append(self.evicted)
        begin(self)

    monkeypatch.setattr(Contents, "_begin", begin_anew)

    for number in range(80, 160):
        kept.messages(number, number + 1)
        assert len(kept.events) == 80

    # Each time after 12 of the 91 that it held by then.
    assert anew == [12, 24, 36, 48, 60, 72]


def test_an_event_that_was_taken_before_it_was_evicted_can_still_be_read() -> None:
    kept = Kept(2)
    kept.send(transaction(1), item("event", {"message": "early", "tags": {"a": "b"}}))
    event, sent = kept.events[0], kept.events.transactions[0]

    kept.messages(0, 50)

    assert (event.message, event.tags, sent.tree.op, sent.spans) == ("early", {"a": "b"}, "task", ())


def test_nothing_that_was_evicted_is_held() -> None:
    kept = Kept(50)
    made: list[weakref.ref[Any]] = []

    for number in range(40):
        kept.messages(number * 10, number * 10 + 10)
        kept.send(transaction(number + 1, f"{number:032x}"))
        for event in kept.events:
            made.append(weakref.ref(event))
        assert len(kept.events.spans) <= 50
        kept.events.where("nothing")

    gc.collect()
    alive = {id(ref()) for ref in made if ref() is not None}
    # By type(): isinstance() asks lazy objects of frameworks, which then are made.
    envelopes = [found for found in gc.get_objects() if type(found) is Envelope and found.test == ""]
    ours = [envelope for envelope in envelopes if envelope.arrival.inbox == STRAYS]
    # An eighth may be left over.
    assert len(alive) <= 50 + 7
    assert len(ours) <= 50 + 7
    assert len(kept.reader._looked_at) <= 50


def test_files_that_were_uploaded_are_forgotten_when_they_are_evicted() -> None:
    kept = Kept(4)
    for number in range(20):
        upload = RawItem({"type": "upload", "location": f"/{number}/"}, bytes([number]))
        kept.store.add(STRAYS, project_id="1", envelope=RawEnvelope({}, (upload,)), endpoint="upload")
        kept.contents.update()

    assert kept.contents.envelopes[-1].uploads == {f"/{number}/": bytes([number]) for number in range(16, 20)}


def test_an_event_that_came_before_others_were_evicted_stays_looked_at() -> None:
    kept = Kept(10)
    kept.messages(0, 10)
    kept.events.find("n9")

    kept.messages(10, 15)

    assert [event.message for event in kept.reader.unlooked("info")] == [
        f"n{number}" for number in range(5, 15) if number != 9
    ]


def test_the_contents_of_all_inboxes_forget_too() -> None:
    store = Store(limit=2)
    store.open("a")
    contents = Contents.of_inbox(store, None)

    for number, inbox in enumerate(("a", STRAYS, "a")):
        payload = item("event", {"message": f"n{number}"})
        store.add(inbox, project_id="1", envelope=RawEnvelope({}, (payload,)))
        contents.update()

    assert [event.message for event in contents.events] == ["n1", "n2"]
    assert all(isinstance(event, Event) for event in contents.events)
