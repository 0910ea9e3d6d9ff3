from __future__ import annotations

import bz2
import gzip
import lzma
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from pytest_sentryintegration.wire.encodings import (
    BrokenContainerError,
    TooLongError,
    decode_body,
    decode_container,
)
from pytest_sentryintegration.wire.refusal import Refusal

PLAIN = b'{"message": "hello"}\n' * 50
ENCODED = {
    "gzip": gzip.compress(PLAIN),
    "deflate": zlib.compress(PLAIN),
    "br": brotli.compress(PLAIN),
    "zstd": zstandard.compress(PLAIN),
}
CONTAINERS = {
    "gzip": gzip.compress(PLAIN),
    "xz": lzma.compress(PLAIN),
    "bzip2": bz2.compress(PLAIN),
    "zstd": zstandard.compress(PLAIN),
}


def refusal(body: bytes, encoding: str | None, limit: int = 10_000) -> Refusal:
    with pytest.raises(Refusal) as refused:
        decode_body(body, encoding, limit)
    return refused.value


@pytest.mark.parametrize("encoding", ENCODED)
def test_each_encoding_is_undone(encoding: str) -> None:
    assert decode_body(ENCODED[encoding], encoding, len(PLAIN)) == PLAIN


@pytest.mark.parametrize("encoding", [None, "", "identity", "utf-8", "UTF-8", "Utf-8"])
def test_no_encoding_leaves_the_body_alone(encoding: str | None) -> None:
    assert decode_body(PLAIN, encoding, len(PLAIN)) == PLAIN


@pytest.mark.parametrize("encoding", ["GZIP", "x-gzip", "gzip, br", "gzip,", "compress", "utf8", " gzip"])
def test_any_other_encoding_is_415_and_is_offered_the_known_ones(encoding: str) -> None:
    refused = refusal(PLAIN, encoding)

    assert (refused.status, refused.body(), refused.headers) == (
        415,
        b"",
        {"accept-encoding": "zstd,gzip,deflate,br"},
    )
    assert encoding in refused.reason


@pytest.mark.parametrize("encoding", [*ENCODED, None])
def test_one_byte_over_the_limit_is_413(encoding: str | None) -> None:
    body = ENCODED[encoding] if encoding else PLAIN
    refused = refusal(body, encoding, len(PLAIN) - 1)

    assert (refused.status, refused.body()) == (
        413,
        b"Failed to buffer the request body: length limit exceeded",
    )
    assert refused.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("encoding", ENCODED)
def test_a_body_cut_anywhere_is_400(encoding: str) -> None:
    body = ENCODED[encoding]

    for end in range(1, len(body)):
        assert refusal(body[:end], encoding).status == 400


@pytest.mark.parametrize("encoding", ENCODED)
def test_garbage_is_400_in_plain_text(encoding: str) -> None:
    refused = refusal(b"this is not compressed", encoding)

    assert refused.status == 400
    assert refused.body().startswith(b"Failed to buffer the request body: ")


@pytest.mark.parametrize("encoding", ENCODED)
def test_garbage_after_the_end_is_400(encoding: str) -> None:
    assert refusal(ENCODED[encoding] + b"garbage", encoding).status == 400


@pytest.mark.parametrize("encoding", ENCODED)
def test_an_empty_body_stays_empty(encoding: str) -> None:
    assert decode_body(b"", encoding, 10) == b""


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_members_one_after_the_other_are_all_read(encoding: str) -> None:
    assert decode_body(ENCODED[encoding] * 20, encoding, 100_000) == PLAIN * 20


def test_raw_deflate_is_not_what_http_calls_deflate() -> None:
    raw = zlib.compressobj(wbits=-15)

    assert refusal(raw.compress(PLAIN) + raw.flush(), "deflate").status == 400


@pytest.mark.parametrize(
    ("encoding", "empty"),
    [("gzip", gzip.compress(b"")), ("zstd", zstandard.compress(b""))],
    ids=["gzip", "zstd"],
)
def test_endless_empty_members_are_refused(encoding: str, empty: bytes) -> None:
    assert refusal(empty * 20_000, encoding).status == 400


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_compressed_file_is_known_by_its_first_bytes(container: str) -> None:
    assert decode_container(CONTAINERS[container], len(PLAIN)) == PLAIN


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_compressed_file_ends_at_its_limit(container: str) -> None:
    with pytest.raises(TooLongError):
        decode_container(CONTAINERS[container], len(PLAIN) - 1)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_compressed_file_cut_short_is_broken(container: str) -> None:
    with pytest.raises(BrokenContainerError):
        decode_container(CONTAINERS[container][:-6], 10_000)


def test_other_files_are_left_alone() -> None:
    assert decode_container(b"MDMP", 4) == b"MDMP"
    with pytest.raises(TooLongError):
        decode_container(b"MDMP1", 4)
