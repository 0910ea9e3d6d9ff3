r"""JSON as Relay's parser (serde_json) accepts it, which is less than Python's does.

Refused although Python takes them: ``NaN``, ``Infinity``, numbers that no double holds (``1e999``), lone
surrogates (``"\ud800"``), more than 127 levels of nesting, byte order marks and anything but UTF-8. Of
doubled keys the last wins, as in Relay where it reads a map; where it knows the fields, see `Doubled`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

__all__ = ["MAX_DEPTH", "Doubled", "StrictJSONError", "check", "decoder", "loads", "marked"]

MAX_DEPTH = 127
"""How many arrays and objects may lie inside each other. Relay: serde_json's recursion limit of 128."""

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class StrictJSONError(ValueError):
    """Text that serde_json would not parse."""

    message: str
    """What is wrong, without where."""
    line: int
    """The line, from 1."""
    column: int
    """The column, from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} at line {line} column {column}")
        self.message = message
        self.line = line
        self.column = column


class Doubled(dict[str, Any]):
    """An object in which keys were doubled: an error where they are fields of a struct of Relay's."""

    doubled: frozenset[str]


_NESTED = frozenset({dict, list, Doubled})
"""What the parser makes of arrays and objects."""


def marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these members, `Doubled` where keys are: an ``object_pairs_hook``.

    >>> marked([("level", "error"), ("level", "fatal")]).doubled
    frozenset({'level'})
    """
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    counts = Counter(key for key, _ in pairs)
    doubled = Doubled(members)
    doubled.doubled = frozenset(key for key, count in counts.items() if count > 1)
    return doubled


def _constant(name: str) -> Any:
    raise StrictJSONError(f"expected value, got {name}")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise StrictJSONError("number out of range")
    return number


def _int(digits: str) -> int:
    # serde_json reads an integer of more than 64 bits as a double, and no double has 309 digits.
    if len(digits) > 308:
        _float(digits)
    return int(digits)


def decoder(object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> json.JSONDecoder:
    """Return a decoder that is strict about numbers; what it returns has still to pass `check`.

    Args:
        object_pairs_hook: As of :class:`json.JSONDecoder`, to see doubled keys.
    """
    return json.JSONDecoder(
        parse_float=_float, parse_int=_int, parse_constant=_constant, object_pairs_hook=object_pairs_hook
    )


def check(text: str, value: Any) -> None:
    """Raise `StrictJSONError` where *value*, decoded from *text*, is too deep or holds a lone surrogate."""
    if text.count("[") + text.count("{") > MAX_DEPTH:
        level = [value] if type(value) in _NESTED else []
        for _ in range(MAX_DEPTH):
            level = [
                inner
                for outer in level
                for inner in (outer if type(outer) is list else outer.values())
                if type(inner) in _NESTED
            ]
            if not level:
                break
        else:
            raise StrictJSONError("recursion limit exceeded")
    if _SURROGATE_ESCAPE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise StrictJSONError("lone leading surrogate in hex escape") from None


_decode = decoder().decode
_decode_marked = decoder(marked).decode


def loads(data: bytes | str, *, mark_doubled: bool = False) -> Any:
    """Parse *data* as serde_json would.

    Args:
        data: UTF-8 bytes, or text.
        mark_doubled: Whether objects in which keys were doubled are `Doubled`.

    Returns:
        Dicts, lists, strings, numbers, booleans and ``None``.

    Raises:
        StrictJSONError: *data* is not what serde_json accepts.

    >>> loads(b'{"level": "error", "level": "fatal"}')
    {'level': 'fatal'}
    >>> loads('[NaN]')
    Traceback (most recent call last):
    pytest_sentryintegration.wire.strict_json.StrictJSONError: expected value, got NaN at line 1 column 1
    """
    try:
        text = data if isinstance(data, str) else str(data, "utf-8")
        value = _decode_marked(text) if mark_doubled else _decode(text)
    except json.JSONDecodeError as error:
        raise StrictJSONError(error.msg[:1].lower() + error.msg[1:], error.lineno, error.colno) from None
    except UnicodeDecodeError as error:
        line, column = _position(error.object, error.start)
        raise StrictJSONError("invalid unicode code point", line, column) from None
    except RecursionError:
        raise StrictJSONError("recursion limit exceeded") from None
    check(text, value)
    return value


def _position(data: bytes, offset: int) -> tuple[int, int]:
    return data.count(b"\n", 0, offset) + 1, offset - data.rfind(b"\n", 0, offset)
