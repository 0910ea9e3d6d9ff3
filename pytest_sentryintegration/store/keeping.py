"""The store: takes in what came, and tells late and stray arrivals from those of the running test."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pytest_sentryintegration import clock
from pytest_sentryintegration.store.entries import Arrival, Entry, Headers, RefusedRequest, Tolerated
from pytest_sentryintegration.store.holding import HolderError
from pytest_sentryintegration.store.inboxes import Inbox
from pytest_sentryintegration.store.memory import STRAYS, Memory
from pytest_sentryintegration.store.uploads import Uploads
from pytest_sentryintegration.wire.envelope import RawEnvelope

__all__ = ["KEPT", "Store", "TakeFaults"]

KEPT = 100
"""How many late arrivals are remembered with their senders."""


TakeFaults = Callable[[str | None, str, Any], None]
"""Takes the faults of an inbox (``None``: of all) as JSON, ``""`` for none, and the `Uses` of them."""


class Store(Memory):
    """Keeps what came, in memory, by inbox. Every method may be called from any thread.

    Args:
        limit: How many requests are kept, over all inboxes; the oldest are evicted first. ``None`` for all.
        max_age: After how many seconds a request is evicted; ``None`` for never.
        now: Tells the time, in UTC.

    Raises:
        ValueError: *limit* is below 1, or *max_age* is not above 0 and up to 10**9.

    >>> store = Store()
    >>> store.open("t1", test="test_shop.py::test_pays")
    >>> arrival = store.add("t1", project_id="1", envelope=RawEnvelope({}, ()))
    >>> [entry.number for entry in store.since("t1")]
    [1]
    >>> store.since("t1", arrival.number)
    []
    """

    outlives = False
    """Whether what it keeps outlives the process; then nothing is kept before `commit` has saved it."""

    def __init__(
        self,
        *,
        limit: int | None = None,
        max_age: float | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        super().__init__(limit, max_age, now)
        self._running = [STRAYS]
        self._closed: dict[str, str] = {}
        self._count = 0
        self._recent: deque[tuple[int, str, str | None]] = deque(maxlen=KEPT)
        self._late: list[Arrival] = []
        self.uploads = Uploads()
        """The uploads that are not complete yet."""
        self.emptied.append(self.uploads.forget)
        self.strays = 0
        """How many envelopes came while no test was running."""

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
                    self._changed()
                except HolderError:
                    self._inboxes.pop(inbox)
                    self._expiring.pop(inbox, None)
                    raise

    def close(self, inbox: str) -> None:
        """Forget an inbox and what it holds; what still comes for it is only counted."""
        with self._lock:
            self.save()
            box = self._forget(inbox)
            if box is not None:
                if not box.expires:
                    self._closed[inbox] = box.test
                self._changed(inbox)

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
            self._keep(box, arrival)
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
            self._keep(box, refused)
        return refused

    def addressed(self, inbox: str | None) -> str:
        """Return the inbox in which what is sent to *inbox* (``None``: to the running test) is kept."""
        with self._lock:
            return self._resolve(inbox)[0]

    def take_late(self) -> list[Arrival]:
        """Return what has come for finished tests since the last call."""
        with self._lock:
            late, self._late = self._late, []
        return late

    def clear(self, *inboxes: str) -> None:
        """Forget what these inboxes hold; they stay open."""
        with self._lock:
            self.save()
            for inbox in inboxes:
                box = self._used(inbox)
                if box is not None:
                    self._empty(box)
            self._changed(*inboxes)

    def save(self) -> None:
        """Save what came since the last time; where that fails, `commit` says so."""

    def commit(self) -> None:
        """Save what came since the last time; only then can it be read.

        So nobody reads what a sender is told to send again, and what is answered after it outlives the
        process. A store that `outlives` nothing has nothing to save.

        Raises:
            HolderError: What came since the last time could not be saved, and is not kept.
        """

    @property
    def problem(self) -> str:
        """Why it cannot take in or tell what came at present; ``""`` where all is well."""
        return ""

    def catch_up(self) -> None:
        """Return when all that any replica of this store has taken in can be read here.

        Raises:
            HolderError: That could not be done.
        """

    def share_faults(self, inbox: str | None, faults: str) -> bool:
        """Set the faults of an inbox at all replicas, as JSON, ``""`` for none; ``False`` where it has none.

        Raises:
            HolderError: That could not be done.
        """
        return False

    def take_faults(self, take: TakeFaults) -> None:
        """Have *take* called with what any replica shares of an inbox's faults."""

    def end(self) -> None:
        """Save what came since the last time; afterwards another process may have what was saved."""

    def _keep(self, box: Inbox, entry: Entry) -> None:
        self._append(box, entry)

    def _changed(self, *emptied: str) -> None:
        """Take note of an inbox that was opened, or of some that were emptied."""

    def _resolve(self, inbox: str | None) -> tuple[str, Inbox]:
        name = self._running[-1] if inbox is None else inbox
        box = self._inboxes.get(name)
        if box is not None:
            # Share one string between arrivals.
            return box.name, box
        if name in self._closed:
            return name, Inbox(name, self._closed[name], finished=True, closed=True)
        return STRAYS, self._inboxes[STRAYS]
