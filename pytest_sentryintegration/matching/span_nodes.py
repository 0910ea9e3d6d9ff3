"""One span against one pattern, apart from what is below them, and the name either goes by in a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_sentryintegration.matching.criteria import Difference, compare, iter_differences
from pytest_sentryintegration.matching.showing import plain, show


def is_span_like(obj: object) -> bool:
    """Return whether *obj* can be compared with a pattern: it has an op, a description and children."""
    return hasattr(obj, "op") and hasattr(obj, "description") and hasattr(obj, "children")


def node_matches(pattern: Any, span: Any) -> bool:
    """Return whether *span* is as *pattern* says, apart from its children."""
    # Plain texts decide by themselves: a tree may have 100,000 of them.
    if type(pattern.op) is str:
        if pattern.op != span.op:
            return False
        if not pattern.criteria and (not pattern.described or type(pattern.description) is str):
            return not pattern.described or bool(pattern.description == span.description)
    return next(iter_node_differences(pattern, span), None) is None


def iter_node_differences(pattern: Any, span: Any) -> Iterator[Difference]:
    """Yield where *span* is not as *pattern* says, apart from its children."""
    # `...` accepts a span without op or description, too: "any" is what a person means by it here.
    if pattern.op is not ...:
        yield from compare(pattern.op, span.op, "op")
    if pattern.described and pattern.description is not ...:
        yield from compare(pattern.description, span.description, "description")
    if pattern.criteria:
        yield from iter_differences(span, pattern.criteria)


def pattern_label(pattern: Any) -> str:
    """Return a pattern on one line, without its children: ``db.query 'SELECT 1' status='ok'``."""
    if pattern.anywhere:
        return f"anywhere: {pattern_label(pattern.children[0])}"
    parts = [plain(pattern.op) if isinstance(pattern.op, str) else show(pattern.op)]
    if pattern.described:
        parts.append(show(pattern.description))
    parts += [f"{name}={show(criterion)}" for name, criterion in pattern.criteria.items()]
    return " ".join(parts)


def span_label(span: Any) -> str:
    """Return a span on one line: ``db.query 'SELECT 1'``."""
    op = plain(span.op) if isinstance(span.op, str) else "(no op)"
    return op if span.description is None else f"{op} {show(span.description)}"
