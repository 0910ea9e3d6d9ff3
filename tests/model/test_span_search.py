"""Walking a tree and finding a span in it."""

from __future__ import annotations

import re

import pytest

from pytest_sentryintegration.matching import span as pattern
from pytest_sentryintegration.model import NotOneSpan
from tests.model.sent import only_transaction, ops, span

TREE = only_transaction(
    span("db", description="SELECT 1"), span("cache", "db"), span("db", description="SELECT 2", start=100.7)
).tree


def test_walking_goes_depth_first_with_the_span_itself_first() -> None:
    assert ops(TREE.walk()) == ["task", "db", "cache", "db"]


def test_a_span_is_found_by_op_and_by_other_criteria() -> None:
    assert TREE.find("cache") == TREE.children[0].children[0]
    assert TREE.find(op="cache") == TREE.find(re.compile("^ca"))
    assert TREE.find("db", description="SELECT 2") == TREE.children[1]


def test_finding_several_or_none_is_an_assertion_error_with_the_tree() -> None:
    with pytest.raises(
        NotOneSpan, match=r"expected one span matching op='db' below this one, 2 spans match:\ntask"
    ):
        TREE.find("db")
    with pytest.raises(AssertionError, match="no span matches"):
        TREE.find("task")


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(TypeError, match="descripton"):
        TREE.find("db", descripton="x")


def test_a_tree_is_compared_with_a_pattern_from_either_side() -> None:
    expected = pattern("task", pattern("db", pattern("cache")), ...)

    assert expected == TREE
    assert expected == TREE
    assert pattern("task") != TREE
