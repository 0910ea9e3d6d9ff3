from __future__ import annotations

import functools
import re
from typing import Any

import pytest

from pytest_sentryintegration.matching import span
from pytest_sentryintegration.matching.showing import MISSING, Name, show


class Angry:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Lines:
    def __repr__(self) -> str:
        return "a\nb"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "'text'"),
        (Name("shop.Error"), "shop.Error"),
        (b"\x00", "b'\\x00'"),
        (..., "..."),
        (None, "None"),
        (MISSING, "nothing"),
        (ValueError, "ValueError"),
        (re.compile("^a"), "re('^a')"),
        (re.compile("a", re.IGNORECASE | re.MULTILINE), "re('a', IGNORECASE | MULTILINE)"),
        (re.compile(b"a"), "re(b'a')"),
        (str.isupper, "str.isupper"),
        (len, "len"),
        ({"a": [1, ("b",)], "c": {}}, "{'a': [1, ('b',)], 'c': {}}"),
        ({"tags": re.compile("x")}, "{'tags': re('x')}"),
        (span("db", "SELECT 1", ...), "span('db', 'SELECT 1', ...)"),
        (Angry(), "<Angry whose repr raised RuntimeError>"),
        (Lines(), "a b"),
    ],
)
def test_values_as_they_are_shown(value: Any, shown: str) -> None:
    assert show(value) == shown


def test_a_lambda_is_shown_with_its_place() -> None:
    assert re.fullmatch(r"<lambda at test_showing.py:\d+>", show(lambda value: value))


def test_a_partial_is_shown_by_its_repr() -> None:
    assert show(functools.partial(int, "3")).startswith("functools.partial(")


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10_000,
        b"x" * 10_000,
        ["x" * 50] * 50,
        {"k" * 80: "v" * 80},
        re.compile("x" * 500),
        [[[[[[1] * 99]]]]],
    ],
)
def test_long_values_are_cut(value: Any) -> None:
    assert len(show(value)) <= 72


def test_of_a_long_list_the_rest_is_counted() -> None:
    assert show(list(range(100)), 30) == "[0, 1, 2, 3, 4, ... 95 more]"


def test_a_huge_text_is_not_escaped_as_a_whole() -> None:
    assert len(show("\x00" * 50_000_000)) <= 72
