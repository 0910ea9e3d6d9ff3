"""One inbox, read into events, transactions, spans and all other nouns, and kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any

from pytest_sentryintegration.model.arrived import Arrived, Lock, Sifted
from pytest_sentryintegration.model.check_ins import CheckIn, read_check_ins
from pytest_sentryintegration.model.client_reports import ClientReport, read_client_reports
from pytest_sentryintegration.model.events import (
    EVENT_TYPES,
    SECURITY_TYPES,
    Attachment,
    Event,
    attachment_at,
    event_at,
)
from pytest_sentryintegration.model.feedback import Feedback, read_feedback
from pytest_sentryintegration.model.items import Envelope, Item, Refused
from pytest_sentryintegration.model.linking import Forest, Registry
from pytest_sentryintegration.model.logs import Log, read_logs
from pytest_sentryintegration.model.metrics import Metric, read_metrics
from pytest_sentryintegration.model.otlp import is_otlp_logs, read_otlp_spans
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.sent_spans import read_span_item, read_transaction
from pytest_sentryintegration.model.sessions import Session, read_sessions
from pytest_sentryintegration.model.sifting import Pool
from pytest_sentryintegration.model.snapshots import inbox_snapshot
from pytest_sentryintegration.model.spans import (
    Span,
    Transaction,
    segment_transaction,
    span_of,
    transaction_at,
    transaction_record,
)
from pytest_sentryintegration.model.traces import Trace
from pytest_sentryintegration.store import Arrival, RefusedRequest

__all__ = ["Contents"]

Place = tuple[Arrival, int]

_TRACE_TYPES = frozenset({"transaction", "span", "integration"})
_SHELVES = {
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


class Contents:
    """What is in one inbox. Every attribute is a sequence of objects, in order of arrival.

    `update` takes in what has come, without reading it; payloads are parsed when objects are looked at.
    Objects keep their identity. May be used from any thread.

    Args:
        fetch: Returns what came after the entry of a number, as `Store.since` does for one inbox.

    >>> Contents(lambda number: []).events
    []
    """

    events: Sifted[Event]
    """Error and message events."""
    messages: Sifted[Event]
    """Events without an exception."""
    errors: Sifted[Event]
    """Events with an exception."""
    transactions: Sifted[Transaction]
    """Transaction events, and segments of streamed and OTLP spans."""
    spans: Arrived[Span]
    """Every span, roots too, as they were recorded; their trees reach into nested transactions."""
    traces: Arrived[Trace]
    """All trace ids that spans have."""
    attachments: Arrived[Attachment]
    logs: Arrived[Log]
    metrics: Arrived[Metric]
    check_ins: Arrived[CheckIn]
    feedback: Arrived[Feedback]
    sessions: Arrived[Session]
    client_reports: Arrived[ClientReport]
    envelopes: Arrived[Envelope]
    """Every request that was accepted."""
    items: Arrived[Item]
    """Every item, unknown types too."""
    refused: Arrived[Refused]
    """Every request that was not accepted."""

    def __init__(self, fetch: Callable[[int], Sequence[Arrival | RefusedRequest]]) -> None:
        self._fetch = fetch
        self._number = 0
        self._lock = RLock()
        self._came = _Came(self._lock)

    def update(self) -> None:
        """Take in what has come since, unread."""
        with self._lock:
            for entry in self._fetch(self._number):
                self._number = entry.number
                self._came.take(entry)

    def clear(self) -> None:
        """Forget what has come so far."""
        with self._lock:
            self.update()
            self._came = _Came(self._lock)
            for noun in _MAKERS:
                self.__dict__.pop(noun, None)

    def snapshot(self) -> dict[str, Any]:
        """Return all that came as plain data that is equal on every run and machine; see `snapshots`."""
        return inbox_snapshot(self)

    # At run time only: type checkers go by the attributes above.
    if not TYPE_CHECKING:

        def __getattr__(self, noun):
            # When it is first asked for: a test asks for two of the sixteen.
            make = _MAKERS.get(noun)
            if make is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {noun!r}")
            with self._lock:
                return self.__dict__.setdefault(noun, make(self._came, self))


class _Opened:
    """The envelopes that were looked at, made when that happens."""

    def __init__(self) -> None:
        self._envelopes: dict[int, Envelope] = {}

    def envelope(self, arrival: Arrival) -> Envelope:
        known = self._envelopes.get(arrival.number)
        return known or self._envelopes.setdefault(arrival.number, Envelope(arrival))

    def item(self, place: Place) -> Item:
        return self.item_at(*place)

    def item_at(self, arrival: Arrival, index: int) -> Item:
        return self.envelope(arrival).items[index]

    def event_at(self, arrival: Arrival, index: int) -> Event:
        return event_at(self.envelope(arrival), index)


class _Came:
    """What has come since the last `clear`, by the shelf that it goes to. Callers hold the lock.

    It does not know what is made of it, so that an inbox that nobody holds any more is gone at once: what
    waits for the collector of garbage costs each test a twentieth of its time.
    """

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.opened = _Opened()
        self.arrivals: list[Arrival] = []
        self.refused: list[Refused] = []
        self.shelves: dict[str, list[Place]] = {shelf: [] for shelf in _SHELVES.values()}
        self.events = Pool(lock, self.opened.event_at, formatted=True)
        self.transactions = Pool(lock, self.opened.item_at)
        self.registry = Registry(lock, partial(_read_records, self.opened))

    def take(self, entry: Arrival | RefusedRequest) -> None:
        # Objects are made when they are looked at: here, 50,000 requests are to take 0.1 s.
        if isinstance(entry, RefusedRequest):
            self.refused.append(Refused(entry))
            return
        self.arrivals.append(entry)
        for index, raw in enumerate(entry.envelope.items):
            kind = raw.headers.get("type")
            if not isinstance(kind, str):
                continue
            if kind in EVENT_TYPES:
                # A security report's message is put together.
                self.events.add(entry, index, searchable=kind not in SECURITY_TYPES)
            elif kind in _SHELVES:
                self.shelves[_SHELVES[kind]].append((entry, index))
            elif kind in _TRACE_TYPES:
                place = (entry, index)
                if is_otlp_logs(raw):
                    self.shelves["logs"].append(place)
                else:
                    self.registry.unread.append(place)
                    # OTLP may be binary, and its names are put together.
                    self.transactions.add(entry, index, searchable=kind != "integration")


def _read_records(opened: _Opened, place: Place, registry: Registry) -> Iterator[Record]:
    item = opened.item(place)
    if item.type == "transaction":
        if item._is_object:
            transaction = transaction_at(item.envelope, item.index, registry)
            yield from read_transaction(transaction_record(transaction))
        return
    for record in _sent_records(item):
        if record.is_segment:
            segment_transaction(record, registry)
        yield record


def _read_transactions(registry: Registry, item: Item) -> Iterator[Transaction]:
    if item.type == "transaction":
        transaction = transaction_at(item.envelope, item.index, registry)
        if transaction._is_readable:
            yield transaction
        return
    for record in _sent_records(item):
        if record.is_segment:
            yield segment_transaction(record, registry)


def _sent_records(item: Item) -> list[Record]:
    """Return the spans of an item that is no transaction; asked again, the same objects."""
    made: dict[int, list[Record]] = item.envelope.made
    if item.index not in made:
        made[item.index] = list(read_otlp_spans(item) if item.type == "integration" else read_span_item(item))
    return made[item.index]


def _traces(came: _Came, contents: Contents) -> Arrived[Trace]:
    events, logs = contents.events, contents.logs

    def read(forest: Forest) -> tuple[Trace, ...]:
        # What has no trace id is linked within its item only, which is no trace.
        return (Trace(forest, lambda: events, lambda: logs),) if forest.trace_id else ()

    return Arrived(came.lock, came.registry.settled_forests, read)


_Maker = Callable[[_Came, Contents], Any]


def _events(wanted: Callable[[Event], bool]) -> _Maker:
    def read(event: Event) -> tuple[Event, ...]:
        return (event,) if event._is_readable and wanted(event) else ()

    return lambda came, contents: Sifted(came.lock, came.events, read)


def _arrived(lock: Lock, sources: list[Any], read: Callable[[Any], Iterable[Any]]) -> Arrived[Any]:
    return Arrived(lock, lambda: sources, read)


def _shelf(name: str, read: Callable[[Item], Iterable[Any]]) -> _Maker:
    def make(came: _Came, contents: Contents) -> Arrived[Any]:
        opened = came.opened
        return _arrived(came.lock, came.shelves[name], lambda place: read(opened.item(place)))

    return make


def _transactions(came: _Came, contents: Contents) -> Sifted[Transaction]:
    return Sifted(came.lock, came.transactions, partial(_read_transactions, came.registry))


def _envelopes(came: _Came, contents: Contents) -> Arrived[Envelope]:
    opened = came.opened
    return _arrived(came.lock, came.arrivals, lambda arrival: (opened.envelope(arrival),))


def _items(came: _Came, contents: Contents) -> Arrived[Item]:
    opened = came.opened
    return _arrived(came.lock, came.arrivals, lambda arrival: opened.envelope(arrival).items)


_MAKERS: dict[str, _Maker] = {
    "events": _events(lambda event: True),
    "messages": _events(lambda event: event.is_message),
    "errors": _events(lambda event: not event.is_message),
    "transactions": _transactions,
    "spans": lambda came, _: Arrived(
        came.lock, came.registry.settled_records, lambda record: (span_of(record, True),)
    ),
    "traces": _traces,
    "attachments": _shelf("attachments", lambda item: (attachment_at(item.envelope, item.index),)),
    "logs": _shelf("logs", read_logs),
    "metrics": _shelf("metrics", read_metrics),
    "check_ins": _shelf("check_ins", read_check_ins),
    "feedback": _shelf("feedback", read_feedback),
    "sessions": _shelf("sessions", read_sessions),
    "client_reports": _shelf("client_reports", read_client_reports),
    "envelopes": _envelopes,
    "items": _items,
    "refused": lambda came, _: _arrived(came.lock, came.refused, lambda refused: (refused,)),
}
