from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire.android_trace import (
    AndroidTrace,
    AndroidTraceError,
    parse_android_trace,
)

SETTINGS = b"elapsed-time-usec=2500000\nclock=dual\nvm=art\npid=7\n"
EVENT = b"\x07\x00" + bytes(12)


def trace(
    settings: bytes = SETTINGS,
    *,
    version: int = 3,
    threads: bytes = b"7\tmain\n",
    methods: bytes = b"0x4\tShop\tpay\t()V\tShop.java\t12\n",
    size: int = 14,
    length: int = 32,
    start: int = 10**15,
    events: bytes = EVENT,
) -> bytes:
    text = b"*version\n%d\n%s*threads\n%s*methods\n%s*end\n" % (version, settings, threads, methods)
    head = (
        b"SLOW" + version.to_bytes(2, "little") + length.to_bytes(2, "little") + start.to_bytes(8, "little")
    )
    head += size.to_bytes(2, "little") if version == 3 else b""
    return text + head + bytes(max(length - len(head), 0)) + events


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (trace(), (2.5, True)),
        (trace(events=b""), (2.5, False)),
        # What follows an event does not count, and one that is cut off is none.
        (trace(events=EVENT + b"\x00"), (2.5, True)),
        (trace(events=EVENT[:-1]), (2.5, False)),
        # The lowest bits of the method are enter, exit, unwind, and 3 for nothing.
        (trace(events=b"\x07\x00\x02" + bytes(11)), (2.5, True)),
        (trace(events=b"\x07\x00\x03" + bytes(11)), (2.5, False)),
        # How long an event is, by the version, the clock, and what the head says.
        (trace(version=1, events=bytes(9)), (2.5, True)),
        (trace(version=1, events=bytes(8)), (2.5, False)),
        (trace(version=2, events=bytes(10)), (2.5, True)),
        (trace(b"clock=wall\n", size=0, events=bytes(10)), (0.0, True)),
        (trace(size=0, events=bytes(13)), (2.5, False)),
        (trace(size=20, events=bytes(19)), (2.5, False)),
        (trace(size=20, events=bytes(20)), (2.5, True)),
        (trace(length=0), (2.5, True)),
        # The last of two settings counts; sections come in any order, and again.
        (trace(SETTINGS + b"elapsed-time-usec=0xF4240\n"), (1.0, True)),
        (trace(threads=b"7\tmain\n*version\nelapsed-time-usec=1\n*threads\n"), (1e-06, True)),
        # Only the last name of a method has to be on one line, and may be empty.
        (trace(methods=b"4\tA\nB\tpay\t()V\t\n" + b"8\tA\tpay\t()V\tA.java\t\n"), (2.5, True)),
    ],
)
def test_a_trace_says_how_long_it_lasted_and_whether_it_has_events(
    sent: bytes, read: tuple[float, bool]
) -> None:
    # android_trace_log 0.3.0, src/lib.rs: parse_android_trace and event_parser.
    assert parse_android_trace(sent) == AndroidTrace(*read)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"trace",
        trace().replace(b"*version\n3", b"*version\n4"),
        trace(b"color=red\n"),
        trace(b"clock=sun\n"),
        trace(b"elapsed-time-usec=-1\n"),
        trace(b"elapsed-time-usec=18446744073709551616\n"),
        trace(b"elapsed-time-usec=0x\n"),
        trace(b"pid=4294967296\n"),
        trace(b"pid=" + b"9" * 5000 + b"\n"),
        trace(threads=b"65536\tmain\n"),
        trace(threads=b"7\t\n"),
        trace(threads=b"7\t\xff\n"),
        trace(threads=b"seven\tmain\n"),
        trace(methods=b"4\tShop\tpay\n"),
        trace(methods=b"4\tShop\tpay\t()V\tShop.java\tone\n"),
        trace(methods=b"4\tShop\tpay\t()V\tShop.java\t4294967296\n"),
        trace(methods=b"4294967296\tShop\tpay\t()V\tShop.java\n"),
        trace(methods=b"4\t\xff\tpay\t()V\tShop.java\n"),
        trace().partition(b"SLOW")[0],
        trace().replace(b"SLOW", b"FAST"),
        trace().partition(b"SLOW")[0] + b"SLOW\x03\x00\x20",
        trace(length=100, events=b"")[:-1],
        # Relay: InvalidStartTime, where no calendar has the moment.
        trace(start=2**64 - 1),
    ],
)
def test_what_is_no_trace_is_an_error(sent: bytes) -> None:
    with pytest.raises(AndroidTraceError):
        parse_android_trace(sent)


@given(st.binary(max_size=60), st.integers(0, len(trace())))
def test_any_bytes_are_read_or_an_error(data: bytes, cut: int) -> None:
    for sent in (data, trace()[:cut] + data):
        with contextlib.suppress(AndroidTraceError):
            assert parse_android_trace(sent).seconds >= 0
