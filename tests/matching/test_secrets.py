"""What must not occur: texts in all their spellings, bytes and patterns."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest

from pytest_sentryintegration.matching.secrets import Secret, secrets_of, secrets_of_settings


@pytest.mark.parametrize(
    "data",
    [
        "pässwörd".encode(),
        unicodedata.normalize("NFD", "pässwörd").encode(),
        "pässwörd".encode("utf-16-le"),
        "pässwörd".encode("utf-16-be"),
        "pässwörd".encode("utf-32-le"),
        "pässwörd".encode("latin-1"),
    ],
)
def test_a_text_is_found_however_its_characters_are_encoded(data: bytes) -> None:
    assert Secret("pässwörd", "a").find(b"\0\0\0\0" + data) == 4
    assert Secret("pässwörd", "a").find(b"another") == -1


def test_bytes_are_found_as_they_are() -> None:
    assert Secret(b"\xff\x00\xff\x00", "a").find(b"12\xff\x00\xff\x00") == 2


def test_patterns_search_text_and_bytes_and_give_offsets_in_bytes() -> None:
    assert Secret(re.compile("key-[0-9]+"), "a").find("ä key-12".encode()) == 3
    assert Secret(re.compile(rb"\xff+1"), "a").find(b"12\xff\xff1") == 2
    assert Secret(re.compile("key-[0-9]+"), "a").find(b"\xff\xfe") == -1


@pytest.mark.parametrize("value", ["", "abc", "   \n", b"", b"\0\0\0"])
def test_what_is_too_short_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match="secret 1 is too short to be told from other text"):
        secrets_of([value])


@pytest.mark.parametrize("pattern", [re.compile(""), re.compile("a*"), re.compile(b"x?")])
def test_a_pattern_that_matches_nothing_at_all_is_an_error(pattern: re.Pattern[Any]) -> None:
    with pytest.raises(ValueError, match="secret 2 is a pattern that matches an empty text"):
        secrets_of(["hunter2", pattern])


@pytest.mark.parametrize("value", [None, 4111111111111111, ["hunter2"], ValueError])
def test_what_is_no_text_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="secret 1 is to be text, bytes or a compiled pattern, got"):
        secrets_of([value])


def test_settings_name_values_patterns_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "from-the-environment")
    monkeypatch.setenv("EMPTY", "")
    secrets = secrets_of_settings(["hunter2", "re:key-[0-9]+", "env:API_KEY", "env:NOT_SET", "env:EMPTY"])

    assert [secret.name for secret in secrets] == ["sentry_secrets 1", "sentry_secrets 2", "env:API_KEY"]
    assert [secret.find(b"hunter2 key-1 from-the-environment") for secret in secrets] == [0, 8, 14]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("abc", "sentry_secrets 1 is too short"),
        ("re:(", "sentry_secrets 1 is no pattern: missing \\), unterminated subpattern at place 0"),
        ("env:SHORT", "env:SHORT is too short"),
        ("env: ", "sentry_secrets 1 names no variable: 'env: ' is not env:NAME"),
    ],
)
def test_a_wrong_setting_is_named(line: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "abc")

    with pytest.raises(ValueError, match=message):
        secrets_of_settings([line])


def test_no_secret_shows_itself() -> None:
    secrets = [Secret("hunter2", "a"), Secret(b"hunter2", "b"), Secret(re.compile("hunter2"), "c")]

    assert repr(secrets) == "[<a: text of 7 characters>, <b: 7 bytes>, <c: pattern>]"
    assert [secret.masked("is hunter2.") for secret in secrets] == ["is ***."] * 3
