from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from pytest_sentryintegration.web import streaming
from pytest_sentryintegration.web.reading import Kept, Part
from tests.web.conftest import Api, Local
from tests.web.test_payloads import transaction

STREAM = "/api/captured/stream"


class Reading:
    """A client that reads a stream."""

    def __init__(self, api: Api, target: str, **headers: Any) -> None:
        self.client = Local()
        self.answer = api.ask("GET", target, client=self.client, **headers)
        assert self.answer.status == 200
        assert self.answer.chunks is not None
        self._chunks: Iterator[bytes] = self.answer.chunks
        self._left: list[dict[str, Any]] = []

    def events(self, count: int) -> list[dict[str, Any]]:
        """Return the next events: each its fields, data as JSON."""
        while len(self._left) < count:
            for block in next(self._chunks).decode().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
                if "data" in fields:
                    self._left.append({**fields, "data": json.loads(fields["data"])})
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def labels(self, count: int) -> list[str]:
        return [item["label"] for event in self.events(count) for item in event["data"]["items"]]

    def lines(self, count: int) -> list[Any]:
        text = b""
        while text.count(b"\n") < count:
            text += next(self._chunks)
        return [json.loads(line) for line in text.splitlines()]


def test_a_stream_sends_what_is_there_and_what_comes(api: Api) -> None:
    api.message("one", tags={"graph": "g1"})
    reading = Reading(api, STREAM)

    assert reading.events(1) == [
        {
            "id": "1",
            "data": {
                "number": 1,
                "inbox": "strays",
                "received": api.get("/api/captured/messages").json["items"][0]["received"],
                "project_id": "1",
                "test": "",
                "items": [
                    {
                        "noun": "messages",
                        "label": "'one'",
                        "level": "info",
                        "tags": {"graph": "g1"},
                        "text": "one",
                    }
                ],
            },
        }
    ]
    api.message("two")
    assert reading.labels(1) == ["'two'"]


def test_a_request_is_one_event_whatever_it_holds(api: Api) -> None:
    api.send(("event", {"message": "one"}), ("attachment", b"x", {"filename": "a.txt"}), ("odd", b"{}"))
    api.send(("odd", b"{}"))
    api.sentry.receive("/api/1/envelope/", {}, b"{} ")

    events = Reading(api, STREAM).events(3)

    assert [[item["noun"] for item in event["data"]["items"]] for event in events] == [
        ["messages", "attachments"],
        ["items"],
        ["refused"],
    ]


def test_a_stream_that_was_cut_goes_on_where_it_was(api: Api) -> None:
    for number in range(5):
        api.message(f"m{number}")
    first = Reading(api, STREAM).events(2)

    second = Reading(api, STREAM, last_event_id=first[-1]["id"]).labels(3)

    assert second == ["'m2'", "'m3'", "'m4'"]


def test_a_stream_begins_after_a_cursor(api: Api) -> None:
    api.message("one")
    api.message("two")

    assert Reading(api, f"{STREAM}?after=1").labels(1) == ["'two'"]


def test_a_stream_holds_what_matches(api: Api) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    api.message("one", "error")
    api.message("two", "info")
    api.message("mine", "error", inbox=inbox)
    api.message("other", "error", project=2)

    assert Reading(api, f"{STREAM}?noun=messages&level=error&project=1").labels(2) == ["'one'", "'mine'"]
    assert Reading(api, f"{STREAM}?inbox={inbox}").labels(1) == ["'mine'"]


def test_criteria_of_a_stream_are_asked_of_every_noun_that_has_them(api: Api) -> None:
    api.message("one", "error", tags={"graph": "g1"})
    api.message("two", "info", tags={"graph": "g1"})
    api.send(transaction("checkout"))
    api.send(("event", {"exception": [{"type": "KeyError", "value": "k"}], "tags": {"graph": "g1"}}))

    assert Reading(api, f"{STREAM}?level=error").labels(2) == ["'one'", "KeyError: 'k'"]
    assert Reading(api, f"{STREAM}?tags.graph=g1&level=info").labels(1) == ["'two'"]
    assert Reading(api, f"{STREAM}?name=checkout").labels(1) == ["'checkout', op http.server"]
    assert Reading(api, f"{STREAM}?exception=KeyError").labels(1) == ["KeyError: 'k'"]


