"""Which dotted names lead somewhere, by the types of fields: not ``text.graph``, as text has no parts."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Union, get_args, get_origin

from pytest_sentryintegration.matching.fields import (
    UnknownField,
    fields_of,
    type_of,
    unknown_field,
    with_article,
)

__all__ = ["check_path"]

_WITHOUT_PARTS: Final[dict[type, str]] = {
    str: "text",
    bytes: "bytes",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def check_path(owner: str, cls: type, path: str) -> None:
    """Check that a dotted name may lead to something in an object of *cls*; called *owner* in the error.

    What is in a mapping is known once it was sent, so that any key is right there.

    Raises:
        UnknownField: It leads nowhere, whatever was sent; names what is nearest.

    >>> class Event:
    ...     text: str
    ...     tags: dict[str, str]
    >>> check_path("message", Event, "tags.graph")
    >>> try:
    ...     check_path("message", Event, "text.graph")
    ... except UnknownField as error:
    ...     print(error)
    'text' of a message is text, and has no parts; did you mean 'text'?
    """
    keys = path.split(".")
    end = _dead_end(cls, keys)
    if end is not None:
        raise _problem(owner, *end, keys)


def _dead_end(kind: Any, keys: Sequence[str]) -> tuple[Any, int] | None:
    """Return where *keys* lead to nothing in such a value: the type there, and the place of the key."""
    kinds = [kind]
    for place, key in enumerate(keys):
        inside: list[Any] = []
        for one in kinds:
            found = _inside(one, key)
            if found is None:
                return None
            inside += found
        if not inside:
            return kinds[0], place
        kinds = inside
    return None


def _inside(kind: Any, key: str) -> list[Any] | None:
    """Return the types of what *key* names in such a value: none for nothing, ``None`` for whatever it is."""
    container = get_origin(kind) or kind
    if kind in (Any, object) or not isinstance(container, type) or issubclass(container, Mapping):
        return [] if container is Literal else None
    if container in _WITHOUT_PARTS:
        return []
    if issubclass(container, Sequence) and key.isdecimal():
        # A named tuple has its fields as elements.
        elements = get_args(kind) or [type_of(container, name) for name in fields_of(container)]
        return [part for one in elements if one is not ... for part in _parts(one)] or None
    return list(_parts(type_of(container, key))) if key in fields_of(container) else []


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have; without ``None``, and ``Any`` where others are named."""
    if get_origin(annotation) not in (Union, types.UnionType):
        yield annotation
        return
    named = [one for one in get_args(annotation) if one not in (type(None), Any)]
    for one in named or [Any]:
        yield from _parts(one)


def _problem(owner: str, kind: Any, place: int, keys: Sequence[str]) -> UnknownField:
    container = get_origin(kind) or kind
    before = ".".join(keys[:place])
    if container is Literal or container in _WITHOUT_PARTS:
        what = _WITHOUT_PARTS.get(container, "text")
        return UnknownField(
            f"{before!r} of {with_article(owner)} is {what}, and has no parts; did you mean {before!r}?"
        )
    if issubclass(container, Sequence) and not fields_of(container):
        # The index was forgotten, or is none, as -1: what comes behind it may be right.
        rests = [rest for rest in (keys[place:], keys[place + 1 :]) if _dead_end(kind, ["0", *rest]) is None]
        near = ".".join([before, "0", *(rests[0] if rests else ())])
        return UnknownField(f"{before!r} of {with_article(owner)} is a list; did you mean {near!r}?")
    return unknown_field(container.__name__ if before else owner, keys[place], fields_of(container))
