from __future__ import annotations

import itertools
import re
import time
from collections.abc import Sequence
from types import EllipsisType
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.matching import SpanPattern, span
from tests.matching.spans import FakeSpan, chain

query_span = FakeSpan("db.query", "SELECT * FROM cart", status="ok", data={"rows": 3})
cache_span = FakeSpan("cache.get", "cart:1")
request_tree = FakeSpan("http.server", "checkout", query_span, cache_span)


@pytest.mark.parametrize(
    "pattern",
    [
        span("http.server", span("db.query", "SELECT * FROM cart"), span("cache.get")),
        span("http.server", "checkout", span("db.query"), ...),
        span("http.server", ..., span("cache.get")),
        span("http.server", ..., span("db.query"), ..., span("cache.get"), ...),
        span("http.server", ...),
        span("http.server", ..., ...),
        span("http.server", span("cache.get"), span("db.query"), unordered=True),
        span("http.server", span("cache.get"), ..., unordered=True),
        span(re.compile("^http"), span(...), span(..., description=...)),
        span(lambda op: op.startswith("http"), ...),
        span(mock.ANY, mock.ANY, ...),
        span("http.server", span("db.query", data={"rows": 3}, status="ok"), ...),
        span("http.server", re.compile("check"), ...),
    ],
)
def test_patterns_that_equal_the_tree(pattern: SpanPattern) -> None:
    assert pattern == request_tree
    assert request_tree == pattern
    assert not request_tree != pattern  # noqa: SIM202


@pytest.mark.parametrize(
    "pattern",
    [
        span("http.server"),
        span("http.client", ...),
        span("http.server", "pay", ...),
        span("http.server", span("db.query")),
        span("http.server", span("cache.get"), span("db.query")),
        span("http.server", span("db.query"), span("cache.get"), span("db.query")),
        span("http.server", ..., span("db.query")),
        span("http.server", span("cache.get"), ...),
        span("http.server", span("db.query", ..., span("x")), ...),
        span("http.server", span("db.query"), span("db.query"), unordered=True),
        span("http.server", span("db.query"), unordered=True),
        span("http.server", span("db.query", data={"rows": 4}), ...),
        span("http.server", span("db.query", None), ...),
    ],
)
def test_patterns_that_differ_from_the_tree(pattern: SpanPattern) -> None:
    assert pattern != request_tree
    assert request_tree != pattern
    assert not request_tree == pattern  # noqa: SIM201


def test_unordered_holds_for_one_level() -> None:
    tree = FakeSpan("root", None, FakeSpan("a", None, FakeSpan("x"), FakeSpan("y")), FakeSpan("b"))

    assert tree == span("root", span("b"), span("a", span("x"), span("y")), unordered=True)
    assert tree != span("root", span("b"), span("a", span("y"), span("x")), unordered=True)


def test_unordered_finds_the_only_way_to_give_each_pattern_a_span() -> None:
    tree = FakeSpan("root", None, FakeSpan("db", "a"), FakeSpan("db", "b"), FakeSpan("db", "c"))
    patterns = [span("db", re.compile("[abc]")), span("db", re.compile("[ab]")), span("db", "a")]

    for order in itertools.permutations(patterns):
        assert tree == span("root", *order, unordered=True)


def test_unordered_gives_no_span_to_two_patterns() -> None:
    tree = FakeSpan("root", None, FakeSpan("db", "a"), FakeSpan("db", "b"), FakeSpan("db", "c"))

    assert tree != span("root", span("db", "a"), span("db", "a"), span("db"), unordered=True)


def test_a_pattern_equals_itself_and_no_other_pattern() -> None:
    pattern = span("db")

    same = pattern

    assert pattern == same
    assert pattern != span("db")


@pytest.mark.parametrize("other", [None, "db.query", 3, object()])
def test_what_is_no_span_is_different(other: object) -> None:
    assert span(...) != other


def test_a_pattern_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(span("db"))


def test_patterns_in_a_list_compare_spans_in_a_list() -> None:
    assert [query_span, cache_span] == [span("db.query"), span("cache.get")]


def test_a_criterion_that_names_no_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="has no field 'statsu'; did you mean 'status'"):
        assert query_span == span("db.query", statsu="ok")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("db", "SELECT", "child"), "not 'child'; a description comes right after the op"),
        (("db", ..., "SELECT"), "not 'SELECT'; a description comes right after the op"),
        (("db", span("x"), 3), "a child of a span is another span(...) or ..., not 3"),
    ],
)
def test_a_child_that_is_no_pattern_is_an_error(arguments: Sequence[Any], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        span(*arguments)


def test_a_second_description_is_an_error() -> None:
    with pytest.raises(TypeError, match="description twice"):
        span("db", "one", description="two")


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        (span("db"), "span('db')"),
        (span(...), "span(...)"),
        (span("db", "q", ..., span("x", unordered=True)), "span('db', 'q', ..., span('x', unordered=True))"),
        (span("db", description=...), "span('db', description=...)"),
        (span(re.compile("^d"), status="ok"), "span(re('^d'), status='ok')"),
    ],
)
def test_a_pattern_is_shown_as_it_is_written(pattern: SpanPattern, shown: str) -> None:
    assert repr(pattern) == shown


