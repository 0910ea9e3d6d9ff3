"""Which dotted names lead somewhere, by the types of fields: not ``text.graph``, as text has no parts."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Union, get_args, get_origin

from pytest_sentryintegration.matching.fields import UnknownField, fields_of, type_of, unknown_field

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
    kinds: list[Any] = [cls]
    keys = path.split(".")
    for place, key in enumerate(keys):
        problems: list[UnknownField] = []
        inside: list[Any] = []
        for kind in kinds:
            found = _inside(kind, key)
            if found is None:
                return
            if found:
                inside += found
            else:
                problems.append(_problem(owner, kind, keys, place))
        if not inside:
            raise problems[0]
        kinds = inside


def _inside(kind: Any, key: str) -> list[Any] | None:
    """Return the types of what *key* names in such a value: none for nothing, ``None`` for whatever it is."""
    container = get_origin(kind) or kind
    if kind is Any or not isinstance(container, type) or issubclass(container, Mapping):
        return [] if container is Literal else None
    if container in _WITHOUT_PARTS:
        return []
    if issubclass(container, Sequence):
        elements = [one for one in get_args(kind) if one is not ...]
        return [] if not key.isdecimal() else [part for one in elements for part in _parts(one)] or None
    return list(_parts(type_of(container, key))) if key in fields_of(container) else []


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have; without ``None``, and ``Any`` where others are named."""
    if get_origin(annotation) not in (Union, types.UnionType):
        yield annotation
        return
    named = [one for one in get_args(annotation) if one not in (type(None), Any)]
    for one in named or [Any]:
        yield from _parts(one)


def _problem(owner: str, kind: Any, keys: Sequence[str], place: int) -> UnknownField:
    container = get_origin(kind) or kind
    before = ".".join(keys[:place])
    article = "an" if owner[:1].lower() in "aeiou" else "a"
    if container is Literal or container in _WITHOUT_PARTS:
        what = _WITHOUT_PARTS.get(container, "text")
        return UnknownField(
            f"{before!r} of {article} {owner} is {what}, and has no parts; did you mean {before!r}?"
        )
    if issubclass(container, Sequence):
        near = ".".join([before, "0", *keys[place:]])
        return UnknownField(f"{before!r} of {article} {owner} is a list; did you mean {near!r}?")
    return unknown_field(container.__name__ if before else owner, keys[place], fields_of(container))
