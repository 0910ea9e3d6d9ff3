"""Bytes seen through the encodings around them."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import itertools
import json
import lzma
import quopri
import time
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire.unwrapping import SIZE, WORK, Unwrapping

SECRET = b"hunter2 & <Secret>/\"\xc3\xa4'"
AROUND = b"some text before: " + SECRET + b" and after"


def deflated(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"other")
        archive.writestr("b.txt", data)
    return file.getvalue()


def as_json(data: bytes) -> bytes:
    return json.dumps(data.decode()).encode()


TO_TEXT: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 without padding": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64 for URLs": base64.urlsafe_b64encode,
    "base64 in lines": base64.encodebytes,
    "hex": lambda data: data.hex().encode(),
    "base32": base64.b32encode,
    "percent": lambda data: urllib.parse.quote_from_bytes(data, safe="").encode(),
    "every byte in percent": lambda data: "".join(f"%{byte:02x}" for byte in data).encode(),
    "form": lambda data: urllib.parse.quote_plus(data).encode(),
    "quoted-printable": quopri.encodestring,
    "numbers": lambda data: json.dumps(list(data)).encode(),
    "repr of bytes": lambda data: repr(data).encode(),
}
RENDERED: dict[str, Callable[[bytes], bytes]] = {
    "tuple": lambda data: repr(tuple(data)).encode(),
    "String.fromCharCode": lambda data: b"f(%s)" % ",".join(map(str, data)).encode(),
    "object": lambda data: json.dumps({str(place): byte for place, byte in enumerate(data)}).encode(),
    "object in lines": lambda data: json.dumps(dict(enumerate(data)), indent=4).encode(),
    "dict": lambda data: repr(dict(enumerate(data))).encode(),
    "signed bytes": lambda data: repr([byte - 256 * (byte > 127) for byte in data]).encode(),
    "numbers with spaces": lambda data: b"%s." % " ".join(map(str, data)).encode(),
    "hex with colons": lambda data: data.hex(":").encode(),
    "hex with spaces": lambda data: data.hex(" ").upper().encode(),
    "hex with hyphens": lambda data: data.hex("-", 2).encode(),
    "hex as xxd groups it": lambda data: data.hex(" ", -2).encode(),
    "hex in C": lambda data: ", ".join(f"0x{byte:02X}" for byte in data).encode(),
}
"""Bytes as numbers and digits, in further ways."""
OF_TEXT: dict[str, Callable[[bytes], bytes]] = {
    "JSON": as_json,
    "JSON with slashes": lambda data: as_json(data).replace(b"/", rb"\/"),
    "JavaScript": lambda data: "".join(f"\\u{{{ord(char):x}}}" for char in data.decode()).encode(),
    "every character in JSON": lambda data: "".join(f"\\u{ord(char):04X}" for char in data.decode()).encode(),
    "HTML": lambda data: html.escape(data.decode()).encode(),
    "HTML numbers": lambda data: "".join(f"&#{ord(char)};" for char in data.decode()).encode(),
    "repr": lambda data: ascii(data.decode()).encode(),
    "escape()": lambda data: "".join(f"%u{ord(char):04x}" for char in data.decode()).encode(),
}
TO_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib, little": lambda data: zlib.compress(data, 1),
    "deflate": deflated,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zip": zipped,
}
ALL = {**TO_TEXT, **RENDERED, **OF_TEXT, **TO_BYTES}
TEXTS = {**TO_TEXT, **OF_TEXT}


def shows(data: bytes, wanted: bytes = SECRET) -> bool:
    return any(wanted in layer.data for layer in Unwrapping(data))


@pytest.mark.parametrize("encoding", ALL)
def test_an_encoding_is_undone(encoding: str) -> None:
    assert shows(ALL[encoding](SECRET))
    assert shows(ALL[encoding](AROUND))


@pytest.mark.parametrize("encoding", RENDERED)
def test_numbers_and_digits_are_undone_around_and_inside_other_encodings(encoding: str) -> None:
    rendered = RENDERED[encoding]

    assert shows(as_json(rendered(AROUND)))
    assert shows(base64.b64encode(rendered(AROUND)))
    assert shows(b"<" + rendered(base64.b64encode(AROUND)) + b">")
    assert shows(rendered(gzip.compress(AROUND)))


@pytest.mark.parametrize("bits", range(9, 16))
def test_zlib_with_any_window_is_undone(bits: int) -> None:
    stream = zlib.compressobj(wbits=bits)
    compressed = stream.compress(AROUND) + stream.flush()

    assert shows(compressed)
    assert shows(b'{"data": "' + base64.b64encode(compressed) + b'"}')


@pytest.mark.uncounted
@pytest.mark.parametrize(("inner", "outer"), [*itertools.product(TEXTS, TEXTS)])
def test_encodings_of_text_are_undone_inside_each_other(inner: str, outer: str) -> None:
    assert shows(b"<" + TEXTS[outer](TEXTS[inner](AROUND)) + b">")


@pytest.mark.parametrize(("inner", "outer"), [*itertools.product(TEXTS, TO_BYTES)])
def test_text_is_found_inside_compressed_data(inner: str, outer: str) -> None:
    assert shows(TO_BYTES[outer](TEXTS[inner](AROUND)))


@pytest.mark.parametrize(("inner", "outer"), [*itertools.product(TO_BYTES, TO_TEXT)])
def test_compressed_data_is_found_inside_text(inner: str, outer: str) -> None:
    assert shows(b'{"data": "' + TO_TEXT[outer](TO_BYTES[inner](AROUND)) + b'"}') or inner in (
        "deflate",
        "br",
    )
    assert shows(TO_TEXT[outer](TO_BYTES[inner](AROUND)))


@pytest.mark.parametrize("before", range(8))
def test_base64_is_undone_from_any_place_in_it(before: int) -> None:
    assert shows(b"x" * before + base64.b64encode(b"y" * before + AROUND))
    assert shows(b"x" * before + base64.b64encode(gzip.compress(b"y" * before + AROUND)))


def test_utf_16_of_ascii_is_undone() -> None:
    encoded = base64.b64encode(b"the key: correct horse")

    assert shows(base64.b64encode(encoded.decode().encode("utf-16-le")), b"correct horse")
    assert shows(encoded.decode().encode("utf-16-be"), b"correct horse")


@pytest.mark.parametrize("encoding", ["gzip", "zlib", "zstd", "bzip2", "xz"])
def test_of_a_stream_that_is_cut_what_comes_before_is_seen(encoding: str) -> None:
    whole = TO_BYTES[encoding](AROUND + bytes(range(256)) * 4000)

    assert shows(whole[: len(whole) - 5]) or encoding == "bzip2"  # a block at a time


def test_the_encodings_that_were_undone_are_named_from_outside() -> None:
    undone = [
        layer.undone for layer in Unwrapping(gzip.compress(base64.b64encode(AROUND))) if SECRET in layer.data
    ]

    assert undone[0] == ("gzip", "base64")


@given(st.binary(max_size=300))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    unwrapping = Unwrapping(data)

    assert next(iter(unwrapping)).data == data
    assert len(list(unwrapping)) >= 1


@pytest.mark.parametrize(
    "hostile",
    [
        gzip.compress(bytes(20_000_000)),
        brotli.compress(bytes(20_000_000), quality=1),
        zstandard.compress(bytes(20_000_000)),
        bz2.compress(bytes(20_000_000)),
        gzip.compress(gzip.compress(bytes(20_000_000))),
    ],
    ids=["gzip", "br", "zstd", "bzip2", "gzip in gzip"],
)
def test_a_bomb_costs_at_most_its_limit_and_is_known(hostile: bytes) -> None:
    unwrapping = Unwrapping(hostile, size=1_000_000)

    assert sum(len(layer.data) for layer in unwrapping) <= 1_000_000 + len(hostile)
    assert not unwrapping.complete


def test_beyond_what_encodings_are_looked_for_in_plain_text_is_seen_and_the_rest_is_known() -> None:
    around = b"- " * 10_000
    data = around + base64.b64encode(SECRET) + around
    for work, found in ((200_000, [True, True]), (10_000, [True, False])):
        plain, encoded = (Unwrapping(gzip.compress(part), work=work) for part in (around + SECRET, data))

        assert [any(SECRET in layer.data for layer in each) for each in (plain, encoded)] == found
        assert encoded.complete is all(found)


@pytest.mark.uncounted
def test_marks_by_the_million_take_seconds_and_are_known() -> None:
    started = time.process_time()
    unwrapping = Unwrapping(zlib.compress(b"\x1f\x8b\x08" * 3_000_000))

    assert sum(1 for _ in unwrapping) > 1
    assert not unwrapping.complete
    assert time.process_time() - started < 60  # a few seconds; minutes where each mark is read to the end


@pytest.mark.uncounted
def test_digits_take_the_time_of_the_work_that_is_allowed_and_are_known() -> None:
    # At a sixteenth of what is allowed by itself, which takes 15 seconds.
    assert (SIZE, WORK) == (2**25, 2**24)
    started = time.process_time()
    unwrapping = Unwrapping(zlib.compress(b"A" * 1_000_000), size=SIZE // 16, work=WORK // 16)

    assert sum(1 for _ in unwrapping) > 1
    assert not unwrapping.complete
    assert time.process_time() - started < 60 / 16


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "text",
    [
        *(b"x^", b"\x1f\x8b\x08", b"PK\x03\x04", b"%25", b"\\\\", b"&amp;", b"=\n", b"[1,2,3,4]"),
        *(b"1 ", b"12:", b"1" + b" " * 90, b'"1":', b"0x12,", b"1234", b"-"),
    ],
)
def test_what_looks_like_an_encoding_takes_no_time(text: bytes) -> None:
    started = time.process_time()

    assert sum(1 for _ in Unwrapping(text * 100_000)) < 100
    assert time.process_time() - started < 10


def test_what_is_encoded_too_often_is_known() -> None:
    data = SECRET
    for _ in range(10):
        data = base64.b64encode(data)
    unwrapping = Unwrapping(data)

    assert SECRET not in b"".join(layer.data for layer in unwrapping)
    assert not unwrapping.complete


def test_that_streams_without_a_mark_were_tried_no_more_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_sentryintegration.wire.unwrapping.TRIES", 1000)
    no_stream = base64.b64encode(b"\xff\xfe\xff\xfd\xff\xff\x01\xff\xff")
    for before, found in ((10, True), (1000, False)):
        unwrapping = Unwrapping(b" ".join([no_stream] * before + [base64.b64encode(deflated(SECRET))]))

        assert any(SECRET in layer.data for layer in unwrapping) is found
        assert unwrapping.complete is found
