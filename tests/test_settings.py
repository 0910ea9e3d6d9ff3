"""Entries of `sentry_allow` and of the marker: read once, and wrong ones are errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.plugin import pytest_addoption
from pytest_sentryintegration.settings import (
    INI_NAMES,
    LIST,
    SettingError,
    Settings,
    read_settings,
    reject_mistyped,
)


class Parser:
    """Takes note of the defaults of the ini values."""

    def __init__(self) -> None:
        self.defaults: dict[str, Any] = {}

    def getgroup(self, *_: str) -> Parser:
        return self

    def addoption(self, *_: str, **__: Any) -> None:
        pass

    def addini(self, name: str, help: str, type: str | None = None, default: Any = None) -> None:
        self.defaults[name] = [] if type == "linelist" else default


def ini(*allow: str) -> Callable[[str], Any]:
    parser: Any = Parser()
    pytest_addoption(parser)
    return {**parser.defaults, "sentry_allow": list(allow)}.__getitem__


def test_every_ini_value_has_its_name_in_the_settings() -> None:
    parser: Any = Parser()
    pytest_addoption(parser)

    assert sorted(parser.defaults) == sorted(INI_NAMES)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("sentry_timout", "sentry_timeout"),
        ("sentry_unexpectd", "sentry_unexpected"),
        ("sentry_gaurd", "sentry_guard"),
        ("sentry_dns", "sentry_dsn"),
        ("sentry_secret", "sentry_secrets"),
    ],
)
def test_a_mistyped_name_is_an_error_that_says_the_right_one(name: str, nearest: str) -> None:
    said = f"the ini value '{name}' does not exist; did you mean '{nearest}'?"

    with pytest.raises(SettingError, match=re.escape(said)):
        reject_mistyped(name)


@pytest.mark.parametrize("name", ["sentry_release", "sentry_client", "sentry_", "timout", "sentri_timeout"])
def test_a_name_that_is_near_to_none_may_be_another_plugins(name: str) -> None:
    reject_mistyped(name)


def test_a_file_of_entries_is_read_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_bytes("\ufeff# why\r\n\r\n  KeyError \r\nre:^Slow\n".encode())

    assert read_settings(ini("first", "@ known.txt", "last"), tmp_path).allow == (
        *("first", "KeyError", re.compile("^Slow"), "last"),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file .*known.txt; pytest --sentry-allow-all=known.txt writes it$"),
        (b"\xff\xfe", "known.txt cannot be read: 'utf-8' codec"),
        (b"fine\nre:(", r"known.txt, line 2: 're:\(' is not a regular expression: missing \)"),
        (b"re:", "known.txt, line 1: 're:' would allow every event"),
    ],
)
def test_a_missing_or_broken_file_of_entries_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "known.txt").write_bytes(content)

    with pytest.raises(SettingError, match=message):
        read_settings(ini("@known.txt"), tmp_path)


def test_the_command_that_writes_a_missing_file_holds_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop" / "tests").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "shop" / "tests")
    written = str(Path("..", "..", "known.txt"))

    with pytest.raises(SettingError, match=rf"pytest --sentry-allow-all={re.escape(written)} writes it$"):
        read_settings(ini("@known.txt"), tmp_path)


def test_a_folder_is_no_file_of_entries(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"sentry_allow = @\.: .* cannot be read"):
        read_settings(ini("@."), tmp_path)


def test_the_file_that_is_to_be_written_is_not_read(tmp_path: Path) -> None:
    settings = read_settings(ini("@known.txt", "kept"), tmp_path, (tmp_path / "known.txt").resolve())

    assert (settings.allow, settings.unexpected) == (("kept",), LIST)


@pytest.mark.parametrize(("policy", "held"), [("ignore", "ignore"), ("warn", LIST), ("fail", LIST)])
def test_a_marker_that_ignores_is_heard_while_all_is_written_down(policy: str, held: str) -> None:
    assert Settings(unexpected=LIST).changed({"unexpected": policy}).unexpected == held


def test_a_pattern_is_one_in_the_marker_too() -> None:
    assert Settings(allow=("a",)).changed({"allow": ["re:^b$", ValueError]}).allow == (
        *("a", re.compile("^b$"), ValueError),
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("re:*", "'re:\\*' is not a regular expression: nothing to repeat"),
        ("", "'' would allow every event"),
        (ValueError("x"), r"ValueError\('x'\) is an exception, not a class: use ValueError"),
        (int, "int is no class of exceptions"),
        (5, "5 is not an exception class, a text or a pattern"),
        ([["nested"]], r"\['nested'\] is not an exception class, a text or a pattern"),
    ],
)
def test_a_wrong_entry_of_the_marker_is_an_error(entry: Any, message: str) -> None:
    with pytest.raises(SettingError, match=f"marker option allow: {message}"):
        Settings().changed({"allow": entry})
