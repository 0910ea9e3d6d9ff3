"""Faults that a test asks for: what a real Sentry, or the network, may do to an application."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_sentryintegration.ingest.fault import Fault, limit_of
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.wire.envelope import RawEnvelope
from pytest_sentryintegration.wire.rate_limits import Enforced, enforce

__all__ = ["Faults", "Uses"]

_CHANCE = random.Random()
"""Not that of the module `random`, which an application may have seeded."""


class Uses(Protocol):
    """Counts, for several fake Sentrys that are one, how often each of some faults was applied."""

    def count(self, place: int) -> int:
        """Count one more use of the fault at that place; return how many there are, 0 for none at all."""

    def count_tried(self, place: int) -> int:
        """Count one more request for which chance decides; return how many there are, 0 for none at all."""

    def all(self) -> Mapping[int, int]:
        """Return how often each was used, by its place."""


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

    _set: list[Fault] = field(default_factory=list)
    _lock: Any = field(default_factory=reentrant_lock)
    _delayed: bool = False
    _uses: Uses | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any], uses: Uses | None = None) -> Faults:
        """Return faults that are given as the captured API takes them, and whose uses are counted by *uses*.

        >>> Faults.of({"status": {"code": 503}, "rate_limit": [{"categories": ["error"], "seconds": 5}]})
        Faults(status 503; rate_limit 5:error:organization)
        """
        faults = cls(_uses=uses)
        for kind, several in given.items():
            for options in several if isinstance(several, list) else [several]:
                categories = options.get("categories", ())
                rest = {name: value for name, value in options.items() if name != "categories"}
                getattr(faults, kind)(*categories, **rest)
        return faults

    def __repr__(self) -> str:
        return f"Faults({'; '.join(map(str, self.active()))})"

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
        self._add(Fault("rate_limit", item_type, times, probability, seed, limit=limit))

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
        self._add(Fault("status", item_type, times, probability, seed, code=code))

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
        self._add(Fault("delay", item_type, times, probability, seed, seconds=float(seconds)))

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
        self._add(Fault("disconnect", item_type, times, probability, seed))

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
        self._add(Fault("truncate", item_type, times, probability, seed))

    def clear(self) -> None:
        """Take all faults back.

        >>> faults = Faults()
        >>> faults.status(503)
        >>> faults.clear()
        >>> faults
        Faults()
        """
        with self._lock:
            self._set.clear()

    def end_delays(self) -> bool:
        """Take the delays back; returns whether there were any, used up or not.

        >>> faults = Faults()
        >>> faults.delay(5)
        >>> faults.end_delays(), faults
        (True, Faults())
        """
        with self._lock:
            self._set[:] = [fault for fault in self._set if fault.kind != "delay"]
            delayed, self._delayed = self._delayed, False
        return delayed

    def active(self) -> list[Fault]:
        """Return the faults that are set and not yet used up, in the order in which they were set.

        >>> faults = Faults()
        >>> faults.status(503)
        >>> [fault.kind for fault in faults.active()]
        ['status']
        """
        with self._lock:
            return [fault for fault in self._set if fault.times != 0]

    def recount(self) -> None:
        """Take note of what other fake Sentrys used of them.

        >>> faults = Faults()
        >>> faults.recount()
        """
        if self._uses is not None:
            used = self._uses.all()
            with self._lock:
                for fault in [each for each in self._set if each.most is not None]:
                    self._note_uses(fault, used.get(fault.place, 0))

    def __bool__(self) -> bool:
        return bool(self._set)

    def take_status(self, item_types: Iterable[str]) -> int | None:
        """Return the status that a request with items of *item_types* is answered with, and count it.

        >>> faults = Faults()
        >>> faults.status(503, times=1)
        >>> faults.take_status(["event"]), faults.take_status(["event"])
        (503, None)
        """
        with self._lock:
            fault = self._next("status", frozenset(item_types))
            return fault.code if fault is not None else None

    def spoil(self, reply: Reply, item_types: Iterable[str]) -> None:
        """Delay or cut *reply*, the answer to a request with items of *item_types*, and count it.

        >>> from pytest_sentryintegration.ingest.request import Reply
        >>> faults, reply = Faults(), Reply(200, [], b"{}")
        >>> faults.delay(0.5)
        >>> faults.spoil(reply, ["event"])
        >>> reply.delay
        0.5
        """
        types = frozenset(item_types)
        with self._lock:
            slow = self._next("delay", types)
            cut = self._next("disconnect", types) or self._next("truncate", types)
        if slow is not None:
            reply.delay = slow.seconds
        if cut is not None:
            # A lost connection ends in the middle of the first line.
            reply.cut = 10 if cut.kind == "disconnect" else -max(1, (len(reply.body) + 1) // 2)

    def enforce(self, envelope: RawEnvelope) -> Enforced | None:
        """Apply the rate limits to *envelope*, and count those that met an item; ``None`` without any.

        >>> from pytest_sentryintegration.wire.envelope import RawEnvelope
        >>> faults = Faults()
        >>> faults.enforce(RawEnvelope({}, [])) is None
        True
        """
        types = {item.type for item in envelope.items}
        with self._lock:
            limits = [
                fault
                for fault in self._set
                if fault.limit is not None
                and fault.times != 0
                and fault.item_type in (None, *types)
                and self._applies(fault)
            ]
            counted: set[int] = set()
            while limits:
                enforced = enforce([fault.limit for fault in limits if fault.limit is not None], envelope)
                met = [fault for fault in limits if fault.limit in enforced.limits]
                spent = [fault for fault in met if id(fault) not in counted and not self._count(fault)]
                if not spent:
                    return enforced
                counted |= {id(fault) for fault in met}
                limits = [fault for fault in limits if all(fault is not each for each in spent)]
            return None

    def _add(self, fault: Fault) -> None:
        with self._lock:
            fault.place = len(self._set)
            self._set.append(fault)
            self._delayed |= fault.kind == "delay"

    def _next(self, kind: str, types: frozenset[str]) -> Fault | None:
        for fault in self._set.copy():
            if (
                fault.kind == kind
                and (fault.item_type is None or fault.item_type in types)
                and self._applies(fault)
                and self._count(fault)
            ):
                return fault
        return None

    def _applies(self, fault: Fault) -> bool:
        """Return whether a fault applies to the next request that it is meant for."""
        if fault.probability == 1 or fault.seed is None:
            return fault.probability == 1 or _CHANCE.random() < fault.probability
        fault.tried = fault.tried + 1 if self._uses is None else self._uses.count_tried(fault.place)
        # By its number: several fake Sentrys that are one decide as a single one does.
        return random.Random(f"{fault.seed}/{fault.tried}").random() < fault.probability

    def _count(self, fault: Fault) -> bool:
        """Count one use; returns whether it is one that the fault was set for."""
        if fault.most is not None:
            used = (
                fault.most - (fault.times or 0) + 1 if self._uses is None else self._uses.count(fault.place)
            )
            if used:
                self._note_uses(fault, used)
            if not 0 < used <= fault.most:
                return False
        fault.done += 1
        return True

    def _note_uses(self, fault: Fault, used: int) -> None:
        assert fault.most is not None
        fault.times = max(fault.most - used, 0)
        if fault.times == 0:
            self._set[:] = [other for other in self._set if other is not fault]
