from __future__ import annotations

import pytest

from pytest_sentryintegration.wire.dsn import Dsn, is_project_id, is_public_key


@pytest.mark.parametrize(
    ("text", "dsn"),
    [
        ("https://key@sentry.io/42", Dsn("https", "key", "sentry.io", 443, "", "42")),
        ("http://key:secret@localhost:8000/a/b/1/", Dsn("http", "key", "localhost", 8000, "a/b", "1")),
        ("http://key@[::1]:8000/1", Dsn("http", "key", "::1", 8000, "", "1")),
        ("http://a%20b@host/name", Dsn("http", "a b", "host", 80, "", "name")),
    ],
)
def test_a_dsn_is_taken_apart(text: str, dsn: Dsn) -> None:
    assert Dsn.parse(text) == dsn


@pytest.mark.parametrize(
    "text", ["https://key@sentry.io/42", "http://key@localhost:8000/a/b/1", "http://key@[::1]:8000/1"]
)
def test_a_dsn_without_its_secret_reads_back(text: str) -> None:
    assert str(Dsn.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no valid url"),
        ("nonsense", "no valid url"),
        ("ftp://key@host/1", "no valid scheme"),
        ("https://host/1", "username is empty"),
        ("https://:secret@host/1", "username is empty"),
        ("https://key@/1", "no host"),
        ("https://key@host", "empty path"),
        ("https://key@host/", "empty path"),
        ("https://key@host:port/1", "invalid url"),
        ("https://key@[::1/1", "invalid url"),
    ],
)
def test_what_is_no_dsn_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        Dsn.parse(text)


@pytest.mark.parametrize("text", ["0", "1", "007", "+7", str(2**64 - 1)])
def test_a_project_id_is_a_number_of_64_bits(text: str) -> None:
    assert is_project_id(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "x", "1.0", "1_0", " 1", "1\n", "\u0661", str(2**64), "9" * 100_000]
)
def test_anything_else_is_no_project_id(text: str) -> None:
    assert not is_project_id(text)


def test_flags_may_follow_a_public_key() -> None:
    assert is_public_key("a" * 32 + ".no-cache.other")
    assert not is_public_key("a" * 16 + ".no-cache")
