"""Content encodings, decoded within a limit.

A decompression bomb costs at most its limit: output is taken in pieces, and the piece that passes the limit
ends it.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator

import brotli  # type: ignore[import-untyped]
import zstandard

from pytest_sentryintegration.wire.refusal import Refusal

__all__ = [
    "ENCODINGS",
    "BrokenContainerError",
    "TooLongError",
    "check_encoding",
    "decode_body",
    "decode_container",
    "length_limit_exceeded",
]

ENCODINGS = ("zstd", "gzip", "deflate", "br")
"""What may be sent, in the order in which Relay offers it."""

_Decoder = Callable[[bytes, int], Iterator[bytes]]

_PIECE = 16 * 1024
_OUTPUT = 256 * 1024
# Concatenated members are legal, but ten thousand empty ones cost time and hardly any bytes.
_MEMBERS = 10_000
# zstd writes up to 128 KiB for each 4 bytes it reads, and its Python decoder cannot stop in between.
_ZSTD_PIECE = 512
_ZSTD_WINDOW = 2**27
_XZ_MEMORY = 2**27
_BROKEN = (zlib.error, brotli.error, zstandard.ZstdError, lzma.LZMAError, OSError, EOFError)


def length_limit_exceeded() -> Refusal:
    """Return the refusal of a body that is too long, as Relay's web framework words it."""
    return Refusal(413, "Failed to buffer the request body: length limit exceeded", text=True)


def check_encoding(content_encoding: str) -> _Decoder | None:
    """Return what undoes a ``Content-Encoding``, ``None`` where there is nothing to undo.

    Raises:
        Refusal: 415 for an unknown one.
    """
    decode = _DECODERS.get(content_encoding)
    if decode is None and content_encoding not in ("", "identity") and content_encoding.lower() != "utf-8":
        raise Refusal(
            415,
            "",
            headers={"accept-encoding": ",".join(ENCODINGS)},
            note=f"content-encoding {content_encoding[:80]!r} is none of {', '.join(ENCODINGS)}, identity",
        )
    return decode


def decode_body(body: bytes, content_encoding: str | None, limit: int) -> bytes:
    """Undo the ``Content-Encoding`` of a request.

    Relay: exactly one of ``gzip``, ``deflate`` (with zlib header), ``br``, ``zstd``, ``identity``, in lower
    case; an empty value and ``utf-8`` are passed over, since old SDKs send them. Lists are refused.

    Args:
        body: The body as it came, de-chunked.
        content_encoding: The header's value, ``None`` when there is none.
        limit: How many bytes may come out; also bounds the memory that is used.

    Raises:
        Refusal: 415 for an unknown encoding, 400 for a broken body, 413 for one that is too long.

    >>> decode_body(zlib.compress(b"hello"), "deflate", limit=100)
    b'hello'
    """
    decode = check_encoding(content_encoding) if content_encoding else None
    if decode is not None and body:
        return _decode(decode, body, limit)
    if len(body) > limit:
        raise length_limit_exceeded()
    return body


class TooLongError(ValueError):
    """More comes out of a container than may."""


class BrokenContainerError(ValueError):
    """A container that cannot be decompressed."""


def decode_container(data: bytes, limit: int) -> bytes:
    """Undo the compression of a file, told by its first bytes: gzip, xz, bzip2, zstd; other data is returned.

    Args:
        data: The file.
        limit: How many bytes may come out; also bounds the memory that is used.

    Raises:
        TooLongError: More would come out.
        BrokenContainerError: *data* is broken or cut short.

    >>> decode_container(bz2.compress(b"MDMP"), limit=100)
    b'MDMP'
    """
    for magic, decode in _CONTAINERS.items():
        if data.startswith(magic):
            return _collect(decode(data, limit), limit)
    if len(data) > limit:
        raise TooLongError(f"more than {limit} bytes")
    return data


