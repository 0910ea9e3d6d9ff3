r"""Bytes seen through the encodings that applications put around them: compression, Base64, escapes, ...

What is undone: gzip, zlib, zstd, bzip2, xz and zip anywhere in the bytes; deflate, br, and zlib with a window
below 32 KB, where the bytes begin with it; Base64 (also URL-safe, in lines, and from any place in it), Base32
and hexadecimal digits, also with separators (``68:75``, ``68 75``, ``0x68, 0x75``); percent, HTML,
quoted-printable and backslash escapes (of JSON, Python and JavaScript); UTF-16 of ASCII; four and more
decimal numbers that are bytes, with commas or spaces between them (``[104, 117, 110, 116]``) or as an object
(``{"0": 104, "1": 117, "2": 110, "3": 116}``), also with signs; each in each other.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from pytest_sentryintegration.wire.escapes import ESCAPES
from pytest_sentryintegration.wire.streams import (
    BROKEN,
    DECOMPRESSORS,
    begins_a_stream,
    holds_a_stream,
    streams,
)

__all__ = ["DEPTH", "SIZE", "WORK", "Layer", "Unwrapping"]

DEPTH: Final = 6
"""Encodings inside each other that are undone."""
SIZE: Final = 32 * 1024 * 1024
"""Bytes that may be looked at in all layers of one text or file, itself not counted: a bomb costs no more."""
WORK: Final = 16 * 1024 * 1024
"""Bytes in which encodings are looked for, in all layers of one text or file: at 0.3 µs each, a few seconds.

