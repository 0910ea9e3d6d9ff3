from __future__ import annotations

import pytest

from pytest_sentryintegration.matching import span
from pytest_sentryintegration.words import compare_lines
from tests.matching.spans import FakeSpan, chain

REQUEST = FakeSpan("http.server", None, FakeSpan("db.query", "SELECT * FROM cart"), FakeSpan("cache.get"))


@pytest.mark.parametrize("pair", [(1, 2), ("a", span("a")), (span("a"), span("a")), (REQUEST, REQUEST)])
def test_foreign_values_are_not_compared(pair: tuple[object, object]) -> None:
    assert compare_lines(*pair) is None


def test_trees_that_differ_are_one_column_with_marks() -> None:
    pattern = span("http.server", span("auth"), span("db.query", "SELECT 1"))

    assert compare_lines(REQUEST, pattern) == [
        "the span trees differ: 1 missing, 1 unexpected, 1 different",
        "  http.server",
        "-   auth",
        "!   db.query 'SELECT * FROM cart'",
        "!       description: expected 'SELECT 1', got 'SELECT * FROM cart'",
        "+   cache.get",
    ]


def test_the_pattern_may_stand_on_either_side() -> None:
    pattern = span("http.server")

    assert compare_lines(pattern, REQUEST) == compare_lines(REQUEST, pattern)


def test_what_is_far_from_a_difference_is_left_out() -> None:
    branches = [FakeSpan("step", str(number), FakeSpan("db"), FakeSpan("db")) for number in range(3)]
    tree = FakeSpan("root", None, *branches, FakeSpan("end"))
    pattern = span(
        "root",
        *[span("step", str(number), ..., unordered=True) for number in range(3)],
        span("start"),
    )

    assert compare_lines(tree, pattern) == [
        "the span trees differ: 1 missing, 1 unexpected",
        "  root",
        "    step '0'  (2 more below)",
        "    step '1'  (2 more below)",
        "    step '2'  (2 more below)",
        "-   start",
        "+   end",
    ]


def test_a_long_missing_tree_is_counted() -> None:
    pattern = span("http.server", ..., span("batch", *[span("db") for _ in range(500)]))

    lines = compare_lines(REQUEST, pattern)

    assert lines is not None
    assert lines[-1] == "-   batch  (500 more below)"


def test_every_line_fits_into_eighty_columns() -> None:
    tree = chain(lambda op, *rest: FakeSpan(op * 9, *rest), 40)
    tree.children[0].children[0].description = "x" * 500
    pattern = chain(lambda op, *rest: span(op * 9, *rest), 41)

    lines = compare_lines(tree, pattern)

    assert lines is not None
    assert max(map(len, lines)) <= 80


def test_very_different_trees_are_told_in_sixty_lines_or_so() -> None:
    tree = FakeSpan("root", None, *[FakeSpan(f"a{number}") for number in range(500)])

    lines = compare_lines(tree, span("root", *[span(f"b{number}") for number in range(500)]))

    assert lines is not None
    assert len(lines) <= 63
    assert lines[-1] == "  ... 62 more lines"


def test_the_mark_is_on_the_root_where_the_root_differs() -> None:
    assert compare_lines(REQUEST, span("http.client", ...)) == [
        "the span trees differ: 1 different",
        "! http.server",
        "!     op: expected 'http.client', got 'http.server'",
        "    ... 2 further",
    ]
