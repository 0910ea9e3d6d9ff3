"""Which child of a span stands for which child of a pattern, where not all of them match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_sentryintegration.matching.criteria import compare
from pytest_sentryintegration.matching.span_nodes import node_matches
from pytest_sentryintegration.matching.tree_matching import Matcher

WINDOW: Final = 60
"""How many children on each side are laid beside each other, counted from the first that do not match."""

_SHOWN_AROUND: Final = 2
_ALONE: Final = 2.0
_ABSORBED: Final = 0.001
_NEVER: Final = 100.0


@dataclass(frozen=True)
class Step:
    """One row of an alignment: a pattern and its span, one of them alone, or a remark on what is left out."""

    pattern: Any = None
    span: Any = None
    left_out: str = ""


def align(pattern: Any, span: Any, matcher: Matcher) -> list[Step]:
    """Lay the children of *pattern* beside those of *span*, so that few are missing or unexpected."""
    children = [pattern] if pattern.anywhere else pattern.children
    claims = [child for child in children if child is not ... and child.anywhere]
    wanted = [... if child is ... or child.anywhere else child for child in children] if claims else children
    align_children = _align_unordered if pattern.unordered else _align_in_order
    missing = matcher.missing(claims[:WINDOW], span) if claims else []
    return [*align_children(wanted, span.children, matcher), *(Step(claim) for claim in missing)]


def _align_in_order(wanted: Sequence[Any], there: Sequence[Any], matcher: Matcher) -> list[Step]:
    shorter = min(len(wanted), len(there))
    start = 0
    while start < shorter and _same(wanted[start], there[start], matcher):
        start += 1
    end = 0
    while end < shorter - start and _same(wanted[-1 - end], there[-1 - end], matcher):
        end += 1
    return [
        *_agreed([Step(wanted[i], there[i]) for i in range(start)], last=True),
        *_align_window(wanted[start : len(wanted) - end], there[start : len(there) - end], matcher),
        *_agreed([Step(wanted[-i], there[-i]) for i in range(end, 0, -1)], last=False),
    ]


def _same(wanted: Any, span: Any, matcher: Matcher) -> bool:
    return wanted is not ... and matcher.matches(wanted, span)


def _agreed(steps: list[Step], *, last: bool) -> list[Step]:
    """Keep those beside the difference."""
    if len(steps) <= _SHOWN_AROUND + 1:
        return steps
    left_out = Step(left_out=f"... {len(steps) - _SHOWN_AROUND} more as expected")
    return [left_out, *steps[-_SHOWN_AROUND:]] if last else [*steps[:_SHOWN_AROUND], left_out]


def _align_window(wanted: Sequence[Any], there: Sequence[Any], matcher: Matcher) -> list[Step]:
    rest_wanted, rest_there = wanted[WINDOW:], there[WINDOW:]
    wanted, there = wanted[:WINDOW], there[:WINDOW]
    costs = _costs(wanted, there, matcher)
    steps: list[Step] = []
    absorbed = i = j = 0
    while i < len(wanted) or j < len(there):
        cost = costs[i][j]
        if i < len(wanted) and wanted[i] is ...:
            if j < len(there) and cost == costs[i][j + 1] + _ABSORBED:
                absorbed += 1
                j += 1
                continue
            steps += _further(absorbed)
            absorbed = 0
            i += 1
        elif (
            i < len(wanted)
            and j < len(there)
            and cost == costs[i + 1][j + 1] + _pair_cost(wanted[i], there[j], matcher)
        ):
            steps.append(Step(wanted[i], there[j]))
            i, j = i + 1, j + 1
        elif i < len(wanted) and cost == costs[i + 1][j] + _ALONE:
            steps.append(Step(pattern=wanted[i]))
            i += 1
        else:
            steps.append(Step(span=there[j]))
            j += 1
    if rest_wanted or rest_there:
        counts = f"{len(rest_wanted)} expected and {len(rest_there)} received"
        steps.append(Step(left_out=f"... not compared further: {counts}"))
    return steps


def _costs(wanted: Sequence[Any], there: Sequence[Any], matcher: Matcher) -> list[list[float]]:
    """Return the least cost of aligning ``wanted[i:]`` with ``there[j:]``, for all i and j."""
    costs = [[0.0] * (len(there) + 1) for _ in range(len(wanted) + 1)]
    costs[len(wanted)] = [_ALONE * (len(there) - j) for j in range(len(there) + 1)]
    for i in range(len(wanted) - 1, -1, -1):
        gap = wanted[i] is ...
        costs[i][len(there)] = costs[i + 1][len(there)] + (0.0 if gap else _ALONE)
        for j in range(len(there) - 1, -1, -1):
            if gap:
                costs[i][j] = min(costs[i + 1][j], costs[i][j + 1] + _ABSORBED)
            else:
                costs[i][j] = min(
                    costs[i + 1][j + 1] + _pair_cost(wanted[i], there[j], matcher),
                    costs[i + 1][j] + _ALONE,
                    costs[i][j + 1] + _ALONE,
                )
    return costs


def _pair_cost(wanted: Any, span: Any, matcher: Matcher) -> float:
    if matcher.matches(wanted, span):
        return 0.0
    if node_matches(wanted, span):
        return 1.0
    if wanted.op is ... or next(compare(wanted.op, span.op, "op"), None) is None:
        return 1.5
    return 3.0 if wanted.described and wanted.description == span.description else _NEVER


def _align_unordered(wanted: Sequence[Any], there: Sequence[Any], matcher: Matcher) -> list[Step]:
    left = [pattern for pattern in wanted if pattern is not ...]
    left_out = len(left) - WINDOW
    left, spans = left[:WINDOW], list(there[: WINDOW * WINDOW])
    pairs: dict[int, Any] = {}
    for limit in (0.0, 1.0, 1.5):
        waiting, left = left, []
        for pattern in waiting:
            free = (position for position in range(len(spans)) if position not in pairs)
            found = next((at for at in free if _pair_cost(pattern, spans[at], matcher) <= limit), None)
            if found is None:
                left.append(pattern)
            else:
                pairs[found] = pattern
    steps: list[Step] = []
    further = 0
    for position, span in enumerate(spans):
        if position in pairs:
            steps.append(Step(pairs[position], span))
        elif any(pattern is ... for pattern in wanted):
            further += 1
        elif left_out <= 0:
            steps.append(Step(span=span))
    steps += [Step(pattern=pattern) for pattern in left]
    if left_out > 0 or len(there) > len(spans):
        steps.append(
            Step(left_out=f"... not compared further: {max(left_out, 0)} expected, {len(there)} received")
        )
    return steps + _further(further)


def _further(count: int) -> list[Step]:
    return [Step(left_out=f"... {count} further")] if count else []
