"""The store: what came, in memory, by inbox; bounded where it is told to be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from pytest_sentryintegration import clock
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.store.bounds import Bounds, Expiring
from pytest_sentryintegration.store.entries import Arrival, Entry, Headers, RefusedRequest, Tolerated
from pytest_sentryintegration.store.holding import NOTHING, Evicted, HeldInbox, Holder, HolderError, State
from pytest_sentryintegration.store.inboxes import Inbox, Waiting, after, next_after, number_of
from pytest_sentryintegration.store.packing import pack
from pytest_sentryintegration.wire.envelope import RawEnvelope

__all__ = ["KEPT", "STRAYS", "Batch", "Evicted", "Store"]

STRAYS = "strays"
"""The inbox of what came while no test was running."""

KEPT = 100
"""How many late arrivals are remembered with their senders."""

_LEFT_OVER = 256
"""How many entries that were evicted a holder still has: forgetting them one by one would double its work."""


class Batch(NamedTuple):
    """What `Store.follow` gives one who reads a store as it grows."""

    entries: list[Entry]
    """In order of arrival; none where the time was over."""
    cursor: int
    """The number to go on from."""
    evicted: bool
    """Whether something that came after the cursor, and before these, was evicted before it could be read."""


class Store:
    """Keeps what came, in memory, by inbox. Every method may be called from any thread.

    Args:
        limit: How many requests are kept, over all inboxes; the oldest are evicted first. ``None`` for all.
        max_age: After how many seconds a request is evicted; ``None`` for never.
        holder: Holds what is kept outside of this process, too; see `commit`.
        now: Tells the time, in UTC.

    Raises:
        ValueError: *limit* is below 1, or *max_age* is not above 0.
        HolderError: What the holder has cannot be read.

    >>> store = Store()
    >>> store.open("t1", test="test_shop.py::test_pays")
    >>> arrival = store.add("t1", project_id="1", envelope=RawEnvelope({}, ()))
    >>> [entry.number for entry in store.since("t1")]
    [1]
    >>> store.since("t1", arrival.number)
    []
    """

    def __init__(
        self,
        *,
        limit: int | None = None,
        max_age: float | None = None,
        holder: Holder | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
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
        self._running = [STRAYS]
        self._closed: dict[str, str] = {}
        self._count = 0
        self._last = 0
        self._recent: deque[tuple[int, str, str | None]] = deque(maxlen=KEPT)
        self._late: list[Arrival] = []
        self.strays = 0
        """How many envelopes came while no test was running."""
        self.cleared = 0
        """How often something was forgotten that had not to be evicted."""
        self.emptied: list[Callable[[str], None]] = []
        """Called with the name of each inbox that is cleared or closed."""
        self.holder = holder
        """What holds all of it outside of this process, too; ``None`` for nothing."""
        self._unsaved: list[tuple[Inbox, Entry, bytes]] = []
        self._failure: HolderError | None = None
        self._released = 0
        if holder is not None:
            self._load(holder)

    @property
    def count(self) -> int:
        """How many requests have come so far."""
        return self._count

    def late_since(self, number: int) -> list[tuple[str, str | None]]:
        """Return test and ``sentry_client`` of what came late after that many; of the newest `KEPT`."""
        with self._lock:
            return [(test, client) for place, test, client in self._recent if place > number]

    @property
    def running(self) -> str:
        """The inbox of the running test: for traffic that names none; `STRAYS` outside tests."""
        return self._running[-1]

    def start(self, inbox: str) -> None:
        """Make *inbox* the running one, until `finish`; nested captures stack."""
        with self._lock:
            self._running.append(inbox)

    def finish(self, inbox: str) -> None:
        """End the running of *inbox*; the one that ran before runs again. What still comes for it is late."""
        with self._lock:
            if inbox in self._inboxes:
                self._inboxes[inbox].finished = True
            if inbox in self._running[1:]:
                position = len(self._running) - 1 - self._running[::-1].index(inbox)
                del self._running[position]

    def open(self, inbox: str, test: str = "", *, expires: bool = False) -> None:
        """Make an inbox, which belongs to the test with node id *test*; one that is open stays as it is.

        Args:
            inbox: Its name.
            test: The node id of its test, ``""`` for none.
            expires: Whether it is closed when nobody has used it for an hour (`IDLE`). What comes for it
                afterwards is a stray.
        """
        with self._lock:
            if self._expiring:
                self._close_unused()
            if inbox not in self._inboxes:
                box = self._inboxes[inbox] = Inbox(inbox, test, expires=expires)
                if expires:
                    self._expiring.add(box, self._now())
                try:
                    self._update_holder()
                except HolderError:
                    self._inboxes.pop(inbox)
                    self._expiring.pop(inbox, None)
                    raise

    def close(self, inbox: str) -> None:
        """Forget an inbox and what it holds; what still comes for it is only counted."""
        with self._lock:
            self._save()
            box = self._forget(inbox)
            if box is not None:
                if not box.expires:
                    self._closed[inbox] = box.test
                self._update_holder(inbox)

    def knows(self, inbox: str) -> bool:
        """Whether *inbox* is open."""
        return inbox in self._inboxes

    @property
    def inboxes(self) -> dict[str, str]:
        """The node ids of the tests (``""`` for none) by the names of the inboxes that are open."""
        with self._lock:
            self._close_unused()
            return {name: box.test for name, box in self._inboxes.items()}

    def add(
        self,
        inbox: str | None,
        *,
        project_id: str,
        envelope: RawEnvelope,
        public_key: str = "",
        client: str | None = None,
        headers: Headers = (),
        endpoint: str = "envelope",
        tolerated: Tolerated | None = None,
        query: str = "",
    ) -> Arrival:
        """Keep an accepted request. With ``None`` for *inbox* it goes to the running test."""
        with self._lock:
            name, box = self._resolve(inbox)
            self._count += 1
            if name == STRAYS:
                self.strays += 1
            elif box.finished:
                self._recent.append((self._count, box.test, client))
            arrival = Arrival(
                self._count,
                name,
                self._now(),
                project_id,
                public_key,
                client,
                envelope,
                headers,
                endpoint,
                tolerated,
                box.test,
                query,
            )
            if box.finished:
                self._late.append(arrival)
            if self.holder is None:
                self._append(box, arrival)
            else:
                self._hold(box, arrival)
        return arrival

    def refuse(
        self,
        inbox: str | None,
        *,
        status: int,
        reason: str,
        method: str,
        path: str,
        headers: Headers,
        body: bytes,
        fault: bool = False,
    ) -> RefusedRequest:
        """Keep a request that was not accepted. With ``None`` for *inbox* it goes to the running test."""
        with self._lock:
            name, box = self._resolve(inbox)
            self._count += 1
            refused = RefusedRequest(
                self._count, name, self._now(), status, reason, method, path, headers, body, fault
            )
            if self.holder is None:
                self._append(box, refused)
            else:
                self._hold(box, refused)
        return refused

    def take_late(self) -> list[Arrival]:
        """Return what has come for finished tests since the last call."""
        with self._lock:
            late, self._late = self._late, []
        return late

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

    def clear(self, *inboxes: str) -> None:
        """Forget what these inboxes hold; they stay open."""
        with self._lock:
            self._save()
            for inbox in inboxes:
                box = self._used(inbox)
                if box is not None:
                    self._empty(box)
            self._update_holder(*inboxes)

    def commit(self) -> None:
        """Have the holder save what came since the last time; only then can it be read.

        So nobody reads what a sender is told to send again, and what is answered after it outlives the
        process. Without a holder it does nothing.

        Raises:
            HolderError: What came since the last time could not be saved, and is not kept.
        """
        with self._lock:
            self._save()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def save(self) -> None:
        """Have the holder save what came since the last time; where that fails, `commit` says so."""
        with self._lock:
            self._save()

    def end(self) -> None:
        """Save what came since the last time, and let go of the holder."""
        with self._lock:
            if self.holder is not None:
                self._save()
                with suppress(HolderError):
                    self._update_holder()
                self.holder.close()

    def _load(self, holder: Holder) -> None:
        state, entries = holder.load()
        for held in state.inboxes:
            box = Inbox(held.name, held.test, expires=held.expires, evicted=held.evicted)
            self._inboxes[held.name] = box
            if held.expires:
                self._expiring.add(box, self._now())
        self._bounds.evicted = state.evicted
        self._released = state.evicted.total
        for entry in entries:
            # What a closed inbox held may not have been forgotten before the process ended.
            if entry.number > state.evicted.newest and entry.inbox in self._inboxes:
                self._append(self._inboxes[entry.inbox], entry)
        self._count = max(state.total, self._last)

    def _hold(self, box: Inbox, entry: Entry) -> None:
        if not box.closed:
            self._unsaved.append((box, entry, pack(entry)))

    def _save(self) -> None:
        unsaved, self._unsaved = self._unsaved, []
        if not unsaved or self.holder is None:
            return
        try:
            self.holder.save([entry for _, entry, _ in unsaved], [packed for *_, packed in unsaved])
        except HolderError as error:
            # For the next `commit`, whoever needed it to be saved now.
            self._failure = error
            return
        for box, entry, _ in unsaved:
            self._append(box, entry)
        if self._bounds.evicted.total - self._released >= _LEFT_OVER:
            with suppress(HolderError):  # They are saved all the same, and this is tried again.
                self._update_holder()

    def _update_holder(self, *emptied: str) -> None:
        if self.holder is not None:
            boxes = self._inboxes.values()
            inboxes = [HeldInbox(box.name, box.test, box.expires, box.evicted) for box in boxes]
            self.holder.update(State(self._count, self._bounds.evicted, inboxes), *emptied)
            self._released = self._bounds.evicted.total

    def _resolve(self, inbox: str | None) -> tuple[str, Inbox]:
        name = self._running[-1] if inbox is None else inbox
        box = self._inboxes.get(name)
        if box is not None:
            # Share one string between arrivals.
            return box.name, box
        if name in self._closed:
            return name, Inbox(name, self._closed[name], finished=True, closed=True)
        return STRAYS, self._inboxes[STRAYS]

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
            with suppress(HolderError):  # It is closed all the same, until the process ends.
                self._update_holder(box.name)