A layer takes half of what is left at most; what is beyond that is searched as it is.
"""
TRIES: Final = 100_000
"""Attempts to decompress, at 20 µs each; a piece of a stream counts as `_PIECE` of them."""

_PIECE: Final = 8

_LAYERS: Final = 20_000
_STREAMS: Final = 1000
_BEGINNING: Final = 16 * 1024
_SEPARATOR: Final = b"\xff\xfe\xff"
_ESCAPE_NAMES: Final = {name for name, _, _ in ESCAPES}


class Layer(NamedTuple):
    """One way to see the bytes."""

    data: bytes
    undone: tuple[str, ...]
    """The encodings that were undone, the outermost first."""
    whole: bool
    """Whether an offset in *data* is one into what the last encoding holds; else several were joined."""


class Unwrapping:
    """All layers of some bytes, the bytes themselves first.

    >>> import base64, zlib
    >>> layers = Unwrapping(base64.b64encode(zlib.compress(b"hello hello")))
    >>> [layer.undone for layer in layers if layer.data == b"hello hello"]
    [('base64', 'zlib')]
    """

    def __init__(self, data: bytes, *, shortest: int = 4, size: int = SIZE, work: int = WORK) -> None:
        """Prepare *data*; what cannot hold *shortest* bytes is passed over, layers have *size* in all."""
        self.complete = True
        """Whether nothing was left out for its size, number or depth."""
        self._data = data
        self._left = size
        self._work = work
        self._tries = TRIES
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
        self._decompress(layer)
        if len(data) > self._work // 2:
            self.complete = False
            layer = layer._replace(data=data[: self._work // 2])
            data = layer.data
        self._work -= len(data)
        # Escapes stand in text; in other data a second one inside the first would be by chance.
        once = layer.undone[-1:] and layer.undone[-1] in _ESCAPE_NAMES and not _is_text(data)
        for name, sign, undo in () if once else ESCAPES:
            if sign in data:
                for plain in undo(data):
                    self._add(layer, name, plain)
        if b"\0" in data:
            for pattern, part in ((_LITTLE, slice(0, None, 2)), (_BIG, slice(1, None, 2))):
                runs = [run[part] for run in pattern.findall(data)]
                self._add_runs(layer, "utf-16", runs)
        self._add_runs(layer, "numbers", map(_bytes_of_numbers, _NUMBERS.findall(data)))
        self._add_runs(layer, "hex", map(_bytes_of_pairs, _PAIRS.findall(data)))
        self._unwrap_digits(layer)

    def _unwrap_digits(self, layer: Layer) -> None:
        # A run may begin anywhere in the encoded text, or with what does not belong to it.
        runs = [_translated(run) for run in self._base64.findall(layer.data)]
        self._undo_digits(layer, "base64", runs, 4, _from_base64)
        self._undo_digits(layer, "hex", self._hex.findall(layer.data), 2, _from_hex)
        self._undo_digits(layer, "base32", self._base32.findall(layer.data), 8, _from_base32)

    def _undo_digits(
        self, layer: Layer, name: str, runs: list[bytes], starts: int, undo: Callable[[bytes], bytes]
    ) -> None:
        size = sum(map(len, runs))
        for start in range(starts if runs else 0):
            if size > self._work:
                self.complete = False
                return
            self._work -= size
            self._add_runs(layer, name, (undo(run[start:]) for run in runs))

    def _add_runs(self, layer: Layer, name: str, runs: Iterable[bytes]) -> None:
        """Add what encoded runs hold: joined, to be searched, and singly where more may be inside."""
        found = [run for run in runs if len(run) >= self._shortest]
        if not found:
            return
        self._add(layer, name, _SEPARATOR.join(found), whole=False)
        for run in found:
            if holds_a_stream(run) or _is_text(run) or _LITTLE.search(run) or _BIG.search(run):
                self._add(layer, name, run)
            elif len(run) >= _LEAST_STREAM:
                self._add_unmarked(Layer(run, (*layer.undone, name), True))

    def _decompress(self, layer: Layer) -> None:
        data = layer.data
        for count, (start, kind) in enumerate(streams(data)):
            if count == _STREAMS:
                self.complete = False
                break
            self._add_stream(layer, kind, DECOMPRESSORS[kind](memoryview(data)[start:]))
        if len(data) >= _LEAST_STREAM and _CONTROL.search(data, 0, _BEGINNING):
            self._add_unmarked(layer)

    def _add_unmarked(self, layer: Layer) -> None:
        """Add what the data holds if it is of one of the formats that do not begin with a mark."""
        if not begins_a_stream(layer.data):
            for kind in ("zlib", "deflate", "br"):
                self._add_stream(layer, kind, DECOMPRESSORS[kind](memoryview(layer.data)))

    def _add_stream(self, layer: Layer, kind: str, pieces: Iterator[bytes]) -> None:
        """Add what can be decompressed, of a broken stream what comes before."""
        if self._tries < 0:
            self.complete = False
            return
        collected: list[bytes] = []
        left, ended = self._left, False
        self._tries -= 1
        try:
            for piece in pieces:
                left -= len(piece)
                if left < 0 or self._tries < 0:
                    self.complete = False
                    break
                self._tries -= _PIECE
                collected.append(piece)
            ended = True
        except BROKEN:
            pass
        plain = b"".join(collected)
        # What was no stream gives a few bytes by chance, which are searched and no more.
        self._add(layer, kind, plain, whole=ended or _is_text(plain))


_LEAST_STREAM: Final = 8
"""Bytes of a stream that begins with no mark and is tried."""
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LITTLE: Final = re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00){4,}")
_BIG: Final = re.compile(rb"(?:\x00[\t\n\r\x20-\x7e]){4,}")
_BETWEEN: Final = rb"(?:\s{0,99},\s{0,99}|\s{1,99})"
_NUMBER: Final = (
    rb"(?:[\"']?[0-9]{1,7}[\"']?\s{0,9}:\s{0,9})?"
    rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[0-9]{1,2}|-(?:12[0-8]|1[01][0-9]|[0-9]{1,2}))(?!\.?[0-9])"
)
_NUMBERS: Final = re.compile(_NUMBER + rb"(?:" + _BETWEEN + _NUMBER + rb"){3,}")
_PAIR: Final = rb"(?:0[xX])?(?:[0-9A-Fa-f]{2}){1,4}"  # up to four bytes, as many tools group them
_PAIRS: Final = re.compile(_PAIR + rb"(?:(?:" + _BETWEEN + rb"|[:-])" + _PAIR + rb"){1,}")


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(data) is None


def _bytes_of_numbers(run: bytes) -> bytes:
    # Keys end with a colon; Java shows bytes with a sign.
    return bytes(int(number) & 255 for number in _VALUE.findall(run))


_VALUE: Final = re.compile(rb"-?[0-9]+(?![0-9]{0,7}[\"']?\s{0,9}:)")


def _bytes_of_pairs(run: bytes) -> bytes:
    return bytes.fromhex(re.sub(rb"0[xX]|[^0-9A-Fa-f]", b"", run).decode("ascii"))


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
