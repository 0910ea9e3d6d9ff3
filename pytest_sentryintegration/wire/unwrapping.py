r"""Bytes seen through the encodings that applications put around them: compression, Base64, escapes, ...

What is undone: gzip, zlib, deflate, zstd, br, bzip2, xz and zip; Base64 (also URL-safe, in lines, and from
any place in it), Base32 and hexadecimal digits; percent, HTML, quoted-printable and backslash escapes (of
JSON, Python and JavaScript); UTF-16 of ASCII; arrays of numbers that are bytes; each in each other.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import html
import lzma
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import brotli  # type: ignore[import-untyped]
import zstandard

__all__ = ["DEPTH", "SIZE", "Layer", "Unwrapping"]

DEPTH: Final = 6
"""Encodings inside each other that are undone."""
SIZE: Final = 32 * 1024 * 1024
"""Bytes that may be looked at in all layers of one text or file, itself not counted: a bomb costs no more."""

_LAYERS: Final = 20_000
_STREAMS: Final = 1000
_PIECE: Final = 16 * 1024
_SEPARATOR: Final = b"\xff\xfe\xff"


class Layer(NamedTuple):
    """One way to see the bytes."""

    data: bytes
    undone: tuple[str, ...]
    """The encodings that were undone, the outermost first."""
    whole: bool
    """Whether an offset in *data* is one into what the last encoding holds; else several were joined."""


class Unwrapping:
    """All layers of some bytes, the bytes themselves first.

    >>> layers = Unwrapping(base64.b64encode(zlib.compress(b"hello hello")))
    >>> [layer.undone for layer in layers if layer.data == b"hello hello"]
    [('base64', 'zlib')]
    """

    def __init__(self, data: bytes, *, shortest: int = 4, size: int = SIZE) -> None:
        """Prepare *data*; what cannot hold *shortest* bytes is passed over, layers have *size* in all."""
        self.complete = True
        """Whether nothing was left out for its size, number or depth."""
        self._data = data
        self._left = size
        self._seen: set[bytes] = set()
        self._waiting: deque[Layer] = deque()
        self._shortest = shortest
        least = max(-(-shortest * 4 // 3), 4)
        self._base64 = re.compile(rb"[A-Za-z0-9+/_-]{%d,}(?:\r?\n[A-Za-z0-9+/_-]+)*" % least)
        self._base32 = re.compile(rb"[A-Z2-7]{%d,}" % max(-(-shortest * 8 // 5), 8))
        self._hex = re.compile(rb"[0-9A-Fa-f]{%d,}" % (2 * shortest))

    def __iter__(self) -> Iterator[Layer]:
        self._waiting.append(Layer(self._data, (), True))
        count = 0
        while self._waiting:
            layer = self._waiting.popleft()
            yield layer
            count += 1
            if count > _LAYERS:
                self.complete = False
                return
            # What was joined is only searched; its parts are layers of their own where they are worth it.
            if layer.whole:
                self._unwrap(layer)

    def _add(self, layer: Layer, name: str, data: bytes, *, whole: bool = True) -> None:
        if len(data) < self._shortest or data == layer.data:
            return
        if whole:
            if data in self._seen:
                return
            if len(layer.undone) >= DEPTH:
                self.complete = False
                return
        if len(data) > self._left:
            self.complete = False
            return
        self._left -= len(data)
        if whole:
            self._seen.add(data)
        self._waiting.append(Layer(data, (*layer.undone, name), whole))

    def _unwrap(self, layer: Layer) -> None:
        data = layer.data
        # Escapes stand in text; in other data a second one inside the first would be by chance.
        once = layer.undone[-1:] and layer.undone[-1] in _ESCAPE_NAMES and not _is_text(data)
        for name, sign, undo in () if once else _ESCAPES:
            if sign in data:
                for plain in undo(data):
                    self._add(layer, name, plain)
        if b"\0" in data:
            for pattern, part in ((_LITTLE, slice(0, None, 2)), (_BIG, slice(1, None, 2))):
                runs = [run[part] for run in pattern.findall(data)]
                self._add_runs(layer, "utf-16", runs)
        self._add_runs(layer, "numbers", map(_bytes_of_numbers, _NUMBERS.findall(data)))
        self._unwrap_digits(layer)
        self._decompress(layer)

    def _unwrap_digits(self, layer: Layer) -> None:
        runs = [_translated(run) for run in self._base64.findall(layer.data)]
        # A run may begin anywhere in the encoded text, or with what does not belong to it.
        for start in range(4 if runs else 0):
            self._add_runs(layer, "base64", (_from_base64(run[start:]) for run in runs))
        runs = self._hex.findall(layer.data)
        for start in range(2 if runs else 0):
            self._add_runs(layer, "hex", (_from_hex(run[start:]) for run in runs))
        runs = self._base32.findall(layer.data)
        for start in range(8 if runs else 0):
            self._add_runs(layer, "base32", (_from_base32(run[start:]) for run in runs))

    def _add_runs(self, layer: Layer, name: str, runs: Iterable[bytes]) -> None:
        """Add what encoded runs hold: joined, to be searched, and singly where more may be inside."""
        found = [run for run in runs if len(run) >= self._shortest]
        if not found:
            return
        self._add(layer, name, _SEPARATOR.join(found), whole=False)
        for run in found:
            if _holds_a_stream(run) or _is_text(run) or _LITTLE.search(run) or _BIG.search(run):
                self._add(layer, name, run)
            elif len(run) >= _LEAST_STREAM:
                self._add_unmarked(Layer(run, (*layer.undone, name), True))

    def _decompress(self, layer: Layer) -> None:
        data = layer.data
        for count, (start, kind) in enumerate(_streams(data)):
            if count == _STREAMS:
                self.complete = False
                break
            self._add_stream(layer, kind, _STREAMS_BY_KIND[kind](memoryview(data)[start:]))
        if len(data) >= _LEAST_STREAM and _CONTROL.search(data, 0, _PIECE):
            self._add_unmarked(layer)

    def _add_unmarked(self, layer: Layer) -> None:
        """Add what the data holds if it is of one of the formats that do not begin with a mark."""
        if not _begins_a_stream(layer.data):
            self._add_stream(layer, "deflate", _inflated(layer.data, -15))
            self._add_stream(layer, "br", _brotli(layer.data))

    def _add_stream(self, layer: Layer, kind: str, pieces: Iterator[bytes]) -> None:
        """Add what can be decompressed, of a broken stream what comes before."""
        collected: list[bytes] = []
        left, ended = self._left, False
        try:
            for piece in pieces:
                left -= len(piece)
                if left < 0:
                    self.complete = False
                    break
                collected.append(piece)
            ended = True
        except _BROKEN:
            pass
        plain = b"".join(collected)
        # What was no stream gives a few bytes by chance, which are searched and no more.
        self._add(layer, kind, plain, whole=ended or _is_text(plain))


def _streams(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield where a stream may begin, and of which kind."""
    for mark, kind, before in _MARKS:
        start = data.find(mark)
        while start >= 0:
            if start >= before:
                yield start - before, kind
            start = data.find(mark, start + 1)


