"""One inbox of a store: what it holds, and who waits for more."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_sentryintegration.store.entries import Entry
from pytest_sentryintegration.store.holding import NOTHING, Evicted

__all__ = ["Inbox", "Waiting", "after", "next_after", "number_of"]


class Waiting:
    """Those who wait for one inbox: an envelope wakes nobody else."""

    __slots__ = ("changed", "count")

    def __init__(self, lock: Any) -> None:
        self.changed = threading.Condition(lock)
        self.count = 0


@dataclass(slots=True, eq=False)
class Inbox:
    """One inbox. The store's lock is held wherever it is read or changed."""

    name: str
    test: str = ""
    finished: bool = False
    closed: bool = False
    expires: bool = False
    entries: deque[Entry] = field(default_factory=deque)
    last: int = 0
    evicted: Evicted = NOTHING
    used: datetime = datetime.max
    """When somebody last did something with it, where it expires."""
    waiting: Waiting | None = None
    """Made for the first one."""


def after(entries: deque[Entry], number: int) -> list[Entry]:
    """Return the entries after that number; from the newest on, as it is mostly a few of many."""
    if not entries or entries[-1].number <= number:
        return []
    if entries[0].number > number:
        return list(entries)
    found = []
    for entry in reversed(entries):
        if entry.number <= number:
            break
        found.append(entry)
    found.reverse()
    return found


def number_of(entry: Entry) -> int:
    """Return its number, by which entries are sorted."""
    return entry.number


def next_after(entries: deque[Entry], number: int, most: int) -> list[Entry]:
    """Return the first entries after that number, of which there may be many more."""
    if not entries or entries[-1].number <= number:
        return []
    start = bisect_right(entries, number, key=number_of)
    return [entries[place] for place in range(start, min(start + most, len(entries)))]
