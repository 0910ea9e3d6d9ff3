"""Items searched as bytes, so that of 50,000 only those are read that may hold what is looked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from pytest_sentryintegration.store import Arrival

__all__ = ["Pool", "may_hold", "verbatim_part"]

T = TypeVar("T")

GROUP: Final = 32
"""Items whose payloads are also kept joined: one search in many is two thirds of the cost of many in one."""

GROUP_SIZE: Final = 64 * 1024
"""Bytes of a group that is kept joined; with larger payloads nothing would be won, but for memory."""


class Pool(Generic[T]):
    """The items of some types in one inbox, searchable before anything is made of them.

    Args:
        lock: Held while something is made.
        make: Returns what is made of one item of a request; asked again, the same object.
    """

    def __init__(self, lock: AbstractContextManager[Any], make: Callable[[Arrival, int], T]) -> None:
        # Two lists, as 50,000 pairs would be 50,000 further objects.
        self._arrivals: list[Arrival] = []
        self._indexes: list[int] = []
        self._unsearchable: list[int] = []
        self._lock = lock
        self._make = make
        self._made: list[T] = []
        self._payloads: list[bytes] = []
        self._groups: list[bytes | None] = []
        self._always: list[int] = []
        self._found: dict[bytes, tuple[int, list[int]]] = {}
        self._typed: dict[bytes, list[int]] = {}
        self._typed_count = 0

    def add(self, arrival: Arrival, index: int, *, searchable: bool = True) -> None:
        """Take in an item, unread. Callers hold the lock.

        Args:
            arrival: The request that it came in.
            index: Its place there.
            searchable: Whether its texts stand in the payload, and are not put together of it.
        """
        if not searchable:
            self._unsearchable.append(len(self._indexes))
        self._arrivals.append(arrival)
        self._indexes.append(index)

    def settle(self) -> list[T]:
        """Return what is made of all items, in order; the list grows, and is not to be changed."""
        if len(self._made) < len(self._indexes):
            with self._lock:
                self._made += [self._at(place) for place in range(len(self._made), len(self._indexes))]
        return self._made

    def containing(self, part: bytes) -> list[T]:
        """Return at least what is made of items with *part* in a text, in order; see `verbatim_part`."""
        with self._lock:
            self._take_payloads()
            searched, found = self._found.pop(part, (0, []))
            found += self._search(part, searched)
            # A wait asks for the same over and over: what was searched once is not searched again.
            self._found[part] = len(self._payloads), found
            if len(self._found) > 64:
                del self._found[next(iter(self._found))]
            return self._chosen(found)

    def of_types(self, types: Iterable[bytes]) -> list[T]:
        """Return at least what is made of items in which something is of one of these types, in order.

        Args:
            types: Names as they are sent, such as those of exception classes; each is a `verbatim_part`.
        """
        with self._lock:
            self._take_payloads()
            self._take_types()
            return self._chosen([place for name in types for place in self._typed.get(name, ())])

    def _chosen(self, found: list[int]) -> list[T]:
        return [self._at(place) for place in sorted({*found, *self._always})]

    def _search(self, part: bytes, start: int) -> list[int]:
        payloads, groups = self._payloads, self._groups
        found: list[int] = []
        for group in range(start // GROUP, -(-len(payloads) // GROUP)):
            if group < len(groups) and (joined := groups[group]) is not None and part not in joined:
                continue
            end = min((group + 1) * GROUP, len(payloads))
            found += [at for at in range(max(start, group * GROUP), end) if part in payloads[at]]
        return found

    def _at(self, place: int) -> T:
        return self._make(self._arrivals[place], self._indexes[place])

    def _take_payloads(self) -> None:
        known = len(self._payloads)
        if known < len(self._indexes):
            places = zip(self._arrivals[known:], self._indexes[known:], strict=True)
            added = [arrival.envelope.items[index].payload for arrival, index in places]
            self._payloads += added
            self._join()
            self._always += [at for at, payload in enumerate(added, known) if not _keeps_texts(payload)]
            self._always = sorted({*self._always, *self._unsearchable})

    def _take_types(self) -> None:
        # A class may have hundreds of subclasses, each with its name: too many to search for one by one.
        typed = self._typed
        for place in range(self._typed_count, len(self._payloads)):
            for name in set(_TYPE.findall(self._payloads[place])):
                typed.setdefault(name, []).append(place)
        self._typed_count = len(self._payloads)

    def _join(self) -> None:
        for start in range(len(self._groups) * GROUP, len(self._payloads) - GROUP + 1, GROUP):
            joined = b"\0".join(self._payloads[start : start + GROUP])
            self._groups.append(joined if len(joined) <= GROUP_SIZE else None)


def may_hold(payload: bytes, text: bytes) -> bool:
    r"""Return whether a text in *payload*, JSON, may contain *text* (UTF-8), without parsing it.

    Never ``False`` for what is there; may be ``True`` for what is not.

    >>> may_hold(b'{"message": "one"}', b"two"), may_hold(b'{"message": "\\u0074wo"}', b"two")
    (False, True)
    """
    part = verbatim_part(text)
    return part is None or part in payload or not _keeps_texts(payload)


@lru_cache(maxsize=256)
def verbatim_part(text: bytes) -> bytes | None:
    r"""Return the longest part of *text* that stands in JSON as it is, if not escaped; ``None`` for none.

    Quotes, backslashes and control characters have several spellings; numbers, booleans and lists are shown
    as Python writes them.

    >>> verbatim_part(b"GET /checkout"), verbatim_part(b'no "cart"\n'), verbatim_part(b"1.50")
    (b'GET /checkout', b'cart', None)
    """
    if text[:1] in (b"[", b"{") or text in _AS_PYTHON_WRITES or not text.strip(b"0123456789.eE+-"):
        return None
    return max(_SPELLED.split(text), key=len) or None


_TYPE: Final = re.compile(rb'"type"[ \t\r\n]*:[ \t\r\n]*"([^"\\]*)"')

_AS_PYTHON_WRITES: Final = frozenset({b"True", b"False", b"nan", b"inf", b"-inf"})

_SPELLED: Final = re.compile(rb'["\\\x00-\x1f\x7f]+')


def _keeps_texts(payload: bytes) -> bool:
    """Return whether the texts of an item are in its payload as they are, for a search of the bytes.

    Not so where characters are escaped that need not be (PHP escapes slashes), or where Sentry formats the
    message.
    """
    escaped = b"\\" in payload and (b"\\u" in payload or b"\\/" in payload)
    return not (escaped or b'"params"' in payload)
