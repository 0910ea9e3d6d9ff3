"""Faults that a test asks for: what a real Sentry, or the network, may do to an application."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_sentryintegration.ingest.fault import Fault, limit_of
from pytest_sentryintegration.ingest.set_faults import SetFaults, Uses

__all__ = ["Faults"]


@dataclass(slots=True)
class Faults:
    """The faults of one inbox. Every method may be called from any thread.

    Each fault holds until `clear`, or for the next *times* requests, and for requests with an item of type
    *item_type* alone where that is given. Requests that are refused anyway have no items. With a
    *probability* below 1 it applies to a part of them, by chance: to the same ones for the same *seed*.

    >>> faults = Faults()
    >>> faults.status(503, times=2)
    >>> faults.rate_limit("error", seconds=30)
    >>> faults
    Faults(status 503, 2 more times; rate_limit 30:error:organization)
    """

    _set: SetFaults = field(default_factory=SetFaults)

    @classmethod
    def of(cls, given: Mapping[str, Any], uses: Uses | None = None) -> Faults:
        """Return faults that are given as the captured API takes them, and whose uses are counted by *uses*.

        >>> Faults.of({"status": {"code": 503}, "rate_limit": [{"categories": ["error"], "seconds": 5}]})
        Faults(status 503; rate_limit 5:error:organization)
        """
        faults = cls(SetFaults(uses))
        for kind, several in given.items():
            for options in several if isinstance(several, list) else [several]:
                categories = options.get("categories", ())
                rest = {name: value for name, value in options.items() if name != "categories"}
                getattr(faults, kind)(*categories, **rest)
        return faults

    if not TYPE_CHECKING:  # with it, type checkers would accept any name

        def __getattr__(self, name: str) -> Any:
            known = [each for each in dir(type(self)) if not each.startswith("_")]
            near = difflib.get_close_matches(name, known, n=1)
            said = f"there is no fault {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            # With an object that has nothing alike: from Python 3.12 on a traceback says what is near, too.
            raise AttributeError(said, name=name, obj=None)

    def __repr__(self) -> str:
        return f"Faults({'; '.join(map(str, self._set.active()))})"

    def rate_limit(
        self,
        *categories: str,
        seconds: int = 60,
        scope: str = "organization",
        times: int | None = None,
        item_type: str | None = None,
        namespaces: Iterable[str] = (),
        reason: str = "",
        probability: float = 1.0,
        seed: int | None = None,
    ) -> None:
        """Limit data categories as a spent quota does; all of them where none is named.

        Items of a limited category are taken from their envelopes, the others are kept; the answer is 429
        with ``Retry-After`` and ``X-Sentry-Rate-Limits``. What was taken is listed in ``refused``.

        Args:
            *categories: Sentry's names, such as ``error``, ``transaction``, ``attachment``, ``session``,
                ``log_item``, ``monitor``.
            seconds: How long the SDK is told to wait.
            scope: What the quota is said to hold for: ``key``, ``project`` or ``organization``.
            times: For how many requests that have such an item.
            item_type: Only requests with an item of this type.
            namespaces: Of the category ``metric_bucket``: which metrics the limit is said to hold for, such
                as ``spans``. It is announced to a request with any metrics, and takes none of them away.
            reason: What the spent quota is called, such as ``project_quota``: announced behind the scope.
            probability: To which part of the requests it applies, from 0 to 1.
            seed: Makes chance the same again.

        Raises:
            ValueError: An unknown category, scope, item type or namespace, the nearest is named; a reason
                that the header cannot hold.
            TypeError: A wrong type.

        >>> sentry_events.faults.rate_limit("error", seconds=30)
        >>> event_id = capture_message("out of tea")
        >>> sentry_events.refused.find().status
        429
        """
        limit = limit_of(categories, seconds, scope, reason, namespaces)
        self._set.add(Fault("rate_limit", item_type, times, probability, seed, limit=limit))

    def status(
        self,
        code: int,
        times: int | None = None,
        *,
        item_type: str | None = None,
        probability: float = 1.0,
        seed: int | None = None,
    ) -> None:
        """Answer with an error instead of accepting.

        Args:
            code: The HTTP status, 300 to 599.
            times: For how many requests.
            item_type: Only requests with an item of this type.
            probability: To which part of the requests it applies, from 0 to 1.
            seed: Makes chance the same again.

        Raises:
            ValueError: No such status; the nearest is named.
            TypeError: A wrong type.

        >>> sentry_events.faults.status(503, times=1)
        >>> event_id = capture_message("out of tea")
        >>> sentry_events.refused.find().status
        503
        """
        if isinstance(code, bool) or not isinstance(code, int):
            raise TypeError(f"code is an HTTP status such as 503, got {code!r}")
        if not 300 <= code <= 599:
            raise ValueError(
                f"{code} is no status of a failure (300 to 599); nearest: {min(max(code, 300), 599)}"
            )
        self._set.add(Fault("status", item_type, times, probability, seed, code=code))

    def delay(
        self,
        seconds: float,
        times: int | None = None,
        *,
        item_type: str | None = None,
        probability: float = 1.0,
        seed: int | None = None,
    ) -> None:
        """Keep what comes, and answer that many seconds later; see `status` for the other arguments.

        Raises:
            ValueError: *seconds* is negative or not finite.
            TypeError: A wrong type.

        >>> faults = Faults()
        >>> faults.delay(0.5, times=2, item_type="event")
        >>> faults
        Faults(delay 0.5 s for event, 2 more times)
        """
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError(f"seconds is a number, got {seconds!r}")
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"seconds is a finite number from 0, got {seconds!r}")
        self._set.add(Fault("delay", item_type, times, probability, seed, seconds=float(seconds)))

    def disconnect(
        self,
        times: int | None = None,
        *,
        item_type: str | None = None,
        probability: float = 1.0,
        seed: int | None = None,
    ) -> None:
        """Keep what comes, and let the connection die in the middle of the answer.

        See `status` for the arguments and what they raise.

        >>> faults = Faults()
        >>> faults.disconnect(probability=0.1, seed=7)
        >>> faults
        Faults(disconnect with probability 0.1)
        """
        self._set.add(Fault("disconnect", item_type, times, probability, seed))

    def truncate(
        self,
        times: int | None = None,
        *,
        item_type: str | None = None,
        probability: float = 1.0,
        seed: int | None = None,
    ) -> None:
        """Keep what comes, and send less of the answer's body than its ``Content-Length`` says.

        See `status` for the arguments and what they raise.

        >>> faults = Faults()
        >>> faults.truncate(times=1)
        >>> faults
        Faults(truncate, 1 more time)
        """
        self._set.add(Fault("truncate", item_type, times, probability, seed))

    def clear(self) -> None:
        """Take all faults back.

        >>> faults = Faults()
        >>> faults.status(503)
        >>> faults.clear()
        >>> faults
        Faults()
        """
        self._set.clear()

    def active(self) -> list[Fault]:
        """Return the faults that are set and not yet used up, in the order in which they were set.

        >>> faults = Faults()
        >>> faults.status(503)
        >>> [fault.kind for fault in faults.active()]
        ['status']
        """
        return self._set.active()

    def __bool__(self) -> bool:
        return bool(self._set)
