"""MessagePack, in which native SDKs write the event of a crash and its breadcrumbs.

As deep as Relay reads it (``relay-server/src/utils/rmp.rs``), and as strictly: no value of an event
may be binary data or an extension, and no key anything but text. Where only the id of an event is looked for,
such fields are passed over. A package for it would be a further dependency, and knows no limit of depth.
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
    0xC4: ("bytes", 1),
    0xC5: ("bytes", 2),
    0xC6: ("bytes", 4),
    0xC7: ("extension", 1),
    0xC8: ("extension", 2),
    0xC9: ("extension", 4),
    0xD9: ("text", 1),
    0xDA: ("text", 2),
    0xDB: ("text", 4),
    0xDC: ("array", 2),
    0xDD: ("array", 4),
    0xDE: ("map", 2),
    0xDF: ("map", 4),
}
# Extensions of a fixed length: 1, 2, 4, 8 and 16 bytes.
_FIXED = {0xD4 + power: 2**power for power in range(5)}


class MessagePackError(ValueError):
    """Bytes that are no MessagePack, or hold what Sentry does not read, with the reason."""


def read_one(data: bytes, *, strict: bool = True) -> Any:
    r"""Return the first value; what follows it is passed over.

    Args:
        data: The bytes.
        strict: Whether what no event has is an error: binary data, text that is no UTF-8, extensions, keys
            that are no text. Else such a value is ``None``, but `bytes` in the outermost map, and what stands
            under such a key is left out.

    Raises:
        MessagePackError: It is broken, nested deeper than 128, or has what no event has. Where it is not
            *strict*, that is a key of the outermost map which Relay's ``MinimalEvent`` refuses: ``nil``, say.

    >>> read_one(b"\x81\xa5level\xa5error")
    {'level': 'error'}
    """
    value = _read(data, 0, 0, strict)[0]
    if strict:
        _refuse_bytes(value)
    return value


def read_all(data: bytes) -> list[Any]:
    r"""Return all values; raises as `read_one` does.

    >>> read_all(b"\x01\xc2\xa1a")
    [1, False, 'a']
    """
    values = []
    position = 0
    while position < len(data):
        value, position = _read(data, position, 0, strict=True)
        _refuse_bytes(value)
        values.append(value)
    return values


def _refuse_bytes(value: Any) -> None:
    if isinstance(value, bytes):
        raise MessagePackError("invalid type: byte array, expected any value")


def _read(data: bytes, position: int, depth: int, strict: bool) -> tuple[Any, int]:
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
        return _map(data, position, code & 0x0F, depth, strict)
    if code <= 0x9F:
        return _array(data, position, code & 0x0F, depth, strict)
    if code <= 0xBF:
        return _text(data, position, code & 0x1F)
    if code in _FIXED:
        return _extension(data, position, _FIXED[code], strict)
    if code not in _SIZED:
        raise MessagePackError(f"invalid type, expected any value, got the code {code:#x}")
    kind, width = _SIZED[code]
    length = int.from_bytes(_take(data, position, width), "big")
    position += width
    if kind == "text":
        return _text(data, position, length)
    if kind == "bytes":
        return _take(data, position, length), position + length
    if kind == "extension":
        return _extension(data, position, length, strict)
    return (_array if kind == "array" else _map)(data, position, length, depth, strict)


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


def _text(data: bytes, position: int, length: int) -> tuple[str | bytes, int]:
    # Relay's reader takes text that is no UTF-8 for binary data.
    taken = _take(data, position, length)
    text = _decoded(taken)
    return taken if text is None else text, position + length


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _extension(data: bytes, position: int, length: int, strict: bool) -> tuple[None, int]:
    if strict:
        raise MessagePackError("invalid type: extension, expected any value")
    # One byte more, the type.
    _take(data, position, 1 + length)
    return None, position + 1 + length


def _array(data: bytes, position: int, length: int, depth: int, strict: bool) -> tuple[list[Any], int]:
    values = []
    for _ in range(length):
        value, position = _read(data, position, depth + 1, strict)
        if strict:
            _refuse_bytes(value)
        values.append(None if isinstance(value, bytes) else value)
    return values, position


def _map(data: bytes, position: int, length: int, depth: int, strict: bool) -> tuple[dict[str, Any], int]:
    values = {}
    for _ in range(length):
        key, position = _read(data, position, depth + 1, strict)
        name = _decoded(key) if isinstance(key, bytes) else key
        fine = isinstance(key, bytes) or (type(key) is int and key >= 0)
        if not isinstance(name, str) and (strict or (depth == 0 and not fine)):
            raise MessagePackError("invalid type, expected a string as key")
        value, position = _read(data, position, depth + 1, strict)
        if strict:
            _refuse_bytes(value)
        if isinstance(name, str):
            values[name] = None if isinstance(value, bytes) and depth else value
    return values, position
