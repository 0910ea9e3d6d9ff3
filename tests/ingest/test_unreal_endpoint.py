from __future__ import annotations

import uuid

import pytest

from pytest_sentryintegration.wire.envelope import RawItem
from tests.ingest.asking import KEY, Fake, said, text

UNREAL = f"/api/42/unreal/{KEY}/"


def test_a_crash_report_is_kept_as_it_was_sent(fake: Fake) -> None:
    # Relay: relay-server/src/endpoints/unreal.rs:34; tests/integration/test_unreal.py:18.
    status, answer = text(fake.post(UNREAL + "?UserID=joe%21", b"CR1", auth=None))

    assert (status, str(uuid.UUID(answer))) == (200, answer)
    assert fake.envelope.headers == {"event_id": uuid.UUID(answer).hex, "unreal_user_id": "joe!"}
    headers = {"type": "unreal_report", "content_type": "application/octet-stream", "length": 3}
    assert fake.envelope.items == (RawItem(headers, b"CR1"),)
    assert (fake.arrivals[0].endpoint, fake.arrivals[0].public_key) == ("unreal", KEY)


def test_an_empty_report_is_400(fake: Fake) -> None:
    assert said(fake.post(UNREAL, b"", auth=None)) == (400, {"detail": "empty request body"})


def test_two_users_are_400(fake: Fake) -> None:
    assert fake.post(UNREAL + "?UserID=a&UserID=b", b"CR1", auth=None).status == 400


@pytest.mark.parametrize("category", ["error", "attachment"])
def test_a_rate_limit_never_shows(fake: Fake, category: str) -> None:
    # Relay: unreal.rs:61.
    fake.faults.rate_limit(category)

    assert fake.post(UNREAL, b"CR1", auth=None).status == 200
    assert len(fake.arrivals) == (0 if category == "error" else 1)


def test_a_key_in_the_path_and_in_a_header_are_two(fake: Fake) -> None:
    assert said(fake.post(UNREAL, b"CR1")) == (401, {"detail": "multiple authorization payloads detected"})
