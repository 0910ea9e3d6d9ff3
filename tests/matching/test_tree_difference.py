from __future__ import annotations

import time

import pytest

from pytest_sentryintegration.matching import SpanPattern, span
from pytest_sentryintegration.matching.tree_difference import MAX_ROWS, compare_trees, first_difference
from tests.matching.spans import FakeSpan, chain

QUERY = FakeSpan("db.query", "SELECT * FROM cart")
CACHE = FakeSpan("cache.get", "cart:1")
REQUEST = FakeSpan("http.server", None, QUERY, CACHE)


def rows(pattern: SpanPattern, tree: FakeSpan) -> list[str]:
    return [
        f"{row.mark} {'  ' * row.depth}{row.label}{f' +{row.below}' if row.below else ''}"
        for row in compare_trees(pattern, tree)
    ]


def test_a_tree_that_matches_is_one_row() -> None:
    assert rows(span("http.server", ...), REQUEST) == ["  http.server +2"]


def test_a_missing_span_is_marked() -> None:
    pattern = span("http.server", span("db.query"), span("auth", span("ldap")), span("cache.get"))

    assert rows(pattern, REQUEST) == [
        "  http.server",
        "    db.query 'SELECT * FROM cart'",
        "-   auth",
        "-     ldap",
        "    cache.get 'cart:1'",
    ]


def test_an_unexpected_span_is_marked() -> None:
    assert rows(span("http.server", span("cache.get")), REQUEST) == [
        "  http.server",
        "+   db.query 'SELECT * FROM cart'",
        "    cache.get 'cart:1'",
    ]


def test_a_different_span_is_marked_with_its_differences() -> None:
    pattern = span("http.server", span("db.query", "SELECT 1"), span("cache.get"))
    different = [row for row in compare_trees(pattern, REQUEST) if row.mark == "!"]

    assert [[difference.text for difference in row.differences] for row in different] == [
        ["description: expected 'SELECT 1', got 'SELECT * FROM cart'"]
    ]


def test_spans_of_another_op_are_one_missing_and_one_unexpected() -> None:
    assert rows(span("http.server", span("template"), span("cache.get")), REQUEST) == [
        "  http.server",
        "-   template",
        "+   db.query 'SELECT * FROM cart'",
        "    cache.get 'cart:1'",
    ]


def test_what_dots_stand_for_is_counted() -> None:
    tree = FakeSpan("root", None, FakeSpan("a"), FakeSpan("b"), FakeSpan("c"))

    assert rows(span("root", span("a"), ..., span("d")), tree) == [
        "  root",
        "    a",
        "    ... 2 further",
        "-   d",
    ]


def test_an_unordered_level_keeps_the_order_of_the_spans() -> None:
    pattern = span("http.server", span("cache.get"), span("auth"), unordered=True)

    assert rows(pattern, REQUEST) == [
        "  http.server",
        "+   db.query 'SELECT * FROM cart'",
        "    cache.get 'cart:1'",
        "-   auth",
    ]


def test_a_difference_deep_below_is_found() -> None:
    tree = FakeSpan("root", None, FakeSpan("a", None, FakeSpan("b", None, QUERY)))
    pattern = span("root", span("a", span("b", span("db.query", "SELECT 1"))))

    assert first_difference(pattern, tree) == (
        "root > a > b > db.query 'SELECT * FROM cart': description: expected 'SELECT 1',"
        " got 'SELECT * FROM cart'"
    )


def test_the_first_missing_and_the_first_unexpected_span_are_named() -> None:
    assert first_difference(span("http.server", span("db.query"), ..., span("x")), REQUEST) == (
        "below http.server: x is missing"
    )
    assert first_difference(span("http.server", span("cache.get")), REQUEST) == (
        "below http.server: db.query 'SELECT * FROM cart' is unexpected"
    )


def test_a_large_tree_is_compared_in_few_rows() -> None:
    tree = FakeSpan("root", None, *[FakeSpan("db", f"q{number}") for number in range(5_000)])
    pattern = span("root", *[span("db", f"q{number if number != 2_500 else 0}") for number in range(5_000)])

    assert rows(pattern, tree) == [
        "  root",
        "    ... 2498 more as expected",
        "    db 'q2498'",
        "    db 'q2499'",
        "!   db 'q2500'",
        "    db 'q2501'",
        "    db 'q2502'",
        "    ... 2497 more as expected",
    ]


@pytest.mark.uncounted
def test_trees_with_nothing_in_common_are_compared_in_bounded_time() -> None:
    tree = FakeSpan("root", None, *[FakeSpan("a", f"q{number}") for number in range(3_000)])
    pattern = span("root", *[span("b", f"p{number}") for number in range(3_000)])
    started = time.process_time()
    found = compare_trees(pattern, tree)

    assert found[-1].label == "... not compared further: 2940 expected and 2940 received"
    assert time.process_time() - started < 2


def test_a_tree_deeper_than_the_stack_is_compared() -> None:
    assert len(compare_trees(chain(span, 5_000), chain(FakeSpan, 5_001))) == MAX_ROWS