def _holds_a_stream(data: bytes) -> bool:
    return any(mark in data for mark, _, _ in _MARKS)


def _begins_a_stream(data: bytes) -> bool:
    return any(data.startswith(mark, before) for mark, _, before in _MARKS)


def _inflated(data: bytes | memoryview, wbits: int) -> Iterator[bytes]:
    stream = zlib.decompressobj(wbits)
    for start in range(0, len(data), _PIECE):
        rest = data[start : start + _PIECE]
        while rest and not stream.eof:
            yield stream.decompress(rest, _PIECE)
            rest = stream.unconsumed_tail
        if stream.eof:
            return
    while piece := stream.decompress(b"", _PIECE):
        yield piece
    if not stream.eof:
        raise EOFError


def _brotli(data: bytes) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    for start in range(0, len(data), _PIECE):
        yield stream.process(data[start : start + _PIECE], output_buffer_limit=_PIECE)
        while not stream.is_finished() and not stream.can_accept_more_data():
            yield stream.process(b"", output_buffer_limit=_PIECE)
        if stream.is_finished():
            return
    raise EOFError


def _zstd(data: bytes | memoryview) -> Iterator[bytes]:
    stream = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
    # zstd writes up to 128 KiB for each 4 bytes it reads, and cannot stop in between.
    for start in range(0, len(data), 512):
        if stream.eof:
            return
        yield stream.decompress(bytes(data[start : start + 512]))