def _decode(decode: _Decoder, body: bytes, limit: int) -> bytes:
    try:
        return _collect(decode(body, limit), limit)
    except TooLongError:
        raise length_limit_exceeded() from None
    except BrokenContainerError as error:
        raise Refusal(400, f"Failed to buffer the request body: {error}", text=True) from None


def _collect(pieces: Iterator[bytes], limit: int) -> bytes:
    collected = []
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise TooLongError(f"more than {limit} bytes")
            collected.append(piece)
    except _BROKEN as error:
        raise BrokenContainerError(str(error)) from None
    return collected[0] if len(collected) == 1 else b"".join(collected)


def _inflate(body: bytes, wbits: int) -> Iterator[bytes]:
    """Decompress the members of *body*, one after the other."""
    stream = zlib.decompressobj(wbits)
    members = 1
    # In pieces, since zlib copies what it has not yet read after every step.
    for start in range(0, len(body), _PIECE):
        rest = body[start : start + _PIECE]
        while rest:
            if stream.eof:
                stream = zlib.decompressobj(wbits)
                members += 1
                if members > _MEMBERS:
                    raise EOFError("too many members")
            piece = stream.decompress(rest, _OUTPUT)
            yield piece
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            if len(piece) == _OUTPUT and not rest and not stream.eof:
                yield from _drain(stream)
    if not stream.eof:
        raise EOFError("unexpected end of file")


def _drain(stream: zlib._Decompress) -> Iterator[bytes]:
    """Take what zlib still holds back after it has read all of its input."""
    while piece := stream.decompress(b"", _OUTPUT):
        yield piece


def _gzip(body: bytes, limit: int) -> Iterator[bytes]:
    return _inflate(body, 31)


def _deflate(body: bytes, limit: int) -> Iterator[bytes]:
    return _inflate(body, 15)


def _br(body: bytes, limit: int) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    yield stream.process(body, output_buffer_limit=_OUTPUT)
    while not stream.is_finished():
        piece = stream.process(b"", output_buffer_limit=_OUTPUT)
        if not piece and not stream.is_finished():
            raise EOFError("unexpected end of file")
        yield piece


def _zstd(body: bytes, limit: int) -> Iterator[bytes]:
    # A frame may ask for more memory than its content will take.
    decompressor = zstandard.ZstdDecompressor(max_window_size=min(max(limit, 2**23), _ZSTD_WINDOW))
    stream = decompressor.decompressobj()
    frames = 1
    for start in range(0, len(body), _ZSTD_PIECE):
        piece = body[start : start + _ZSTD_PIECE]
        while piece:
            if stream.eof:
                stream = decompressor.decompressobj()
                frames += 1
                if frames > _MEMBERS:
                    raise EOFError("too many frames")
            yield stream.decompress(piece)
            piece = stream.unused_data if stream.eof else b""
    if not stream.eof:
        raise EOFError("incomplete frame")


def _xz(data: bytes, limit: int) -> Iterator[bytes]:
    return _files(lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY), data)


def _bzip2(data: bytes, limit: int) -> Iterator[bytes]:
    return _files(bz2.BZ2Decompressor(), data)


def _files(stream: lzma.LZMADecompressor | bz2.BZ2Decompressor, data: bytes) -> Iterator[bytes]:
    """Decompress one member; the standard library's decompressors for files share this interface."""
    yield stream.decompress(data, _OUTPUT)
    while not stream.eof:
        if stream.needs_input:
            raise EOFError("unexpected end of file")
        yield stream.decompress(b"", _OUTPUT)


_CONTAINERS: dict[bytes, _Decoder] = {
    b"\x1f\x8b": _gzip,
    b"\xfd7zXZ\x00": _xz,
    b"BZh": _bzip2,
    b"\x28\xb5\x2f\xfd": _zstd,
}
_DECODERS: dict[str, _Decoder] = {"gzip": _gzip, "deflate": _deflate, "br": _br, "zstd": _zstd}
