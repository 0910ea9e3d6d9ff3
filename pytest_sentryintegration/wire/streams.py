"""Compressed streams inside other bytes: where they may begin, and what they hold, a piece at a time."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import brotli  # type: ignore[import-untyped]
import zstandard

__all__ = ["BROKEN", "DECOMPRESSORS", "begins_a_stream", "holds_a_stream", "streams"]

_PIECE: Final = 16 * 1024


def streams(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield where a stream may begin, and of which kind."""
    for mark, kind, before in _MARKS:
        start = data.find(mark)
        while start >= 0:
            if start >= before:
                yield start - before, kind
            start = data.find(mark, start + 1)


def holds_a_stream(data: bytes) -> bool:
    """Whether a stream may begin anywhere in *data*."""
    return any(mark in data for mark, _, _ in _MARKS)


def begins_a_stream(data: bytes) -> bool:
    """Whether *data* itself may be a stream of a kind that begins with a mark."""
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


def _brotli(data: bytes | memoryview) -> Iterator[bytes]:
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
    # In pieces: it copies what it is given, and much of what looks like a stream is none.
    for start in range(0, len(data), _PIECE):
        yield stream.decompress(data[start : start + _PIECE], _PIECE)
        while not stream.eof and not stream.needs_input:
            yield stream.decompress(b"", _PIECE)
        if stream.eof:
            return


def _zip_member(data: bytes | memoryview) -> Iterator[bytes]:
    """Yield a member of a zip archive; one that is not compressed is found as it is."""
    start = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    return _inflated(data[start:], -15) if data[8:10] == b"\x08\0" else iter(())


BROKEN: Final = (
    zlib.error,
    brotli.error,
    zstandard.ZstdError,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
)
"""What decompressors raise for what is no stream, or is one that is broken off."""
DECOMPRESSORS: Final[dict[str, Callable[[memoryview], Iterator[bytes]]]] = {
    "gzip": lambda data: _inflated(data, 31),
    "zlib": lambda data: _inflated(data, 15),
    "zstd": _zstd,
    "bzip2": lambda data: _file(bz2.BZ2Decompressor(), data),
    "xz": lambda data: _file(lzma.LZMADecompressor(lzma.FORMAT_XZ, 2**27), data),
    "lzma": lambda data: _file(lzma.LZMADecompressor(lzma.FORMAT_ALONE, 2**27), data),
    "zip": _zip_member,
    "deflate": lambda data: _inflated(data, -15),
    "br": _brotli,
}
"""The last two begin with no mark."""
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
