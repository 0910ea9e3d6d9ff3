"""Values and criteria as text for a failure: short, on one line, and safe where a `repr` raises."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

WIDTH: Final = 60
"""Characters of a value before it is cut; with its name and indent it fits into 80 columns."""


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
"""The received value of a difference where there was none."""


class Name(str):
    """Text that is shown without quotes, as the name of a class is."""

    __slots__ = ()


def show(value: object, width: int = WIDTH) -> str:
    """Show *value* on one line of at most *width* characters.

    Patterns read ``re('...')``, callables and classes by their name, ``...`` as itself; what is too long is
    cut in its middle or, for mappings and sequences, after the last part that fits.

    >>> import re
    >>> show(re.compile("^Spec", re.I))
    "re('^Spec', IGNORECASE)"
    >>> show({"graph": "g1", "rows": [1, ...]})
    "{'graph': 'g1', 'rows': [1, ...]}"
    """
    text = _show(value, width, 4)
    return text if len(text) <= width else cut(text, width)


def cut(text: str, width: int) -> str:
    """Cut *text* to *width* characters in its middle: values often differ at their ends only.

    >>> cut("abcdefghijklmnop", 9)
    'abc...nop'
    """
    if len(text) <= width:
        return text
    kept = max(width - 3, 2)
    return f"{text[: kept - kept // 2]}...{text[len(text) - kept // 2 :]}"


def plain(text: str, width: int = WIDTH) -> str:
    r"""Show a name without quotes: on one line, cut, and with control characters escaped.

    >>> print(plain("db\x1b[31m"))
    db\x1b[31m
    """
    shown = cut(text, width)
    if shown.isprintable():
        return shown
    escaped = (
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in shown
    )
    return "".join(escaped)


def _show(value: object, width: int, depth: int) -> str:
    if value is ...:
        return "..."
    if isinstance(value, Name):
        return plain(value, width)
    if isinstance(value, str):
        return _text(value, width)
    if isinstance(value, bytes | bytearray):
        data = bytes(value)
        return repr(data) if len(data) <= width else f"{data[: width // 2]!r}... ({len(data)} bytes)"
    if isinstance(value, re.Pattern):
        return _pattern(value, width)
    if isinstance(value, type):
        return value.__qualname__.rpartition("<locals>.")[2]
    if isinstance(value, _FUNCTIONS):
        return _function(value)
    if depth and isinstance(value, Mapping):
        return _enclosed(
            "{",
            "}",
            value.items(),
            width,
            lambda pair, left: f"{_show(pair[0], left, 0)}: {_show(pair[1], left, depth - 1)}",
        )
    if depth and type(value) in (list, tuple):
        items: Any = value
        opening, closing = ("[", "]") if type(value) is list else ("(", ",)" if len(items) == 1 else ")")
        return _enclosed(opening, closing, items, width, lambda item, left: _show(item, left, depth - 1))
    as_written = getattr(type(value), "as_written", None)
    if as_written is not None:
        return str(as_written(value))
    return _repr(value)


_FUNCTIONS = types.FunctionType | types.MethodType | types.BuiltinFunctionType | types.MethodDescriptorType


def _text(value: str, width: int) -> str:
    # Cut before `repr`: a value may have 100 MB.
    if len(value) > 2 * width:
        half = (width - 5) // 2
        value = f"{value[:half]}...{value[len(value) - half :]}"
    return repr(value)


def _pattern(value: re.Pattern[Any], width: int) -> str:
    default = re.compile("" if isinstance(value.pattern, str) else b"").flags
    given = re.RegexFlag(value.flags & ~default)
    flags = " | ".join(flag.name or "" for flag in re.RegexFlag if flag & given)
    shown = cut(repr(value.pattern), width)
    return f"re({shown}, {flags})" if flags else f"re({shown})"


def _function(value: Any) -> str:
    name = str(getattr(value, "__qualname__", value)).rpartition("<locals>.")[2]
    code = getattr(value, "__code__", None)
    if name != "<lambda>" or code is None:
        return name
    filename = code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"<lambda at {filename}:{code.co_firstlineno}>"


def _enclosed(
    opening: str, closing: str, parts: Collection[Any], width: int, show_part: Callable[[Any, int], str]
) -> str:
    shown: list[str] = []
    left = width - len(opening) - len(closing)
    for part in parts:
        text = show_part(part, max(left, 20))
        further = len(parts) - len(shown) - 1
        if shown and len(text) + (len(f", ... {further} more") if further else 0) > left:
            shown.append(f"... {further + 1} more")
            break
        shown.append(text)
        left -= len(text) + 2
    return f"{opening}{', '.join(shown)}{closing}"


def _repr(value: object) -> str:
    try:
        return " ".join(repr(value).split("\n"))
    except Exception as error:
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
