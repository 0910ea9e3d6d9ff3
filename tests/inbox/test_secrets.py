"""`assert_absent`: nothing secret in what was sent, wherever and however."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from functools import partial
from inspect import signature
from typing import Any

import pytest

from pytest_sentryintegration.inbox.reader import IncompleteWarning
from pytest_sentryintegration.inbox.secrets import occurrences
from pytest_sentryintegration.matching.secrets import secrets_of
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.unwrapping import SIZE, Unwrapping
from tests.ingest.asking import KEY, Fake
from tests.model.sent import TRACE, container, span, streamed, transaction
from tests.words.inboxes import Received

SECRET = "hunter2/pass word"
ZIPPED = gzip.compress(SECRET.encode(), mtime=0)  # the time would be in the names of tests
REPORT = "client_reports[0]"


def places(received: Received, *secrets: Any) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        received.events.assert_absent(*secrets)
    text = str(caught.value)
    assert SECRET not in text
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


def sent(kind: str, payload: Any, **headers: Any) -> Received:
    received = Received()
    received.item(kind, payload, **headers)
    return received


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"tags": {"card": SECRET}}, "events[0].tags.card"),
        ({"tags": [["card", SECRET]]}, "events[0].tags[0][1]"),
        ({"message": f"the password {SECRET}"}, "events[0].message"),
        ({"extra": {"a": [{"b": SECRET}]}}, "events[0].extra.a[0].b"),
        ({"request": {"url": "/?p=hunter2%2Fpass%20word"}}, "events[0].request.url, in percent escapes"),
        ({"extra": {"a": r'{"b": "hunter2\/pass word"}'}}, "events[0].extra.a, in backslash escapes"),
        ({"extra": {SECRET: 1}}, "events[0].extra, key 0"),
        ({"extra": {SECRET: {"b": SECRET}}}, "events[0].extra.<key 0>.b"),
        ({"user": {"id": base64.b64encode(SECRET.encode()).decode()}}, "events[0].user.id, in base64"),
        ({"extra": {"a": "x" + ZIPPED.decode("latin-1")}}, "events[0].extra.a, in gzip"),
        ({"exception": [{"value": "a", "stacktrace": {"frames": [{"vars": {"p": repr(SECRET)}}]}}]},
         "events[0].exception[0].stacktrace.frames[0].vars.p"),
    ],
)  # fmt: skip
def test_the_place_in_an_event_is_named(fields: Any, place: str) -> None:
    found = places(sent("event", fields), SECRET)

    assert place in found


CARD = "4111111111111111"


@pytest.mark.parametrize(
    "pattern", [r"^\d{16}$", r"\A\d{16}\Z", r"^\d{16}", r"\d{16}$", r"(?<![\s\S])\d{16}"]
)
@pytest.mark.parametrize(
    "fields",
    [
        {"message": CARD},
        {"tags": {"card": CARD, "other": "x"}},
        {"extra": {"a": "before", "b": [CARD], "c": "after"}},
        {"extra": {"card": int(CARD)}},
        {"extra": {CARD: "value"}},
        {"user": {"id": base64.b64encode(CARD.encode()).decode()}},
        {"extra": {"a": "%34111111111111111"}},
    ],
)
def test_the_anchors_of_a_pattern_are_the_ends_of_each_text(pattern: str, fields: Any) -> None:
    assert len(places(sent("event", fields), re.compile(pattern))) == 1


def test_an_anchored_pattern_does_not_match_inside_a_text() -> None:
    sent("event", {"message": f"card {CARD} was"}).events.assert_absent(re.compile(r"^\d{16}$"))


def test_a_number_is_found_as_it_is_spelled() -> None:
    assert places(sent("event", {"extra": {"card": 4111111111111111}}), "4111111111111111") == [
        "events[0].extra.card"
    ]
    assert places(sent("event", b'{"extra":{"card":1.50e10}}'), "1.50e10") == [
        "events[0].item.payload, offset 17"
    ]


@pytest.mark.parametrize("inner", [SECRET, base64.b64encode(SECRET.encode()).decode()])
def test_the_first_of_a_key_that_stands_twice_is_found(inner: str) -> None:
    payload = json.dumps({"message": inner})[:-1] + ', "message": "other"}'

    (place,) = places(sent("event", payload.encode()), SECRET)
    assert place.startswith("events[0].item.payload, offset ") or place == "events[0].item.payload, in base64"


@pytest.mark.parametrize(
    ("kind", "payload", "place"),
    [
        ("transaction", transaction(span("a", description=SECRET)), "transactions[0].spans[0].description"),
        ("check_in", {"monitor_slug": SECRET}, "check_ins[0].monitor_slug"),
        (
            "client_report",
            {"discarded_events": [{"reason": SECRET}]},
            "client_reports[0].discarded_events[0].reason",
        ),
        (
            "feedback",
            {"contexts": {"feedback": {"message": SECRET}}},
            "feedback[0].contexts.feedback.message",
        ),
        ("replay_video", ZIPPED, "items[0].payload, offset 0 of what is inside, in gzip"),
        ("unknown", SECRET.encode(), "items[0].payload, offset 0"),
        ("unknown", [1, {"a": SECRET}], "items[0][1].a"),
        ("event", b"{broken " + SECRET.encode(), "items[0].payload, offset 8"),
    ],
)
def test_the_place_in_any_item_is_named(kind: str, payload: Any, place: str) -> None:
    assert places(sent(kind, payload), SECRET) == [place]


def test_the_places_in_containers_are_named_by_their_nouns() -> None:
    received = Received()
    logs = container("log", {"body": "one"}, {"body": "two", "attributes": {"a": {"value": SECRET}}})
    spans = container("span", streamed("a", attributes={"b": {"value": SECRET}}))
    received.store.add("t", project_id="1", envelope=RawEnvelope({}, (logs, spans)))

    assert places(received, SECRET) == ["logs[1].attributes.a.value", "transactions[0].attributes.b.value"]


def test_attachments_headers_and_refused_requests_are_searched() -> None:
    received = Received()
    headers = {"trace": {"trace_id": TRACE, "user_segment": SECRET}}
    attachment = RawItem(
        {"type": "attachment", "filename": "dump.bin"}, gzip.compress(b"12345" + SECRET.encode(), mtime=0)
    )
    secret_name = RawItem({"type": "attachment", "filename": SECRET}, b"")
    received.store.add(
        "t",
        project_id="1",
        envelope=RawEnvelope(headers, (attachment, secret_name)),
        headers=(("user-agent", SECRET),),
    )
    received.store.refuse(
        "t", status=400, reason="bad", method="POST", path=f"/?sentry_key={SECRET}",
        headers=(("x-a", SECRET),), body=base64.b64encode(SECRET.encode()),
    )  # fmt: skip

    assert places(received, SECRET) == [
        "envelopes[0].arrival.headers['user-agent']",
        "envelopes[0].headers.trace.user_segment",
        'attachments["dump.bin"], offset 5 of what is inside, in gzip',
        "attachments[1].item.headers.filename",
        "refused[0].raw.path",
        "refused[0].raw.headers['x-a']",
        "refused[0].body, in base64",
    ]


@pytest.mark.parametrize(
    ("target", "place"),
    [
        (f"envelope/?sentry_key={KEY}&token=hunter2-secret", "envelopes[0].arrival.query"),
        (
            f"envelope/?token=hunter2%2dsecret&sentry_key={KEY}",
            "envelopes[0].arrival.query, in percent escapes",
        ),
        (f"cron/nightly/{KEY}/?status=ok&x=hunter2-secret", "envelopes[0].arrival.query"),
    ],
)
def test_the_query_of_a_request_is_searched(target: str, place: str) -> None:
    fake = Fake()
    fake.post(f"/api/42/{target}", auth=None)
    contents = Contents.of_inbox(fake.store, "test")
    contents.update()

    assert [each.place for each in occurrences(contents, secrets_of(["hunter2-secret"]))] == [place]


def test_the_failure_counts_and_never_shows_the_secrets() -> None:
    received = sent("event", {"message": "hunter2", "tags": {"key": "key-123"}})

    with pytest.raises(AssertionError) as caught:
        received.events.assert_absent("absent", "hunter2", re.compile("key-[0-9]+"))

    assert str(caught.value).splitlines() == [
        "2 secrets were sent, in 2 places:",
        "secret 2 (text of 7 characters):",
        "  events[0].message",
        "secret 3 (pattern):",
        "  events[0].tags.key",
    ]


def test_many_places_are_counted() -> None:
    received = Received()
    for _ in range(30):
        received.message("hunter2")

    assert places(received, "hunter2")[19:] == ["events[19].message", "... and 10 more"]


def test_what_is_absent_passes_and_is_no_look() -> None:
    received = Received()
    received.message("hunter")
    received.refused(400, "bad")

    received.events.assert_absent("hunter2", b"\xff\xfe\xff\xfe", re.compile("pass(word)+"))
    assert len(received.reader.unlooked()) == 1


@pytest.mark.parametrize("secrets", [(), ("",), ("abc",), (re.compile(""),), ("hunter2", "")])
def test_nothing_to_look_for_is_an_error(secrets: Any) -> None:
    with pytest.raises(ValueError, match=r"secret"):
        Received().events.assert_absent(*secrets)


def test_without_arguments_those_of_the_settings_are_looked_for() -> None:
    received = sent("event", {"message": "hunter2"})
    received.secrets = ("re:hunter[0-9]",)

    assert places(received) == ["events[0].message"]


def test_a_bomb_is_named_as_what_could_not_be_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    # With a smaller limit: to search as much as there is room for by itself takes ten seconds.
    assert signature(Unwrapping).parameters["size"].default == SIZE == 32 * 1024 * 1024
    smaller = partial(Unwrapping, size=1_000_000)
    monkeypatch.setattr("pytest_sentryintegration.inbox.secrets.Unwrapping", smaller)
    received = sent("attachment", gzip.compress(bytes(2_000_000)), filename="bomb.gz")

    with pytest.warns(IncompleteWarning, match=r'searched for secrets as a whole: attachments\["bomb.gz"\]'):
        received.events.assert_absent("hunter2")


@pytest.mark.uncounted
def test_an_ordinary_inbox_is_searched_quickly() -> None:
    received = Received()
    for number in range(100):
        received.error(
            ("ValueError", f"boom {number}"), extra={f"name_{n}": f"value {n}" * 5 for n in range(100)}
        )
    started = time.process_time()

    received.events.assert_absent("hunter2", "another-secret", re.compile("key-[0-9a-f]{32}"))
    assert time.process_time() - started < 5


def test_very_many_characters_that_may_be_bytes_are_searched_at_once() -> None:
    # Where each of them is taken for the one that decides, and the last is none: seconds.
    text = "\x01" * 40_000 + "\u0100"
    received = Received()
    received.error(("ValueError", "boom"), extra={"a": text})
    started = time.thread_time()

    received.events.assert_absent("hunter2")
    assert time.thread_time() - started < 4
