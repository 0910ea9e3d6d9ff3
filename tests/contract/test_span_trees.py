"""Section 4: a whole tree is compared with a pattern, and drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from pytest_sentryintegration import SentryEvents, span
from tests.contract.sending import (
    child,
    post,
    root,
    static_span,
    streamed,
    streamed_span,
    transaction,
)


def checkout() -> None:
    """A request with a query, a look into the cache, and a page."""
    with root("checkout", "http.server"):
        with child("db.query", "SELECT * FROM cart", rows=3), child("db.connect"):
            pass
        with child("cache.get", "cart:7"):
            pass
        with child("template.render", "cart.html"):
            pass


def test_a_tree_equals_the_pattern_of_the_whole_tree(sentry_events: SentryEvents) -> None:
    checkout()
    assert sentry_events.transactions.find("checkout").tree == span(
        "http.server",
        span("db.query", "SELECT * FROM cart", span("db.connect")),
        span("cache.get", "cart:7"),
        span("template.render"),
    )


def test_a_pattern_may_stand_on_either_side(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db"):
        pass
    tree = sentry_events.transactions.find("checkout").tree
    assert span("task", span("db")) == tree
    assert span("task", span("db")) != span("task", span("cache"))
    assert tree != span("task")
    assert (tree != span("task", span("db"))) is False


WRONG: dict[str, Callable[[], object]] = {
    "an op": lambda: span("http.client", ...),
    "a child too few": lambda: span("http.server", span("db.query", ...), span("cache.get")),
    "a child too many": lambda: span("http.server", ..., span("template.render"), span("log")),
    "the order": lambda: span("http.server", ..., span("cache.get"), span("db.query", ...), ...),
    "a description": lambda: span("http.server", span("db.query", "SELECT 1", ...), ...),
    "a grandchild": lambda: span("http.server", span("db.query", span("socket")), ...),
    "no children": lambda: span("http.server", span("db.query"), ...),
    "a criterion": lambda: span("http.server", span("db.query", ..., data={"rows": 4}), ...),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_tree_that_differs_is_not_equal(sentry_events: SentryEvents, wrong: str) -> None:
    checkout()
    tree = sentry_events.transactions.find("checkout").tree
    assert tree != WRONG[wrong]()
    assert not tree == WRONG[wrong]()  # noqa: SIM201


def test_an_ellipsis_stands_for_any_number_of_further_spans(sentry_events: SentryEvents) -> None:
    checkout()
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("http.server", ...)
    assert tree == span("http.server", ..., span("template.render"))
    assert tree == span("http.server", span("db.query", ...), ..., span("template.render"), ...)
    assert tree == span("http.server", ..., span("cache.get"), ...)
    assert tree == span("http.server", span("db.query", ...), span("cache.get"), span("template.render"), ...)


def test_between_two_ellipses_the_order_still_counts(sentry_events: SentryEvents) -> None:
    checkout()
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("http.server", ..., span("db.query", ...), ..., span("template.render"), ...)
    assert tree != span("http.server", ..., span("template.render"), ..., span("db.query", ...), ...)


def test_unordered_holds_for_one_level(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("a"):
        with child("b"):
            pass
        with child("c"):
            pass
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("task", span("a", span("c"), span("b"), unordered=True))
    assert tree != span("task", span("a", span("c"), span("b")), unordered=True)


def test_unordered_children_are_matched_so_that_all_fit(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"):
        with child("db", "first"):
            pass
        with child("db", "second"):
            pass
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("task", span("db"), span("db", "first"), unordered=True)
    assert tree != span("task", span("db", "first"), span("db", "first"), unordered=True)
    assert tree == span("task", ..., span("db", "second"), unordered=True)


def test_any_description_is_given_by_name(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db", "SELECT 1"):
        pass
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("task", span("db", description="SELECT 1"))
    assert tree == span("task", span("db", description=lambda text: text.startswith("SELECT")))
    assert tree == span("task", span("db", description=...))
    assert tree != span("task", span("db", description=None))


def test_a_pattern_or_an_ellipsis_after_op_begins_the_children(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db", "SELECT 1"):
        pass
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("task", span("db", "SELECT 1"))
    assert tree == span("task", ...)
    assert tree == span("task", "checkout", span("db")) or tree.description is None


def test_an_op_or_criterion_can_be_of_any_kind(sentry_events: SentryEvents) -> None:
    checkout()
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span(
        re.compile("^http"),
        span("db.query", re.compile("cart$"), ..., data={"rows": lambda rows: rows < 10}),
        span(...),
        span(lambda op: op.endswith("render")),
    )


def test_an_unknown_criterion_of_a_pattern_is_a_type_error(sentry_events: SentryEvents) -> None:
    checkout()
    tree = sentry_events.transactions.find("checkout").tree
    with pytest.raises(TypeError, match="status"):
        _ = tree == span("http.server", ..., stauts="ok")


def test_two_spans_are_equal_when_they_are_the_same_span(sentry_events: SentryEvents) -> None:
    checkout()
    checkout()
    one, two = (seen.tree for seen in sentry_events.transactions)
    assert one == sentry_events.transactions[0].tree
    assert one != two
    assert len({one, two, one}) == 2
    assert sentry_events.transactions[0].tree.children[0] is one.children[0]


def test_children_are_ordered_by_start_time(sentry_events: SentryEvents) -> None:
    spans = [static_span(4, 1, "third"), static_span(2, 1, "first"), static_span(3, 1, "second")]
    post(sentry_events.dsn, transaction("checkout", "task", *spans))
    tree = sentry_events.transactions.find("checkout").tree
    assert [one.op for one in tree.children] == ["first", "second", "third"]


def test_ties_are_ordered_as_they_were_recorded(sentry_events: SentryEvents) -> None:
    at: dict[str, Any] = {"start_timestamp": 1700000000.0, "timestamp": 1700000001.0}
    names = ["d", "a", "c", "b"]
    spans = [static_span(9 - n, 1, name, **at) for n, name in enumerate(names)]
    post(sentry_events.dsn, transaction("checkout", "task", *spans))
    tree = sentry_events.transactions.find("checkout").tree
    assert [one.op for one in tree.children] == names


def test_str_draws_the_tree_with_box_lines_and_durations(sentry_events: SentryEvents) -> None:
    spans = [
        static_span(2, 1, "db.query", "SELECT 1"),
        static_span(3, 2, "socket"),
        static_span(4, 1, "render"),
    ]
    post(sentry_events.dsn, transaction("checkout", "task", *spans))
    lines = str(sentry_events.transactions.find("checkout").tree).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["├─", "│", "└─"] or any("├" in line for line in lines)
    assert "└" in lines[-1]
    assert len(lines) == 4
    assert "500" in lines[1]
    assert all("ms" in line or " s" in line for line in lines)


def test_the_outline_holds_nothing_that_varies(sentry_events: SentryEvents) -> None:
    checkout()
    checkout()
    one, two = (seen.tree.outline() for seen in sentry_events.transactions)
    assert one == two
    assert "ms" not in one
    assert len(one.splitlines()) == 5
    assert "db.query" in one
    assert "SELECT * FROM cart" in one


def test_the_outline_is_the_same_for_streamed_spans(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, transaction("checkout", "task", static_span(2, 1, "db", "SELECT 1")))
    segment, query = streamed_span(1, "checkout", "task"), streamed_span(2, "SELECT 1", "db", 1)
    for one in (segment, query):
        one["trace_id"] = "f" * 32
    post(sentry_events.dsn, streamed(query, segment))
    first, second = sentry_events.transactions.wait(2, "checkout")
    assert first.tree.outline() == second.tree.outline()


@pytest.mark.uncounted
def test_a_deep_tree_can_be_compared_and_drawn(sentry_events: SentryEvents) -> None:
    depth = 10_000
    spans = [streamed_span(number, "step", "step", number - 1) for number in range(2, depth + 1)]
    for begin in range(0, depth, 1000):
        post(sentry_events.dsn, streamed(*spans[begin : begin + 1000]))
    post(sentry_events.dsn, streamed(streamed_span(1, "deep", "task")))
    tree = sentry_events.transactions.find("deep").tree
    assert sum(1 for _ in tree.walk()) == depth
    pattern = span("step")
    for _ in range(depth - 2):
        pattern = span("step", pattern)
    assert tree == span("task", pattern)
    assert tree != span("task", span("step", pattern))
    drawn = str(tree)
    assert len(drawn.splitlines()) <= 202
    assert "9960" in drawn or "9,960" in drawn or "99" in drawn.splitlines()[-1]


def test_a_wide_drawing_stops_at_200_lines_and_says_how_much_it_left_out(sentry_events: SentryEvents) -> None:
    spans = [static_span(number, 1, "step") for number in range(2, 1002)]
    post(sentry_events.dsn, transaction("wide", "task", *spans))
    lines = str(sentry_events.transactions.find("wide").tree).splitlines()
    assert len(lines) <= 202
    assert "80" in lines[-1]


def test_hostile_parents_do_not_hang(sentry_events: SentryEvents) -> None:
    spans = [
        static_span(2, 3, "a"),
        static_span(3, 2, "b"),
        static_span(4, 4, "own"),
        static_span(5, 99, "lost"),
    ]
    post(sentry_events.dsn, transaction("loop", "task", *spans))
    seen = sentry_events.transactions.find("loop")
    assert str(seen.tree)
    assert seen.tree.outline()
    assert {one.op for one in sentry_events.spans} == {"task", "a", "b", "own", "lost"}


def test_any_stands_for_an_op_or_a_description(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db", "SELECT 1"):
        pass
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span(mock.ANY, span("db", mock.ANY))
    assert tree == span("task", span(mock.ANY, mock.ANY))
    assert tree != span(mock.ANY, mock.ANY)


def test_a_transaction_may_stand_for_its_tree_in_a_difference(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db"):
        pass
    seen = sentry_events.transactions.find("checkout")
    pattern = span("task", span("cache"))
    with pytest.raises(AssertionError, match=r"tree"):
        assert seen == pattern
    with pytest.raises(AssertionError, match=r"- +cache"):
        assert seen.tree == pattern
