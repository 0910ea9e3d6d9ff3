"""Envelopes, items and refused requests, with bytes of any kind."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.model import Contents, UnreadablePayload
from pytest_sentryintegration.store import RefusedRequest
from tests.model.sent import RECEIVED, Sender, item, received

DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


def test_an_envelope_has_what_was_sent() -> None:
    contents = received(item("event", {}), item("unknown", b"x"), headers={"sent_at": "now"})

    (envelope,) = contents.envelopes

    assert envelope.headers == {"sent_at": "now"}
    assert [part.type for part in envelope.items] == ["event", "unknown"]
    assert (envelope.project_id, envelope.received) == ("1", RECEIVED)
    assert contents.items == list(envelope.items)
    assert repr(envelope) == "<Envelope event, unknown>"
    assert repr(envelope.items[1]) == "<Item unknown 1 bytes>"


def test_an_envelope_that_cannot_be_taken_in_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    with monkeypatch.context() as patched:
        patched.setattr(Contents, "_take", lambda self, entry: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sender.send(item("event", {"message": "one"}))

    contents = sender.send(item("event", {"message": "two"}))

    assert [event.message for event in contents.events] == ["two"]


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"{}\xff", "not UTF-8"),
        (b"1" * 5000, "not JSON"),
        (DEEP, "nested too deeply"),
    ],
)
def test_a_payload_that_cannot_be_read_says_whose_it_is_and_why(payload: bytes, problem: str) -> None:
    (sent,) = received(item("profile", payload)).items

    for _ in range(2):
        with pytest.raises(UnreadablePayload, match=f"payload of the 'profile' item: {problem}"):
            _ = sent.json
    assert sent.payload == payload


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b'"event"', b"{", b"\xff", DEEP])
@pytest.mark.parametrize(
    "kind",
    [
        "event",
        "transaction",
        "span",
        "log",
        "trace_metric",
        "check_in",
        "session",
        "sessions",
        "client_report",
        "feedback",
    ],
)
def test_an_item_that_is_no_object_is_in_no_noun_but_items(kind: str, payload: bytes) -> None:
    contents = received(item(kind, payload), item("event", {"message": "after"}))

    nouns = [
        "transactions",
        "spans",
        "traces",
        "logs",
        "metrics",
        "check_ins",
        "feedback",
        "sessions",
        "client_reports",
    ]

    assert [list(getattr(contents, noun)) for noun in nouns] == [[]] * len(nouns)
    assert [event.message for event in contents.events] == ["after"]
    assert len(contents.items) == 2


@pytest.mark.parametrize("kind", [None, 3, ["event"], {}])
def test_a_type_that_is_no_text_is_empty(kind: object) -> None:
    contents = received(item("event", {}, type=kind))

    assert [part.type for part in contents.items] == [""]
    assert repr(contents.envelopes[0])


def test_a_refused_request_says_why() -> None:
    raw = RefusedRequest(1, "t1", RECEIVED, 400, "bad", "POST", "/api/1/store/", (("Host", "x"),), b"body")

    contents = Contents(lambda number: [raw] if number < 1 else [])
    contents.update()

    (refused,) = contents.refused
    assert (refused.status, refused.reason, refused.headers) == (400, "bad", {"host": "x"})
    assert (refused.body, refused.received, refused.raw) == (b"body", RECEIVED, raw)
    assert repr(refused) == "<Refused 400 'bad'>"


def test_objects_keep_their_identity_while_more_arrives() -> None:
    sender = Sender()
    first = sender.send(item("event", {"message": "one"})).events[0]

    contents = sender.send(item("event", {"message": "two"}))

    assert contents.events[0] is first
    assert contents.items[0] is first.item
    assert len(contents.events) == 2


def test_a_sequence_equals_lists_and_tuples_and_is_sliced_to_a_tuple() -> None:
    events = received(*(item("event", {"message": str(n)}) for n in range(3))).events

    assert events == list(events)
    assert events == tuple(events)
    assert events != [events[0]]
    assert events[1:] == (events[1], events[-1])
    assert events[0] in events
    assert repr(events[:1]) == "(<Event error '0'>,)"


def test_the_body_of_an_envelope_is_its_bytes() -> None:
    (envelope,) = received(item("event", b'{"message":  "hi"}'), headers={"event_id": "a" * 32}).envelopes

    assert envelope.body == b'{"event_id":"%s"}\n{"type":"event"}\n{"message":  "hi"}\n' % (b"a" * 32)
