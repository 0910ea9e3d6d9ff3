"""One inbox, read into events, transactions, spans and all other nouns, and kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from pytest_sentryintegration.model.check_ins import CheckIn, read_check_ins
from pytest_sentryintegration.model.client_reports import ClientReport, read_client_reports
from pytest_sentryintegration.model.events import Attachment, Event, attachment_of, event_of
from pytest_sentryintegration.model.feedback import Feedback, read_feedback
from pytest_sentryintegration.model.intake import Intake
from pytest_sentryintegration.model.items import Envelope, Item, Refused
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.linking import Assertions, Forest
from pytest_sentryintegration.model.logs import Log, read_logs
from pytest_sentryintegration.model.metrics import Metric, read_metrics
from pytest_sentryintegration.model.objects import Objects, Searchable, number_of_part
from pytest_sentryintegration.model.sessions import Session, read_sessions
from pytest_sentryintegration.model.snapshots import inbox_snapshot
from pytest_sentryintegration.model.spans import Span, Transaction, span_of
from pytest_sentryintegration.model.trace_items import read_transactions
from pytest_sentryintegration.model.traces import StartedTrace, Trace
from pytest_sentryintegration.store import Store

__all__ = ["Contents"]

T = TypeVar("T")


class Contents(Intake):
    """What is in one inbox. Every attribute is a sequence of objects, in order of arrival.

    `update` takes in what has come, without reading it; payloads are parsed when objects are looked at.
    Objects keep their identity. May be used from any thread.

    What the store evicted is not shown any more, but for the spans of a trace that goes on: these stay until
    all that is kept is taken in anew, once an eighth of it was evicted. What was cleared stays: make new
    contents of what the store still has.

    Args:
        fetch: Returns what came after the entry of a number, as `Store.since` does for one inbox.
        evicted: Returns the number of the newest entry that was evicted; ``None`` where nothing is.

    >>> Contents(lambda number: []).events
    []
    """

    # What makes objects must not know of this object: in a circle, it would stay until the garbage collector
    # runs, which costs each test a twentieth of its time.

    @classmethod
    def of_inbox(cls, store: Store, inbox: str | None) -> Contents:
        """Return the contents of one inbox of a store; with ``None``, of all that are open.

        >>> Contents.of_inbox(Store(limit=10), "strays").events
        []
        """
        bounded = store.limit is not None or store.max_age is not None
        return cls(partial(store.since, inbox), (lambda: store.evicted(inbox).newest) if bounded else None)

    def snapshot(self) -> dict[str, Any]:
        """Return all that came as plain data that is equal on every run and machine; see `snapshots`."""
        return inbox_snapshot(self)

    @lazy
    def events(self) -> Searchable[Event]:
        """Error and message events."""
        return self._events_that(lambda event: True)

    @lazy
    def messages(self) -> Searchable[Event]:
        """Events without an exception."""
        return self._events_that(lambda event: event.is_message)

    @lazy
    def errors(self) -> Searchable[Event]:
        """Events with an exception."""
        return self._events_that(lambda event: not event.is_message)

    @lazy
    def transactions(self) -> Searchable[Transaction]:
        """Transaction events, and segments of streamed and OTLP spans."""
        registry = self._registry
        return Searchable(
            self._lock, self._trace_items, lambda item: read_transactions(item, registry), self._evicted
        )

    @lazy
    def spans(self) -> Objects[Span]:
        """Every span, roots too, as they were recorded; their trees reach into nested transactions."""
        return self._objects(self._registry.all_records, lambda record: (span_of(record, True),))

    @lazy
    def traces(self) -> Objects[Trace]:
        """All trace ids that spans have."""
        events, logs, newest = self.events, self.logs, self._newest
        begun = self._registry.started

        def read(forest: Forest) -> tuple[Trace, ...]:
            # What has no trace id is linked within its item only, which is no trace.
            started: StartedTrace | None = begun.get(forest.trace_id)
            if started is not None:
                return (started,)
            return (Trace(forest, events, logs, newest),) if forest.trace_id else ()

        return self._objects(self._registry.all_forests, read, _number_of_trace)

    def start_trace(
        self, headers: Mapping[str, str], header: Mapping[str, Any], span_id: str
    ) -> StartedTrace:
        """Return a trace that a test begins, before anything of it has come.

        Args:
            headers: What it gives to a service.
            header: The trace header that these headers stand for.
            span_id: The span that they name as the parent.
        """
        trace_id = header["trace_id"]
        self._registry.given.setdefault(trace_id, {})[span_id] = header
        forest = self._registry.forest(trace_id)
        started = StartedTrace(forest, self.events, self.logs, self._newest, headers)
        self._registry.started[trace_id] = started
        return started

    def resume(self, cleared: Contents) -> None:
        """Go on with the traces that tests have begun in *cleared*: of what came there they keep nothing."""
        registry, known = self._registry, cleared._registry
        registry.given, registry.started, registry.assertions = known.given, known.started, known.assertions
        self._restart()

    @property
    def assertions(self) -> Assertions | None:
        """What judges traces as a whole; set by what reads these contents."""
        return self._registry.assertions

    @assertions.setter
    def assertions(self, assertions: Assertions) -> None:
        self._registry.assertions = assertions

    @lazy
    def attachments(self) -> Objects[Attachment]:
        """Files that were sent along."""
        return self._items_of("attachments", lambda item: (attachment_of(item),))

    @lazy
    def logs(self) -> Objects[Log]:
        """Structured log records."""
        return self._items_of("logs", read_logs)

    @lazy
    def metrics(self) -> Objects[Metric]:
        """Measured values."""
        return self._items_of("metrics", read_metrics)

    @lazy
    def check_ins(self) -> Objects[CheckIn]:
        """Run reports of cron monitors."""
        return self._items_of("check_ins", read_check_ins)

    @lazy
    def feedback(self) -> Objects[Feedback]:
        """What users wrote."""
        return self._items_of("feedback", read_feedback)

    @lazy
    def sessions(self) -> Objects[Session]:
        """Sessions of release health."""
        return self._items_of("sessions", read_sessions)

    @lazy
    def client_reports(self) -> Objects[ClientReport]:
        """What SDKs say they dropped."""
        return self._items_of("client_reports", read_client_reports)

    @lazy
    def envelopes(self) -> Objects[Envelope]:
        """Every request that was accepted."""
        arrivals, envelopes = self._arrivals, self._envelopes
        return self._objects(
            lambda: arrivals,
            lambda arrival: (envelopes.of(arrival),),
            lambda envelope: envelope.arrival.number,
        )

    @lazy
    def items(self) -> Objects[Item]:
        """Every item, unknown types too."""
        arrivals, envelopes = self._arrivals, self._envelopes
        return self._objects(lambda: arrivals, lambda arrival: envelopes.of(arrival).items)

    @lazy
    def refused(self) -> Objects[Refused]:
        """Every request that was not accepted."""
        refused = self._refused
        return self._objects(lambda: refused, lambda one: (one,), lambda one: one.raw.number)

    def _begin(self) -> None:
        super()._begin()
        for noun in [name for name in self.__dict__ if not name.startswith("_")]:
            del self.__dict__[noun]
        self._restart()

    def _restart(self) -> None:
        for trace_id, started in list(self._registry.started.items()):
            # The same object, as the test holds it.
            forest = self._registry.forest(trace_id)
            vars(started).update(vars(Trace(forest, self.events, self.logs, self._newest)))

    def _objects(
        self,
        sources: Callable[[], list[Any]],
        read: Callable[[Any], Iterable[T]],
        number: Callable[[Any], int] = number_of_part,
    ) -> Objects[T]:
        # A trace is as new as its newest span.
        in_order = number is not _number_of_trace
        return Objects(self._lock, sources, read, self._evicted, number, in_order=in_order)

    def _items_of(self, noun: str, read: Callable[[Item], Iterable[T]]) -> Objects[T]:
        places, envelopes = self._places[noun], self._envelopes
        return self._objects(lambda: places, lambda place: read(envelopes.of(place[0]).items[place[1]]))

    def _events_that(self, wanted: Callable[[Event], bool]) -> Searchable[Event]:
        def read(item: Item) -> tuple[Event, ...]:
            # A payload that is no JSON object is no event.
            return (event,) if item._is_object and wanted(event := event_of(item)) else ()

        return Searchable(self._lock, self._event_items, read, self._evicted)


def _number_of_trace(trace: Trace) -> int:
    """Return the number of its newest arrival."""
    return trace._forest.records[-1].item.envelope.arrival.number
