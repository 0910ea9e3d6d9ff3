"""What the benchmarks share: a bar and whether it is met, a table, a clock for both times, an environment."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

MISSED = 3
"""Exit status of a script that missed its bar; an error of Python's ends with 1."""


@dataclass(frozen=True)
class Bar:
    """One line of the table."""

    what: str
    measured: str
    bar: str = ""
    """``""`` where a figure is shown for what it is."""
    met: bool | None = None
    """``None`` where it could not be measured, or has no bar."""

    @property
    def verdict(self) -> str:
        """Whether it is met, in words; ``""`` without a bar."""
        said = {True: "met", False: "NOT met", None: "not measured" if self.bar else ""}
        return said[self.met]


@dataclass(frozen=True)
class Spent:
    """Seconds on the wall and on the processor; the second is what tells on a busy machine."""

    wall: float
    processor: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.processor + other.processor)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall - other.wall, self.processor - other.processor)


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment of a process to measure: nothing in it configures Sentry, pytest or asserts."""
    changing = ("SENTRY_", "PYTEST_ADDOPTS", "PYTHONOPTIMIZE")
    return {name: value for name, value in os.environ.items() if not name.startswith(changing)} | more


def now() -> Spent:
    """Return the times of this process, all its threads together."""
    return Spent(time.perf_counter(), time.process_time())


def of_children() -> Spent:
    """Return the wall clock, and what ended children of this process spent on the processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(time.perf_counter(), usage.ru_utime + usage.ru_stime)


def table(bars: Sequence[Bar]) -> str:
    """Return the bars as text, a line each."""
    rows = [("what", "measured", "bar", ""), *_rows(bars)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def markdown_table(bars: Sequence[Bar]) -> str:
    """Return the bars as a Markdown table."""
    rows = [("what", "measured", "bar", ""), ("---",) * 4, *_rows(bars)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)


def _rows(bars: Sequence[Bar]) -> list[tuple[str, str, str, str]]:
    return [(bar.what, bar.measured, bar.bar, bar.verdict) for bar in bars]
