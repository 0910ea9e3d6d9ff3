"""One inbox, read into events, transactions, spans and all other nouns, and kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import RLock
from typing import Any

from pytest_sentryintegration.model.arrived import Arrived, ArrivedEvents, EventPool
from pytest_sentryintegration.model.check_ins import CheckIn, read_check_ins
from pytest_sentryintegration.model.client_reports import ClientReport, read_client_reports
from pytest_sentryintegration.model.events import EVENT_TYPES, Attachment, attachment_at
from pytest_sentryintegration.model.feedback import Feedback, read_feedback
from pytest_sentryintegration.model.items import Envelope, Item, Refused
from pytest_sentryintegration.model.linking import Forest, Registry
from pytest_sentryintegration.model.logs import Log, read_logs
from pytest_sentryintegration.model.metrics import Metric, read_metrics
from pytest_sentryintegration.model.otlp import is_otlp_logs, read_otlp_spans
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.sent_spans import read_span_item, read_transaction
from pytest_sentryintegration.model.sessions import Session, read_sessions
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

    events: ArrivedEvents
    """Error and message events."""
    messages: ArrivedEvents
    """Events without an exception."""
    errors: ArrivedEvents
    """Events with an exception."""
    transactions: Arrived[Transaction]
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
        self._reset()

    def update(self) -> None:
        """Take in what has come since, unread."""
        with self._lock:
            for entry in self._fetch(self._number):
                self._number = entry.number
                if isinstance(entry, Arrival):
                    self._take(entry)
                else:
                    self._refused.append(Refused(entry))

    def clear(self) -> None:
        """Forget what has come so far."""
        with self._lock:
            self.update()
            self._reset()

    def snapshot(self) -> dict[str, Any]:
        """Return all that came as plain data that is equal on every run and machine; see `snapshots`."""
        return inbox_snapshot(self)

    def _take(self, arrival: Arrival) -> None:
        # Objects are made when they are looked at: here, 50,000 requests are to take 0.1 s.
        self._arrivals.append(arrival)
        for index, raw in enumerate(arrival.envelope.items):
            kind = raw.headers.get("type")
            if not isinstance(kind, str):
                continue
            if kind in EVENT_TYPES:
                self._pool.add(arrival, index, kind)
            elif kind in _SHELVES:
                self._shelves[_SHELVES[kind]].append((arrival, index))
            elif kind in _TRACE_TYPES:
                place = (arrival, index)
                if is_otlp_logs(raw):
                    self._shelves["logs"].append(place)
                else:
                    self._transaction_places.append(place)
                    self._registry.unread.append(place)

    def _envelope_of(self, arrival: Arrival) -> Envelope:
        known = self._envelopes.get(arrival.number)
        return known or self._envelopes.setdefault(arrival.number, Envelope(arrival))

    def _item(self, place: Place) -> Item:
        arrival, index = place
        return self._envelope_of(arrival).items[index]

    def _reset(self) -> None:
        lock = self._lock
        self._arrivals: list[Arrival] = []
        self._envelopes: dict[int, Envelope] = {}
        self._refused: list[Refused] = []
        self._transaction_places: list[Place] = []
        self._shelves: dict[str, list[Place]] = {shelf: [] for shelf in _SHELVES.values()}
        self._pool = pool = EventPool(lock, self._envelope_of)
        self._registry = registry = Registry(lock, self._read_records)

        self.events = ArrivedEvents(lock, pool, lambda event: True)
        self.messages = ArrivedEvents(lock, pool, lambda event: event.is_message)
        self.errors = ArrivedEvents(lock, pool, lambda event: not event.is_message)
        self.transactions = self._arrived(self._transaction_places, self._read_transactions)
        self.spans = Arrived(lock, registry.settled_records, lambda record: (span_of(record, True),))
        self.traces = Arrived(lock, registry.settled_forests, self._read_trace)
        self.attachments = self._shelf(
            "attachments", lambda place: (attachment_at(self._envelope_of(place[0]), place[1]),)
        )
        self.logs = self._shelf("logs", lambda place: read_logs(self._item(place)))
        self.metrics = self._shelf("metrics", lambda place: read_metrics(self._item(place)))
        self.check_ins = self._shelf("check_ins", lambda place: read_check_ins(self._item(place)))
        self.feedback = self._shelf("feedback", lambda place: read_feedback(self._item(place)))
        self.sessions = self._shelf("sessions", lambda place: read_sessions(self._item(place)))
        self.client_reports = self._shelf(
            "client_reports", lambda place: read_client_reports(self._item(place))
        )
        self.envelopes = self._arrived(self._arrivals, lambda arrival: (self._envelope_of(arrival),))
        self.items = self._arrived(self._arrivals, lambda arrival: self._envelope_of(arrival).items)
        self.refused = self._arrived(self._refused, lambda refused: (refused,))

    def _arrived(self, sources: list[Any], read: Callable[[Any], Iterable[Any]]) -> Arrived[Any]:
        return Arrived(self._lock, lambda: sources, read)

    def _shelf(self, name: str, read: Callable[[Place], Iterable[Any]]) -> Arrived[Any]:
        return self._arrived(self._shelves[name], read)

    def _read_records(self, place: Place) -> Iterator[Record]:
        item = self._item(place)
        envelope, index = item.envelope, item.index
        if item.type == "transaction":
            if item._is_object:
                transaction = transaction_at(envelope, index, self._registry)
                yield from read_transaction(transaction_record(transaction))
            return
        records = list(read_otlp_spans(item) if item.type == "integration" else read_span_item(item))
        envelope.made[index] = records
        for record in records:
            if record.is_segment:
                segment_transaction(record, self._registry)
            yield record

    def _read_transactions(self, place: Place) -> Iterator[Transaction]:
        item = self._item(place)
        envelope, index = item.envelope, item.index
        if item.type == "transaction":
            transaction = transaction_at(envelope, index, self._registry)
            if transaction._is_readable:
                yield transaction
            return
        self._registry.read_all()
        for record in envelope.made.get(index, ()):
            if record.is_segment:
                yield segment_transaction(record, self._registry)

    def _read_trace(self, forest: Forest) -> tuple[Trace, ...]:
        # What has no trace id is linked within its item only, which is no trace.
        if not forest.trace_id:
            return ()
        return (Trace(forest, lambda: self.events, lambda: self.logs),)
