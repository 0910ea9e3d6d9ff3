"""`span.anywhere` among the children of a pattern: a span below, at any depth."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.matching import SpanPattern, span
from pytest_sentryintegration.words.trees import compare_lines
from tests.matching.spans import FakeSpan, chain

QUERY = FakeSpan("db.query", "SELECT 1")
VIEW = FakeSpan("view", None, FakeSpan("cache.get"), FakeSpan("model", None, QUERY))
REQUEST = FakeSpan("http.server", "checkout", FakeSpan("auth"), VIEW, FakeSpan("log"))


@pytest.mark.parametrize(
    "pattern",
    [
        span("http.server", span.anywhere("db.query")),
        span("http.server", span.anywhere("db.query", "SELECT 1"), ...),
        span("http.server", ..., span.anywhere("db.query"), ...),
        span("http.server", "checkout", span.anywhere("log")),
        span("http.server", span("auth"), span.anywhere("db.query")),
        span("http.server", span.anywhere("db.query"), span("log")),
        span("http.server", span("auth"), span.anywhere("db.query"), span("log")),
        span("http.server", span.anywhere("db.query"), span.anywhere("cache.get")),
        span("http.server", span.anywhere("cache.get"), span.anywhere("db.query"), unordered=True),
        span("http.server", span("log"), span.anywhere("db.query"), span("auth"), unordered=True),
        span("http.server", span.anywhere("view", span.anywhere("db.query"))),
        span("http.server", span.anywhere("model", span("db.query"))),
        span("http.server", ..., span("view", span.anywhere("db.query")), ...),
        span("http.server", span.anywhere("view", ...)),
        span.anywhere("db.query"),
    ],
)
def test_patterns_that_equal_the_tree(pattern: SpanPattern) -> None:
    assert pattern == REQUEST
    assert pattern == REQUEST


@pytest.mark.parametrize(
    "pattern",
    [
        span("http.server", span.anywhere("db.insert")),
        span("http.server", span.anywhere("db.query", "SELECT 2"), ...),
        span("http.server", span.anywhere("http.server", ...)),
        span("http.server", span.anywhere("view")),
        span("http.server", span("view", ...), span.anywhere("db.query")),
        span("http.server", span.anywhere("db.query"), span("auth")),
        span("http.server", span.anywhere("db.query"), span.anywhere("db.query")),
        span("http.server", span.anywhere("db.query"), span.anywhere("db.query"), unordered=True),
        span("http.server", span.anywhere("model", span.anywhere("cache.get"))),
        span("http.server", ..., span("auth", span.anywhere("db.query")), ...),
        span("log", span.anywhere("db.query")),
        span.anywhere("http.server", ...),
    ],
)
def test_patterns_that_differ_from_the_tree(pattern: SpanPattern) -> None:
    assert pattern != REQUEST


def test_two_of_them_get_two_spans_whichever_way_they_are_given() -> None:
    tree = FakeSpan("root", None, FakeSpan("a", None, FakeSpan("db", "x")), FakeSpan("db", "y"))

    assert tree == span("root", span.anywhere("db"), span.anywhere("db", "x"))
    assert tree == span("root", span.anywhere("db", "x"), span.anywhere("db"))
    assert tree != span("root", span.anywhere("db", "x"), span.anywhere("db"), span.anywhere("db"))


def test_it_is_shown_as_it_is_written() -> None:
    pattern = span("a", span.anywhere("b", "x", span("c"), status="ok"), ...)

    assert repr(pattern) == "span('a', span.anywhere('b', 'x', status='ok', span('c')), ...)"


def test_a_failure_says_which_is_missing() -> None:
    pattern = span("http.server", span("auth"), span.anywhere("db.query"), span.anywhere("db.insert"))

    assert pattern != REQUEST
    assert repr(pattern) == (
        "<span('http.server', span('auth'), span.anywhere('db.query'), span.anywhere('db.insert')):"
        " below http.server: anywhere: db.insert is missing>"
    )
    assert compare_lines(REQUEST, pattern) == [
        "the span trees differ: 1 missing",
        "  http.server 'checkout'",
        "    auth",
        "    ... 2 further",
        "-   anywhere: db.insert",
    ]


def test_a_failure_says_which_of_two_has_no_span_of_its_own() -> None:
    rows = compare_lines(REQUEST, span("http.server", span.anywhere("db.query"), span.anywhere("db.query")))

    assert rows is not None
    assert next(row for row in rows if row.startswith("-")) == "-   anywhere: db.query"


def test_a_description_that_is_given_twice_is_an_error() -> None:
    with pytest.raises(TypeError, match="twice"):
        span.anywhere("a", "b", description="c")


OPS = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.builds(FakeSpan, OPS),
    lambda below: st.builds(
        lambda op, children: FakeSpan(op, None, *children), OPS, st.lists(below, max_size=3)
    ),
    max_leaves=8,
)
CHILDREN = st.recursive(
    st.builds(span, OPS),
    lambda below: st.builds(
        lambda make, op, children, unordered: make(op, *children, unordered=unordered),
        st.sampled_from([span, span.anywhere]),
        OPS,
        st.lists(st.one_of(st.just(...), below, st.builds(span.anywhere, OPS)), max_size=3),
        st.booleans(),
    ),
    max_leaves=5,
)
PATTERNS = st.builds(
    lambda op, children: span(op, *children), OPS, st.lists(CHILDREN | st.just(...), max_size=3)
)


def below(tree: FakeSpan) -> list[FakeSpan]:
    return [found for child in tree.children for found in (child, *below(child))]


def naively(pattern: Any, tree: FakeSpan) -> bool:
    """Match as the documentation says, in exponential time."""
    if pattern.op != tree.op:
        return False
    sought = [child.children[0] for child in pattern.children if child is not ... and child.anywhere]
    if sought and not any(
        all(naively(wanted, found) for wanted, found in zip(sought, chosen, strict=True))
        for chosen in itertools.permutations(below(tree), len(sought))
    ):
        return False
    wanted = [... if child is ... or child.anywhere else child for child in pattern.children]
    if not pattern.unordered:
        return in_order(wanted, list(tree.children))
    spans = [child for child in wanted if child is not ...]
    counts = range(len(spans), len(tree.children) + 1 if ... in wanted else len(spans) + 1)
    return len(tree.children) in counts and any(
        all(naively(one, found) for one, found in zip(spans, chosen, strict=True))
        for chosen in itertools.permutations(tree.children, len(spans))
    )


def in_order(wanted: list[Any], there: list[FakeSpan]) -> bool:
    if not wanted:
        return not there
    if wanted[0] is ...:
        return any(in_order(wanted[1:], there[skipped:]) for skipped in range(len(there) + 1))
    return bool(there) and naively(wanted[0], there[0]) and in_order(wanted[1:], there[1:])


@given(PATTERNS, TREES)
def test_it_matches_as_the_definition_says(pattern: SpanPattern, tree: FakeSpan) -> None:
    assert (pattern == tree) is naively(pattern, tree)


@given(PATTERNS, TREES)
def test_whatever_differs_is_told(pattern: SpanPattern, tree: FakeSpan) -> None:
    if pattern != tree:
        assert "no difference" not in repr(pattern)


@pytest.mark.uncounted
def test_it_is_found_among_ten_thousand_spans_and_deeper_than_the_stack() -> None:
    wide = FakeSpan("root", None, *(FakeSpan("child", None, FakeSpan("db", str(n))) for n in range(5_000)))
    deep = FakeSpan("root", None, chain(FakeSpan, 3_000))
    started = time.process_time()

    assert wide == span("root", span.anywhere("db", "4999"), span.anywhere("db", "0"))
    assert wide != span("root", span.anywhere("db", "5000"))
    assert deep == span("root", span.anywhere("leaf"))
    assert deep == span("root", span.anywhere("node", span.anywhere("node", span.anywhere("leaf"))))
    assert deep != span("root", span.anywhere("node", span.anywhere("node", span.anywhere("other"))))
    # Half a second; a minute where spans are compared with each other.
    assert time.process_time() - started < 4