def _file(stream: Any, data: bytes | memoryview) -> Iterator[bytes]:
    yield stream.decompress(data, _PIECE)
    while not stream.eof and not stream.needs_input:
        yield stream.decompress(b"", _PIECE)


def _zip_member(data: bytes | memoryview) -> Iterator[bytes]:
    """Yield a member of a zip archive; one that is not compressed is found as it is."""
    start = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    return _inflated(data[start:], -15) if data[8:10] == b"\x08\0" else iter(())


_BROKEN: Final = (
    zlib.error,
    brotli.error,
    zstandard.ZstdError,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
)
_STREAMS_BY_KIND: Final[dict[str, Callable[[memoryview], Iterator[bytes]]]] = {
    "gzip": lambda data: _inflated(data, 31),
    "zlib": lambda data: _inflated(data, 15),
    "zstd": _zstd,
    "bzip2": lambda data: _file(bz2.BZ2Decompressor(), data),
    "xz": lambda data: _file(lzma.LZMADecompressor(lzma.FORMAT_XZ, 2**27), data),
    "lzma": lambda data: _file(lzma.LZMADecompressor(lzma.FORMAT_ALONE, 2**27), data),
    "zip": _zip_member,
}
_MARKS: Final = (
    (b"\x1f\x8b\x08", "gzip", 0),
    (b"x\x9c", "zlib", 0),
    (b"x\xda", "zlib", 0),
    (b"x\x01", "zlib", 0),
    (b"x^", "zlib", 0),
    (b"\x28\xb5\x2f\xfd", "zstd", 0),
    (b"1AY&SY", "bzip2", 4),
    (b"\xfd7zXZ\x00", "xz", 0),
    (b"\x5d\x00\x00", "lzma", 0),
    (b"PK\x03\x04", "zip", 0),
)
"""How streams begin, of which kind they are, and how many bytes come before."""
_LEAST_STREAM: Final = 8
"""Bytes of a stream that begins with no mark and is tried."""
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LITTLE: Final = re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00){4,}")
_BIG: Final = re.compile(rb"(?:\x00[\t\n\r\x20-\x7e]){4,}")
_NUMBERS: Final = re.compile(rb"\[\s*[0-9]{1,3}(?:\s*,\s*[0-9]{1,3}){3,}\s*\]")


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(data) is None


def _bytes_of_numbers(array: bytes) -> bytes:
    numbers = [int(number) for number in array.strip(b"[] \t\r\n").split(b",")]
    return bytes(numbers) if max(numbers) < 256 else b""


def _translated(run: bytes) -> bytes:
    return run.translate(_STANDARD, b"\r\n")


_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


def _from_base64(digits: bytes) -> bytes:
    # One digit too many says nothing.
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _from_hex(digits: bytes) -> bytes:
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def _from_base32(digits: bytes) -> bytes:
    digits = digits[: len(digits) // 8 * 8 + _BASE32_REST[len(digits) % 8]]
    return base64.b32decode(digits + b"=" * (-len(digits) % 8))


_BASE32_REST: Final = (0, 0, 2, 2, 4, 5, 5, 7)
"""How many of the last digits of a run, by their number, are whole bytes."""


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


_ESCAPES: Final[tuple[tuple[str, bytes, Callable[[bytes], Iterator[bytes]]], ...]] = (
    ("backslash escapes", b"\\", _backslashes),
    ("percent escapes", b"%", _percent),
    ("plus signs", b"+", _plus),
    ("HTML escapes", b"&", _html),
    ("quoted-printable", b"=", _quoted),
)
_ESCAPE_NAMES: Final = {name for name, _, _ in _ESCAPES}
