"""What keeps a store from growing without end: a limit, a greatest age, and inboxes that nobody uses."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from pytest_sentryintegration.store.holding import NOTHING, Evicted
from pytest_sentryintegration.store.inboxes import Inbox

__all__ = ["IDLE", "OLDEST", "Bounds", "Expiring"]

OLDEST = 10**9
"""Seconds that a greatest age may be: more than thirty years."""

IDLE = timedelta(hours=1)
"""After how long an inbox that expires is closed, where nobody sends to it, reads it or waits for it."""

MOST = 10_000
"""How many inboxes that expire are open at once: a suite need not close its own. Not with Redis."""

_NEVER = timedelta.max


class Bounds:
    """Evicts the oldest entries, over all inboxes, where there are too many or they are too old.

    The store's lock is held wherever it is used.

    Args:
        limit: How many entries are kept; ``None`` for all.
        max_age: After how many seconds one is evicted; ``None`` for never.

    Raises:
        ValueError: *limit* is below 1, or *max_age* is not above 0 and up to 10**9.
    """

    def __init__(self, limit: int | None, max_age: float | None) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"limit is at least 1, or None for no limit, got {limit!r}")
        if max_age is not None and not 0 < max_age <= OLDEST:
            raise ValueError(
                f"max_age is a number of seconds above 0 and up to {OLDEST}, or None for no greatest age,"
                f" got {max_age!r}"
            )
        self.are_set = limit is not None or max_age is not None
        """Whether anything is ever evicted."""
        self.evicted = NOTHING
        """What was evicted, of all inboxes."""
        self.reach = 0
        """Entries up to that number are evicted, too: where numbers count, and not what is kept."""
        self._most = math.inf if limit is None else limit
        self._age = _NEVER if max_age is None else timedelta(seconds=max_age)
        self._order: deque[Inbox] = deque()
        """The inbox of each entry that is kept, in order of arrival."""

    def added(self, box: Inbox, now: datetime) -> None:
        """Count an entry that *box* has got, and evict what it is too many for."""
        self._order.append(box)
        self.evict(now)

    def evict(self, now: datetime) -> None:
        """Evict what is too much, or too old by now."""
        order = self._order
        while order:
            oldest = order[0].entries[0]
            if not (
                len(order) > self._most or oldest.number <= self.reach or now - oldest.received > self._age
            ):
                return
            box = order.popleft()
            number = box.entries.popleft().number
            box.evicted = Evicted(box.evicted.total + 1, number)
            self.evicted = Evicted(self.evicted.total + 1, number)

    def leave_out(self, box: Inbox) -> None:
        """Count the entries of *box* no more: they are forgotten otherwise."""
        if box.entries:
            self._order = deque(other for other in self._order if other is not box)


class Expiring(dict[str, Inbox]):
    """The inboxes that are closed when nobody uses them for long, by name, the least recently used first.

    The store's lock is held wherever it is used.
    """

    def add(self, box: Inbox, now: datetime) -> None:
        """Take note of an inbox that expires."""
        self[box.name] = box
        box.used = now

    def use(self, box: Inbox, now: datetime) -> None:
        """Take note that *box* was used; of one that does not expire nothing is noted."""
        if self.get(box.name) is box:
            del self[box.name]
            self.add(box, now)

    def unused(self, now: datetime) -> Iterator[Inbox]:
        """Yield the inboxes that are to be closed; each is to be taken out before the next is asked for.

        Not one that somebody waits for: far fewer than `MOST` can wait at once.
        """
        while self:
            box = next(iter(self.values()))
            if now - box.used < IDLE and len(self) <= MOST:
                return
            if box.waiting is not None and box.waiting.count:
                self.use(box, now)
            else:
                yield box
