from __future__ import annotations

import base64

import pytest

from pytest_sentryintegration.wire.auth import Auth, check_public_key, missing_auth, read_auth
from pytest_sentryintegration.wire.refusal import Refusal

KEY = "e12d836b15bb49d7bbf99e64295d995b"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def refusal(headers: dict[str, str], query: str = "", path_key: str | None = None) -> tuple[int, str]:
    with pytest.raises(Refusal) as refused:
        read_auth(headers, query, path_key)
    return refused.value.status, refused.value.reason


@pytest.mark.parametrize(
    ("headers", "query", "path_key", "auth"),
    [
        (
            {"x-sentry-auth": f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=a/1.0"},
            "",
            None,
            Auth(KEY, 7, "a/1.0", "x-sentry-auth"),
        ),
        ({"x-sentry-auth": f"SENTRY sentry_key={KEY}"}, "", None, Auth(KEY)),
        ({"x-sentry-auth": f"Sentry key={KEY},version=5"}, "", None, Auth(KEY, 5)),
        ({"x-sentry-auth": f"Sentry sentry_key = {KEY} , sentry_secret=x=y,nonsense"}, "", None, Auth(KEY)),
        ({"x-sentry-auth": f"Sentry sentry_timestamp=never,sentry_key={KEY}"}, "", None, Auth(KEY)),
        ({"authorization": f"Sentry sentry_key={KEY}"}, "", None, Auth(KEY, source="authorization")),
        ({"authorization": basic(f"{KEY}:secret")}, "", None, Auth(KEY, source="basic")),
        ({}, f"sentry_key={KEY}&sentry_version=7&sentry_client=a%2F1", None, Auth(KEY, 7, "a/1", "query")),
        ({}, "", KEY, Auth(KEY, source="path")),
        ({"x-sentry-auth": ""}, f"sentry_key={KEY}", None, Auth(KEY, source="query")),
        ({"x-sentry-auth": "Bearer x"}, "", KEY, Auth(KEY, source="path")),
        ({"authorization": "Bearer sentry_key=x"}, "", KEY, Auth(KEY, source="path")),
        ({"authorization": "Basic ???"}, "", KEY, Auth(KEY, source="path")),
        ({"authorization": basic("no colon")}, "", KEY, Auth(KEY, source="path")),
    ],
)
def test_each_source_is_read(headers: dict[str, str], query: str, path_key: str | None, auth: Auth) -> None:
    assert read_auth(headers, query, path_key) == auth


def test_nothing_anywhere_is_no_authentication() -> None:
    assert read_auth({"x-sentry-auth": "", "authorization": "Bearer abc"}, "a=b") is None


@pytest.mark.parametrize(
    ("headers", "query", "path_key"),
    [
        (
            {"x-sentry-auth": f"Sentry sentry_key={KEY}", "authorization": f"Sentry sentry_key={KEY}"},
            "",
            None,
        ),
        ({"x-sentry-auth": f"Sentry sentry_key={KEY}", "authorization": basic(f"{KEY}:")}, "", None),
        ({"x-sentry-auth": f"Sentry sentry_key={KEY}"}, "sentry_release=1.0", None),
        ({"x-sentry-auth": f"Sentry sentry_key={KEY}"}, "", KEY),
        ({}, f"sentry_key={KEY}", KEY),
    ],
)
def test_two_sources_are_one_too_many(headers: dict[str, str], query: str, path_key: str | None) -> None:
    assert refusal(headers, query, path_key) == (401, "multiple authorization payloads detected")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("Sentry ", "missing public key in auth header"),
        ("Sentry sentry_version=7", "missing public key in auth header"),
        ("Sentry sentry_key=", "missing public key in auth header"),
        (f"Sentry sentry_key={KEY},sentry_version=seven", "invalid value for version"),
        (f"Sentry sentry_key={KEY},sentry_version=7.0", "invalid value for version"),
        (f"Sentry sentry_key={KEY},sentry_version=-1", "invalid value for version"),
        (f"Sentry sentry_key={KEY},sentry_version=65536", "invalid value for version"),
        (f"Sentry sentry_key={KEY},sentry_version=", "invalid value for version"),
    ],
)
def test_a_broken_header_is_401(value: str, reason: str) -> None:
    assert refusal({"x-sentry-auth": value}) == (401, f"bad x-sentry-auth header: {reason}")


def test_a_query_that_only_looks_like_sentrys_is_401() -> None:
    assert refusal({}, "sentry_release=1")[0] == 401
    assert refusal({}, "note=sentry_stuff")[0] == 401


def test_a_protocol_from_the_future_is_400() -> None:
    header = f"Sentry sentry_key={KEY},sentry_version=8"

    assert refusal({"x-sentry-auth": header}) == (400, "unsupported protocol version (8)")


@pytest.mark.parametrize("key", [KEY, "z" * 32, KEY + ".no-cache"])
def test_a_key_has_32_characters(key: str) -> None:
    check_public_key(key)


@pytest.mark.parametrize("key", ["public", KEY[:-1], KEY + "0", "ü" * 32, ""])
def test_any_other_key_is_400(key: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_public_key(key)

    assert refused.value.status == 400
    assert refused.value.body() == b'{"detail":"bad sentry DSN public key","causes":["invalid project key"]}'


def test_missing_authentication_is_401() -> None:
    assert missing_auth().body() == b'{"detail":"missing authorization information"}'
    assert missing_auth().status == 401
