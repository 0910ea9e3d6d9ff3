"""Vercel's log drains, and what browsers report of failed requests (NEL)."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.wire.envelope import RawItem
from tests.ingest.asking import AUTH, Fake, header, said

NEL = "/api/42/nel/"
VERCEL = "/api/42/integration/vercel/logs"
JSON = "application/json"


@pytest.mark.parametrize(
    ("path", "content_type", "status", "integration"),
    [
        # Relay: relay-server/src/endpoints/integrations/vercel.rs:34.
        (VERCEL, JSON, 202, "vercel_logs"),
        (VERCEL, "Application/JSON; charset=utf-8", 202, "vercel_logs"),
        (VERCEL + "/", "application/x-ndjson", 202, "vercel_logs"),
        # Relay: relay-server/src/endpoints/nel.rs:15.
        (NEL, JSON, 200, "nel"),
        (NEL, "application/reports+json; a=b", 200, "nel"),
    ],
)
def test_the_payload_is_kept_as_it_was_sent(
    fake: Fake, path: str, content_type: str, status: int, integration: str
) -> None:
    reply = fake.post(path, b"anything", content_type=content_type)

    assert (reply.status, reply.body, header(reply, "content-type")) == (status, b"", None)
    headers = {"type": "integration", "integration": integration, "content_type": content_type, "length": 8}
    assert fake.envelope.items == (RawItem(headers, b"anything"),)


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        (VERCEL, "text/plain", 415),
        (VERCEL, "", 415),
        (VERCEL, "application/json; charset=latin-1", 415),
        (NEL, "application/csp-report", 415),
        (NEL, "application/x-ndjson", 415),
        (NEL, "nonsense", 400),
        (NEL, "", 400),
    ],
)
def test_another_content_type_is_refused(fake: Fake, path: str, content_type: str, status: int) -> None:
    assert fake.post(path, b"[]", content_type=content_type).status == status
    assert fake.arrivals == []


def test_the_authentication_counts_before_the_content_type(fake: Fake) -> None:
    # Relay: the builder is an extractor, relay-server/src/extractors/integration_builder.rs:82.
    assert fake.post(VERCEL, b"[]", auth=None, content_type="text/plain").status == 401
    assert fake.post(NEL, b"[]", auth=None, content_type="text/plain").status == 401


@pytest.mark.parametrize(("path", "status"), [(VERCEL, 429), (NEL, 200)])
def test_a_rate_limit_shows_in_the_answer_to_vercel_alone(fake: Fake, path: str, status: int) -> None:
    # Relay: vercel.rs:42 and nel.rs:37; tests/integration/test_nel.py:85.
    fake.faults.rate_limit("log_item")

    assert fake.post(path, b"[]", content_type=JSON).status == status
    assert fake.arrivals == []


@pytest.mark.parametrize("path", [NEL, VERCEL])
def test_a_body_that_is_too_long_is_413(fake: Fake, path: str) -> None:
    assert fake.post(path, b"x" * (12 * 2**20 + 1), content_type=JSON).status == 413


@pytest.mark.parametrize("path", [NEL, VERCEL, "/api/42/events/" + "a" * 32 + "/attachments/"])
def test_credentials_are_always_needed(path: str, strict: Fake, fake: Fake) -> None:
    toy = "Sentry sentry_key=public"

    for one in (fake, strict):
        refusal = {"detail": "missing authorization information"}
        assert said(one.post(path, b"[]", auth=None, content_type=JSON)) == (401, refusal)
        assert one.post(path.replace("42", "x"), b"[]", auth=AUTH, content_type=JSON).status == 400
    assert said(strict.post(path, b"[]", auth=toy, content_type=JSON))[1]["detail"] == (
        "bad sentry DSN public key"
    )


@pytest.mark.parametrize("path", [NEL, VERCEL])
def test_a_toy_key_is_accepted_and_noted(fake: Fake, path: str) -> None:
    fake.post(path, b"[]", auth="Sentry sentry_key=public", content_type=JSON)

    assert [arrival.tolerated for arrival in fake.arrivals] == ["toy_key"]
