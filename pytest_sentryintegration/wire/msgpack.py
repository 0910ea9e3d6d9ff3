"""MessagePack, in which native SDKs write the event of a crash and its breadcrumbs.

As deep as Relay reads it (``relay-server/src/utils/rmp.rs``), but stricter: binary data, extensions and keys
that are no text, which no event has, are an error here, and in some places passed over by Relay. A package
for it would be a further dependency, and knows no limit of depth.
"""

from __future__ import annotations

import math
import struct
from typing import Any

__all__ = ["MessagePackError", "read_all", "read_one"]

MAX_DEPTH = 128
"""How deep arrays and maps may be nested. Relay: ``MAX_DEPTH``."""

_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
# What follows the length, and in how many bytes the length is written.
_SIZED = {
    0xD9: ("text", 1),
    0xDA: ("text", 2),
    0xDB: ("text", 4),
    0xDC: ("array", 2),
    0xDD: ("array", 4),
    0xDE: ("map", 2),
    0xDF: ("map", 4),
}


class MessagePackError(ValueError):
    """Bytes that are no MessagePack, or hold what Sentry does not read, with the reason."""


def read_one(data: bytes) -> Any:
    r"""Return the first value; what follows it is passed over.

    Raises:
        MessagePackError: It is broken, nested deeper than 128, or has binary data or extensions.

    >>> read_one(b"\x81\xa5level\xa5error")
    {'level': 'error'}
    """
    return _read(data, 0, 0)[0]


def read_all(data: bytes) -> list[Any]:
    r"""Return all values; raises as `read_one` does.

    >>> read_all(b"\x01\xc2\xa1a")
    [1, False, 'a']
    """
    values = []
    position = 0
    while position < len(data):
        value, position = _read(data, position, 0)
        values.append(value)
    return values


def _read(data: bytes, position: int, depth: int) -> tuple[Any, int]:
    # Recursion is safe: 128 levels, two calls for each.
    if depth > MAX_DEPTH:
        raise MessagePackError("depth limit exceeded")
    code, position = _number(data, position, ">B")
    if code <= 0x7F:
        return code, position
    if code >= 0xE0:
        return code - 0x100, position
    if code in _CONSTANTS:
        return _CONSTANTS[code], position
    if code in _NUMBERS:
        return _number(data, position, _NUMBERS[code])
    if code <= 0x8F:
        return _map(data, position, code & 0x0F, depth)
    if code <= 0x9F:
        return _array(data, position, code & 0x0F, depth)
    if code <= 0xBF:
        return _text(data, position, code & 0x1F)
    if code not in _SIZED:
        raise MessagePackError(f"invalid type, expected any value, got the code {code:#x}")
    kind, width = _SIZED[code]
    length = int.from_bytes(_take(data, position, width), "big")
    position += width
    if kind == "text":
        return _text(data, position, length)
    return (_array if kind == "array" else _map)(data, position, length, depth)


def _take(data: bytes, position: int, length: int) -> bytes:
    taken = data[position : position + length]
    if len(taken) < length:
        raise MessagePackError("unexpected end of file")
    return taken


def _number(data: bytes, position: int, form: str) -> tuple[Any, int]:
    size = struct.calcsize(form)
    number = struct.unpack(form, _take(data, position, size))[0]
    # JSON has no infinity: Relay writes null.
    return number if math.isfinite(number) else None, position + size


def _text(data: bytes, position: int, length: int) -> tuple[str, int]:
    try:
        return _take(data, position, length).decode(), position + length
    except UnicodeDecodeError as error:
        raise MessagePackError(f"invalid utf-8 sequence at byte {position + error.start}") from None


def _array(data: bytes, position: int, length: int, depth: int) -> tuple[list[Any], int]:
    values = []
    for _ in range(length):
        value, position = _read(data, position, depth + 1)
        values.append(value)
    return values, position


def _map(data: bytes, position: int, length: int, depth: int) -> tuple[dict[str, Any], int]:
    values = {}
    for _ in range(length):
        key, position = _read(data, position, depth + 1)
        if not isinstance(key, str):
            raise MessagePackError("invalid type, expected a string as key")
        values[key], position = _read(data, position, depth + 1)
    return values, position
