"""Where an object differs from what was expected of it, as lines of at most 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pytest_sentryintegration.matching import Difference, SpanPattern
from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.matching.span_nodes import is_span_like
from pytest_sentryintegration.words.trees import difference_lines

COLUMNS: Final = 80
MAX_DIFFERENCES: Final = 12
_BEFORE: Final = 20


def difference_texts(differences: Sequence[Difference], indent: str) -> list[str]:
    """Return the lines for *differences*, indented: the first `MAX_DIFFERENCES`, and a count of the rest."""
    lines: list[str] = []
    for difference in differences[:MAX_DIFFERENCES]:
        lines += [indent + line for line in _lines(difference, COLUMNS - len(indent))]
    if len(differences) > MAX_DIFFERENCES:
        lines.append(f"{indent}... {len(differences) - MAX_DIFFERENCES} more differences")
    return lines


def _lines(difference: Difference, width: int) -> Iterable[str]:
    expected, got, path = difference.expected, difference.got, plain(difference.path)
    if isinstance(expected, SpanPattern) and is_span_like(got):
        note = f" ({difference.note})" if difference.note else ""
        return [
            f"{path}: the span trees differ{note}",
            *(f"  {line}" for line in difference_lines(expected, got)),
        ]
    one_line = difference.text
    shown = (show(expected), show(got))
    if len(one_line) <= width and not any("..." in text for text in shown if text != "..."):
        return [one_line]
    if type(expected) is str and type(got) is str:
        first, second = _from_first_difference(expected, got, width - 12)
    else:
        first, second = show(expected, width - 12), show(got, width - 12)
    lines = [path, f"  expected: {first}", f"  got:      {second}"]
    if difference.note:
        note = f" ({difference.note})"
        fits = len(lines[-1]) + len(note) <= width
        lines[-1:] = [lines[-1] + note] if fits else [lines[-1], f"           {note}"]
    return lines


def _from_first_difference(expected: str, got: str, width: int) -> tuple[str, str]:
    """Cut two long texts so that both show the place of their first difference."""
    same = 0
    for one, other in zip(expected, got, strict=False):
        if one != other:
            break
        same += 1
    start = max(same - _BEFORE, 0)
    if not start or max(len(expected), len(got)) <= width - 2:
        return _head(expected, width), _head(got, width)
    return "..." + _head(expected[start:], width - 3), "..." + _head(got[start:], width - 3)


def _head(text: str, width: int) -> str:
    shown = repr(text[:width])
    return (
        shown if len(text) <= width and len(shown) <= width else f"{repr(text[: width - 5])[: width - 3]}..."
    )
