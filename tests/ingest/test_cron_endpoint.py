from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.asking import AUTH, EVENT_ID, KEY, Fake, text

NIL = "0" * 32
CRON = f"/api/42/cron/nightly/{KEY}"


def check_in(fake: Fake) -> dict[str, Any]:
    (item,) = fake.envelope.items
    assert item.type == "check_in"
    loaded: dict[str, Any] = json.loads(item.payload)
    return loaded


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_check_in_by_the_query(fake: Fake, method: str, slash: str) -> None:
    path = f"{CRON}{slash}?status=ok&check_in_id={EVENT_ID.upper()}&environment=test&duration=1.5"
    reply = fake.ask(method, path)

    assert (reply.status, reply.body) == (202, b"")
    assert check_in(fake) == {
        "check_in_id": EVENT_ID,
        "monitor_slug": "nightly",
        "status": "ok",
        "environment": "test",
        "duration": 1.5,
    }
    assert (fake.arrivals[0].endpoint, fake.arrivals[0].client) == ("cron", "relay-http")


def test_the_key_may_stand_elsewhere(fake: Fake) -> None:
    assert fake.ask("GET", "/api/42/cron/nightly?status=ok", auth=AUTH).status == 202
    assert fake.ask("GET", f"/api/42/cron/nightly/?status=ok&sentry_key={KEY}").status == 202
    assert fake.arrivals[0].client == "sentry.test/1.0"


def test_a_check_in_as_json_takes_its_slug_from_the_path(fake: Fake) -> None:
    sent = {"status": "in_progress", "monitor_slug": "other", "monitor_config": {"schedule": {}}, "x": 1}
    reply = fake.post(CRON, json.dumps(sent).encode(), auth=None, content_type="application/json; charset=x")

    assert reply.status == 202
    assert check_in(fake) == {**sent, "monitor_slug": "nightly", "check_in_id": NIL}


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("", "missing field `status`"),
        ("?statuses=ok", "missing field `status`"),
        ("?status=ok&check_in_id=x", "check_in_id: UUID parsing failed"),
        ("?status=ok&duration=long", "duration: invalid float literal"),
        ("?status=ok&duration=1_0", "duration: invalid float literal"),
    ],
)
def test_a_broken_query_is_400(fake: Fake, query: str, cause: str) -> None:
    reply = fake.ask("GET", CRON + query)

    assert text(reply) == (400, f"Failed to deserialize query string: {cause}")
    assert len(fake.refused) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"status":NaN}'])
def test_broken_json_is_400(fake: Fake, body: bytes) -> None:
    status, answer = text(fake.post(CRON, body, auth=None, content_type="application/json"))

    assert status == 400
    assert answer.startswith("Failed to parse the request body as JSON: ")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        [],
        {"status": 7},
        {"status": None},
        {"status": "ok", "check_in_id": "x"},
        {"status": "ok", "check_in_id": None},
        {"status": "ok", "duration": "long"},
        {"status": "ok", "duration": True},
        {"status": "ok", "environment": 7},
        {"status": "ok", "monitor_config": []},
        {"status": "ok", "monitor_config": {}},
    ],
)
def test_json_of_another_shape_is_422(fake: Fake, sent: object) -> None:
    reply = fake.post(CRON, json.dumps(sent).encode(), auth=None, content_type="application/json")
    status, answer = text(reply)

    assert status == 422
    assert answer.startswith("Failed to deserialize the JSON body into the target type: ")


def test_a_media_type_that_only_begins_like_json_is_415(fake: Fake) -> None:
    reply = fake.post(CRON, b"{}", auth=None, content_type="application/jsonp")

    assert text(reply) == (415, "Expected request with `Content-Type: application/json`")


def test_two_keys_are_one_too_many(fake: Fake) -> None:
    assert fake.ask("GET", f"{CRON}?status=ok", auth=AUTH).status == 401
    assert fake.ask("GET", f"{CRON}?status=ok&sentry_environment=x").status == 401


def test_an_unknown_status_is_accepted(fake: Fake) -> None:
    assert fake.ask("GET", f"{CRON}?status=invented").status == 202
    assert check_in(fake)["status"] == "invented"


def test_a_duration_that_json_does_not_know_is_none(fake: Fake) -> None:
    fake.ask("GET", f"{CRON}?status=ok&duration=inf")

    assert check_in(fake)["duration"] is None
