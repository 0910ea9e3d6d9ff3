"""Decompression bombs cost at most their limit, in memory and in time."""

from __future__ import annotations

import bz2
import lzma
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from pytest_sentryintegration.wire.encodings import TooLongError, decode_body, decode_container
from pytest_sentryintegration.wire.refusal import Refusal

pytestmark = pytest.mark.uncounted

MIB = 2**20
LIMIT = 8 * MIB


def zeros(size: int) -> Iterator[bytes]:
    piece = bytes(MIB)
    for _ in range(size // MIB):
        yield piece


def gzip_bomb(size: int) -> bytes:
    stream = zlib.compressobj(9, wbits=31)
    return b"".join(stream.compress(piece) for piece in zeros(size)) + stream.flush()


def deflate_bomb(size: int) -> bytes:
    stream = zlib.compressobj(9)
    return b"".join(stream.compress(piece) for piece in zeros(size)) + stream.flush()


def br_bomb(size: int) -> bytes:
    stream = brotli.Compressor(quality=1)
    return b"".join(stream.process(piece) for piece in zeros(size)) + bytes(stream.finish())


def zstd_bomb(size: int) -> bytes:
    stream = zstandard.ZstdCompressor().compressobj()
    return b"".join(stream.compress(piece) for piece in zeros(size)) + stream.flush()


def xz_bomb(size: int) -> bytes:
    stream = lzma.LZMACompressor(preset=0)
    return b"".join(stream.compress(piece) for piece in zeros(size)) + stream.flush()


def bzip2_bomb(size: int) -> bytes:
    stream = bz2.BZ2Compressor()
    return b"".join(stream.compress(piece) for piece in zeros(size)) + stream.flush()


BOMBS: dict[str, Callable[[int], bytes]] = {
    "gzip": gzip_bomb,
    "deflate": deflate_bomb,
    "br": br_bomb,
    "zstd": zstd_bomb,
}


@pytest.fixture
def memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peak() -> int:
    return tracemalloc.get_traced_memory()[1]


@pytest.mark.parametrize("size", [10 * MIB, 100 * MIB], ids=["10 MiB", "100 MiB"])
@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_cut_at_the_limit(encoding: str, size: int, memory: None) -> None:
    bomb = BOMBS[encoding](size)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]

    with pytest.raises(Refusal) as refused:
        decode_body(bomb, encoding, LIMIT)

    assert refused.value.status == 413
    # What the limit allows, and at most one piece more: zstd's are up to 16 MiB.
    assert peak() - before < LIMIT + 18 * MIB


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_bomb_of_a_gigabyte_costs_no_more_than_a_small_one(encoding: str, memory: None) -> None:
    bomb = {"gzip": gzip_gigabyte, "br": br_gigabyte, "zstd": zstd_gigabyte}[encoding]()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]

    with pytest.raises(Refusal) as refused:
        decode_body(bomb, encoding, LIMIT)

    assert refused.value.status == 413
    assert peak() - before < LIMIT + 18 * MIB


def gzip_gigabyte() -> bytes:
    # One member after the other makes the bomb in a tenth of the time.
    return gzip_bomb(64 * MIB) * 16


def br_gigabyte() -> bytes:
    return br_bomb(1024 * MIB)


def zstd_gigabyte() -> bytes:
    return zstd_bomb(1024 * MIB)


@pytest.mark.parametrize("make", [gzip_bomb, zstd_bomb, xz_bomb, bzip2_bomb])
def test_a_compressed_file_is_no_bomb_either(make: Callable[[int], bytes], memory: None) -> None:
    bomb = make(40 * MIB)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]

    with pytest.raises(TooLongError):
        decode_container(bomb, LIMIT)

    assert peak() - before < LIMIT + 18 * MIB
