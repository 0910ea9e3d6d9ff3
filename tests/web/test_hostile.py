from __future__ import annotations

import json
import random
import time
from itertools import islice
from typing import Any

import pytest

from pytest_sentryintegration.ingest.request import Request
from tests.web.conftest import Api, Local
from tests.web.test_payloads import TRACE, transaction

TARGETS = (
    "/api/captured/",
    "/api/captured/messages?text=~^one&level=warning&limit=3&order=newest",
    "/api/captured/errors?exception=KeyError&tags.graph=g1&wait=1&count=2",
    "/api/captured/traces?complete=true&wait=0.1",
    "/api/captured/spans/latest?op=db&data.x=1",
    "/api/captured/items?type=event&after=1",
    "/api/captured/envelopes/1",
    "/api/captured/attachments/1-1",
    f"/api/captured/traces/{TRACE}/tree",
    "/api/captured/findings?project=1",
    "/api/captured/explain?inbox=strays",
    "/api/captured/snapshot",
    "/api/captured/stream?noun=logs&body=*",
    "/api/captured/logs?follow=true",
    "/api/inboxes",
    "/api/inboxes/strays",
    "/api/faults",
    "/api/eventlist/",
    "/api/event/1-0",
    "/api/flush/",
    "/api/session",
    "/strays/api/captured/messages?text=one",
)
BODIES = (
    b"",
    b'{"name": "worker", "test": "a"}',
    b'{"status": {"code": 404, "times": 1}, "delay": {"seconds": 1}}',
    b'{"rate_limit": {"categories": ["error"], "seconds": 60, "probability": 0.5, "seed": 1}}',
    b"token=x",
)
HEADERS = (
    ("host", "127.0.0.1:8969"),
    ("accept", "application/json"),
    ("origin", "http://127.0.0.1:8969"),
    ("cookie", "sentryintegration_token=x; a=b"),
    ("authorization", "Bearer x"),
    ("last-event-id", "1"),
    ("content-type", "application/json"),
)
PIECES = (
    "%00", "%0d%0ax: y", "..", "/", "//", "%2f..%2f", "?", "&", "=", "~", "~(", "~[[", "*", ".", "-1", "1e9",
    "9" * 30, "nan", "true", "null", "__class__", "\u00e9", "%ff", "%", "+", "#", ";", "'", '"', "<script>",
    " ", "{}", "[]", "text=~a", "wait=", "noun=spans", "after=2", "inbox=x", "count=", "0",
)  # fmt: skip


@pytest.fixture
def full(api: Api) -> Api:
    return filled(api)


def filled(api: Api) -> Api:
    api.send(("event", {"message": "one", "tags": {"graph": "g1"}}), ("attachment", b"x", {"filename": "a"}))
    api.error("KeyError", "boom", tags={"graph": "g1"})
    api.send(transaction("checkout", spans=3))
    api.send(("event", b"nope"), ("span", b"\xff"), ("log", b'{"items": 1}'), ("session", b"[]"))
    return api


def mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randrange(4))
        text = text[:start] + chance.choice(PIECES) + text[end:]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_mutated_requests_are_answered_below_500_and_the_next_is_right(full: Api, seed: int) -> None:
    are_answered(full, seed)


@pytest.mark.clients
@pytest.mark.parametrize("first", range(4, 204, 20))
def test_a_hundred_thousand_mutated_requests_are_answered_too(first: int) -> None:
    for seed in range(first, first + 20):
        are_answered(filled(Api()), seed)


def are_answered(full: Api, seed: int) -> None:
    """Answer 500 mutated requests, and a right one."""
    chance = random.Random(seed)
    gone = Local()
    gone.left.set()  # nobody waits

    for _ in range(500):
        method = chance.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "BREW"))
        target = mutated(chance.choice(TARGETS), chance)
        headers = tuple(
            (name, mutated(text, chance) if chance.random() < 0.2 else text)
            for name, text in HEADERS
            if name == "host" or chance.random() < 0.3
        )
        body = mutated(chance.choice(BODIES).decode(), chance).encode()
        reply = full.web(Request(method, target, headers, body), gone)
        if reply is None:
            reply = full.sentry.ingest.handle(Request(method, target, headers, body))
        assert reply.status < 500, (method, target, headers, body, reply.body)
        assert not any("\n" in part or "\r" in part for header in reply.headers for part in header)
        if reply.chunks is not None:
            list(islice(reply.chunks, 3))

    for path in ("/api/faults", "/strays/api/faults"):
        assert full.ask("DELETE", path).status == 200
    full.message("the last one")
    assert full.texts("/api/captured/messages?text=the last one") == ["the last one"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/captured/../../../etc/passwd",
        "/api/captured/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/api/captured/attachments/..%2f..%2fetc%2fpasswd",
        "/api/captured/envelopes/%2fetc%2fpasswd",
        "/api/captured/traces/..%2f..%2f/tree",
        "/../api/captured/messages",
        "//etc/passwd",
    ],
)
def test_a_path_that_climbs_finds_nothing(api: Api, path: str) -> None:
    assert api.get(path).status in (400, 404)


def test_a_million_characters_are_refused_or_found_nowhere(api: Api) -> None:
    api.message("one")
    started = time.monotonic()

    assert api.get(f"/api/captured/messages?text={'x' * 1_000_000}").json["count"] == 0
    assert api.get(f"/api/captured/messages?text=~{'x' * 1_000_000}").status == 400
    assert api.get(f"/api/captured/messages?{'x' * 1_000_000}=1").status == 400
    assert api.get(f"/api/captured/messages?{'&'.join(['text=~o'] * 100_000)}").json["count"] == 1
    assert api.get(f"/api/captured/messages?tags{'.a' * 400_000}=1").status == 400
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", '"\\ud800"', "[" * 400 + "]" * 400, "1e999", '{"\\ud800": 1}']
)
def test_odd_values_are_sent_as_json_that_every_parser_reads(api: Api, value: str) -> None:
    api.send(("event", f'{{"message": "one", "extra": {{"x": {value}}}}}'.encode()))

    item = api.get("/api/captured/messages").json["items"][0]

    assert item["text"] == "one"
    # Python reads NaN and Infinity as numbers, other parsers do not; in a text they are words.
    constants: list[str] = []
    json.loads(api.get("/api/captured/messages").body, parse_constant=constants.append)
    assert constants == []


def test_an_error_inside_is_a_500_that_says_where(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("pytest_sentryintegration.web.sharing.as_json", broken)
    api.message("one")

    answer = api.get("/api/captured/messages")

    assert answer.status == 500
    assert b"ZeroDivisionError: planted" in answer.body
