from __future__ import annotations

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire import perfetto
from pytest_sentryintegration.wire.perfetto import PerfettoError, TraceSample, read_samples
from tests.wire.packets import REAL, STACK, clocks, message, numeric, packet, sample, stacks

SAMPLE = packet(sample())
READ = TraceSample(0.0, "5", True)


@pytest.mark.parametrize(
    ("trace", "samples"),
    [
        (b"", []),
        (packet(b""), []),
        (REAL + STACK + SAMPLE, [READ]),
        # In one packet; a packet of all kinds at once has the last of clock and sample.
        (packet(stacks(1) + sample()) + REAL, [READ]),
        (REAL + packet(stacks(1), sample(), message(6, numeric(2, 1))), []),
        (REAL + packet(stacks(1), message(6), sample(3 * 10**9)), [READ._replace(timestamp=3.0)]),
        # A stack without known frames, one that is not known, and a sample without one.
        (REAL + packet(stacks(2)) + SAMPLE, [READ._replace(has_frames=False)]),
        (REAL + packet(stacks()) + SAMPLE, [READ._replace(has_frames=False)]),
        (REAL + SAMPLE, []),
        (REAL + STACK + packet(sample(stack=None)), []),
        # A stack is what it was when it was first met, and gone where the writer begins anew.
        (REAL + STACK + SAMPLE + packet(stacks()) + SAMPLE, [READ, READ]),
        (REAL + STACK + packet(numeric(13, 1), sample()), []),
        # Each writer has its own.
        (REAL + STACK + packet(numeric(10, 3), sample()), []),
        (REAL + packet(numeric(10, 3), stacks(1)) + packet(numeric(10, 3), sample()), [READ]),
        # Numbers of frames may stand packed; what a trace does not have is passed over.
        (
            REAL
            + packet(message(12, message(6, numeric(1, 1)), message(7, b"\x08\x07", message(2, b"\x01"))))
            + SAMPLE,
            [READ],
        ),
        (
            b"\x12\x01a"
            + REAL
            + STACK
            + packet(b"\x1b\x08\x01\x1c\x2d" + bytes(4) + b"\x39" + bytes(8), sample()),
            [READ],
        ),
        (REAL + STACK + packet(b"\x1b", sample(), b"\x1c"), []),
    ],
)
def test_samples_are_read_with_their_stacks(trace: bytes, samples: list[TraceSample]) -> None:
    # Relay: convert in relay-profiling/src/perfetto/convert/mod.rs:29; fields in perfetto/proto.rs:9.
    assert read_samples(trace) == samples


@pytest.mark.parametrize(
    ("snapshots", "timestamp"),
    [
        (clocks(1), 2.0),
        (clocks(None, (6, 10**9), (1, 5 * 10**9)), 6.0),
        (clocks(6, (1, 5 * 10**9), (6, 10**9)), 6.0),
        (clocks(3, (1, 5 * 10**9), (6, 10**9), (3, 2 * 10**9)), 5.0),
        # The first that tells anything counts.
        (clocks(3, (1, 9)) + clocks(1) + clocks(6, (1, 5 * 10**9), (6, 0)), 2.0),
        (clocks(6, (1, 0), (6, 3 * 10**9)), -1.0),
        (b"", None),
        (clocks(6, (1, 5)), None),
        (clocks(6, (6, 5)), None),
    ],
)
def test_the_time_of_a_sample_is_that_of_its_clock(snapshots: bytes, timestamp: float | None) -> None:
    # Relay: extract_clock_offset in perfetto/convert/utils.rs:36; without one, mod.rs:93.
    trace = STACK + packet(sample(2 * 10**9)) + snapshots

    if timestamp is None:
        with pytest.raises(PerfettoError, match="tells the time"):
            read_samples(trace)
    else:
        assert read_samples(trace) == [READ._replace(timestamp=timestamp)]


@pytest.mark.parametrize(
    "trace",
    [
        b"trace",
        b"\x0a",
        b"\x0a\x05ab",
        b"\x08\x01",
        b"\x0b\x0c",
        b"\x00\x01",
        b"\x0e",
        b"\x14",
        b"\x13\x1c",
        b"\x13",
        b"\x10" + b"\xff" * 10,
        b"\x13" * 200_000,
        packet(b"\x90\x04\x01"),
        packet(b"\x92\x04\x05a"),
        packet(message(8)),
        packet(numeric(12, 1)),
        packet(message(12, numeric(7, 1))),
        packet(message(12, message(7, message(2, b"\xff")))),
        packet(message(6, message(1, message(1)))),
    ],
)
def test_what_is_no_trace_is_an_error(trace: bytes) -> None:
    # Relay: visit_trace_packets in relay-profiling/src/perfetto/convert/mod.rs:184.
    with pytest.raises(PerfettoError) as caught:
        read_samples(trace)
    assert not caught.value.too_large


def test_a_trace_has_as_much_as_sentry_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    # Relay: relay-profiling/src/perfetto/convert/consts.rs:26.
    assert (perfetto.MAX_PACKETS, perfetto.MAX_SAMPLES, perfetto.MAX_PACKET_SIZE) == (110_000, 100_000, 2**22)
    assert (perfetto.MAX_SEQUENCES, perfetto.MAX_STACK_DEPTH) == (64, 1000)
    monkeypatch.setattr(perfetto, "MAX_PACKETS", 10)
    monkeypatch.setattr(perfetto, "MAX_SAMPLES", 5)
    monkeypatch.setattr(perfetto, "MAX_PACKET_SIZE", 100)
    monkeypatch.setattr(perfetto, "MAX_SEQUENCES", 3)
    monkeypatch.setattr(perfetto, "MAX_STACK_DEPTH", 2)
    writers = [packet(numeric(10, writer)) for writer in (1, 2, 3)]

    assert read_samples(REAL + STACK + SAMPLE * 4 + packet(bytes([0x12, 98]) + bytes(98))) == [READ] * 4
    assert read_samples(REAL + packet(stacks(1, 1, 1))) == []
    for trace in (
        packet(b"") * 10,
        SAMPLE * 5,
        packet(bytes([0x12, 99]) + bytes(99)),
        b"".join(writers) + packet(b""),
        REAL + packet(stacks(1, 1, 1)) + SAMPLE,
    ):
        with pytest.raises(PerfettoError) as caught:
            read_samples(trace)
        assert caught.value.too_large


@pytest.mark.uncounted
def test_of_a_stack_with_too_many_frames_no_more_is_kept_than_tells_so() -> None:
    # Whole, these would take 800,000 bytes until the end of the trace.
    frames = message(2, bytes([1]) * 10_000)
    many = b"".join(packet(message(12, message(7, numeric(1, name), frames))) for name in range(10))
    tracemalloc.start()
    try:
        assert read_samples(REAL + many) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 500_000


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_an_error(data: bytes) -> None:
    for trace in (data, packet(data), packet(message(12, data)), packet(message(12, message(7, data)))):
        with contextlib.suppress(PerfettoError):
            assert read_samples(trace) == []
