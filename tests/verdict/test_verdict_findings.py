"""Findings in order, and those that a suite allows."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.verdict import DEFAULT_ALLOW, Finding, matches_allow, objections, sort_key


def found(path: str, rule: str = "invalid_data", stored: object = None) -> Finding:
    return Finding(path, rule, "sent", stored, "A sentence.")


def test_the_worst_comes_first() -> None:
    cut, lost, changed = found("message", "!limit", "se"), found("release"), found("level", stored="error")
    whole, frame = found("", "invalid_json"), found("x.vars", "stack_frames")

    ordered = sorted([frame, cut, changed, lost, whole], key=sort_key)

    assert ordered == [whole, lost, changed, cut, frame]


@pytest.mark.parametrize(
    "path",
    [
        "exception.values.0.stacktrace.frames.3.vars",
        "exception.values.0.stacktrace.frames.3.vars.rows.0.name",
        "threads.values.1.stacktrace.frames.30.vars.a",
        "exception.values.2.stacktrace.frames.30.pre_context",
    ],
)
def test_variables_of_frames_are_allowed_by_default(path: str) -> None:
    assert matches_allow(path)


@pytest.mark.parametrize(
    "path",
    [
        "exception.values.0.stacktrace.frames",
        "exception.values.0.stacktrace.frames.3.function",
        "extra.exception.values.0.stacktrace.frames.3.vars",
        "contexts.vars",
        "tags.vars",
    ],
)
def test_nothing_else_is(path: str) -> None:
    assert not matches_allow(path, DEFAULT_ALLOW)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("tags.graph", "tags.graph", True),
        ("tags.*", "tags.a\nb", True),
        ("tags.gr*", "tags.graph", True),
        ("tags.*", "tags.a.b", False),
        ("tags.**", "tags.a.b", True),
        ("extra.**", "extra", True),
        ("extra.**", "extras", False),
        ("dsn.**", "dsn.public_key", True),
        ("a+b", "aab", False),
    ],
)
def test_a_pattern_stands_for_paths(pattern: str, path: str, expected: bool) -> None:
    assert matches_allow(path, [pattern]) is expected


def test_objections_are_what_is_not_allowed() -> None:
    findings = [found("message", "!limit", "se"), found("dsn.public_key"), found("level", stored="error")]

    assert [one.path for one in objections(findings, ["dsn.**"])] == ["level", "message"]


def test_a_finding_reads_as_a_sentence() -> None:
    assert str(found("tags.a")) == "tags.a: A sentence."
    assert str(found("")) == "A sentence."
