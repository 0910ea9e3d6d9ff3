"""Sequences of objects that are made when the sequence is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar, overload

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.searching import ItemSearch, verbatim_part

__all__ = ["Evicted", "Objects", "Searchable", "number_of_part"]

T_co = TypeVar("T_co", covariant=True)
Lock = AbstractContextManager[Any]


class Evicted:
    """What of an inbox was evicted from its store, and is not shown any more."""

    __slots__ = ("newest",)

    def __init__(self) -> None:
        self.newest = 0
        """The number of the newest arrival of these, 0 where there is none."""


def number_of_part(part: Any) -> int:
    """Return the number of the arrival that an item, or what it is read as, came in."""
    number: int = part.envelope.arrival.number
    return number


class Objects(Sequence[T_co], Generic[T_co]):
    """The objects of one noun, in order of arrival; equal to any list or tuple of the same objects.

    Args:
        lock: Held while objects are made.
        sources: Returns the growing list of what objects are made of.
        read: Makes the objects of one source; one that cannot be read gives none.
        evicted: What is not shown.
        number: Returns the number of the arrival that an object was read from.
        in_order: Whether these numbers ascend.
    """

    def __init__(
        self,
        lock: Lock,
        sources: Callable[[], list[Any]],
        read: Callable[[Any], Iterable[T_co]],
        evicted: Evicted,
        number: Callable[[Any], int] = number_of_part,
        *,
        in_order: bool = True,
    ) -> None:
        self._in_order = in_order
        self._lock = lock
        self._evicted = evicted
        self._number = number
        self._sources = sources
        self._read_one = read
        self._objects: list[T_co] = []
        self._seen = 0

    def read(self) -> list[T_co]:
        """Read what has come since, and return all objects; do not change the list."""
        sources = self._sources()
        if self._seen < len(sources):
            with self._lock:
                while self._seen < len(sources):
                    seen = self._seen
                    made = list(self._read_one(sources[seen]))
                    # A finaliser or a signal handler may have read the same meanwhile.
                    if self._seen == seen:
                        self._objects.extend(made)
                        self._seen = seen + 1
        return self._kept(self._objects)

    def _kept(self, objects: list[T_co]) -> list[T_co]:
        newest = self._evicted.newest
        if not newest:
            return objects
        if self._in_order:
            return objects[bisect_right(objects, newest, key=self._number) :]
        return [obj for obj in objects if self._number(obj) > newest]

    def __len__(self) -> int:
        return len(self.read())

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.read().copy())

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        objects = self.read()
        return tuple(objects[index]) if isinstance(index, slice) else objects[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Objects | list | tuple):
            return self.read() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.read())


class Searchable(Objects[T_co], Generic[T_co]):
    """The same, of items that are searched as bytes: `containing` reads only those in question.

    Args:
        lock: Held while objects are made.
        search: The items that the objects are made of.
        read: Makes the objects of one of these.
    """

    def __init__(
        self, lock: Lock, search: ItemSearch, read: Callable[[Item], Iterable[T_co]], evicted: Evicted
    ) -> None:
        super().__init__(lock, search.items, read, evicted)
        self._search = search

    def containing(self, needle: bytes) -> list[T_co]:
        """Return at least the objects of which a text is *needle* (UTF-8), or begins with it, in order."""
        part = verbatim_part(needle)
        if part is None:
            return self.read().copy()
        with self._lock:
            found = self._search.containing(part)
            return self._kept([made for item in found for made in self._read_one(item)])

    def of_types(self, types: Iterable[bytes]) -> list[T_co]:
        """Return at least the objects in which something is of one of these types (UTF-8), in order."""
        names = set(types)
        if any(verbatim_part(name) != name for name in names):
            return self.read().copy()
        with self._lock:
            found = self._search.of_types(names)
            return self._kept([made for item in found for made in self._read_one(item)])
