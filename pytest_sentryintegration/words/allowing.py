"""What an entry of ``sentry_allow`` covers, and which entry would cover an event."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.matching.exception_classes import any_is_named, names_of_classes, wire_names
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.matching.secrets import MASK, Secret, masked
from pytest_sentryintegration.model.nouns import NOUNS, texts_of
from pytest_sentryintegration.settings import COMMENT, FILE, PATTERN

UNLABELED: Final = "<unlabeled event>"
"""The entry for events that no text and no class tells apart; Sentry's own title of an event without text."""


class Allowed:
    """What the entries of `allow` cover.

    Args:
        entries: exception classes (with their subclasses), patterns, and texts. A text covers an event that
            contains it, or an exception class of that name, with or without its module, and its subclasses;
            `UNLABELED` covers those that have nothing to go by.

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
        if entry == UNLABELED:
            return as_line(event) == UNLABELED
        sent = {name for each in event.exceptions for name in (each.type, f"{each.module}.{each.type}")}
        return entry in sent or any_is_named(event.exceptions, self._named(entry))

    def _named(self, entry: Any) -> frozenset[tuple[str, object]]:
        if entry not in self._names:
            names = names_of_classes(entry) if isinstance(entry, str) else wire_names(entry)
            self._names[entry] = names
        return self._names[entry]


def as_source(event: Any, secrets: Sequence[Secret] = ()) -> str:
    """Return Python for an entry of `allow` that covers *event*: a builtin class, or what `as_line` says."""
    line = as_line(event, secrets)
    known = getattr(builtins, line, None)
    return line if isinstance(known, type) and issubclass(known, BaseException) else repr(line)


def as_line(event: Any, secrets: Sequence[Secret] = ()) -> str:
    r"""Return a line for a file of ``sentry_allow`` that covers *event*, and little else.

    An exception by its class; a message by its first line, as a pattern with anchors: a text would cover all
    that contains it. Another word with a digit may stand where one stood, as numbers, addresses and ids
    differ from run to run; but not where there are no other words, as that would cover any number.

    Args:
        event: what is to be covered.
        secrets: what the line may not show. Any text may stand in their place; but where the event says
            nothing else, the line covers nothing.

    >>> from types import SimpleNamespace
    >>> as_line(SimpleNamespace(exception=None, exceptions=(), message="Slow query: 7 s"))
    're:^Slow query: [^\\s\\d]*\\d\\S* s$'
    >>> as_line(SimpleNamespace(exception=None, exceptions=(), message="404"))
    're:^404$'
    """
    name, text = _class_name(event), _text(event)
    if name and masked(name, secrets) == name:
        return name
    return PATTERN + _pattern(text, secrets) if text is not None else UNLABELED


def write_lines(path: Path, lines: Iterable[str]) -> str:
    """Write a file for ``sentry_allow = @FILE``, or add to it; return what to say of that.

    What is in it stays as it is: a run of a few tests does not know what the others report, and lines may be
    written by hand. New lines are added in order: equal lines, equal bytes.
    """
    reported = set(lines)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("".join(f"{line}\n" for line in (_HEAD, *sorted(reported))).encode())
        return f"{_counted(len(reported))} written to {path}"
    text = path.read_bytes().decode()  # its ends of lines stay
    there = {line.strip() for line in text.removeprefix("\ufeff").splitlines()}
    new = sorted(reported - there)
    if new:
        end = "\r\n" if "\r\n" in text else "\n"
        first = "" if not text or text.endswith("\n") else end
        path.write_bytes("".join([text, first, *(f"{line}{end}" for line in new)]).encode())
    said = f"{_counted(len(new))} added to {path}"
    kept = sum(bool(line) and not line.startswith(COMMENT) for line in there - reported)
    if kept:
        lines_stay = "1 line stays" if kept == 1 else f"{kept} lines stay"
        said += f"; {lines_stay} that this run did not report ({_ANEW})"
    return said


_HEAD: Final = f"{COMMENT} What the tests report and never look at. Written by pytest --sentry-allow-all."


_ANEW: Final = "to write the list anew, delete the file and run all tests"


def _counted(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'} for sentry_allow"


def _class_name(event: Any) -> str | None:
    """Return the name of the event's exception, with its module, where an entry can be that."""
    exception = event.exception
    if exception is None or not isinstance(exception.type, str):
        return None
    name = f"{exception.module}.{exception.type}" if exception.module else exception.type
    if name.removeprefix("builtins.") in _BASES or len(name) < _SHORTEST:
        return None
    return name if name.isprintable() and name == name.strip() and not _is_special(name) else None


_BASES: Final = {"BaseException", "Exception"}
"""Classes whose names would cover every exception."""
_SHORTEST: Final = 4
"""Characters of a name; a shorter one, as of minified code, is a part of very many texts."""


def _text(event: Any) -> str | None:
    return next((text for text in texts_of(event) if text.strip()), None)


def _is_special(text: str) -> bool:
    return text.startswith((PATTERN, FILE, COMMENT))


def _pattern(text: str, secrets: Sequence[Secret]) -> str:
    shown = masked(text, secrets)
    start = "^" if shown[0].strip() else r"^\s*"
    line, *rest = shown.strip().splitlines()
    parts = re.split(r"(\s+)", line)
    kept = parts[: 2 * _WORDS - 1]
    # Of a longer text the beginning says enough.
    is_whole = kept == parts and not rest
    hidden = [place for place, part in enumerate(kept) if MASK in part] if shown != text else []
    if hidden:
        # One for all of them: several would take quadratic time and more.
        first, last = kept[hidden[0]], kept[hidden[-1]]
        kept[hidden[0] : hidden[-1] + 1] = [first.partition(MASK)[0], MASK, last.rpartition(MASK)[2]]
    varies = any(map(str.isalpha, "".join(part for part in kept if not _DIGIT.search(part))))
    if varies:
        kept = [_VARYING if _DIGIT.search(part) else _escaped(part) for part in kept]
        if hidden:
            kept[hidden[0] + 1] = "(?s:.*)"  # a secret may have several lines
    pattern = "".join(kept if varies else map(_escaped, kept))
    if not is_whole:
        return f"{start}{pattern}\\s"
    return f"{start}{pattern}{'$' if shown[-1].strip() else chr(92) + 's*$'}"


_WORDS: Final = 20
"""How many words of a text an entry repeats."""
_LONGEST: Final = 80
"""How many characters of a word."""
_DIGIT: Final = re.compile(r"\d")
_VARYING: Final = r"[^\s\d]*\d\S*"  # not \S*\d\S*, which takes quadratic time


def _escaped(part: str) -> str:
    if part.isspace():
        return part if part == " " else r"\s+"
    escaped = "".join(
        re.escape(char) if char.isprintable() else f"\\U{ord(char):08x}" for char in part[:_LONGEST]
    )
    return escaped if len(part) <= _LONGEST else escaped + r"\S*"
