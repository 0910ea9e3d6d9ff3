"""The nearest misses: the received objects that differ least from what was asked for."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_sentryintegration.matching.criteria import Difference
from pytest_sentryintegration.matching.hints import Hint, hint
from pytest_sentryintegration.matching.query import Query

EXAMINED: Final = 1000
"""How many candidates are compared, the newest ones: a failure must not take longer than the test."""
HINTED: Final = 12
"""How many differences of a miss are explained."""
_COMPARED_BY_TEXT: Final = 50
"""How many of these are compared by how alike their texts are, which is slow."""


@dataclass(frozen=True)
class Miss:
    """Something received that does not match."""

    obj: Any
    differences: tuple[Difference, ...]
    differing: int
    """How many of the criteria differ."""
    hints: tuple[Hint | None, ...] = ()
    """What each of the first `HINTED` differences may come from."""


def nearest_misses(candidates: Sequence[Any], query: Query, count: int = 3) -> list[Miss]:
    """Return at most *count* candidates that differ in the fewest criteria, the likeliest first.

    All of them differ in the same number of criteria. Where some have more hints than others, only those are
    returned. Those whose texts are most alike come first, then the newest.
    """
    misses: list[Miss] = []
    for obj in reversed(candidates[-EXAMINED:]):
        found = tuple(query.differences(obj))
        if found:
            misses.append(Miss(obj, found, query.differing(list(found))))
    if not misses:
        return []
    # The positional criterion counts most: with a text and a level, the message of that text is meant.
    nearness = {id(miss): (miss.differing, not query.main_agrees(miss.differences)) for miss in misses}
    nearest = min(nearness.values())
    best = [miss for miss in misses if nearness[id(miss)] == nearest]
    best = heapq.nsmallest(_COMPARED_BY_TEXT, best, key=lambda miss: len(miss.differences))
    best = [replace(miss, hints=_hints(query, miss)) for miss in best]
    most = max(_hinted(miss) for miss in best)
    best = [miss for miss in best if _hinted(miss) == most]
    best.sort(key=lambda miss: (len(miss.differences), -_likeness(miss)))
    return best[:count]


def _hints(query: Query, miss: Miss) -> tuple[Hint | None, ...]:
    return tuple(
        None if difference.note else hint(query, miss.obj, difference)
        for difference in miss.differences[:HINTED]
    )


def _hinted(miss: Miss) -> int:
    return sum(found is not None for found in miss.hints)


def _likeness(miss: Miss) -> float:
    """Return how alike expected and received texts are, from 0 to 1 for each difference."""
    total = 0.0
    for difference in miss.differences:
        expected, got = difference.expected, difference.got
        if isinstance(expected, str) and isinstance(got, str):
            total += difflib.SequenceMatcher(None, expected[:200], got[:200], autojunk=False).ratio()
    return total
