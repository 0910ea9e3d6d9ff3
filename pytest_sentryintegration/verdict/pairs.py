"""Mappings that Sentry stores as a list of pairs: tags, headers, cookies, queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.comparing import Place, plain
from pytest_sentryintegration.verdict.meta import NOTHING, Node
from pytest_sentryintegration.verdict.sameness import means_the_same

# Relay: normalize_event_tags and normalize_device_class in event.rs.
RESERVED = frozenset({"release", "dist", "user", "filename", "function", "device.class"})
"""Tags that Sentry sets itself and removes where they are sent."""


def tags(place: Place, environment: Any) -> None:
    """Compare tags; *environment* is the event's own where it was taken from the tag of that name."""
    place.annotated()
    rows = _Tags(place)
    first: dict[str, Any] = {}
    for label, tag in _sent_pairs(place):
        name = label.replace(" ", "-").strip()
        if name in RESERVED:
            tag.add("reserved_tag")
        elif name == "environment":
            if not means_the_same(tag.sent, environment):
                tag.add("reserved_tag")
        elif name in first:
            if first[name] != tag.sent:
                replace(tag, stored=_stored_value(place.stored, name)).add("duplicate")
        else:
            first[name] = tag.sent
            _tag(tag, label, name, rows)


class _Tags:
    """The tags that are stored, by their keys: there may be 20,000, in another order than they were sent."""

    def __init__(self, place: Place) -> None:
        self._rows = place.stored if isinstance(place.stored, list) else []
        self._noted = place.noted
        self._at: dict[tuple[str, str], list[int]] = {}
        self._begins: set[int] = set()
        self._taken: set[int] = set()
        # The last first: each is taken from the end.
        for index in range(len(self._rows) - 1, -1, -1):
            for found_by in self._found_by(index):
                self._at.setdefault(found_by, []).append(index)

    def _found_by(self, index: int) -> Iterator[tuple[str, str]]:
        """Yield what one is found by: the key; of a removed key what it was, of a cut one how it begins."""
        pair = self._rows[index]
        if not isinstance(pair, list) or len(pair) != 2:
            return
        about_key = meta.own(_at(self._noted, index, "0"))
        if isinstance(pair[0], str):
            yield "key", pair[0]
            if about_key.get("rem"):
                self._begins.add(len(pair[0][:-3]))
                yield "begin", pair[0][:-3]
        elif isinstance(sent := about_key.get("val", ""), str):
            yield "sent", sent

    def take(self, name: str, label: str) -> tuple[Any, Any, Node, Node] | None:
        """Return key and value of the first that is stored for a tag, with what is noted of each."""
        wanted = [("key", name), ("sent", name), ("sent", label)]
        wanted += [("begin", name[:length]) for length in self._begins]
        found = []
        for places in (self._at[one] for one in wanted if one in self._at):
            while places and places[-1] in self._taken:
                places.pop()
            found += places[-1:]
        if not found:
            return None
        index = min(found)
        self._taken.add(index)
        return *self._rows[index], _at(self._noted, index, "0"), _at(self._noted, index, "1")


def _tag(tag: Place, label: str, name: str, rows: _Tags) -> None:
    found = rows.take(name, label)
    if found is None:
        tag.add("duplicate_key" if name else "empty")
        return
    stored_key, stored, about_key, about_value = found
    key = Place(tag.walk, tag.path, label, stored_key, about_key)
    if not key.annotated() and stored_key != label:
        key.add("tag_key")
    if stored_key is not None:
        _tag_value(replace(tag, stored=stored, noted=about_value))


def _tag_value(tag: Place) -> None:
    if tag.sent == "" and tag.stored is None:
        if not tag.annotated():
            tag.add("empty")
    else:
        plain(tag)


def _stored_value(stored: Any, name: str) -> Any:
    rows = stored if isinstance(stored, list) else ()
    return next((pair[1] for pair in rows if isinstance(pair, list) and pair[:1] == [name]), None)


def _sent_pairs(place: Place) -> list[tuple[str, Place]]:
    """Return each key as text, and the place of its value, of which nothing is stored so far."""
    sent, own = place.sent, place.own
    if isinstance(sent, dict):
        pairs = [(key, value, meta.child(own, key)) for key, value in sent.items()]
    elif isinstance(sent, list):
        both = ((index, pair) for index, pair in enumerate(sent) if isinstance(pair, list) and len(pair) == 2)
        pairs = [(_text(pair[0]), pair[1], _at(own, index, "1")) for index, pair in both]
    else:
        pairs = []
    return [
        (name, Place(place.walk, f"{place.path}.{name}", value, None, NOTHING, mine))
        for name, value, mine in pairs
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, bool) else json.dumps(value)


def _at(noted: Node, *keys: str | int) -> Node:
    for key in keys:
        noted = meta.child(noted, key)
    return noted


def headers(place: Place) -> None:
    """Compare headers, whose names are stored with capitals; ``Cookie`` is stored as the cookies."""
    pairs(place, capitals=True, moved=("cookie",))


def pairs(place: Place, *, capitals: bool = False, moved: tuple[str, ...] = ()) -> None:
    """Compare a mapping or pairs with the pairs that are stored; a text is read by Relay alone."""
    cut = place.annotated()
    kept: dict[str, list[tuple[int, Any]]] = {}
    for index, pair in enumerate(place.stored if isinstance(place.stored, list) else ()):
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
            kept.setdefault(pair[0].lower() if capitals else pair[0], []).append((index, pair[1]))
    for name, one in _sent_pairs(place):
        rows = kept.get(name.lower() if capitals else name)
        if rows:
            index, one.stored = rows.pop(0)
            one.noted = _at(place.noted, index, "1")
            if isinstance(one.sent, list) and isinstance(one.stored, str):
                one.sent = ",".join(_text(part) for part in one.sent)
            plain(one)
        elif not cut and name.lower() not in moved:
            plain(one)
