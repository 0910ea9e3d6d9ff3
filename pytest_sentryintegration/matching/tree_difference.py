"""Where a tree of spans is not as a pattern says: both laid beside each other, row by row.

Meant for reading, so it is kept small: what matches is one row with all that is below it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pytest_sentryintegration.matching.criteria import Difference
from pytest_sentryintegration.matching.showing import plain
from pytest_sentryintegration.matching.span_nodes import (
    iter_node_differences,
    node_matches,
    pattern_label,
    span_label,
)
from pytest_sentryintegration.matching.tree_alignment import Step, align
from pytest_sentryintegration.matching.tree_matching import Matcher

Mark: TypeAlias = Literal[" ", "-", "+", "!"]

MAX_ROWS: Final = 2000
"""Rows after which a comparison ends."""
_EXPANDED: Final = 20
_PATH: Final = 8
"""Spans above a row that it names."""
_SEARCHES: Final = 10
"""Missing spans that are looked for in the whole tree."""
_SEARCHED: Final = 5000
"""Spans that such a search looks at: a tree may have 100,000."""


@dataclass(frozen=True)
class Row:
    """One line of a comparison."""

    mark: Mark
    """``-`` missing, ``+`` unexpected, ``!`` different, a blank for what is as expected."""
    depth: int
    """How far below the root it is."""
    label: str
    """The span, or the pattern where there is no span."""
    differences: tuple[Difference, ...] = ()
    """What is different in a row marked ``!``."""
    below: int = 0
    """How many spans below it have no row of their own."""
    path: tuple[str, ...] = ()
    """The ops of the spans above it."""
    elsewhere: tuple[str, ...] = ()
    """Of what is missing: the ops of the spans above one that is as expected, but elsewhere."""


def compare_trees(pattern: Any, span: Any) -> list[Row]:
    """Lay *pattern* and *span* beside each other, the tree's root first; at most `MAX_ROWS` rows."""
    rows: list[Row] = []
    for row in _iter_rows(pattern, span):
        rows.append(row)
        if len(rows) == MAX_ROWS:
            break
    return rows


def first_difference(pattern: Any, span: Any) -> str:
    """Return where *span* first differs from *pattern*: ``http.server > db.query: status: expected ...``."""
    for row in _iter_rows(pattern, span):
        if row.mark == " ":
            continue
        where = " > ".join(row.path) or "the root"
        if row.mark == "-":
            there = f"; there is one below {show_path(row.elsewhere)}" if row.elsewhere else ""
            return f"below {where}: {row.label} is missing{there}"
        if row.mark == "+":
            return f"below {where}: {row.label} is unexpected"
        inside = " > ".join((*row.path, row.label))
        return f"{inside}: {'; '.join(difference.text for difference in row.differences)}"
    return "no difference"


def show_path(ops: tuple[str, ...]) -> str:
    """Show the ops from a root down, the middle of many left out.

    >>> show_path(("http.server", "view", "db.query"))
    'http.server > view > db.query'
    """
    shown = ops if len(ops) <= 4 else (*ops[:2], "...", ops[-1])
    return " > ".join(plain(op, 20) for op in shown)


_Work: TypeAlias = tuple[Literal["pair", "missing", "unexpected", "row"], Any, Any, int, tuple[str, ...]]


def _iter_rows(pattern: Any, span: Any) -> Iterator[Row]:
    matcher = Matcher(node_matches)
    waiting: list[_Work] = [("pair", pattern, span, 0, ())]
    searches = _SEARCHES
    while waiting:
        what, wanted, there, depth, path = waiting.pop()
        if what == "row":
            yield wanted
        elif what == "pair":
            if matcher.matches(wanted, there):
                yield Row(" ", depth, span_label(there), below=_count_below(there), path=path)
                continue
            found = tuple(iter_node_differences(wanted, there))
            yield Row("!" if found else " ", depth, span_label(there), found, path=path)
            inside = (*path, str(there.op)) if len(path) < _PATH else path
            steps = align(wanted, there, matcher)
            waiting += reversed([_work(step, depth + 1, inside) for step in steps])
        else:
            obj = wanted if what == "missing" else there
            mark: Mark = "-" if what == "missing" else "+"
            label = pattern_label(obj) if what == "missing" else span_label(obj)
            if what == "missing" and obj.anywhere:
                obj = obj.children[0]
            children = [child for child in obj.children if child is not ...]
            below = _count_below(obj)
            expanded = below <= _EXPANDED
            elsewhere: tuple[str, ...] = ()
            if what == "missing" and searches:
                searches -= 1
                elsewhere = _elsewhere(obj, span, path)
            yield Row(mark, depth, label, below=0 if expanded else below, path=path, elsewhere=elsewhere)
            if expanded:
                inside = (*path, str(obj.op)) if len(path) < _PATH else path
                waiting += reversed([_work(_alone(what, child), depth + 1, inside) for child in children])


def _work(step: Step, depth: int, path: tuple[str, ...]) -> _Work:
    if step.left_out:
        return ("row", Row(" ", depth, step.left_out, path=path), None, depth, path)
    if step.pattern is None:
        return ("unexpected", None, step.span, depth, path)
    if step.span is None:
        return ("missing", step.pattern, None, depth, path)
    return ("pair", step.pattern, step.span, depth, path)


def _alone(what: str, child: Any) -> Step:
    return Step(child, None) if what == "missing" else Step(None, child)


def _elsewhere(pattern: Any, root: Any, above: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ops above the first span that is as *pattern* says, other than *above*; empty for none."""
    waiting: deque[tuple[Any, tuple[str, ...]]] = deque([(root, ())])
    for _ in range(_SEARCHED):
        if not waiting:
            break
        span, path = waiting.popleft()
        if path and path[:_PATH] != above and node_matches(pattern, span):
            return path
        waiting.extend((child, (*path, str(span.op))) for child in span.children)
    return ()


def _count_below(node: Any) -> int:
    count = 0
    waiting: list[Sequence[Any]] = [node.children]
    while waiting:
        for child in waiting.pop():
            if child is not ...:
                count += 1
                if child.children:
                    waiting.append(child.children)
    return count
