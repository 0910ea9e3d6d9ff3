"""Items searched as bytes, so that of 50,000 only those are parsed that may hold what is looked for."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Final

from pytest_sentryintegration.model.items import Envelopes, Item
from pytest_sentryintegration.store import Arrival

__all__ = ["ItemSearch", "verbatim_part"]

GROUP: Final = 32
"""Items whose payloads are also kept joined: one search in many is two thirds of the cost of many in one."""

GROUP_SIZE: Final = 64 * 1024
"""Bytes of a group that is kept joined; with larger payloads nothing would be won, but for memory."""


class ItemSearch:
    """The items of some types in one inbox, searched before they are parsed.

    A signal handler or a finaliser may search while a search goes on. So every list grows by what was worked
    out before, in one step, and what was interrupted is done again.

    Args:
        lock: Held while a search goes on.
        envelopes: What the items are taken from.
        formatted: Whether texts may be put together of a template and its ``params``.
    """

    def __init__(
        self, lock: AbstractContextManager[Any], envelopes: Envelopes, *, formatted: bool = False
    ) -> None:
        # Two lists, as 50,000 pairs would be 50,000 further objects.
        self._arrivals: list[Arrival] = []
        self._envelopes = envelopes
        self._indexes: list[int] = []
        self._unsearchable: set[int] = set()
        self._lock = lock
        self._formatted = formatted
        self._items: list[Item] = []
        self._payloads: list[bytes] = []
        # Places, ascending, of the items whose bytes do not show everything.
        self._hiding: list[int] = []
        self._escaping: list[int] = []
        self._composed: list[int] = []
        self._groups: list[bytes | None] = []
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
            self._unsearchable.add(len(self._indexes))
        del self._arrivals[len(self._indexes) :]  # of one that was interrupted
        self._arrivals.append(arrival)
        self._indexes.append(index)

    def items(self) -> list[Item]:
        """Return all items, in order of arrival; do not change the list."""
        if len(self._items) < len(self._indexes):
            with self._lock:
                known = len(self._items)
                self._items[known:] = [self._at(place) for place in range(known, len(self._indexes))]
        return self._items

    def containing(self, part: bytes) -> list[Item]:
        """Return at least the items of which *part* is in a text, in order.

        Args:
            part: A `verbatim_part` of what is looked for.
        """
        with self._lock:
            self._take_payloads()
            self._join()
            searched, found = self._found.pop(part, (0, []))
            found += self._search(part, searched)
            # A wait searches for the same again and again: what was searched once is not searched again.
            self._found[part] = len(self._payloads), found
            if len(self._found) > 64:
                del self._found[next(iter(self._found))]
            return self._chosen(found, self._composed, part.isascii())

    def of_types(self, types: Iterable[bytes]) -> list[Item]:
        """Return at least the items in which something is of one of these types, in order.

        Args:
            types: Names as they are sent, such as those of exception classes; each is a `verbatim_part`.
        """
        names = set(types)
        with self._lock:
            self._take_payloads()
            self._take_types()
            found = [place for name in names for place in self._typed.get(name, ())]
            return self._chosen(found, (), all(name.isascii() for name in names))

    def _chosen(self, found: list[int], composed: Iterable[int], is_ascii: bool) -> list[Item]:
        escaping = () if is_ascii else self._escaping
        return [self._at(place) for place in sorted({*found, *composed, *self._hiding, *escaping})]

    def _search(self, part: bytes, start: int) -> list[int]:
        payloads, groups = self._payloads, self._groups
        found: list[int] = []
        for group in range(start // GROUP, -(-len(payloads) // GROUP)):
            if group < len(groups) and (joined := groups[group]) is not None and part not in joined:
                continue
            end = min((group + 1) * GROUP, len(payloads))
            found += [at for at in range(max(start, group * GROUP), end) if part in payloads[at]]
        return found

    def _at(self, place: int) -> Item:
        return self._envelopes.of(self._arrivals[place]).items[self._indexes[place]]

    def _take_payloads(self) -> None:
        known, count = len(self._payloads), len(self._indexes)
        if known == count:
            return
        added = [
            self._arrivals[place].envelope.items[self._indexes[place]].payload
            for place in range(known, count)
        ]
        backslash = [place for place, payload in enumerate(added, known) if b"\\" in payload]
        hiding = [place for place in backslash if _HIDES.search(added[place - known])]
        if self._unsearchable:
            hiding = sorted({*hiding, *self._unsearchable.intersection(range(known, count))})
        _replace(self._hiding, known, hiding)
        _replace(self._escaping, known, [place for place in backslash if b"\\u" in added[place - known]])
        if self._formatted:
            composed = [place for place, payload in enumerate(added, known) if _is_composed(payload)]
            _replace(self._composed, known, composed)
        self._payloads[known:] = added

    def _take_types(self) -> None:
        # A class may have hundreds of subclasses, each with its name: too many to search for one by one.
        typed = self._typed
        for place in range(self._typed_count, len(self._payloads)):
            for name in set(_TYPE.findall(self._payloads[place])):
                typed.setdefault(name, []).append(place)
        self._typed_count = len(self._payloads)

    def _join(self) -> None:
        for group in range(len(self._groups), len(self._payloads) // GROUP):
            joined = b"\0".join(self._payloads[group * GROUP : (group + 1) * GROUP])
            self._groups[group:] = [joined if len(joined) <= GROUP_SIZE else None]


@lru_cache(maxsize=256)
def verbatim_part(text: bytes) -> bytes | None:
    r"""Return the longest part of *text* that stands in JSON as it is, if not escaped; ``None`` for none.

    Quotes, backslashes and control characters have several spellings; numbers, booleans and lists are shown
    as Python writes them.

    >>> verbatim_part(b"GET /checkout"), verbatim_part(b'no "cart"\n'), verbatim_part(b"1.50")
    (b'GET /checkout', b'cart', None)
    """
    if text[:1] in (b"[", b"{") or text in _AS_PYTHON_WRITES or _NUMBER.fullmatch(text):
        return None
    return max(_SPELLED.split(text), key=len) or None


_AS_PYTHON_WRITES: Final = frozenset({b"True", b"False", b"nan", b"inf", b"-inf", b"..."})

_NUMBER: Final = re.compile(rb"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")

_SPELLED: Final = re.compile(rb'["\\\x00-\x1f\x7f]+')

_HIDES: Final = re.compile(rb"\\(?:/|u00[2-7])")
"""A printable character of ASCII that is escaped: PHP does that to slashes, others to angle brackets."""

_TYPE: Final = re.compile(rb'"type"[ \t\r\n]*:[ \t\r\n]*"([^"\\]*)"')


def _is_composed(payload: bytes) -> bool:
    """Return whether the message may be put together of ``params``, and not be sent ``formatted`` too.

    sentry-sdk sends what was logged with both, side by side, and ``params`` also where there are none.
    """
    params = payload.count(b'"params"')
    if not params:
        return False
    formatted = _FORMATTED.findall(payload)
    unused = len(_NO_PARAMS.findall(payload)) - sum(map(bool, formatted))
    # More of either: somewhere else, or a key that stands twice.
    return params > len(formatted) + unused or payload.count(b'"formatted"') > len(formatted)


_NO_PARAMS: Final = re.compile(rb'"params" *: *\[\]')

_FORMATTED: Final = re.compile(
    rb'"formatted" *: *"(?=[^"])[^"\\]*(?:\\.[^"\\]*)*" *, *"params"( *: *\[\])?', re.DOTALL
)


def _replace(places: list[int], known: int, new: list[int]) -> None:
    """Replace all *places* from *known* on by *new*."""
    places[bisect_left(places, known) :] = new
