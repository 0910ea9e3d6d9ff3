"""What an entry of `allow` covers, and the entries that the plugin itself writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.words.allowing import Allowed, as_line, as_source, write_lines
from tests.words.inboxes import Received


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
    ("event", "entry"),
    [
        (one_error(("ValueError", "boom")), "ValueError"),
        (one_error(("shop.CartError", "boom")), "'shop.CartError'"),
        (one_message("it's full"), '"it\'s full"'),
        (one_message("re:tired"), "'re:re:tired'"),
    ],
)
def test_an_entry_in_python(event: Any, entry: str) -> None:
    assert as_source(event) == entry


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("disk full", "disk full"),
        ("took 17.5 s at 0x7f00dead", r"re:took\ \S+\ s\ at\ \S+"),
        ("  first\r\nsecond", "first"),
        ("#1 fan", r"re:\S+\ fan"),
        ("@home", "re:@home"),
        ("KeyError", "re:KeyError"),
        ("a\x07b", r"re:a\U00000007b"),
    ],
)
def test_a_message_as_a_line(text: str, line: str) -> None:
    assert as_line(one_message(text)) == line


def test_an_exception_is_a_line_by_its_class() -> None:
    assert as_line(one_error(("ValueError", "row 17"))) == "ValueError"
    assert as_line(one_error(("shop.CartError", "row 17"))) == "shop.CartError"


@given(st.text(), st.one_of(st.none(), st.text()), st.text())
def test_entries_cover_the_event_that_they_are_made_of(text: str, kind: str | None, module: str) -> None:
    received = Received()
    received.message(text)
    value = {"type": kind, "module": module, "value": text}
    received.item("event", {"exception": {"values": [value]}, "level": "error"})

    for event in received.events:
        source, line = as_source(event), as_line(event)
        assert (source is None) == (line is None)
        assert line is None or (line == line.strip() and len(line.splitlines()) == 1 and covers(line, event))
        assert source is None or covers(eval(source), event)


def test_a_file_has_each_line_once_and_in_order(tmp_path: Path) -> None:
    write_lines(tmp_path / "new" / "known.txt", ["b", "a", "b", "Ä"])

    assert (tmp_path / "new" / "known.txt").read_bytes() == (
        "# What the tests report and never look at. Written by pytest --sentry-allow-all.\na\nb\nÄ\n"
    ).encode()
