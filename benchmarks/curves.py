"""How a cost grows with size: from 10 to 100,000, tenfold each time, linear or better.

What a size costs is divided by the size. A small size is measured as often as makes the same amount of work
as a large one, so that each has its share of collected garbage. The exponent of a step is the power of the
size with which the cost grew over it: 1 is linear, and ten times as many for up to 12.6 times the cost still
counts as that, with the caches of a processor and the noise of a machine.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bars import Bar, Spent

SIZES = (10, 100, 1_000, 10_000, 100_000)
MOST = 1.1
"""The largest exponent that is linear."""


@dataclass
class Curve:
    """What one unit cost at each size, a figure a round."""

    what: str
    """Such as ``spans in a tree``."""
    costs: dict[int, list[Spent]] = field(default_factory=dict)
    """By size, in order; a unit's share, in seconds."""
    labels: dict[int, str] = field(default_factory=dict)
    """What to say of a size that has something particular."""

    def add(self, size: int, spent: Spent, units: int) -> None:
        """Take in what *units* of it cost together."""
        share = Spent(spent.wall / units, spent.processor / units)
        self.costs.setdefault(size, []).append(share)

    def exponent(self, smaller: int, larger: int) -> float:
        """Return the exponent between two sizes: of the two in each round, since machines change pace."""
        pairs = zip(self.costs[smaller], self.costs[larger], strict=True)
        ratio = statistics.median(after.processor / before.processor for before, after in pairs)
        return 1 + math.log(ratio) / math.log(larger / smaller)

    def bars(self) -> list[Bar]:
        """Return a row for each size; all but the first have a bar."""
        rows = []
        before: int | None = None
        for size, rounds in self.costs.items():
            what = f"{self.what}: {size:,}{self.labels.get(size, '')}"
            processor = statistics.median(spent.processor for spent in rounds)
            wall = statistics.median(spent.wall for spent in rounds)
            measured = f"{_figure(processor)} of processor each (wall {_figure(wall)})"
            if before is None:
                rows.append(Bar(what, measured))
            else:
                exponent = self.exponent(before, size)
                measured += f", exponent {exponent:.2f}"
                rows.append(Bar(what, measured, f"exponent <= {MOST}", round(exponent, 2) <= MOST))
            before = size
        return rows


def in_turn(
    rounds: int, sizes: Sequence[int], measure: Callable[[int], dict[str, tuple[Spent, int]]]
) -> list[Curve]:
    """Measure every size in each round, after one that warms up.

    Args:
        rounds: How often.
        sizes: From the smallest.
        measure: Of a size returns, by the name of a curve, what was spent on how many units.
    """
    curves: dict[str, Curve] = {}
    measure(sizes[0])
    for _ in range(rounds):
        for size in sizes:
            for what, (spent, units) in measure(size).items():
                curves.setdefault(what, Curve(what)).add(size, spent, units)
    return list(curves.values())


def _figure(seconds: float) -> str:
    for unit, times in (("s", 1.0), ("ms", 1e3)):
        if seconds * times >= 1:
            return f"{seconds * times:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
