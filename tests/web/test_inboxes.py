from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from pytest_sentryintegration import clock
from pytest_sentryintegration.store import HolderError
from tests.web.conftest import Api


def test_an_inbox_of_ones_own_holds_what_is_sent_to_its_dsn(api: Api) -> None:
    first = api.post("/api/inboxes", {"name": "Worker 1", "test": "checkout.spec.ts"})
    second = api.post("/api/inboxes").json["inbox"]
    inbox = first.json["inbox"]
    api.message("mine", inbox=inbox)
    api.message("theirs", inbox=second)

    assert first.status == 201
    assert re.fullmatch(r"worker-1-[0-9a-f]{8}", inbox)
    assert urlsplit(first.json["dsn"]).path == f"/{inbox}/1"
    assert api.texts(f"/api/captured/messages?inbox={inbox}") == ["mine"]
    assert api.texts("/api/captured/messages") == ["mine", "theirs"]


def test_an_inbox_that_cannot_be_saved_is_not_opened(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise HolderError("the disk is full")

    monkeypatch.setattr(api.sentry.store, "_changed", full)

    answer = api.post("/api/inboxes")

    assert (answer.status, answer.error) == (503, "the fake Sentry could not save it: the disk is full")
    assert list(api.sentry.store.inboxes) == ["strays"]


def test_the_dsn_has_the_name_by_which_the_client_asked(api: Api) -> None:
    answer = api.post("/api/inboxes", host="localhost:1234").json

    assert urlsplit(answer["dsn"]).netloc.partition("@")[2] == "localhost:1234"
    assert answer["url"] == f"http://localhost:1234/{answer['inbox']}"


def test_the_url_of_an_inbox_answers_for_it_alone(api: Api) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    api.message("mine", inbox=inbox)
    api.message("theirs")

    assert api.texts(f"/{inbox}/api/captured/messages") == ["mine"]
    assert api.get(f"/{inbox}/api/captured/").json["counts"]["messages"] == 1


def test_a_closed_inbox_is_gone(api: Api) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    api.message("mine", inbox=inbox)

    assert api.ask("DELETE", f"/api/inboxes/{inbox}").status == 204
    assert api.get(f"/api/captured/messages?inbox={inbox}").status == 404
    assert api.ask("DELETE", f"/api/inboxes/{inbox}").status == 404
    assert api.texts("/api/captured/messages") == []


def test_one_that_nobody_uses_for_an_hour_is_closed_and_the_one_of_all_others_is_not(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    monkeypatch.setattr(api.sentry.store, "_now", lambda: clock.now() + timedelta(hours=1, seconds=1))

    api.message("later")

    assert api.get(f"/api/captured/messages?inbox={inbox}").status == 404
    assert api.texts("/api/captured/messages?inbox=strays") == ["later"]


def test_the_inbox_of_all_others_cannot_be_closed(api: Api) -> None:
    answer = api.ask("DELETE", "/api/inboxes/strays")

    assert (answer.status, answer.error) == (
        409,
        "the inbox 'strays' takes what names none: it cannot be closed, only cleared",
    )


def test_clearing_one_inbox_leaves_the_others(api: Api) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    api.message("mine", inbox=inbox)
    api.message("theirs")

    assert api.ask("DELETE", f"/api/captured?inbox={inbox}").json == {"cursor": 1}
    assert api.texts("/api/captured/messages") == ["theirs"]
    assert api.ask("DELETE", "/api/captured").json == {"cursor": 2}
    assert api.texts("/api/captured/messages") == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "the body is to be JSON: Expecting property name"),
        (b"\xff", "the body is to be JSON in UTF-8: invalid start byte at byte 0"),
        (b"[]", "the body is to be a JSON object, got []"),
        (b"null", "the body is to be a JSON object, got null"),
        (
            b'{"name": ["%s"]}' % ("é" * 99).encode(),
            'name is text of at most 1000 characters, got ["éé',
        ),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"nam": "x"}', "there is no field 'nam'; did you mean 'name'?"),
        (b'{"name": 1}', "name is text of at most 1000 characters, got 1"),
        (b'{"test": "%s"}' % (b"x" * 1001), 'test is text of at most 1000 characters, got "xxx'),
    ],
)
def test_a_wrong_body_is_a_400_of_one_sentence(api: Api, body: bytes, error: str) -> None:
    answer = api.ask("POST", "/api/inboxes", body)

    assert answer.status == 400
    assert answer.error.startswith(error)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nx: y", "", "\U0001f600", "/api/1/envelope/"])
def test_a_name_of_any_kind_makes_a_plain_inbox(api: Api, name: str) -> None:
    inbox = api.post("/api/inboxes", {"name": name}).json["inbox"]

    assert re.fullmatch(r"[a-z0-9-]+", inbox)
    api.message("mine", inbox=inbox)
    assert api.texts(f"/api/captured/messages?inbox={inbox}") == ["mine"]
