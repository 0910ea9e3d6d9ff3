"""What an entry of `allow` covers, and the entries that the plugin itself writes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_sentryintegration.matching.secrets import secrets_of
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.words.allowing import UNLABELED, Allowed, as_line, as_source, write_lines
from tests.words.inboxes import Received

DIGITS = r"[^\s\d]*\d\S*"
"""A word with a digit."""


class Cold(Exception):
    class Frozen(Exception):
        pass


class Icy(Cold):
    pass


def one_error(*exceptions: tuple[str, str]) -> Any:
    received = Received()
    received.error(*exceptions or (("KeyError", "'cart'"), ("shop.errors.CartError", "cart is empty")))
    return received.events.errors[0]


def one_message(text: str) -> Any:
    received = Received()
    received.message(text)
    return received.events[0]


def covers(line: str, event: Any) -> bool:
    return Allowed(Settings().changed({"allow": [line]}).allow).covers(event)


@pytest.mark.parametrize(
    "entry",
    [
        *(KeyError, Exception, "cart is empty", "empty", "CartError", "shop.errors.CartError"),
        *("LookupError", "builtins.LookupError", re.compile("^cart"), lambda text: text == "'cart'"),
    ],
)
def test_an_entry_that_covers_an_error(entry: Any) -> None:
    assert Allowed([OSError, entry]).covers(one_error())


@pytest.mark.parametrize(
    "entry", [OSError, "full", "Cart", "errors.CartError", "shop.LookupError", re.compile("^empty")]
)
def test_an_entry_that_does_not_cover_an_error(entry: Any) -> None:
    assert not Allowed([entry]).covers(one_error())


def test_nothing_is_covered_by_nothing() -> None:
    assert not Allowed([]).covers(one_error())


@pytest.mark.parametrize("name", ["Cold", f"{__name__}.Cold", "Icy"])
def test_the_name_of_a_class_covers_its_subclasses_known_here(name: str) -> None:
    assert Allowed([name]).covers(one_error((f"{__name__}.Icy", "")))


def test_the_name_of_a_class_does_not_cover_its_bases() -> None:
    assert not Allowed(["Icy"]).covers(one_error((f"{__name__}.Cold", "")))


def test_a_class_inside_a_class_may_be_named_by_its_own_name() -> None:
    received = Received()
    value = {"type": "Cold.Frozen", "module": __name__, "value": ""}
    received.item("event", {"exception": {"values": [value]}, "level": "error"})

    assert Allowed(["Frozen"]).covers(received.events[0])
    assert Allowed(["Cold.Frozen"]).covers(received.events[0])


def test_a_class_that_is_made_later_is_known_then() -> None:
    event = one_error((f"{__name__}.Late", ""))
    before = Allowed(["Cold"]).covers(event)
    late = type("Late", (Icy,), {"__module__": __name__})

    assert (before, Allowed(["Cold"]).covers(event), late.__name__) == (False, True, "Late")


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("json.JSONDecodeError", "json.decoder.JSONDecodeError"),
        ("socket.timeout", "TimeoutError"),
        ("IOError", "ConnectionRefusedError"),
        ("builtins.EnvironmentError", "OSError"),
        ("subprocess.TimeoutExpired", "subprocess.TimeoutExpired"),
    ],
)
def test_a_class_goes_by_each_name_that_a_module_has_for_it(name: str, sent: str) -> None:
    assert Allowed([name]).covers(one_error((sent, "")))


@pytest.mark.parametrize(
    "name", ["json.loads", "json.nothing.at.all", "socket.", ".timeout", "no.such", "timeout"]
)
def test_a_name_of_something_else_covers_no_exception(name: str) -> None:
    assert not Allowed([name]).covers(one_error(("TimeoutError", "")))


def test_a_name_imports_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = ModuleType("lazy")
    lazy.__getattr__ = pytest.fail  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "lazy", lazy)

    assert not Allowed(["lazy.Error"]).covers(one_error())


@pytest.mark.parametrize(
    ("event", "entry"),
    [
        (one_error(("ValueError", "boom")), "ValueError"),
        (one_error(("shop.CartError", "boom")), "'shop.CartError'"),
        (one_message("it's full"), '"re:^it\'s full$"'),
        (one_message("KeyError"), "'re:^KeyError$'"),
    ],
)
def test_an_entry_in_python(event: Any, entry: str) -> None:
    assert as_source(event) == entry


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("disk full", "re:^disk full$"),
        ("took 17.5 s at 0x7f00dead", rf"re:^took {DIGITS} s at {DIGITS}$"),
        ("  first\r\nsecond", r"re:^\s*first\s"),
        ("disk\t full \n", r"re:^disk\s+full\s*$"),
        ("#1 fan", rf"re:^{DIGITS} fan$"),
        ("@home", "re:^@home$"),
        ("v", "re:^v$"),
        ("a\x07b", r"re:^a\U00000007b$"),
        ("404", "re:^404$"),
        ("100% (3/3)", r"re:^100% \(3/3\)$"),
        ("a " * 25, "re:^" + " ".join("a" * 20) + r"\s"),
        ("x" * 100, "re:^" + "x" * 80 + r"\S*$"),
        (" ", UNLABELED),
    ],
)
def test_a_message_as_a_line(text: str, line: str) -> None:
    assert as_line(one_message(text)) == line


SECRETS = secrets_of(["hunter-two", "-- KEY\nc2VjcmV0\n--", re.compile("key-[0-9]+")])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("login with hunter-two failed", "re:^login with (?s:.*) failed$"),
        ("user=ada&password=hunter-two", "re:^user=ada\\&password=(?s:.*)$"),
        ("key-1 and 2 and hunter-two of ada", "re:^(?s:.*) of ada$"),
        ("no -- KEY\nc2VjcmV0\n-- here", "re:^no (?s:.*) here$"),
        ("*** Job 7 failed ***", rf"re:^\*\*\* Job {DIGITS} failed \*\*\*$"),
        ("bad hunter-two\nand more", r"re:^bad (?s:.*)\s"),
        ("hunter-two", r"re:^\*\*\*$"),
        ("key-17 404", r"re:^\*\*\* 404$"),
    ],
)
def test_a_line_does_not_show_a_secret(text: str, line: str) -> None:
    message = one_message(text)

    assert as_line(message, SECRETS) == line
    assert as_source(message, SECRETS) == repr(line)
    assert covers(line, message) is ("(?s:.*)" in line or "Job" in line)


def test_an_exception_whose_class_is_named_by_a_secret_is_a_line_by_its_text() -> None:
    assert as_line(one_error(("shop.hunter-two", "row full")), SECRETS) == "re:^row full$"


@given(st.text(min_size=1), st.text(min_size=4).filter(str.strip), st.text(min_size=1))
def test_a_line_with_a_masked_secret_is_a_pattern(before: str, value: str, after: str) -> None:
    assume(len(value.strip()) >= 4)
    message = one_message(f"begin {before}{value}{after}")

    line = as_line(message, secrets_of([value]))

    assert covers(line, message) or r"\*\*\*" in line
    assert not covers(line, one_message("disk full"))


def test_an_exception_is_a_line_by_its_class() -> None:
    assert as_line(one_error(("ValueError", "row 17"))) == "ValueError"
    assert as_line(one_error(("shop.CartError", "row 17"))) == "shop.CartError"


@pytest.mark.parametrize("name", ["Exception", "BaseException", "builtins.Exception", "e"])
def test_a_class_that_would_cover_much_else_is_a_line_by_its_text(name: str) -> None:
    assert as_line(one_error((name, "boom"))) == "re:^boom$"
    assert as_line(one_error((name, ""))) == UNLABELED


@pytest.mark.parametrize(
    "text",
    [
        "404",
        "100%",
        "v",
        "KeyError",
        "5 failed",
        "disk full",
        "database",
        "Exception",
        "lost 3 of",
        " ",
        "'q'",
        ".",
    ],
)
def test_a_line_does_not_cover_what_is_reported_later(text: str) -> None:
    later = [
        one_message("payment 17 failed: the database is on fire"),
        one_message("no disk full of music was lost"),
        one_message("Payment failed"),
        one_message("v2"),
        one_error(("KeyError", "'cart'")),
        one_error(("shop.CartError", "row 17")),
        one_error(("Exception", "")) if text != " " else one_error(("Exception", "boom")),
    ]

    assert [event for event in later if covers(as_line(one_message(text)), event)] == []


def test_events_that_say_nothing_have_an_entry_that_covers_no_others() -> None:
    received = Received()
    received.item("event", {"level": "error", "extra": {"a": 1}})

    assert as_source(received.events[0]) == repr(UNLABELED)
    assert covers(UNLABELED, received.events[0])
    assert not covers(UNLABELED, one_message("boom"))
    assert not covers(UNLABELED, one_error(("KeyError", "")))


@given(st.text(), st.one_of(st.none(), st.text()), st.text())
def test_entries_cover_the_event_that_they_are_made_of(text: str, kind: str | None, module: str) -> None:
    received = Received()
    received.message(text)
    value = {"type": kind, "module": module, "value": text}
    received.item("event", {"exception": {"values": [value]}, "level": "error"})

    for event in received.events:
        line = as_line(event)
        assert line == line.strip()
        assert len(line.splitlines()) == 1
        assert covers(line, event)
        assert covers(eval(as_source(event)), event)


def test_a_file_has_each_line_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "known.txt"

    assert write_lines(path, ["b", "a", "b", "Ä"]) == f"3 lines for sentry_allow written to {path}"
    assert (
        path.read_bytes()
        == (
            "# What the tests report and never look at. Written by pytest --sentry-allow-all.\na\nb\nÄ\n"
        ).encode()
    )
    assert write_lines(path, ["a", "b", "Ä"]) == f"0 lines for sentry_allow added to {path}"


def test_the_ends_of_lines_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_bytes("\ufeffa\r\n# why\r\nb".encode())

    write_lines(path, ["a", "c"])

    assert path.read_bytes() == "\ufeffa\r\n# why\r\nb\r\nc\r\n".encode()


def test_a_file_that_is_there_only_grows(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_text("z\n\n# why\nold\nb", encoding="utf-8")

    assert write_lines(path, ["c", "b", "a"]) == (
        f"2 lines for sentry_allow added to {path}; 2 lines stay that this run did not report"
        " (to write the list anew, delete the file and run all tests)"
    )
    assert path.read_text(encoding="utf-8") == "z\n\n# why\nold\nb\na\nc\n"
