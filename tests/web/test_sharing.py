"""Of many who wait for the same, each gets JSON that was made once."""

from __future__ import annotations

import gc
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.web import sharing
from pytest_sentryintegration.web.objects import as_json
from pytest_sentryintegration.web.reading import Kept
from tests.web.conftest import Api


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The numbers of the requests whose objects were made JSON of, each time that one was."""
    numbers: list[Any] = []

    def noting(obj: Any) -> dict[str, Any]:
        shown = as_json(obj)
        numbers.append(shown["number"])
        return shown

    monkeypatch.setattr(sharing, "as_json", noting)
    return numbers


def send_transaction(api: Api, name: str, span_id: str) -> None:
    """Send one of a trace that is always the same."""
    trace = {"trace_id": "a" * 32, "span_id": span_id}
    times = {"start_timestamp": 1.0, "timestamp": 2.0}
    api.send(("transaction", {"transaction": name, "contexts": {"trace": trace}, **times}))


def test_of_all_clients_that_wait_for_an_event_one_has_its_json_made(api: Api, made: list[Any]) -> None:
    api.get("/api/captured/errors")
    with ThreadPoolExecutor(10) as pool:
        questions = ["errors?count=1&wait=60&after=0", "events?exception=ValueError&wait=60"] * 5
        waiting = [pool.submit(api.get, f"/api/captured/{question}") for question in questions]
        api.error("ValueError", "boom")
        answers = [each.result() for each in waiting]

    assert {answer.json["items"][0]["text"] for answer in answers} == {"boom"}
    assert made == [1]


def test_the_answers_of_one_event_are_the_same_bytes(api: Api, made: list[Any]) -> None:
    api.error("ValueError", "boom")

    listed = api.get("/api/captured/errors?limit=1")
    latest = api.get("/api/captured/errors/latest")

    assert listed.body == b'{"count":1,"items":[%b],"cursor":1}' % latest.body
    assert (listed.headers, made) == (latest.headers, [1])


def test_a_trace_that_grows_is_shown_as_it_is(api: Api) -> None:
    send_transaction(api, "first", "1" * 16)
    before = api.get("/api/captured/traces/latest").json
    send_transaction(api, "second", "2" * 16)
    after = api.get("/api/captured/traces/latest").json

    assert (before["transactions"], after["transactions"]) == (["first"], ["first", "second"])


def test_a_trace_that_is_asked_for_while_more_of_it_is_taken_in_is_shown_whole_afterwards(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, shared = Kept(api.sentry.store), sharing.Shared()
    send_transaction(api, "first", "1" * 16)
    contents = kept.contents(None)
    (trace,) = contents.traces
    take = Contents._take

    def asked_just_before(self: Contents, entry: Any) -> None:
        shared.json_of(trace, contents)
        take(self, entry)

    monkeypatch.setattr(Contents, "_take", asked_just_before)
    send_transaction(api, "second", "2" * 16)
    contents.update()

    assert json.loads(shared.json_of(trace, contents))["transactions"] == ["first", "second"]


def test_json_is_kept_of_few_objects(api: Api, made: list[Any]) -> None:
    for number in range(sharing.MOST + 1):
        api.message(f"m{number}")
    targets = [f"/api/captured/messages?text=m{number}" for number in range(sharing.MOST + 1)]

    for target in [*targets, targets[-1], targets[0]]:
        api.get(target)

    assert made == [*range(1, sharing.MOST + 2), 1]


def test_what_is_very_long_is_made_again_and_not_kept(
    api: Api, made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LONGEST", 10)
    api.message("longer than that")

    assert api.texts("/api/captured/messages") == api.texts("/api/captured/messages")
    assert made == [1, 1]


def test_an_object_whose_json_was_made_is_let_go_of_and_its_json_with_it(api: Api) -> None:
    api.message("one")
    kept, shared = Kept(api.sentry.store), sharing.Shared()
    contents = kept.contents(None)
    event = weakref.ref(contents.events[0])
    shared.json_of(event(), contents)
    (made,) = map(weakref.ref, shared._made.values())

    api.ask("DELETE", "/api/captured")
    del contents
    kept.contents(None)
    gc.collect()

    assert (event(), made()) == (None, None)


def test_where_json_cannot_be_made_the_next_one_tries_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.message("one")
    with monkeypatch.context() as patched:
        patched.setattr(sharing, "as_json", lambda obj: 1 / 0)
        assert api.get("/api/captured/messages").status == 500

    assert api.texts("/api/captured/messages") == ["one"]


def test_spans_and_envelopes_are_shown_though_nothing_can_refer_to_them_weakly(api: Api) -> None:
    api.message("one")

    item = api.get("/api/captured/envelopes/latest").json

    assert (item["number"], item["path"]) == (1, "/api/captured/envelopes/1")