def test_after_a_failure_the_repr_carries_the_first_difference() -> None:
    pattern = span("http.server", span("db.query", "SELECT 1"), span("cache.get"))

    assert pattern != request_tree
    assert repr(pattern) == (
        "<span('http.server', span('db.query', 'SELECT 1'), span('cache.get')): http.server > db.query"
        " 'SELECT * FROM cart': description: expected 'SELECT 1', got 'SELECT * FROM cart'>"
    )


def test_after_a_match_the_repr_forgets_the_difference() -> None:
    pattern = span("db.query")

    assert pattern != cache_span
    assert pattern == query_span
    assert repr(pattern) == "span('db.query')"


def test_the_repr_of_a_huge_pattern_is_short() -> None:
    pattern = span("root", *[span("db", f"query {number}") for number in range(10_000)])

    assert len(repr(pattern)) < 400
    assert pattern != request_tree
    assert len(repr(pattern)) < 800


@pytest.mark.uncounted
def test_a_hundred_thousand_children_are_compared() -> None:
    count = 100_000
    tree = FakeSpan("root", None, *[FakeSpan("db", f"q{number}") for number in range(count)])

    assert tree == span("root", *[span("db", f"q{number}") for number in range(count)])
    assert tree == span("root", ..., span("db", "q7"), ..., span("db", f"q{count - 2}"), ...)
    assert tree == span(
        "root", *[span("db", f"q{number}") for number in reversed(range(count))], unordered=True
    )
    assert tree != span("root", ..., span("db", "none"), ...)


@pytest.mark.uncounted
def test_many_equal_children_in_any_order_are_compared() -> None:
    count = 20_000
    tree = FakeSpan("root", None, *[FakeSpan("db") for _ in range(count)])

    assert tree == span("root", *[span("db") for _ in range(count)], unordered=True)
    assert tree != span("root", *[span("db") for _ in range(count + 1)], ..., unordered=True)


@pytest.mark.uncounted
def test_trees_deeper_than_the_stack_are_compared() -> None:
    tree = chain(FakeSpan, 10_000)

    assert tree == chain(span, 10_000)
    different = chain(span, 9_999)
    assert tree != different
    assert "node > node" in repr(different)


@pytest.mark.uncounted
def test_many_gaps_on_many_levels_are_not_exponential() -> None:
    tree, pattern = FakeSpan("leaf"), span("other")
    for _ in range(12):
        tree = FakeSpan("node", None, *[tree] * 12)
        pattern = span("node", ..., pattern, ..., pattern, ..., pattern, ...)
    started = time.process_time()

    assert tree != pattern
    assert time.process_time() - started < 2


def globs(wanted: Sequence[str | EllipsisType], there: Sequence[str]) -> bool:
    if not wanted:
        return not there
    if wanted[0] is ...:
        return any(globs(wanted[1:], there[start:]) for start in range(len(there) + 1))
    return bool(there) and wanted[0] == there[0] and globs(wanted[1:], there[1:])


@given(
    wanted=st.lists(st.one_of(st.sampled_from("abc"), st.just(...)), max_size=6),
    there=st.lists(st.sampled_from("abc"), max_size=7),
)
def test_gaps_match_as_the_definition_says(wanted: list[Any], there: list[str]) -> None:
    tree = FakeSpan("root", None, *map(FakeSpan, there))
    children = [... if op is ... else span(op) for op in wanted]

    assert (tree == span("root", *children)) == globs(wanted, there)


def assignable(wanted: Sequence[str], there: Sequence[str], *, further: bool) -> bool:
    if len(wanted) > len(there) or (not further and len(wanted) != len(there)):
        return False
    orders = itertools.permutations(there, len(wanted))
    return any(all(one in many for one, many in zip(order, wanted, strict=True)) for order in orders)


@given(
    wanted=st.lists(st.sampled_from(["a", "b", "ab", "bc", "abc"]), max_size=5),
    there=st.lists(st.sampled_from("abc"), max_size=5),
    further=st.booleans(),
)
def test_unordered_matches_as_the_definition_says(wanted: list[str], there: list[str], further: bool) -> None:
    tree = FakeSpan("root", None, *map(FakeSpan, there))
    children: list[Any] = [span(one if len(one) == 1 else re.compile(f"[{one}]")) for one in wanted]
    children += [...] if further else []

    assert (tree == span("root", *children, unordered=True)) == assignable(wanted, there, further=further)
