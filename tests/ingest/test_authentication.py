"""Which credentials are accepted, by default and with `strict`."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.ingest.asking import AUTH, EVENT, KEY, Fake, said

BASIC = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
DSN = f"https://{KEY}@sentry.io/7"


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/42/envelope/", {"x_sentry_auth": AUTH}),
        ("/api/42/envelope/", {"authorization": f"Sentry sentry_key={KEY}"}),
        ("/api/42/envelope/", {"authorization": BASIC}),
        (f"/api/42/envelope/?sentry_key={KEY}&sentry_version=7", {}),
        (f"/api/42/envelope/?sentry_key={KEY}", {"x_sentry_auth": ""}),
    ],
)
def test_each_source_of_authentication_works(path: str, headers: dict[str, Any], is_strict: bool) -> None:
    fake = Fake(strict=is_strict)

    assert fake.post(path, auth=None, **headers).status == 200
    assert [(arrival.public_key, arrival.tolerated) for arrival in fake.arrivals] == [(KEY, None)]


@pytest.mark.parametrize("is_strict", [False, True])
def test_an_envelope_may_authenticate_itself(is_strict: bool) -> None:
    fake = Fake(strict=is_strict)

    assert fake.post(auth=None, body=b'{"dsn":"%s"}\n' % DSN.encode()).status == 200
    (arrival,) = fake.arrivals
    assert (arrival.public_key, arrival.project_id, arrival.client) == (KEY, "7", None)


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(
    "auth",
    [
        "Sentry sentry_version=7",
        f"Sentry sentry_key={KEY},sentry_version=x",
    ],
)
def test_a_broken_header_is_401_in_both_modes(auth: str, is_strict: bool) -> None:
    status, answer = said(Fake(strict=is_strict).post(auth=auth))

    assert (status, answer["detail"]) == (401, "bad x-sentry-auth header")


@pytest.mark.parametrize("is_strict", [False, True])
def test_two_sources_are_401_in_both_modes(is_strict: bool) -> None:
    reply = Fake(strict=is_strict).post("/api/42/envelope/?sentry_release=1")

    assert said(reply) == (401, {"detail": "multiple authorization payloads detected"})


@pytest.mark.parametrize("is_strict", [False, True])
def test_a_protocol_from_the_future_is_400_in_both_modes(is_strict: bool) -> None:
    reply = Fake(strict=is_strict).post(auth=f"Sentry sentry_key={KEY},sentry_version=8")

    assert said(reply) == (400, {"detail": "unsupported protocol version (8)"})


def test_a_toy_key_is_accepted_and_noted(fake: Fake) -> None:
    assert fake.post(auth="Sentry sentry_key=public").status == 200
    assert [(arrival.public_key, arrival.tolerated) for arrival in fake.arrivals] == [("public", "toy_key")]


def test_a_toy_key_is_400_where_the_fake_is_strict(strict: Fake) -> None:
    reply = strict.post(auth="Sentry sentry_key=public")

    assert said(reply) == (
        400,
        {"detail": "bad sentry DSN public key", "causes": ["invalid project key"]},
    )
    assert [refused.reason for refused in strict.refused] == [
        "bad sentry DSN public key: invalid project key"
    ]


def test_nobodys_envelope_is_accepted_and_noted(fake: Fake) -> None:
    assert fake.post(auth=None).status == 200
    assert [(arrival.public_key, arrival.tolerated) for arrival in fake.arrivals] == [
        ("", "no_authentication")
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"nonsense",
        b"",
        b'\n{"dsn":"https://%s@sentry.io/7"}' % KEY.encode(),
        b'{"dsn":null}',
        EVENT,
    ],
)
def test_nobodys_envelope_is_401_where_the_fake_is_strict(strict: Fake, body: bytes) -> None:
    status, answer = said(strict.post(auth=None, body=body))

    assert (status, answer["detail"]) == (401, "bad envelope authentication header")
    assert strict.arrivals == []


def test_the_missing_dsn_is_named(strict: Fake) -> None:
    reply = strict.post(auth=None, body=b"{}\n")

    assert said(reply)[1]["causes"] == ["missing field `dsn` at line 1 column 2"]


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize("dsn", ["nonsense", 7, f"https://{KEY}@sentry.io/name", "https://sentry.io/1"])
def test_an_envelope_with_a_broken_dsn_cannot_authenticate_itself(dsn: object, is_strict: bool) -> None:
    body = json.dumps({"dsn": dsn}).encode()
    status, answer = said(Fake(strict=is_strict).post(auth=None, body=body))

    assert (status, answer["detail"]) == (401, "bad envelope authentication header")


def test_a_toy_dsn_is_noted_or_refused(fake: Fake, strict: Fake) -> None:
    body = b'{"dsn":"http://public@localhost/1"}'

    assert fake.post(auth=None, body=body).status == 200
    assert fake.arrivals[0].tolerated == "toy_key"
    assert strict.post(auth=None, body=body).status == 400
