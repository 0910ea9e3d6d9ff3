"""`sentry_events.traces`: a view that can wait until a trace is complete."""

from __future__ import annotations

import contextlib
import secrets
import weakref
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from pytest_sentryintegration import clock
from pytest_sentryintegration.inbox.looking import Found, Lack, look
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.inbox.steps import Step, run, run_async
from pytest_sentryintegration.inbox.views import View, check_count, seconds
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.model import StartedTrace, Trace
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.continuity import discontinuous
from pytest_sentryintegration.words.explaining import doubts, reasons
from pytest_sentryintegration.words.traces import incomplete, of_missing, of_nothing, too_recent

__unittest = True  # hides the frames of this module in unittest's tracebacks

__all__ = ["TraceOfATest", "TraceView", "lacking"]


class TraceView(View[Trace]):
    """The traces of one inbox; with ``complete=True`` its methods wait until all of a trace has come.

    A trace is complete when no parent is missing in it, no process of this test holds anything of it back
    (this process; what `sentry_events.popen` runs), and nothing of it has come for ``sentry_quiet`` seconds.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     pass
    >>> len(sentry_events.traces), len(sentry_events.traces[0].spans)
    (1, 1)
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader, NOUNS["traces"], Trace)
        # Weak: a circle would keep the inbox until the garbage collector runs.
        self._assertions = _Assertions(weakref.ref(reader))

    def _objects(self) -> Any:
        traces = super()._objects()
        self._reader.source.contents.assertions = self._assertions
        return traces

    def find(
        self, main: Any = ..., /, *, timeout: float | None = None, complete: bool = False, **criteria: Any
    ) -> Trace:
        """Return the one trace that meets the criteria; see `View.find`.

        Args:
            main: The trace id.
            timeout: Seconds to wait, of real time; ``sentry_timeout`` where it is not given.
            complete: Whether to wait until it is complete.
            criteria: What attributes are expected to be, by name.

        Raises:
            AssertionError: None or several match; or it was not complete when the time was over: names the
                service that owes a span.

        >>> with start_transaction(name="checkout", op="http.server") as transaction:
        ...     pass
        >>> sentry_events.traces.find(transaction.trace_id, complete=True).tree.op
        'http.server'
        """
        __tracebackhide__ = True
        return run(self._find(self._query(main, criteria), timeout, complete=complete))

    async def find_async(
        self, main: Any = ..., /, *, timeout: float | None = None, complete: bool = False, **criteria: Any
    ) -> Trace:
        """Do what `find` does, and let the loop run meanwhile.

        >>> import asyncio
        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> asyncio.run(sentry_events.traces.find_async(complete=True)).tree.op
        'http.server'
        """
        __tracebackhide__ = True
        return await run_async(self._find(self._query(main, criteria), timeout, complete=complete))

    def wait(
        self,
        count: int,
        main: Any = ...,
        /,
        timeout: float | None = None,
        *,
        complete: bool = False,
        **criteria: Any,
    ) -> tuple[Trace, ...]:
        """Return all traces that meet the criteria, once there are *count*, and complete if asked for.

        See `find` for the arguments; *timeout* is in seconds.

        Raises:
            AssertionError: There were fewer when the time was over, or one was not complete.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> len(sentry_events.traces.wait(1))
        1
        """
        __tracebackhide__ = True
        return run(self._wait(count, self._query(main, criteria), timeout, complete=complete))

    async def wait_async(
        self,
        count: int,
        main: Any = ...,
        /,
        timeout: float | None = None,
        *,
        complete: bool = False,
        **criteria: Any,
    ) -> tuple[Trace, ...]:
        """Do what `wait` does, and let the loop run meanwhile.

        >>> import asyncio
        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> len(asyncio.run(sentry_events.traces.wait_async(1)))
        1
        """
        __tracebackhide__ = True
        return await run_async(self._wait(count, self._query(main, criteria), timeout, complete=complete))

    def _find(
        self, query: Query, timeout: float | None, *, complete: bool = False
    ) -> Generator[Step, Any, Trace]:
        __tracebackhide__ = True
        waited = self._timeout(timeout)
        lack = self._lack_of_one if complete else None
        found = yield from self._look(query, 1, waited, lack, patient=timeout is None)
        if found.lack is not None:
            raise AssertionError((yield partial(why_incomplete, self._reader, found, waited)))
        return (yield from self._only(query, found, waited))

    def _wait(
        self, count: int, query: Query, timeout: float | None, *, complete: bool = False
    ) -> Generator[Step, Any, tuple[Trace, ...]]:
        __tracebackhide__ = True
        check_count(count)
        waited = self._timeout(timeout)
        lack = self._lack if complete else None
        found = yield from self._look(query, count, waited, lack, patient=timeout is None)
        if found.lack is not None:
            raise AssertionError((yield partial(why_incomplete, self._reader, found, waited)))
        return (yield from self._enough(count, query, found, waited))

    def _lack(self, traces: list[Trace]) -> Lack | None:
        return lacking(self._reader.source, traces)

    def _lack_of_one(self, traces: list[Trace]) -> Lack | None:
        # Several are a failure, which needs no waiting.
        return self._lack(traces) if len(traces) == 1 else None


class TraceOfATest:
    """The context manager of `SentryEvents.trace`: gives headers, and waits for what becomes of them."""

    def __init__(self, view: TraceView, reader: Reader, timeout: float | None) -> None:
        self._view = view
        self._reader = reader
        self._timeout = timeout if timeout is None else seconds("timeout", timeout)
        self._started: StartedTrace

    def __enter__(self) -> StartedTrace:
        trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
        header = {
            "trace_id": trace_id,
            "public_key": self._reader.source.public_key,
            "sampled": "true",
            "sample_rate": "1.0",
            "sample_rand": "0.500000",
        }
        headers = {
            "sentry-trace": f"{trace_id}-{span_id}-1",
            "baggage": ",".join(f"sentry-{name}={value}" for name, value in header.items()),
            "traceparent": f"00-{trace_id}-{span_id}-01",
        }
        self._started = self._reader.source.contents.start_trace(headers, header, span_id)
        self._view._objects()
        return self._started

    def __exit__(self, kind: object, *_: object) -> None:
        __tracebackhide__ = True
        if kind is None:
            run(self._complete())

    async def __aenter__(self) -> StartedTrace:
        return self.__enter__()

    async def __aexit__(self, kind: object, *_: object) -> None:
        __tracebackhide__ = True
        if kind is None:
            await run_async(self._complete())

    def _complete(self) -> Generator[Step, Any, None]:
        __tracebackhide__ = True
        return _assert_complete(self._reader, self._started, self._timeout)


def _is_empty(trace: Trace) -> bool:
    """Whether a test has begun it, and no span of it has come."""
    return isinstance(trace, StartedTrace) and not trace.raw


def _owed(traces: Sequence[Trace]) -> list[str]:
    """Return a sentence for each of *traces* that is empty, and for each parent that has not come."""
    owed = [of_nothing(trace) for trace in traces if _is_empty(trace)]
    return owed + [sentence for trace in traces for sentence in of_missing(trace)]


def lacking(source: Source, traces: Sequence[Trace]) -> Lack | None:
    """Return what keeps *traces* from being complete; ``None`` where nothing does."""
    missing = _owed(traces)
    if missing:
        return Lack(missing)
    ages = [(clock.now() - trace.received).total_seconds() for trace in traces]
    if ages and min(ages) < source.quiet:
        return Lack([too_recent(min(ages), source.quiet)], source.quiet - min(ages))
    held = source.holding([trace.trace_id for trace in traces])
    return Lack(held) if held else None


class _Assertions:
    """Judges the traces of one inbox; where the inbox is gone, by what has come."""

    def __init__(self, reader: weakref.ref[Reader]) -> None:
        self._reader = reader

    def complete(self, trace: Trace, timeout: float | None) -> None:
        __tracebackhide__ = True
        reader = self._reader()
        if reader is not None:
            run(_assert_complete(reader, trace, timeout))
        elif missing := _owed([trace]):
            raise AssertionError(incomplete([trace], missing))

    def continuous(self, trace: Trace) -> None:
        __tracebackhide__ = True
        reader = self._reader()
        if reader is not None:
            reader.source.drain()
            reader.source.contents.update()
        breaks = trace.breaks()
        if not breaks and _is_empty(trace):
            # One that a test has begun: of what has not come nothing can be said.
            self.complete(trace, None)
            breaks = trace.breaks()
        if breaks and reader is not None:
            # What has not come yet may tell otherwise.
            with contextlib.suppress(AssertionError):
                self.complete(trace, None)
            breaks = trace.breaks()
        if breaks:
            raise AssertionError(discontinuous(trace, breaks))


def _assert_complete(reader: Reader, trace: Trace, timeout: float | None) -> Generator[Step, Any, None]:
    __tracebackhide__ = True
    source = reader.source
    waited = source.timeout if timeout is None else seconds("timeout", timeout)

    def search() -> list[Trace]:
        source.contents.update()
        return [trace]

    found = yield from look(source, search, 1, waited, partial(lacking, source), patient=timeout is None)
    if found.lack is not None:
        raise AssertionError((yield partial(why_incomplete, reader, found, waited)))


def why_incomplete(reader: Reader, found: Found, waited: float) -> str:
    """Return the failure where what was found was not complete when the time was over."""
    source = reader.source
    said = list(found.lack.sentences) if found.lack is not None else []
    said += source.holding([trace.trace_id for trace in found.matched])
    # Where no trace has come at all, it is as with a search that finds nothing.
    why = reasons if not source.contents.traces and any(map(_is_empty, found.matched)) else doubts
    said += why(reader.evidence(found.notes), source.contents, "traces", waited)
    return incomplete(found.matched, list(dict.fromkeys(said)), waited)
