"""The faults of an inbox as they are applied to requests: by count and chance, until they are used up."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Protocol

from pytest_sentryintegration.ingest.fault import Fault
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.wire.envelope import RawEnvelope
from pytest_sentryintegration.wire.rate_limits import Enforced, enforce

__all__ = ["SetFaults", "Uses"]

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


class SetFaults:
    """The faults that are set. Every method may be called from any thread.

    Args:
        uses: what counts their uses, where several fake Sentrys are one.

    >>> faults = SetFaults()
    >>> faults.add(Fault("status", times=1, code=503))
    >>> faults.take_status(["event"]), faults.take_status(["event"])
    (503, None)
    """

    def __init__(self, uses: Uses | None = None) -> None:
        self._set: list[Fault] = []
        self._lock = reentrant_lock()
        self._delayed = False
        self._uses = uses

    def add(self, fault: Fault) -> None:
        """Set *fault*, beside those that are set."""
        with self._lock:
            fault.place = len(self._set)
            self._set.append(fault)
            self._delayed |= fault.kind == "delay"

    def clear(self) -> None:
        """Take all faults back."""
        with self._lock:
            self._set.clear()

    def end_delays(self) -> bool:
        """Take the delays back; returns whether there were any, used up or not."""
        with self._lock:
            self._set[:] = [fault for fault in self._set if fault.kind != "delay"]
            delayed, self._delayed = self._delayed, False
        return delayed

    def active(self) -> list[Fault]:
        """Return the faults that are set and not yet used up, in the order in which they were set."""
        with self._lock:
            return [fault for fault in self._set if fault.times != 0]

    def recount(self) -> None:
        """Take note of what other fake Sentrys used of them."""
        if self._uses is not None:
            used = self._uses.all()
            with self._lock:
                for fault in [each for each in self._set if each.most is not None]:
                    self._note_uses(fault, used.get(fault.place, 0))

    def __bool__(self) -> bool:
        return bool(self._set)

    def take_status(self, item_types: Iterable[str]) -> int | None:
        """Return the status that a request with items of *item_types* is answered with, and count it."""
        with self._lock:
            fault = self._next("status", frozenset(item_types))
            return fault.code if fault is not None else None

    def spoil(self, reply: Reply, item_types: Iterable[str]) -> None:
        """Delay or cut *reply*, the answer to a request with items of *item_types*, and count it."""
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
        """Apply the rate limits to *envelope*, and count those that met an item; ``None`` without any."""
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
