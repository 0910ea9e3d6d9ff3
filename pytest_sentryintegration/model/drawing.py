"""Span trees as text with box lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

__all__ = ["MAX_DEPTH", "MAX_LINES", "count_below", "draw"]

MAX_LINES: Final = 200
"""Lines of a drawing, with the one that says how much was left out."""

MAX_DEPTH: Final = 40
"""Levels of a drawing."""

_WIDTH: Final = 200


class Drawable(Protocol):
    """What a tree is drawn of."""

    @property
    def op(self) -> str | None: ...
    @property
    def description(self) -> str | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def duration(self) -> float | None: ...
    @property
    def children(self) -> Sequence[Drawable]: ...


def draw(root: Drawable, *, durations: bool) -> str:
    """Draw *root* and what lies below it, a line each; stops at `MAX_LINES` and `MAX_DEPTH` and says so.

    Args:
        root: The span at the top.
        durations: Whether each line ends with the duration, which differs from run to run.

    Returns:
        Such as::

            http.server  checkout  12.3 ms
            ├─ db.query  SELECT * FROM cart  4.0 ms
            └─ cache.get  [not_found]  0.1 ms
    """
    lines: list[str] = []
    # (span, what its line begins with, what its children's lines begin with, its level)
    stack: list[tuple[Drawable, str, str, int]] = [(root, "", "", 1)]
    while stack:
        span, lead, below, depth = stack.pop()
        children = span.children
        if len(lines) == MAX_LINES - 1 and (stack or children):
            left_out = 1 + count_below(span) + sum(1 + count_below(waiting[0]) for waiting in stack)
            lines.append(f"... {_spans(left_out)} more")
            break
        lines.append(lead + _line(span, durations))
        if children and depth == MAX_DEPTH:
            if len(lines) < MAX_LINES - 1 or (len(lines) == MAX_LINES - 1 and not stack):
                lines.append(f"{below}└─ ... {_spans(count_below(span))} deeper")
            else:
                left_out = count_below(span) + sum(1 + count_below(waiting[0]) for waiting in stack)
                lines.append(f"... {_spans(left_out)} more")
                break
            continue
        for position in range(len(children) - 1, -1, -1):
            last = position == len(children) - 1
            stack.append(
                (
                    children[position],
                    below + ("└─ " if last else "├─ "),
                    below + ("   " if last else "│  "),
                    depth + 1,
                )
            )
    return "\n".join(lines)


def count_below(span: Drawable) -> int:
    """Count the spans below *span*."""
    count = 0
    stack = [span.children]
    while stack:
        children = stack.pop()
        count += len(children)
        stack.extend(inner for inner in (child.children for child in children) if inner)
    return count


def one_line(text: str) -> str:
    r"""Return hostile text on one line that a terminal may show, cut to 200 characters.

    >>> one_line("SELECT *\n  FROM cart\x1b[31m")
    'SELECT * FROM cart\\x1b[31m'
    """
    cut = text[: 2 * _WIDTH]
    plain = " ".join(cut.split())
    if not plain.isprintable():
        plain = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in plain
        )
    return plain if len(plain) <= _WIDTH and len(cut) == len(text) else f"{plain[: _WIDTH - 3]}..."


def _line(span: Drawable, durations: bool) -> str:
    parts = [one_line(span.op or "") or "(no op)"]
    if span.description:
        parts.append(one_line(span.description))
    if span.status and span.status != "ok":
        parts.append(f"[{one_line(span.status)}]")
    if durations and span.duration is not None:
        parts.append(f"{span.duration * 1000:.1f} ms")
    return "  ".join(parts)


def _spans(count: int) -> str:
    return f"{count:,} span" if count == 1 else f"{count:,} spans"
