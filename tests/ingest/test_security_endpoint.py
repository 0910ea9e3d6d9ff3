from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.asking import KEY, Fake, header, said

SECURITY = "/api/42/security/"
CSP = {"csp-report": {"document-uri": "https://shop.example/", "blocked-uri": "eval"}}
REPORT = {"type": "csp-violation", "age": 1, "url": "https://shop.example/", "body": {"blockedURL": "eval"}}


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("path", [SECURITY, "/api/42/csp-report/"])
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/csp-report", "APPLICATION/Reports+JSON; charset=utf-8"],
)
def test_a_report_becomes_an_envelope(fake: Fake, path: str, content_type: str) -> None:
    reply = fake.post(path, dump(CSP), content_type=content_type)

    assert (reply.status, reply.body, header(reply, "content-type")) == (200, b"", None)
    (item,) = fake.envelope.items
    assert (item.type, item.payload) == ("raw_security", dump(CSP))
    assert fake.arrivals[0].endpoint == "security"


def test_reports_of_the_second_generation_are_events_of_their_own(fake: Fake) -> None:
    body = b" [ %s , %s\n]\n" % (dump(REPORT), dump(CSP))

    assert fake.post(SECURITY, body, content_type="application/reports+json").status == 200
    assert [arrival.envelope.items[0].payload for arrival in fake.arrivals] == [dump(REPORT), dump(CSP)]
    ids = [arrival.envelope.headers["event_id"] for arrival in fake.arrivals]
    assert len(set(ids)) == 2


def test_an_empty_array_holds_no_report(fake: Fake) -> None:
    assert fake.post(SECURITY, b"[]", content_type="application/json").status == 200
    assert fake.store.since("test") == []


@pytest.mark.parametrize("body", [b"nonsense", b"[", b"[1,]", b"\xff", b"[" * 100_000, b"7"])
def test_what_is_no_array_is_one_report(fake: Fake, body: bytes) -> None:
    assert fake.post(SECURITY, body, content_type="application/json").status == 200
    assert [item.payload for item in fake.envelope.items] == [body]


def test_release_and_environment_come_from_the_query(fake: Fake) -> None:
    path = f"{SECURITY}?sentry_key={KEY}&sentry_release=1%2E0&sentry_environment=test"
    fake.post(path, dump(CSP), auth=None, content_type="application/csp-report")

    headers = fake.envelope.items[0].headers
    assert (headers["sentry_release"], headers["sentry_environment"]) == ("1.0", "test")


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonp", "application/csp-report+json"])
def test_another_media_type_is_415(fake: Fake, content_type: str) -> None:
    reply = fake.post(SECURITY, dump(CSP), content_type=content_type)

    assert (reply.status, reply.body) == (415, b"")
    assert header(reply, "access-control-allow-origin") == "*"
    assert len(fake.refused) == 1


@pytest.mark.parametrize("headers", [{}, {"content_type": ""}, {"content_type": "nonsense"}])
def test_no_media_type_is_400(fake: Fake, headers: dict[str, str]) -> None:
    status, answer = said(fake.post(SECURITY, dump(CSP), **headers))

    assert (status, list(answer)) == (400, ["detail"])


def test_an_empty_body_is_400(fake: Fake) -> None:
    reply = fake.post(SECURITY, b"", content_type="application/json")

    assert said(reply) == (400, {"detail": "empty request body"})
