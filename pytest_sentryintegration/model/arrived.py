"""Sequences of what arrived, which read what has come since when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final, Generic, TypeVar, overload

from pytest_sentryintegration.model.events import SECURITY_TYPES, Event, event_at, keeps_texts
from pytest_sentryintegration.model.items import Envelope, is_verbatim
from pytest_sentryintegration.store import Arrival

__all__ = ["Arrived", "ArrivedEvents", "EventPool"]

T_co = TypeVar("T_co", covariant=True)
Lock = AbstractContextManager[Any]


class Arrived(Sequence[T_co], Generic[T_co]):
    """The objects of one noun, in order of arrival; equal to any list or tuple of the same objects.

    Args:
        lock: Held while objects are made.
        sources: Returns the growing list of what objects are made of.
        read: Makes the objects of one source; one that cannot be read gives none.
    """

    def __init__(
        self, lock: Lock, sources: Callable[[], list[Any]], read: Callable[[Any], Iterable[T_co]]
    ) -> None:
        self._lock = lock
        self._sources = sources
        self._read = read
        self._objects: list[T_co] = []
        self._seen = 0

    def settle(self) -> list[T_co]:
        """Read what has come since, and return the list that grows; it is not to be changed."""
        sources = self._sources()
        if self._seen < len(sources):
            with self._lock:
                for source in sources[self._seen :]:
                    self._objects.extend(self._read(source))
                    self._seen += 1
        return self._objects

    def containing(self, needle: bytes) -> list[T_co]:
        """Return at least the objects with a text that contains *needle* (UTF-8); only events are sifted."""
        return self.settle().copy()

    def __len__(self) -> int:
        return len(self.settle())

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.settle().copy())

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        objects = self.settle()
        return tuple(objects[index]) if isinstance(index, slice) else objects[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Arrived | list | tuple):
            return self.settle() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.settle())


GROUP: Final = 32
"""Events whose payloads are also kept joined: one search in many is two thirds of the cost of many in one."""

GROUP_SIZE: Final = 64 * 1024
"""Bytes of a group that is kept joined; with larger payloads nothing would be won, but for memory."""


class EventPool:
    """All event items of an inbox, searchable before they are made into events and parsed.

    Args:
        lock: Held while events are made.
        envelope_of: Returns the envelope of a request; asked again, the same object.
    """

    def __init__(self, lock: Lock, envelope_of: Callable[[Arrival], Envelope]) -> None:
        # Two lists, as 50,000 pairs would be 50,000 further objects.
        self._arrivals: list[Arrival] = []
        self._indexes: list[int] = []
        self._composed: list[int] = []
        self._lock = lock
        self._envelope_of = envelope_of
        self._events: list[Event] = []
        self._payloads: list[bytes] = []
        self._groups: list[bytes | None] = []
        self._elsewhere: list[int] = []
        self._found: dict[bytes, tuple[int, list[int]]] = {}

    def add(self, arrival: Arrival, index: int, kind: str) -> None:
        """Take in an item of that type, unread. Callers hold the lock."""
        if kind in SECURITY_TYPES:
            self._composed.append(len(self._indexes))
        self._arrivals.append(arrival)
        self._indexes.append(index)

    def settle(self) -> list[Event]:
        """Return all events, those among them that cannot be read, too."""
        if len(self._events) < len(self._indexes):
            with self._lock:
                self._events += [self._event(at) for at in range(len(self._events), len(self._indexes))]
        return self._events

    def containing(self, needle: bytes) -> list[Event]:
        """Return at least the events with a text that contains *needle*, which must be verbatim."""
        with self._lock:
            self._take_payloads()
            searched, found = self._found.pop(needle, (0, []))
            found += self._search(needle, searched)
            # A wait asks for the same over and over: what was searched once is not searched again.
            self._found[needle] = len(self._payloads), found
            if len(self._found) > 64:
                del self._found[next(iter(self._found))]
            places = sorted({*found, *self._elsewhere}) if self._elsewhere else found
            return [self._event(at) for at in places]

    def _search(self, needle: bytes, start: int) -> list[int]:
        payloads, groups = self._payloads, self._groups
        found: list[int] = []
        for group in range(start // GROUP, -(-len(payloads) // GROUP)):
            if group < len(groups) and (joined := groups[group]) is not None and needle not in joined:
                continue
            end = min((group + 1) * GROUP, len(payloads))
            found += [at for at in range(max(start, group * GROUP), end) if needle in payloads[at]]
        return found

    def _event(self, at: int) -> Event:
        return event_at(self._envelope_of(self._arrivals[at]), self._indexes[at])

    def _take_payloads(self) -> None:
        known = len(self._payloads)
        if known < len(self._indexes):
            places = zip(self._arrivals[known:], self._indexes[known:], strict=True)
            added = [arrival.envelope.items[index].payload for arrival, index in places]
            self._payloads += added
            self._join()
            self._elsewhere += [at for at, payload in enumerate(added, known) if not keeps_texts(payload)]
            self._elsewhere = sorted({*self._elsewhere, *self._composed})

    def _join(self) -> None:
        for start in range(len(self._groups) * GROUP, len(self._payloads) - GROUP + 1, GROUP):
            joined = b"\0".join(self._payloads[start : start + GROUP])
            self._groups.append(joined if len(joined) <= GROUP_SIZE else None)


class ArrivedEvents(Arrived[Event]):
    """Events in order of arrival, of which `containing` parses only those in question.

    Args:
        lock: Held while objects are made.
        pool: The events there are.
        wanted: Whether a readable event belongs here.
    """

    def __init__(self, lock: Lock, pool: EventPool, wanted: Callable[[Event], bool]) -> None:
        super().__init__(lock, pool.settle, partial(_sifted, wanted))
        self._pool = pool

    def containing(self, needle: bytes) -> list[Event]:
        """Return at least the events with a text that contains *needle* (UTF-8), in order."""
        if not is_verbatim(needle):
            return self.settle().copy()
        return [event for found in self._pool.containing(needle) for event in self._read(found)]


def _sifted(wanted: Callable[[Event], bool], event: Event) -> tuple[Event, ...]:
    return (event,) if event._is_readable and wanted(event) else ()
