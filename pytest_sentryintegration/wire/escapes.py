"""Escapes undone: backslashes, percent signs, HTML's references, quoted-printable."""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["ESCAPES"]


def _percent(data: bytes) -> Iterator[bytes]:
    yield _PERCENT.sub(_percent_char, data)


def _percent_char(match: re.Match[bytes]) -> bytes:
    if match[2]:
        return chr(int(match[2], 16)).encode("utf-8", "surrogatepass")
    return bytes.fromhex(match[1].decode("ascii"))


_PERCENT: Final = re.compile(rb"%(?:([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))")


def _plus(data: bytes) -> Iterator[bytes]:
    yield data.replace(b"+", b" ")


def _html(data: bytes) -> Iterator[bytes]:
    yield html.unescape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _quoted(data: bytes) -> Iterator[bytes]:
    yield binascii.a2b_qp(data)


def _backslashes(data: bytes) -> Iterator[bytes]:
    yield _ESCAPED.sub(_char, data)
    if _HIGH.search(data):
        # In Python's bytes, and in C, these are bytes and not characters.
        plain = _ESCAPED.sub(_byte, data)
        yield plain[2:-1] if plain[:2] in (b"b'", b'b"') else plain


_ESCAPED: Final = re.compile(
    rb"\\(?:u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})"
    rb"|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|(.))",
    re.DOTALL,
)
_HIGH: Final = re.compile(rb"\\(?:x[89A-Fa-f]|[23][0-7]{2})")
_SINGLE: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"0": b"\0"}


def _char(match: re.Match[bytes]) -> bytes:
    high, low, braced, short, long, byte, octal, single = match.groups()
    if single is not None:
        return _SINGLE.get(single, single)
    if high is not None:
        code = 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00
    else:
        code = int(octal, 8) if octal is not None else int(braced or short or long or byte, 16)
    return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else match[0]


def _byte(match: re.Match[bytes]) -> bytes:
    byte, octal = match.group(6, 7)
    if byte is not None:
        return bytes([int(byte, 16)])
    return bytes([int(octal, 8)]) if octal is not None else _char(match)


ESCAPES: Final[tuple[tuple[str, bytes, Callable[[bytes], Iterator[bytes]]], ...]] = (
    ("backslash escapes", b"\\", _backslashes),
    ("percent escapes", b"%", _percent),
    ("plus signs", b"+", _plus),
    ("HTML escapes", b"&", _html),
    ("quoted-printable", b"=", _quoted),
)
"""Name, the sign without which there is nothing to undo, and what may be meant."""
