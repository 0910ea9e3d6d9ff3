from __future__ import annotations

import contextlib
import json
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
        b"\x81\xa1a\xc4\x01a",
        b"\x91\xc4\x01a",
        b"\x81\xc4\x01\xff\x01",
        b"\xd4\x00\x00",
        b"\x91\xc7\x01\x00a",
        b"\x91" * 130 + b"\x90",
        b"\x91" * 200_000,
    ],
)
def test_what_is_broken_or_too_deep_is_an_error(data: bytes) -> None:
    # Relay: relay-server/src/utils/rmp.rs:14.
    with pytest.raises(MessagePackError):
        read_one(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xc4\x01a", b"a"),
        (b"\xc5\x00\x01a", b"a"),
        (b"\xc6\x00\x00\x00\x01a", b"a"),
        (b"\x81\xa1a\xc4\x01a", {"a": b"a"}),
        (b"\x81\xa1a\xa1\xff", {"a": b"\xff"}),
        (b"\x81\xa1a\x92\xc4\x01a\x05", {"a": [None, 5]}),
        (b"\x81\xa1a\x81\xa1b\xc4\x00", {"a": {"b": None}}),
        (b"\x82\x05\x06\xa1a\x07", {"a": 7}),
        (b"\x82\xc4\x01\xff\x06\xc4\x01a\x07", {"a": 7}),
        (b"\x81\xa1a\x82\xc0\x05\x90\x06", {"a": {}}),
        (b"\x92\xd4\x01a\x05", [None, 5]),
        (b"\x92\xd8\x01" + bytes(16) + b"\x05", [None, 5]),
        (b"\x92\xc7\x02\x01ab\x05", [None, 5]),
        (b"\x92\xc9\x00\x00\x00\x02\x01ab\x05", [None, 5]),
    ],
)
def test_what_no_event_has_is_passed_over_where_only_the_id_counts(data: bytes, value: Any) -> None:
    # Relay: MinimalEvent in relay-server/src/endpoints/common.rs:261; serde's IgnoredAny takes any value.
    assert read_one(data, strict=False) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xc4",
        b"\xc4\x02a",
        b"\xc6\xff\xff\xff\xff",
        b"\xd4\x01",
        b"\xd8\x01" + bytes(15),
        b"\xc7\x02\x01a",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\x81\xc0\x01",
        b"\x81\xff\x01",
        b"\x81\x90\x01",
        b"\x81\xa1a\xc1",
        b"\x91" * 130 + b"\x90",
        b"\x81\xa1a" * 200_000,
        b"\x81\x05\x81" * 200_000,
    ],
)
def test_what_is_broken_or_too_deep_is_an_error_where_only_the_id_counts(data: bytes) -> None:
    # Relay: relay-server/src/utils/rmp.rs:14; a key of MinimalEvent is text, bytes or a positive number.
    with pytest.raises(MessagePackError):
        read_one(data, strict=False)


def test_a_key_in_bytes_is_text() -> None:
    # Relay: keys are Rust's String, which serde reads from bytes, too; relay-protocol/src/value.rs:340.
    assert read_one(b"\x81\xc4\x01a\x05") == {"a": 5}


def test_a_hundred_levels_are_read() -> None:
    assert read_one(b"\x91" * 100 + b"\x01") != 1


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_an_error(data: bytes) -> None:
    with contextlib.suppress(MessagePackError):
        assert isinstance(read_all(data), list)
    with contextlib.suppress(MessagePackError):
        json.dumps(read_one(data, strict=False), default=bytes.hex)
