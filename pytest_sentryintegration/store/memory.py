"""What is kept in memory, by inbox: read it, wait for it, evict it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.store.bounds import Bounds, Expiring
from pytest_sentryintegration.store.entries import Entry
from pytest_sentryintegration.store.holding import NOTHING, Evicted
from pytest_sentryintegration.store.inboxes import Inbox, Waiting, after, next_after, number_of

__all__ = ["STRAYS", "Batch", "Memory"]

STRAYS = "strays"
"""The inbox of what came while no test was running."""


class Batch(NamedTuple):
    """What `Store.follow` gives one who reads a store as it grows."""

    entries: list[Entry]
    """In order of arrival; none where the time was over."""
    cursor: int
    """The number to go on from."""
    evicted: bool
    """Whether something that came after the cursor, and before these, was evicted before it could be read."""


class Memory:
    """Entries by inbox, bounded where they are to be. Every method may be called from any thread.

    `Store` says how it is filled.

    Args:
        limit: How many requests are kept, over all inboxes; the oldest are evicted first. ``None`` for all.
        max_age: After how many seconds a request is evicted; ``None`` for never.
        now: Tells the time, in UTC.

    Raises:
        ValueError: *limit* is below 1, or *max_age* is not above 0 and up to 10**9.
    """

    def __init__(self, limit: int | None, max_age: float | None, now: Callable[[], datetime]) -> None:
        self._bounds = Bounds(limit, max_age)
        self.limit = limit
        """How many requests are kept; ``None`` for all."""
        self.max_age = max_age
        """After how many seconds a request is evicted; ``None`` for never."""
        self._now = now
        self._lock = reentrant_lock()
        self._watching = Waiting(self._lock)
        """Those who wait for all inboxes."""
        self._inboxes: dict[str, Inbox] = {STRAYS: Inbox(STRAYS)}
        self._expiring = Expiring()
        self._last = 0
        self.cleared = 0
        """How often something was forgotten that had not to be evicted."""
        self.emptied: list[Callable[[str], None]] = []
        """Called with the name of each inbox that is cleared or closed."""

    def knows(self, inbox: str) -> bool:
        """Whether *inbox* is open."""
        return inbox in self._inboxes

    @property
    def inboxes(self) -> dict[str, str]:
        """The node ids of the tests (``""`` for none) by the names of the inboxes that are open."""
        with self._lock:
            self._close_unused()
            return {name: box.test for name, box in self._inboxes.items()}

    def since(self, inbox: str | None, number: int = 0) -> list[Entry]:
        """Return what came to *inbox* after the entry of that number, in order of arrival.

        Args:
            inbox: An inbox; ``None`` for all that are open.
            number: The number of an entry, also of one that was evicted or is in another inbox.
        """
        with self._lock:
            if self._bounds.are_set:
                self._bounds.evict(self._now())
            if inbox is None:
                found = [entry for box in self._inboxes.values() for entry in after(box.entries, number)]
                found.sort(key=number_of)
                return found
            box = self._used(inbox)
            return [] if box is None else after(box.entries, number)

    def last(self, inbox: str | None) -> int:
        """Return the number of the newest entry that came to *inbox* (``None``: to any), 0 for none."""
        box = self._inboxes.get(inbox) if inbox is not None else None
        return box.last if box is not None else self._last if inbox is None else 0

    def evicted(self, inbox: str | None = None) -> Evicted:
        """Return what of *inbox* (``None``: of all, closed ones too) was evicted.

        >>> from pytest_sentryintegration.store import Store
        >>> from pytest_sentryintegration.wire.envelope import RawEnvelope
        >>> store = Store(limit=1)
        >>> for _ in range(3):
        ...     arrival = store.add(None, project_id="1", envelope=RawEnvelope({}, ()))
        >>> store.evicted()
        Evicted(total=2, newest=2)
        """
        with self._lock:
            if self._bounds.are_set:
                self._bounds.evict(self._now())
            if inbox is None:
                return self._bounds.evicted
            box = self._inboxes.get(inbox)
            return NOTHING if box is None else box.evicted

    def wait(self, inbox: str | None, number: int, timeout: float) -> bool:
        """Wait until *inbox* (``None``: any) has got something newer than *number*.

        Args:
            inbox: An inbox; ``None`` for all.
            number: The number of an entry.
            timeout: How many seconds of real time to wait at most.
        """
        with self._lock:
            box = None if inbox is None else self._used(inbox)
            if self.last(inbox) > number:
                return True
            # Of an inbox that is not open, too: it may be opened meanwhile.
            if box is not None and box.waiting is None:
                box.waiting = Waiting(self._lock)
            waiting = (box and box.waiting) or self._watching
            waiting.count += 1
            try:
                # freezegun lets threading see real time.
                return waiting.changed.wait_for(lambda: self.last(inbox) > number, timeout)
            finally:
                waiting.count -= 1
                if inbox is not None:
                    self._used(inbox)

    def follow(self, inbox: str | None, cursor: int, *, timeout: float, most: int = 100) -> Batch:
        """Return the next entries after *cursor*, waiting for the first of them.

        A reader that is slower than what comes holds *most* entries, and nothing is kept for it: what was
        evicted meanwhile it is told of.

        Args:
            inbox: An inbox; ``None`` for all.
            cursor: The number of the last entry that was read, 0 at the beginning.
            timeout: How many seconds of real time to wait at most.
            most: How many entries are returned at most.

        >>> from pytest_sentryintegration.store import Store
        >>> from pytest_sentryintegration.wire.envelope import RawEnvelope
        >>> store = Store(limit=2)
        >>> for _ in range(3):
        ...     arrival = store.add(None, project_id="1", envelope=RawEnvelope({}, ()))
        >>> batch = store.follow("strays", 0, timeout=10, most=1)
        >>> [entry.number for entry in batch.entries], batch.cursor, batch.evicted
        ([2], 2, True)
        """
        self.wait(inbox, cursor, timeout)
        with self._lock:
            evicted = self.evicted(inbox).newest
            if inbox is not None:
                self._used(inbox)
            boxes = self._inboxes.values() if inbox is None else filter(None, [self._inboxes.get(inbox)])
            found = [entry for box in boxes for entry in next_after(box.entries, cursor, most)]
            entries = sorted(found, key=number_of)[:most]
            if entries:
                return Batch(entries, entries[-1].number, evicted > cursor)
            return Batch([], max(cursor, evicted), evicted > cursor)

    def _append(self, box: Inbox, entry: Entry) -> None:
        if box.closed:
            return
        box.entries.append(entry)
        box.last = self._last = entry.number
        if self._expiring:
            self._expiring.use(box, entry.received)
            self._close_unused()
        if self._bounds.are_set:
            self._bounds.added(box, entry.received)
        if box.waiting is not None:
            box.waiting.changed.notify_all()
        if self._watching.count:
            self._watching.changed.notify_all()

    def _empty(self, box: Inbox) -> None:
        self._bounds.leave_out(box)
        # Where all of it was evicted, its readers are to let go of it, too.
        self.cleared += bool(box.last)
        box.entries.clear()
        for forget in self.emptied:
            forget(box.name)

    def _forget(self, inbox: str) -> Inbox | None:
        self._expiring.pop(inbox, None)
        box = self._inboxes.pop(inbox, None)
        if box is not None:
            self._empty(box)
        return box

    def _used(self, inbox: str) -> Inbox | None:
        box = self._inboxes.get(inbox)
        if box is not None and self._expiring:
            self._expiring.use(box, self._now())
        return box

    def _close_unused(self) -> None:
        for box in self._expiring.unused(self._now()):
            self._forget(box.name)
