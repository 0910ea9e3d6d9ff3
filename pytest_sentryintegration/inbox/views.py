"""Live views of what arrived: searched, and waited on in real time."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeVar

from pytest_sentryintegration.inbox.arrived import Arrived
from pytest_sentryintegration.inbox.looking import Found, Lack, look
from pytest_sentryintegration.inbox.reader import Unmet
from pytest_sentryintegration.inbox.steps import Step, run, run_async
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.words.failures import too_few, too_many, unsure, unwanted

__unittest = True  # hides the frames of this module in unittest's tracebacks

T = TypeVar("T")


class View(Arrived[T]):
    """A live view of one noun: a read-only sequence of what arrived so far, in order.

    Reading it first drains this process's SDK, so there is no need to wait for what this process sent.
    Iteration is over a snapshot. Equal to any list, tuple or view of the same objects.

    >>> event_id = capture_message("out of tea")
    >>> len(sentry_events.messages), sentry_events.messages[-1].text, sentry_events.errors == []
    (1, 'out of tea', True)
    """

    def find(self, main: Any = ..., /, *, timeout: float | None = None, **criteria: Any) -> T:
        """Return the one object that meets the criteria, waiting for what other processes send.

        Args:
            main: The noun's own criterion: a message's text, an exception class, a transaction's name, ...
            timeout: Seconds to wait, of real time; ``sentry_timeout`` where it is not given.
            criteria: What attributes are expected to be, by name. Each is compared by ``==`` first; a
                compiled pattern searches, a callable decides, a dict matches as a subset, ``...`` is
                anything that is there.

        Raises:
            AssertionError: None or several match; says what came near, or why nothing came.
            TypeError: A criterion names an unknown field, or *timeout* is no number.
            ValueError: *timeout* is negative, infinite or nan.

        >>> import re
        >>> event_id = capture_message("out of tea", Warn, tags={"shop": "north"})
        >>> sentry_events.messages.find(re.compile("^out of"), level="warning", tags={"shop": "north"})
        <Event warning 'out of tea'>
        """
        __tracebackhide__ = True
        return run(self._find(self._query(main, criteria), timeout))

    async def find_async(self, main: Any = ..., /, *, timeout: float | None = None, **criteria: Any) -> T:
        """Do what `find` does, and let the loop run meanwhile.

        >>> import asyncio
        >>> async def sell():
        ...     capture_message("out of tea")
        ...     return await sentry_events.messages.find_async("out of tea")
        >>> asyncio.run(sell())
        <Event info 'out of tea'>
        """
        __tracebackhide__ = True
        return await run_async(self._find(self._query(main, criteria), timeout))

    def where(self, main: Any = ..., /, **criteria: Any) -> tuple[T, ...]:
        """Return all objects that meet the criteria, at once; see `find` for these.

        >>> for shop in ("north", "south"):
        ...     event_id = capture_message(f"{shop} is out of tea", Warn)
        >>> len(sentry_events.where(level="warning"))
        2
        """
        __tracebackhide__ = True
        query = self._query(main, criteria)
        self._reader.drain()
        matched = self._matching(query)
        self._reader.look(matched)
        return tuple(matched)

    def wait(
        self, count: int, main: Any = ..., /, timeout: float | None = None, **criteria: Any
    ) -> tuple[T, ...]:
        """Return all objects that meet the criteria, once there are *count*; see `find` for these.

        Args:
            count: How many there have to be; all that have come by then are returned, in order.
            main: The noun's own criterion.
            timeout: Seconds to wait, of real time; ``sentry_timeout`` where it is not given.
            criteria: What attributes are expected to be, by name.

        Raises:
            AssertionError: There were fewer when the time was over.

        >>> for shop in ("north", "south"):
        ...     event_id = capture_message(f"{shop} is out of tea")
        >>> sentry_events.messages.wait(2)
        (<Event info 'north is out of tea'>, <Event info 'south is out of tea'>)
        """
        __tracebackhide__ = True
        return run(self._wait(count, self._query(main, criteria), timeout))

    async def wait_async(
        self, count: int, main: Any = ..., /, timeout: float | None = None, **criteria: Any
    ) -> tuple[T, ...]:
        """Do what `wait` does, and let the loop run meanwhile.

        >>> import asyncio
        >>> event_id = capture_message("out of tea")
        >>> asyncio.run(sentry_events.messages.wait_async(1))
        (<Event info 'out of tea'>,)
        """
        __tracebackhide__ = True
        return await run_async(self._wait(count, self._query(main, criteria), timeout))

    def none(self, main: Any = ..., /, within: float = 0, **criteria: Any) -> None:
        """Fail if an object meets the criteria, or comes within that many seconds; see `find` for these.

        Raises:
            AssertionError: There is one; or not everything that was sent could be read.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.messages.none("out of milk")
        """
        __tracebackhide__ = True
        run(self._none(self._query(main, criteria), within))

    def _query(self, main: Any, criteria: dict[str, Any]) -> Query:
        __tracebackhide__ = True
        return Query(self._noun, main, criteria, self._class)

    def _matching(self, query: Query) -> list[T]:
        __tracebackhide__ = True
        return query.among(self._objects())

    def _timeout(self, timeout: float | None) -> float:
        __tracebackhide__ = True
        return self._reader.source.timeout if timeout is None else seconds("timeout", timeout)

    def _find(self, query: Query, timeout: float | None) -> Generator[Step, Any, T]:
        __tracebackhide__ = True
        waited = self._timeout(timeout)
        found = yield from self._look(query, 1, waited, patient=timeout is None)
        return (yield from self._only(query, found, waited))

    def _only(self, query: Query, found: Found, waited: float) -> Generator[Step, Any, T]:
        __tracebackhide__ = True
        if len(found.matched) == 1:
            self._reader.look(found.matched)
            only: T = found.matched[0]
            return only
        if found.matched:
            raise AssertionError(too_many(query, list(self._objects()), found.matched))
        raise AssertionError((yield partial(self._too_few, query, found, waited, None)))

    def _wait(self, count: int, query: Query, timeout: float | None) -> Generator[Step, Any, tuple[T, ...]]:
        __tracebackhide__ = True
        check_count(count)
        waited = self._timeout(timeout)
        found = yield from self._look(query, count, waited, patient=timeout is None)
        return (yield from self._enough(count, query, found, waited))

    def _enough(
        self, count: int, query: Query, found: Found, waited: float
    ) -> Generator[Step, Any, tuple[T, ...]]:
        __tracebackhide__ = True
        if len(found.matched) < count:
            raise AssertionError((yield partial(self._too_few, query, found, waited, count)))
        self._reader.look(found.matched)
        return tuple(found.matched)

    def _look(
        self,
        query: Query,
        enough: int,
        timeout: float,
        lack: Callable[[list[T]], Lack | None] | None = None,
        *,
        patient: bool = False,
    ) -> Generator[Step, Any, Found]:
        __tracebackhide__ = True
        return look(
            self._reader.source, partial(self._matching, query), enough, timeout, lack, patient=patient
        )

    def _none(self, query: Query, within: float) -> Generator[Step, Any, None]:
        __tracebackhide__ = True
        found = yield from self._look(query, 1, seconds("within", within))
        if found.matched:
            received = list(self._objects())
            raise AssertionError(unwanted(query, received, found.matched, waited=within))
        if found.notes:
            raise AssertionError(unsure(query, found.notes))

    def _too_few(self, query: Query, found: Found, waited: float, wanted: int | None) -> str:
        text = too_few(
            query,
            list(self._objects()),
            found.matched,
            contents=self._reader.source.contents,
            evidence=self._reader.evidence(found.notes),
            waited=waited,
            wanted=wanted,
        )
        self._reader.unmet = Unmet(query, text)
        return text


def check_count(count: Any) -> None:
    """Raise a `TypeError` where *count* is no number: a criterion was given first."""
    __tracebackhide__ = True
    if not isinstance(count, int):
        raise TypeError(f"how many to wait for comes first, as in wait(1, {count!r}), not {count!r}")


def seconds(name: str, value: Any) -> float:
    """Return *value* if one can wait that long: nan would be waited for without end."""
    __tracebackhide__ = True
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number of seconds, got {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is a finite number of seconds from 0, got {value!r}")
    return value
