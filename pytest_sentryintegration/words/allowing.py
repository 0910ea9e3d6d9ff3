"""What an entry of ``sentry_allow`` covers, and which entry would cover an event."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.matching.exception_classes import any_is_named, names_of_classes, wire_names
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.model.nouns import NOUNS, texts_of
from pytest_sentryintegration.settings import COMMENT, FILE, PATTERN

_TEXT: Final = 60
"""How many characters of a text an entry repeats in Python, where that is to be read."""
_WORDS: Final = 20
"""How many words of a text a line repeats."""


class Allowed:
    """What the entries of `allow` cover.

    Args:
        entries: exception classes (with their subclasses), patterns, and texts. A text covers an event that
            contains it, or an exception class of that name, with or without its module, and its subclasses.

    >>> from types import SimpleNamespace
    >>> refused = SimpleNamespace(type="ConnectionRefusedError", module=None, value="port 80")
    >>> event = SimpleNamespace(message=None, exceptions=(refused,))
    >>> Allowed(["ConnectionError"]).covers(event), Allowed(["port 8"]).covers(event)
    (True, True)
    """

    def __init__(self, entries: Iterable[Any]) -> None:
        self._entries = tuple(entries)
        # Once for all events of a check: the subclasses of an exception class may be hundreds.
        self._names: dict[Any, frozenset[tuple[str, object]]] = {}

    def covers(self, event: Any) -> bool:
        """Return whether one of the entries names *event*."""
        return any(self._covers(entry, event) for entry in self._entries)

    def _covers(self, entry: Any, event: Any) -> bool:
        if isinstance(entry, type) and issubclass(entry, BaseException):
            return any_is_named(event.exceptions, self._named(entry))
        if not isinstance(entry, str):
            return Query(NOUNS["events"], entry, {}).matches(event)
        if any(entry in text for text in texts_of(event)):
            return True
        sent = {name for each in event.exceptions for name in (each.type, f"{each.module}.{each.type}")}
        return entry in sent or any_is_named(event.exceptions, self._named(entry))

    def _named(self, entry: Any) -> frozenset[tuple[str, object]]:
        if entry not in self._names:
            names = names_of_classes(entry) if isinstance(entry, str) else wire_names(entry)
            self._names[entry] = names
        return self._names[entry]


def as_source(event: Any) -> str | None:
    """Return Python for an entry of `allow` that covers *event*; ``None`` where it says nothing to go by."""
    name, text = _class_name(event), _text(event)
    if name is not None:
        known = getattr(builtins, name, None)
        return name if isinstance(known, type) and issubclass(known, BaseException) else repr(name)
    if text is None:
        return None
    return repr(_pattern(text[:_TEXT]) if _is_special(text) else text[:_TEXT])


def as_line(event: Any) -> str | None:
    r"""Return a line for a file of ``sentry_allow`` that covers *event*; ``None`` as in `as_source`.

    An exception by its class, a message by its first line. Any word may stand where one with a digit stood:
    numbers, addresses and ids differ from run to run, and the file should not.

    >>> from types import SimpleNamespace
    >>> as_line(SimpleNamespace(exception=None, exceptions=(), message="Slow query: 7 s"))
    're:Slow\\ query:\\ \\S+\\ s'
    """
    name, text = _class_name(event), _text(event)
    if name is not None or text is None:
        return name
    first = next(line for line in re.split(r"[\r\n]", text) if line.strip())
    words = re.split(r"(\s+)", first.strip())[: 2 * _WORDS - 1]
    line = "".join(words)
    varies = any(map(str.isdigit, line))
    if not varies and line.isprintable() and not _is_special(line) and not _CLASS.fullmatch(line):
        return line
    return PATTERN + "".join(r"\S+" if any(map(str.isdigit, word)) else _escaped(word) for word in words)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file for ``sentry_allow = @FILE``: each line once, in order; equal lines, equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"{COMMENT} What the tests report and never look at. Written by pytest --sentry-allow-all."
    path.write_bytes("".join(f"{line}\n" for line in (head, *sorted(set(lines)))).encode())


# Such a text would cover the exceptions of a class of that name, too.
_CLASS: Final = re.compile(r"(\w+\.)*[A-Z]\w*")


def _class_name(event: Any) -> str | None:
    """Return the name of the event's exception, with its module, where an entry can be that."""
    exception = event.exception
    if exception is None or not isinstance(exception.type, str) or not exception.type:
        return None
    name = f"{exception.module}.{exception.type}" if exception.module else exception.type
    return name if name.isprintable() and name == name.strip() and not _is_special(name) else None


def _text(event: Any) -> str | None:
    return next((text for text in texts_of(event) if text.strip()), None)


def _is_special(text: str) -> bool:
    return text.startswith((PATTERN, FILE, COMMENT))


def _pattern(text: str) -> str:
    return PATTERN + _escaped(text)


def _escaped(text: str) -> str:
    return "".join(re.escape(char) if char.isprintable() else f"\\U{ord(char):08x}" for char in text)