def test_a_stream_that_is_cut_again_and_again_loses_and_doubles_nothing() -> None:
    api = Api(limit=30)
    chance = random.Random(1)
    seen: list[int] = []
    gaps: set[int] = set()
    sent, last = 0, "0"
    while sent < 500 or last != str(sent):
        for _ in range(chance.randrange(1, 60) if sent < 500 else 0):
            sent += 1
            api.message(f"m{sent}")
        reading = Reading(api, STREAM, last_event_id=last)
        for _ in range(chance.randrange(1, 15)):
            if last == str(sent):
                break  # nothing is left to be read
            (event,) = reading.events(1)
            if event.get("event") == "evicted":
                gaps.add(seen[-1] if seen else 0)
            else:
                assert event["data"]["items"][0]["label"] == f"'m{event['id']}'"
                seen.append(int(event["id"]))
                last = event["id"]
        reading.client.left.set()

    assert seen == sorted(set(seen))
    # Each gap is told of, and nothing but a gap is.
    assert {one for one, other in pairwise([0, *seen]) if other != one + 1} == gaps
    assert 0 < len(gaps) < len(seen)


def test_a_stream_tells_verdicts_where_it_is_asked_to(api: Api) -> None:
    api.message("fine")
    api.message("cut", tags={"a": "x" * 300})
    api.send(("no_such_type", b"{}"))

    def verdicts(query: str) -> list[str | None]:
        events = Reading(api, f"{STREAM}?{query}").events(3)
        return [item.get("verdict") for event in events for item in event["data"]["items"]]

    assert verdicts("verdicts=true") == ["accepted", "trimmed", "dropped"]
    assert verdicts("verdicts=false") == [None] * 3
    (event,) = Reading(api, f"{STREAM}?noun=messages&verdict.outcome=trimmed&verdicts=true").events(1)
    assert event["data"]["items"][0]["verdict"] == "trimmed"


def test_what_was_evicted_meanwhile_is_said() -> None:
    api = Api(limit=2)
    api.message("one")
    reading = Reading(api, STREAM)
    assert reading.labels(1) == ["'one'"]
    for number in range(5):
        api.message(f"m{number}")

    events = reading.events(3)

    assert [event.get("event") for event in events] == ["evicted", None, None]
    assert events[0]["data"] == {"text": "something was evicted before it could be sent"}
    assert [event["id"] for event in events[1:]] == ["5", "6"]


def test_a_browser_goes_on_after_the_server_was_started_anew(api: Api) -> None:
    api.message("one")

    events = Reading(api, STREAM, last_event_id="700").events(2)

    assert events[0]["event"] == "restarted"
    assert events[1]["id"] == "1"


