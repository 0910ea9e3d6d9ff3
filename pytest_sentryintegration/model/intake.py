"""What came to one inbox, taken in unread: sorted by what it may hold, and forgotten when it is evicted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.model.items import EVENT_TYPES, SECURITY_TYPES, Envelopes, Newest, Refused
from pytest_sentryintegration.model.linking import Registry
from pytest_sentryintegration.model.logs import has_logs
from pytest_sentryintegration.model.objects import Evicted
from pytest_sentryintegration.model.searching import ItemSearch
from pytest_sentryintegration.model.trace_items import Place, read_trace_item
from pytest_sentryintegration.store import Arrival, RefusedRequest

__all__ = ["Intake"]

_TRACE_TYPES: Final = frozenset({"transaction", "span", "integration"})
_NOUNS: Final = {
    "attachment": "attachments",
    "log": "logs",
    "trace_metric": "metrics",
    "check_in": "check_ins",
    "feedback": "feedback",
    "user_report": "feedback",
    "session": "sessions",
    "sessions": "sessions",
    "client_report": "client_reports",
}
"""Where items go that are read one by one, by their types."""


class Intake:
    """What `Contents` reads its objects of."""

    def __init__(
        self,
        fetch: Callable[[int], Sequence[Arrival | RefusedRequest]],
        evicted: Callable[[], int] | None = None,
    ) -> None:
        self._fetch = fetch
        self._number = 0
        self._newest_evicted = evicted
        self._evicted = Evicted()
        self._lock = reentrant_lock()
        self._envelopes = Envelopes()
        self._registry = Registry(self._lock, partial(read_trace_item, self._envelopes))
        self._begin()

    def update(self) -> None:
        """Take in what has come since, unread."""
        with self._lock:
            if self._newest_evicted is not None:
                self._forget(self._newest_evicted())
            for entry in self._fetch(self._number):
                try:
                    self._take(entry)
                finally:
                    # Afterwards, since it is read without the lock. What raises is not tried again.
                    self._number = entry.number

    @property
    def number(self) -> int:
        """The number of the newest entry that was taken in; 0 where there is none."""
        return self._number

    @property
    def evicted(self) -> int:
        """The number of the newest entry that was evicted, and is not shown; 0 where there is none."""
        return self._evicted.newest

    def _begin(self) -> None:
        self._number = 0
        self._arrivals: list[Arrival] = []
        self._newest = Newest(self._arrivals, self._lock)
        self._refused: list[Refused] = []
        self._places: dict[str, list[Place]] = {noun: [] for noun in _NOUNS.values()}
        self._event_items = ItemSearch(self._lock, self._envelopes, formatted=True)
        self._trace_items = ItemSearch(self._lock, self._envelopes)

    def _forget(self, evicted: int) -> None:
        if evicted <= self._evicted.newest:
            return
        self._evicted.newest = evicted
        gone = bisect_right(self._arrivals, evicted, key=lambda arrival: arrival.number)
        gone += bisect_right(self._refused, evicted, key=lambda refused: refused.raw.number)
        # To take in all that is kept costs as much as finding something in it, so not for each envelope.
        if gone * 8 > len(self._arrivals) + len(self._refused):
            self._envelopes.forget(evicted)
            self._registry.forget()
            self._begin()

    def _take(self, entry: Arrival | RefusedRequest) -> None:
        # Nothing is read here: 50,000 requests are to take 0.1 s.
        if isinstance(entry, RefusedRequest):
            self._refused.append(Refused(entry))
            return
        self._arrivals.append(entry)
        for index, raw in enumerate(entry.envelope.items):
            kind = raw.headers.get("type")
            if not isinstance(kind, str):
                continue
            if kind in EVENT_TYPES:
                # The message of a security report is put together.
                self._event_items.add(entry, index, searchable=kind not in SECURITY_TYPES)
            elif kind in _NOUNS:
                self._places[_NOUNS[kind]].append((entry, index))
            elif kind == "upload" and entry.endpoint == "upload":
                # A manifest may call a request an upload that is none.
                self._envelopes.upload(str(raw.headers.get("location")), entry.number, raw.payload)
            elif kind in _TRACE_TYPES:
                if has_logs(raw):
                    self._places["logs"].append((entry, index))
                else:
                    self._registry.unread.append((entry, index))
                    # OTLP may be binary, and its names are put together.
                    self._trace_items.add(entry, index, searchable=kind != "integration")
