"""All that shares one trace id, from any process and project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.continuity import Break, breaks_of
from pytest_sentryintegration.model.events import Event
from pytest_sentryintegration.model.every import assert_every
from pytest_sentryintegration.model.linking import Assertions, Forest, sort_by_start
from pytest_sentryintegration.model.logs import Log
from pytest_sentryintegration.model.services import service_of, services_of
from pytest_sentryintegration.model.spans import NotOneSpan, Span, Transaction, span_of
from pytest_sentryintegration.store import Arrival

__all__ = ["MissingParent", "StartedTrace", "Trace"]


@dataclass(frozen=True)
class MissingParent:
    """A span that another one names as its parent, and that has not come.

    >>> headers = {"sentry-trace": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"}
    >>> with start_transaction(name="checkout", op="http.server", headers=headers):
    ...     pass
    >>> (missing,) = sentry_events.traces.find().missing
    >>> missing.span_id, missing.span.op
    ('b7ad6b7169203331', 'http.server')
    """

    span_id: str
    """The id of the span that is missing."""
    span: Span
    """The span that names it, the first of them that came."""
    service: str
    """The service of the span that names it."""


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """What belongs to one trace id; it grows as more arrives.

    The tree depends neither on the order in which envelopes come, nor on one that comes twice, nor on clocks:
    spans are linked by their ids alone, and only the order of siblings is that of their start times.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
    ...         pass
    >>> trace = sentry_events.traces.find(complete=True)
    >>> len(trace.spans), trace.tree.op, trace.missing
    (2, 'http.server', ())
    """

    _forest: Forest
    _events: Iterable[Event]
    _logs: Iterable[Log]
    _newest: Callable[[str], Arrival | None]

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self._forest.trace_id

    @property
    def raw(self) -> tuple[object, ...]:
        """Its spans as they were sent."""
        return tuple(record.raw for record in self._updated().records)

    @property
    def roots(self) -> tuple[Span, ...]:
        """The spans that name no parent, as they were recorded."""
        return tuple(span_of(record, True) for record in self._updated().roots)

    @property
    def orphans(self) -> tuple[Span, ...]:
        """The spans whose parent has not come (or which are their own ancestor), as they were recorded."""
        return tuple(span_of(record, True) for record in self._updated().orphans)

    @property
    def missing(self) -> tuple[MissingParent, ...]:
        """The parents that spans name and that have not come, each once; empty where none is missing.

        A transaction of a trace that began elsewhere, in a service that does not report here, names one too.
        """
        forest = self._updated()
        named: dict[str, MissingParent] = {}
        for record in forest.orphans:
            wanted = record.parent_span_id
            if wanted is not None and wanted not in named and not forest.has(wanted):
                named[wanted] = MissingParent(wanted, span_of(record, True), service_of(record))
        return tuple(named.values())

    @property
    def tree(self) -> Span:
        """The one root, with all that is below it in every service.

        Where no span is a root, the one transaction whose parent lies in a service that does not report here.

        Raises:
            NotOneSpan: There is none, or there are several; an `AssertionError` that names them.
        """
        roots = self.roots or tuple(
            span_of(record, True) for record in self._updated().orphans if record.is_segment
        )
        if len(roots) == 1:
            return roots[0]
        if not roots:
            raise NotOneSpan(f"trace {self.trace_id} has no root among its {len(self.spans)} spans")
        named = "\n".join(f"  {root!r} of project {root.project_id}" for root in roots[:20])
        raise NotOneSpan(f"trace {self.trace_id} has {len(roots)} roots:\n{named}")

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its spans by start time, roots too."""
        records = self._updated().delivered().copy()
        sort_by_start(records)
        return tuple(span_of(record, True) for record in records)

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """Its transactions, as they were recorded."""
        return tuple(record.transaction for record in self._updated().delivered() if record.is_segment)

    @property
    def events(self) -> tuple[Event, ...]:
        """The errors and messages that happened in it."""
        return tuple(event for event in self._events if event.trace_id == self.trace_id)

    @property
    def logs(self) -> tuple[Log, ...]:
        """The log records written in it."""
        return tuple(log for log in self._logs if log.trace_id == self.trace_id)

    @property
    def projects(self) -> tuple[str, ...]:
        """The projects that its spans were sent to, in order of arrival."""
        return tuple(dict.fromkeys(record.item.envelope.project_id for record in self._updated().records))

    @property
    def services(self) -> tuple[str, ...]:
        """The services that took part, in the order of the tree: the root's first.

        A service is named by its server name (of OpenTelemetry by ``service.name``), else by its SDK and
        project, as in ``sentry.javascript.browser in project 2``.
        """
        return services_of(self._updated())

    @property
    def received(self) -> datetime:
        """When the newest of it arrived, spans and events alike: real time, UTC.

        Raises:
            LookupError: It is one that a test has begun, and no span of it has come.
        """
        records = self._updated().records
        if not records:
            raise LookupError(f"no span of trace {self.trace_id} has come")
        span, named = records[-1].item.envelope.arrival, self._newest(self.trace_id)
        return (span if named is None or named.number < span.number else named).received

    def assert_complete(self, *, timeout: float | None = None) -> None:
        """Wait until all of it has come, and fail if it does not.

        It is complete when no parent is missing, no process of this test holds anything of it back, and
        nothing of it has come for ``sentry_quiet`` seconds. `traces.find(..., complete=True)` does the same.

        Args:
            timeout: Seconds to wait, of real time; ``sentry_timeout`` where it is not given.

        Raises:
            AssertionError: It was not complete when the time was over; names the service that owes a span.
            RuntimeError: It is not of a test's inbox.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> sentry_events.traces.find().assert_complete()
        """
        __tracebackhide__ = True
        self._assertions().complete(self, timeout)

    def assert_continuous(self) -> None:
        """Fail unless every service went on with the trace as it got it, in all that is known of it.

        Judged is each hop from one transaction to the next. Trace id, sampling decision, ``sample_rand``,
        public key and release stay the same in the envelopes' trace headers. The headers of a request
        (``sentry-trace``, ``baggage``, ``traceparent``) agree, where the SDK records them. There is no
        second root, no call ends in another trace of the inbox, no service reports an error of the trace
        and not its spans, and no request of a page failed without an answer (CORS).

        Raises:
            AssertionError: It is not continuous; names each hop and what to look at.
            RuntimeError: It is not of a test's inbox.

        >>> with start_transaction(name="checkout", op="http.server") as transaction:
        ...     with start_transaction(name="pay", op="http.server", headers=transaction.headers()):
        ...         pass
        >>> sentry_events.traces.find().assert_continuous()
        """
        __tracebackhide__ = True
        self._assertions().continuous(self)

    def breaks(self) -> list[Break]:
        """Return where it is not continuous, by what has come; what `assert_continuous` tells of.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> sentry_events.traces.find().breaks()
        []
        """
        return breaks_of(self._updated(), self.events)

    def _assertions(self) -> Assertions:
        assertions = self._updated().assertions
        if assertions is None:
            raise RuntimeError("this trace is not of a test's inbox")
        return assertions

    def every(self, op: Any = ..., **criteria: Any) -> None:
        """Fail unless every span of it, the roots too, meets the criteria.

        Args:
            op: A criterion for the op: the others are passed over. Every span where it is not given.
            criteria: What attributes are expected to be, by name, as in `find`.

        Raises:
            AssertionError: Spans differ, which it names; or none has *op*.
            TypeError: There are no criteria, or one names an unknown field.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
        ...         pass
        >>> sentry_events.traces.find().every("db.query", duration=lambda seconds: seconds < 60)
        """
        __tracebackhide__ = True
        assert_every(f"trace {self.trace_id}", self.spans, op, criteria)

    def _updated(self) -> Forest:
        self._forest.update()
        return self._forest

    def __repr__(self) -> str:
        count = len(self._updated().delivered())
        return f"<Trace {self.trace_id} {count} {'span' if count == 1 else 'spans'}>"


@dataclass(frozen=True, eq=False, repr=False)
class StartedTrace(Trace):
    """A trace that a test begins itself, by `SentryEvents.trace`.

    >>> with sentry_events.trace() as trace:
    ...     with start_transaction(name="checkout", op="http.server", headers=trace.headers):
    ...         pass
    >>> trace.tree.description
    'checkout'
    """

    headers: Mapping[str, str]
    """``sentry-trace``, ``baggage`` and ``traceparent``, for a request to a service: it is sampled."""
