"""Which fields an object has to be asked about, and what to say of one that it has not."""

from __future__ import annotations

import difflib
import inspect
import types
from collections.abc import Iterable
from typing import Any, get_type_hints
from weakref import WeakKeyDictionary

_BEHAVIOUR = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    classmethod,
    staticmethod,
    type,
)


_OTHER_WORDS = {"value": "text", "title": "text", "exc": "exception", "msg": "message", "attrs": "attributes"}
"""Names that others have for a field, which are not alike."""

_KNOWN: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()


def fields_of(cls: type) -> tuple[str, ...]:
    """Return the names of the public attributes of *cls* that hold values: no methods, nothing underscored.

    Annotations, dataclass fields, slots, properties and cached properties count, inherited ones too.

    >>> class Point:
    ...     x: int
    ...     def move(self) -> None: ...
    ...     @property
    ...     def y(self) -> int: ...
    >>> fields_of(Point)
    ('x', 'y')
    """
    known = _KNOWN.get(cls)
    if known is not None:
        return known
    names: dict[str, None] = {}
    for owner in reversed(cls.__mro__[:-1]):
        names.update(dict.fromkeys(inspect.get_annotations(owner)))
        names.update(dict.fromkeys(owner.__dict__))
    fields = tuple(name for name in names if not name.startswith("_") and _holds_a_value(cls, name))
    return _KNOWN.setdefault(cls, fields)


def type_of(cls: type, name: str) -> Any:
    """Return the type that the field *name* of *cls* is annotated with; ``Any`` where none can be read."""
    attribute = inspect.getattr_static(cls, name, None)
    function = getattr(attribute, "fget", None) or getattr(attribute, "__wrapped__", None)
    try:
        return get_type_hints(function or cls).get("return" if function else name, Any)
    except (NameError, TypeError):  # of a caller's own class
        return Any


class UnknownField(TypeError):
    """A criterion names a field that there is not."""


def with_article(owner: str) -> str:
    """Return ``a message`` for ``message``, ``an error`` for ``error``."""
    return f"an {owner}" if owner[:1].lower() in "aeiou" else f"a {owner}"


def unknown_field(owner: str, name: str, fields: Iterable[str]) -> UnknownField:
    """Return the error for a criterion that names no field of *owner*, with the nearest name there is.

    >>> unknown_field("message", "mesage", ["message", "level"]).args[0]
    "a message has no field 'mesage'; did you mean 'message'?"
    """
    known = sorted(fields)
    text = f"{with_article(owner)} has no field {name!r}"
    if name == "complete":
        return UnknownField(f"{text}: that is for waiting for traces")
    other = _OTHER_WORDS.get(name, "")
    near = [other] if other in known else difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return UnknownField(f"{text}; did you mean {near[0]!r}?")
    return UnknownField(f"{text}; it has {', '.join(known)}" if known else text)


def _holds_a_value(cls: type, name: str) -> bool:
    attribute = inspect.getattr_static(cls, name, None)
    return not isinstance(attribute, _BEHAVIOUR)
