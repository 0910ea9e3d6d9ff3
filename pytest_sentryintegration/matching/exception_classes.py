"""Exception classes and exception texts against what was sent of them: names, a module, a value."""

from __future__ import annotations

import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from pytest_sentryintegration.matching.showing import plain, show

MAX_NOTES = 32
"""How many lines at the end of an exception's value may be notes (PEP 678)."""


class ExceptionNamed:
    """Exception classes by their names alone, with or without module, as another language may have them.

    Args:
        *names: Names, or patterns that search them; each must be that of an exception in the chain.

    >>> from types import SimpleNamespace
    >>> sent = [SimpleNamespace(type="OutOfStock", module="shop.errors")]
    >>> ExceptionNamed("OutOfStock").are_named(sent), ExceptionNamed(re.compile("Stock$")).are_named(sent)
    (True, True)
    >>> ExceptionNamed("shop.errors.OutOfStock").are_named(sent), ExceptionNamed("shop").are_named(sent)
    (True, False)
    >>> ExceptionNamed("builtins.KeyError").are_named([SimpleNamespace(type="KeyError", module=None)])
    True
    """

    def __init__(self, *names: str | re.Pattern[str]) -> None:
        self.names = names

    def are_named(self, exceptions: Iterable[Any]) -> bool:
        """Return whether *exceptions*, which have ``type`` and ``module``, are of these classes."""
        sent = list(exceptions)
        spelled = {name for each in sent for name in _spellings(each)}
        # Builtins are sent without a module. No pattern is searched in what was not sent.
        named = spelled | {f"builtins.{each.type}" for each in sent if _is_builtin(each)}
        return all(
            any(map(wanted.search, spelled)) if isinstance(wanted, re.Pattern) else wanted in named
            for wanted in self.names
        )

    def as_written(self) -> str:
        """Return it as a failure shows it."""
        return " and ".join(plain(name) if isinstance(name, str) else show(name) for name in self.names)

    @property
    def types(self) -> set[str] | None:
        """The names of which one must have been sent as a type; ``None`` where that is not known."""
        for name in self.names:
            if isinstance(name, str):
                parts = name.split(".")
                return {".".join(parts[start:]) for start in range(len(parts))}
        return None


def _is_builtin(sent: Any) -> bool:
    return isinstance(getattr(sent, "type", None), str) and not getattr(sent, "module", None)


def _spellings(sent: Any) -> Iterator[str]:
    kind, module = getattr(sent, "type", None), getattr(sent, "module", None)
    if isinstance(kind, str):
        yield kind
        if module:
            yield f"{module}.{kind}"


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
    return any_is_named((sent,), wire_names(cls))


def wire_names(cls: type[BaseException]) -> frozenset[tuple[str, object]]:
    """Return what an exception of *cls*, or of a subclass known now, may be called on the wire: name, module.

    >>> ("KeyError", None) in wire_names(LookupError)
    True
    """
    return frozenset(
        (name, _wire_module(known.__module__))
        for known in _with_subclasses(cls)
        for name in (known.__qualname__, known.__name__)
        if isinstance(name, str) and isinstance(known.__module__, str)  # a metaclass may say anything
    )


def names_of_classes(name: str) -> frozenset[tuple[str, object]]:
    """Return the `wire_names` of the exception classes known now that are called *name*, module or not.

    A class goes by its own name, and by each name that a module or `builtins` has for it; no module is
    imported to find one.

    >>> ("KeyError", None) in names_of_classes("LookupError")
    True
    >>> names_of_classes("IOError") == names_of_classes("OSError")
    True
    >>> names_of_classes("no such class")
    frozenset()
    """
    named = {
        known
        for known in _with_subclasses(BaseException)
        if name in (known.__name__, known.__qualname__, f"{known.__module__}.{known.__qualname__}")
    }
    named.update(_found_at(f"builtins.{name}" if "." not in name else name))
    return frozenset(names for known in named for names in wire_names(known))


def _found_at(path: str) -> Iterator[type[BaseException]]:
    """Yield the exception classes at a dotted path, by the modules that are imported."""
    parts = path.split(".")
    for place in range(1, len(parts)):
        found: Any = sys.modules.get(".".join(parts[:place]))
        for name in parts[place:]:
            # Without `getattr`, by which a module may import others.
            found = _attributes(found).get(name)
        if isinstance(found, type) and issubclass(found, BaseException):
            yield found


def _attributes(obj: object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {}
    if isinstance(obj, type | ModuleType):
        found = (type if isinstance(obj, type) else object).__getattribute__(obj, "__dict__")
    return found


def any_is_named(exceptions: Iterable[Any], names: Container[tuple[str, object]]) -> bool:
    """Return whether one of *exceptions*, which have ``type`` and ``module``, is among `wire_names`."""
    return any(
        isinstance(name := getattr(sent, "type", None), str)
        and (name, _wire_module(getattr(sent, "module", None))) in names
        for sent in exceptions
    )


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
