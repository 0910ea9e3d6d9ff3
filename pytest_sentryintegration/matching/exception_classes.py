"""Exception classes and exception texts against what was sent of them: names, a module, a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

MAX_NOTES = 32
"""How many lines at the end of an exception's value may be notes (PEP 678)."""


def is_instance(sent: Any, cls: type[BaseException]) -> bool:
    """Return whether *sent*, which has ``type`` and ``module``, was an exception of *cls* or of a subclass.

    Compared by name and module, as there is nothing else on the wire; builtins are sent without a module. The
    subclasses are those known in this process.

    >>> from types import SimpleNamespace
    >>> is_instance(SimpleNamespace(type="KeyError", module=None), LookupError)
    True
    >>> is_instance(SimpleNamespace(type="KeyError", module="shop"), KeyError)
    False
    """
    name, module = getattr(sent, "type", None), getattr(sent, "module", None)
    if not isinstance(name, str):
        return False
    return any(_is_named(known, name, module) for known in _with_subclasses(cls))


def any_is_instance(exceptions: Iterable[Any], cls: type[BaseException]) -> bool:
    """Return whether one of *exceptions* was of *cls* or of a subclass, see `is_instance`."""
    names = {
        (getattr(sent, "type", None), _wire_module(getattr(sent, "module", None))) for sent in exceptions
    }
    return bool(names) and any(
        (name, _wire_module(known.__module__)) in names
        for known in _with_subclasses(cls)
        for name in (known.__qualname__, known.__name__)
    )


def class_names(cls: type[BaseException]) -> set[str]:
    """Return what an exception of *cls*, or of a subclass known now, may be called on the wire.

    >>> "KeyError" in class_names(LookupError)
    True
    """
    return {name for known in _with_subclasses(cls) for name in (known.__qualname__, known.__name__)}


def without_notes(value: str) -> Iterator[str]:
    r"""Yield *value* as it is, then without what may be its PEP 678 notes, which follow it line by line.

    The SDK appends notes to the value, so nothing on the wire tells them from further lines of the message.

    >>> list(without_notes("boom\nsee page 4"))
    ['boom\nsee page 4', 'boom']
    """
    yield value
    for _ in range(MAX_NOTES):
        value, newline, _note = value.rpartition("\n")
        if not newline:
            return
        yield value


def _is_named(cls: type[BaseException], name: str, module: object) -> bool:
    return name in (cls.__qualname__, cls.__name__) and _wire_module(cls.__module__) == _wire_module(module)


def _wire_module(module: object) -> object:
    return None if module in (None, "", "builtins", "__builtins__") else module


def _with_subclasses(cls: type[BaseException]) -> Iterator[type[BaseException]]:
    seen = {cls}
    waiting = [cls]
    while waiting:
        known = waiting.pop()
        yield known
        for subclass in type.__subclasses__(known):
            if subclass not in seen:
                seen.add(subclass)
                waiting.append(subclass)
