from __future__ import annotations

import contextlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire.msgpack import MessagePackError, read_all, read_one


def pack(value: Any) -> bytes:
    """Return *value* as MessagePack, in the longest form that it has."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\xdb" + struct.pack(">I", len(value.encode())) + value.encode()
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    pairs = [pack(part) for pair in value.items() for part in pair]
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pairs)


PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    PLAIN | FINITE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.binary(max_size=3))
def test_what_was_written_is_read_back(value: Any, rest: bytes) -> None:
    assert read_one(pack(value) + rest) == value
    assert read_all(pack(value) * 2) == [value, value]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x7f", 127),
        (b"\xff", -1),
        (b"\xcc\xff", 255),
        (b"\xcd\x01\x00", 256),
        (b"\xcf" + b"\xff" * 8, 2**64 - 1),
        (b"\xd0\x80", -128),
        (b"\xca\x3f\x80\x00\x00", 1.0),
        (b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", None),
        (b"\xa1a", "a"),
        (b"\xd9\x01a", "a"),
        (b"\xda\x00\x01a", "a"),
        (b"\x92\x01\x02", [1, 2]),
        (b"\xdc\x00\x01\x05", [5]),
        (b"\x81\xa1a\x80", {"a": {}}),
        (b"\xde\x00\x01\xa1a\x05", {"a": 5}),
    ],
)
def test_each_form_is_read(data: bytes, value: Any) -> None:
    assert read_one(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa2a",
        b"\xd9",
        b"\xcb\x00",
        b"\x92\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xa1\xff",
        b"\x81\x01\x02",
        b"\xc1",
        b"\xc4\x01a",
        b"\xd4\x00\x00",
        b"\x91" * 130 + b"\x90",
        b"\x91" * 200_000,
    ],
)
def test_what_is_broken_or_too_deep_is_an_error(data: bytes) -> None:
    # Relay: relay-server/src/utils/rmp.rs:14.
    with pytest.raises(MessagePackError):
        read_one(data)


def test_a_hundred_levels_are_read() -> None:
    assert read_one(b"\x91" * 100 + b"\x01") != 1


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_an_error(data: bytes) -> None:
    with contextlib.suppress(MessagePackError):
        assert isinstance(read_all(data), list)