def test_many_at_once_come_in_their_order(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST", 7)
    for number in range(100):
        api.message(f"m{number}")

    assert [event["id"] for event in Reading(api, STREAM).events(100)] == [str(n) for n in range(1, 101)]


def test_a_silent_stream_says_that_it_lives(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "SLICE", 0.001)
    monkeypatch.setattr(streaming, "HEARTBEAT", 0.0)
    reading = Reading(api, STREAM)

    assert list(itertools.islice(reading._chunks, 2)) == [b"retry: 1000\n\n", b": nothing new\n\n"]


def test_a_stream_ends_when_its_client_leaves_or_its_inbox_is_closed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SLICE", 0.001)
    inbox = api.post("/api/inboxes").json["inbox"]
    left, closed = Reading(api, STREAM), Reading(api, f"{STREAM}?inbox={inbox}")

    left.client.left.set()
    api.ask("DELETE", f"/api/inboxes/{inbox}")

    assert (list(left._chunks), list(closed._chunks)) == ([b"retry: 1000\n\n"], [b"retry: 1000\n\n"])


def test_a_stream_rests_where_much_comes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST", 1)
    monkeypatch.setattr(streaming, "BUSY", 1e-9)
    rests: list[float] = []
    stream = streaming.Streaming(Kept(api.sentry.store), rests.append)
    api.message("one")
    batches = stream._batches(Part(Kept(api.sentry.store)), Local())
    next(batches)
    api.message("two")
    next(batches)
    api.message("three")
    next(batches)

    assert rests[1] > 0


def test_captured_text_cannot_make_an_event(api: Api) -> None:
    api.message("one\n\ndata: evil\r\n\r\nid: 9")

    events = Reading(api, STREAM).events(1)

    assert (events[0]["id"], len(events[0]["data"]["items"])) == ("1", 1)


@pytest.mark.parametrize(("noun", "attribute"), [("messages", "text"), ("transactions", "name")])
def test_following_holds_the_part_that_is_asked_for(api: Api, noun: str, attribute: str) -> None:
    for project, name in ((1, "mine"), (2, "other"), (1, "mine too")):
        api.message(name, project=project)
        api.send(transaction(name), project=project)

    lines = Reading(api, f"/api/captured/{noun}?follow=true&project=1").lines(2)

    assert [line[attribute] for line in lines] == ["mine", "mine too"]


def test_following_shows_a_trace_as_a_whole_each_time_it_has_grown(api: Api) -> None:
    reading = Reading(api, "/api/captured/traces?follow=true")

    shown = []
    for name, span_id in (("first", "1" * 16), ("second", "2" * 16)):
        api.send(transaction(name, span_id=span_id))
        shown += [line["transactions"] for line in reading.lines(1)]

    assert shown == [["first"], ["first", "second"]]


def test_following_answers_a_line_for_each_match(api: Api) -> None:
    api.message("one", "error")
    api.message("two", "info")
    reading = Reading(api, "/api/captured/messages?follow=true&level=error")
    assert reading.answer.headers["content-type"] == "application/x-ndjson"

    assert [line["text"] for line in reading.lines(1)] == ["one"]
    api.message("three", "error")
    assert [line["text"] for line in reading.lines(1)] == ["three"]


@pytest.mark.parametrize(
    ("target", "headers", "error"),
    [
        (
            f"{STREAM}?levle=error",
            {},
            "there is no parameter or criterion of a stream 'levle'; did you mean 'le",
        ),
        (f"{STREAM}?body=x&filename=y", {}, "no noun has all of body, filename"),
        (f"{STREAM}?text=~(", {}, "text=~(: the pattern is broken at character 1"),
        (f"{STREAM}?noun=mesages", {}, "there is no noun 'mesages'; did you mean 'messages'?"),
        (f"{STREAM}?noun=logs&noun=spans", {}, "noun is given twice"),
        (f"{STREAM}?noun=logs&bdy=x", {}, "a log has no field 'bdy'; did you mean 'body'?"),
        (f"{STREAM}?after=9", {}, "after=9 is no cursor of this server, whose newest is 0"),
        (STREAM, {"last_event_id": "abc"}, "Last-Event-ID is the id of an event of this stream, got 'abc'"),
        ("/api/captured/logs?follow=yes", {}, "follow is true or false, got 'yes'"),
        (
            "/api/captured/logs?follow=true&wait=1&limit=2",
            {},
            "follow=true sends each match as it comes: leave out limit, wait",
        ),
    ],
)
def test_a_wrong_stream_is_a_400(api: Api, target: str, headers: dict[str, Any], error: str) -> None:
    answer = api.get(target, **headers)

    assert (answer.status, answer.error.startswith(error)) == (400, True)


def test_asking_for_the_head_of_a_stream_ends(api: Api) -> None:
    answer = api.ask("HEAD", STREAM)

    assert (answer.status, answer.chunks, answer.body) == (200, None, b"")
