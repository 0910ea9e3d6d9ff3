"""Two span trees that differ, as one column with a mark where a span is missing, unexpected or different."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from pytest_sentryintegration.matching.criteria import Difference
from pytest_sentryintegration.matching.showing import cut, plain, show
from pytest_sentryintegration.matching.span_nodes import is_span_like
from pytest_sentryintegration.matching.span_pattern import SpanPattern
from pytest_sentryintegration.matching.tree_difference import MAX_ROWS, Row, compare_trees, show_path

WIDTH: Final = 76
"""80 columns, less the four by which pytest indents an explanation under another."""
MAX_LINES: Final = 60
_DEPTH: Final = 16
_CONTEXT: Final = 2


def compare_lines(left: object, right: object) -> list[str] | None:
    """Return what to print for ``assert left == right``; ``None`` unless one is a pattern of the other.

    The first line is a summary, the others are the tree of what was received:

    ``-`` is expected and missing, ``+`` is there and unexpected, ``!`` is different.
    """
    if isinstance(right, SpanPattern):
        pattern, span = right, left
    elif isinstance(left, SpanPattern):
        pattern, span = left, right
    else:
        return None
    if not is_span_like(span):
        span = getattr(span, "tree", None)
    if isinstance(span, SpanPattern) or not is_span_like(span):
        return None
    rows = compare_trees(pattern, span)
    return [_summary(rows), *tree_lines(rows)]


def difference_lines(pattern: Any, span: Any) -> list[str]:
    """Return the trees as one column of at most `MAX_LINES` lines and `WIDTH` columns."""
    return tree_lines(compare_trees(pattern, span))


def tree_lines(rows: list[Row]) -> list[str]:
    """Return *rows* as lines; rows far from any difference are counted instead."""
    shown = _near_differences(rows)
    lines: list[str] = []
    previous = -1
    for position in shown:
        if len(lines) >= MAX_LINES:
            left = sum(1 for later in shown if later >= position)
            lines.append(f"  ... {left} more lines")
            return lines
        if position > previous + 1:
            lines.append(f"  {_indent(rows[position])}... {position - previous - 1} lines as expected")
        lines += _row_lines(rows[position])
        previous = position
    if previous < len(rows) - 1:
        lines.append(f"  ... {len(rows) - 1 - previous} lines as expected")
    if len(rows) == MAX_ROWS:
        lines.append("  ... and the rest of the trees, which is not compared here")
    return lines


def _summary(rows: list[Row]) -> str:
    counts = Counter(row.mark for row in rows)
    named = (("-", "missing"), ("+", "unexpected"), ("!", "different"))
    parts = [f"{counts[mark]} {word}" for mark, word in named if counts[mark]]  # type: ignore[index]
    return f"the span trees differ: {', '.join(parts) or 'in no way'}"


def _near_differences(rows: list[Row]) -> list[int]:
    """Return the positions of rows that differ, of their neighbours, and of the spans above them."""
    kept: set[int] = set()
    above: list[int] = []
    for position, row in enumerate(rows):
        while above and rows[above[-1]].depth >= row.depth:
            above.pop()
        above.append(position)
        if row.mark != " ":
            kept.update(above)
            kept.update(range(max(position - _CONTEXT, 0), min(position + _CONTEXT + 1, len(rows))))
    # To leave out a single line would need a line to say so.
    kept.update(at for at in range(len(rows)) if {at - 1, at + 1} <= kept)
    return sorted(kept)


def _row_lines(row: Row) -> list[str]:
    indent = _indent(row)
    below = f"  ({row.below} more below)" if row.below else ""
    label = cut(row.label, max(WIDTH - 2 - len(indent) - len(below), 20))
    lines = [f"{row.mark} {indent}{label}{below}"]
    if row.elsewhere:
        there = [f"there is one below {show_path(row.elsewhere)}"]
        if len(row.elsewhere) > len(row.path) and row.elsewhere[: len(row.path)] == row.path:
            there.append("span.anywhere(...) matches at any depth")
        lines += [f"{row.mark} {indent}    {cut(line, max(WIDTH - 6 - len(indent), 30))}" for line in there]
    room = max(WIDTH - 6 - len(indent), 30)
    for difference in row.differences:
        lines += [f"!     {indent}{text}" for text in _difference_lines(difference, room)]
    return [line.rstrip() for line in lines]


def _difference_lines(difference: Difference, room: int) -> list[str]:
    """Return *difference* as one line, or as two where one would cut its values."""
    path = plain(difference.path, 30)
    if difference.note or len(difference.text) <= room:
        return [cut(difference.text, room)]
    width = max(room - len(path) - len(": expected "), 15)
    return [
        f"{path}: expected {show(difference.expected, width)}",
        f"{' ' * len(path)}  got      {show(difference.got, width)}",
    ]


def _indent(row: Row) -> str:
    if row.depth <= _DEPTH:
        return "  " * row.depth
    deep = f"[{row.depth} deep] "
    return "  " * (_DEPTH - len(deep) // 2) + deep
