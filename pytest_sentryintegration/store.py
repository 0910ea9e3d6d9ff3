"""What came, by inbox: append it, read it, wait for it. Knows neither HTTP nor what the bytes mean."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pytest_sentryintegration import clock
from pytest_sentryintegration.locks import condition
from pytest_sentryintegration.wire.envelope import RawEnvelope

STRAYS = "strays"
"""The inbox of what came while no test was running."""

KEPT = 100
"""How many late arrivals are remembered with their senders."""

Headers = tuple[tuple[str, str], ...]
"""Headers of an HTTP request, names in lower case."""

Tolerated = Literal["toy_key", "no_authentication", "no_such_endpoint"]
"""What a request may lack that real Sentry requires, and the fake accepts unless it is strict."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One envelope that came; requests to other endpoints are made into envelopes."""

    number: int
    """Its place in the order of arrival, over all inboxes, from 1."""
    inbox: str
    """The inbox that it is in; `STRAYS` for strays."""
    received: datetime
    """When it came: real time, UTC."""
    project_id: str
    """The project of the path (of the DSN where the path names none)."""
    public_key: str
    """The key that it was sent with, ``""`` without one."""
    client: str | None
    """The ``sentry_client`` of its authentication, such as ``sentry.python/2.75.0``."""
    envelope: RawEnvelope
    """Its headers and items, as they were sent."""
    headers: Headers = ()
    """The headers of the HTTP request, names in lower case."""
    endpoint: str = "envelope"
    """Which endpoint took it, by its name in the table of `ingest.routes`: ``envelope``, ``store``, ..."""
    tolerated: Tolerated | None = None
    """What real Sentry would have refused the request for; ``None`` where it accepts it too."""
    test: str = ""
    """The node id of the test whose inbox it is in."""


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """One request that was not accepted, with its answer."""

    number: int
    inbox: str
    received: datetime
    status: int
    reason: str
    method: str
    path: str
    headers: Headers
    body: bytes
    fault: bool = False
    """Whether a fault that the test set refused it, which real Sentry would have accepted."""


Entry = Arrival | RefusedRequest


@dataclass(slots=True)
class _Inbox:
    name: str
    test: str
    finished: bool = False
    entries: list[Entry] = field(default_factory=list)


class Store:
    """Keeps what came, in memory, by inbox. Every method may be called from any thread.

    >>> store = Store()
    >>> store.open("t1", test="test_shop.py::test_pays")
    >>> arrival = store.add("t1", project_id="1", envelope=RawEnvelope({}, ()))
    >>> [entry.number for entry in store.since("t1")]
    [1]
    >>> store.since("t1", arrival.number)
    []
    """

    def __init__(self) -> None:
        self._changed = condition()
        self._inboxes: dict[str, _Inbox] = {STRAYS: _Inbox(STRAYS, "")}
        self._running = [STRAYS]
        self._closed: dict[str, str] = {}
        self._count = 0
        self._recent: deque[tuple[int, str, str | None]] = deque(maxlen=KEPT)
        self._late: list[Arrival] = []
        self.strays = 0
        """How many envelopes came while no test was running."""

    @property
    def count(self) -> int:
        """How many requests have come so far."""
        return self._count

    def late_since(self, number: int) -> list[tuple[str, str | None]]:
        """Return test and ``sentry_client`` of what came late after that many; of the newest `KEPT`."""
        with self._changed:
            return [(test, client) for place, test, client in self._recent if place > number]

    @property
    def running(self) -> str:
        """The inbox of the running test: for traffic that names none; `STRAYS` outside tests."""
        return self._running[-1]

    def start(self, inbox: str) -> None:
        """Make *inbox* the running one, until `finish`; nested captures stack."""
        with self._changed:
            self._running.append(inbox)

    def finish(self, inbox: str) -> None:
        """End the running of *inbox*; the one that ran before runs again. What still comes for it is late."""
        with self._changed:
            if inbox in self._inboxes:
                self._inboxes[inbox].finished = True
            if inbox in self._running[1:]:
                position = len(self._running) - 1 - self._running[::-1].index(inbox)
                del self._running[position]

    def open(self, inbox: str, test: str = "") -> None:
        """Make an inbox, which belongs to the test with node id *test*."""
        with self._changed:
            self._inboxes.setdefault(inbox, _Inbox(inbox, test))

    def close(self, inbox: str) -> None:
        """Forget an inbox and what it holds; what still comes for it is only counted."""
        with self._changed:
            box = self._inboxes.pop(inbox, None)
            if box is not None:
                self._closed[inbox] = box.test

    def knows(self, inbox: str) -> bool:
        """Whether *inbox* is open."""
        return inbox in self._inboxes

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
    ) -> Arrival:
        """Keep an accepted request. With ``None`` for *inbox* it goes to the running test."""
        with self._changed:
            name, box = self._resolve(inbox)
            self._count += 1
            if name == STRAYS:
                self.strays += 1
            elif box.finished:
                self._recent.append((self._count, box.test, client))
            arrival = Arrival(
                self._count,
                name,
                clock.now(),
                project_id,
                public_key,
                client,
                envelope,
                headers,
                endpoint,
                tolerated,
                box.test,
            )
            box.entries.append(arrival)
            if box.finished:
                self._late.append(arrival)
            self._changed.notify_all()
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
        with self._changed:
            name, box = self._resolve(inbox)
            self._count += 1
            refused = RefusedRequest(
                self._count, name, clock.now(), status, reason, method, path, headers, body, fault
            )
            box.entries.append(refused)
            self._changed.notify_all()
        return refused

    def _resolve(self, inbox: str | None) -> tuple[str, _Inbox]:
        name = self._running[-1] if inbox is None else inbox
        box = self._inboxes.get(name)
        if box is not None:
            # Share one string between arrivals.
            return box.name, box
        if name in self._closed:
            return name, _Inbox(name, self._closed[name], finished=True)
        return STRAYS, self._inboxes[STRAYS]

    def take_late(self) -> list[Arrival]:
        """Return what has come for finished tests since the last call."""
        with self._changed:
            late, self._late = self._late, []
        return late

    def since(self, inbox: str, number: int = 0) -> list[Entry]:
        """Return what came to *inbox* after the entry of that number, in order of arrival."""
        with self._changed:
            box = self._inboxes.get(inbox)
            if box is None or not box.entries or box.entries[-1].number <= number:
                return []
            if box.entries[0].number > number:
                return box.entries.copy()
            return box.entries[_first_after(box.entries, number) :]

    def last(self, inbox: str) -> int:
        """Return the number of the newest entry of *inbox*, 0 where it is empty."""
        box = self._inboxes.get(inbox)
        return box.entries[-1].number if box is not None and box.entries else 0

    def wait(self, inbox: str, number: int, timeout: float) -> bool:
        """Wait until *inbox* holds something newer than *number*; at most *timeout* seconds of real time."""
        with self._changed:
            # freezegun lets threading see real time.
            return self._changed.wait_for(lambda: self.last(inbox) > number, timeout)

    def clear(self, *inboxes: str) -> None:
        """Forget what these inboxes hold; they stay open."""
        with self._changed:
            for inbox in inboxes:
                if inbox in self._inboxes:
                    self._inboxes[inbox].entries.clear()


def _first_after(entries: list[Entry], number: int) -> int:
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle].number <= number:
            low = middle + 1
        else:
            high = middle
    return low
