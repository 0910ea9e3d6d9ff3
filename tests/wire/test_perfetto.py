from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire import perfetto
from pytest_sentryintegration.wire.perfetto import PerfettoError, count_samples

SAMPLE = b"\x92\x04\x02\x08\x01"


def packet(content: bytes) -> bytes:
    length = len(content)
    head = [length & 0x7F | (0x80 if length > 0x7F else 0), *([length >> 7] if length > 0x7F else [])]
    return b"\x0a" + bytes(head) + content


@pytest.mark.parametrize(
    ("trace", "samples"),
    [
        (b"", 0),
        (packet(b""), 0),
        (packet(SAMPLE), 1),
        (packet(b"\x40\x01" + SAMPLE) + packet(b"\x32\x00") + packet(SAMPLE * 2), 2),
        # A field that a trace does not have, a group, and numbers of 4 and 8 bytes are passed over.
        (b"\x12\x01a" + packet(b"\x1b\x08\x01\x1c\x2d\x00\x00\x00\x00\x39" + bytes(8) + SAMPLE), 1),
        (packet(b"\x1b" + SAMPLE + b"\x1c"), 0),
    ],
)
def test_packets_with_a_sample_are_counted(trace: bytes, samples: int) -> None:
    # Relay: relay-profiling/src/perfetto/proto.rs:9; perf_sample is field 66.
    assert count_samples(trace) == samples


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
    ],
)
def test_what_is_no_trace_is_an_error(trace: bytes) -> None:
    # Relay: visit_trace_packets in relay-profiling/src/perfetto/convert/mod.rs:184.
    with pytest.raises(PerfettoError) as caught:
        count_samples(trace)
    assert not caught.value.too_large


def test_a_trace_has_as_many_packets_and_samples_as_sentry_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    # Relay: relay-profiling/src/perfetto/convert/consts.rs:26.
    assert (perfetto.MAX_PACKETS, perfetto.MAX_SAMPLES, perfetto.MAX_PACKET_SIZE) == (110_000, 100_000, 2**22)
    monkeypatch.setattr(perfetto, "MAX_PACKETS", 10)
    monkeypatch.setattr(perfetto, "MAX_SAMPLES", 5)
    monkeypatch.setattr(perfetto, "MAX_PACKET_SIZE", 100)

    assert count_samples(packet(SAMPLE) * 4 + packet(bytes([0x12, 98]) + bytes(98))) == 4
    for trace in (packet(b"") * 10, packet(SAMPLE) * 5, packet(bytes([0x12, 99]) + bytes(99))):
        with pytest.raises(PerfettoError) as caught:
            count_samples(trace)
        assert caught.value.too_large


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_an_error(data: bytes) -> None:
    with contextlib.suppress(PerfettoError):
        assert 0 <= count_samples(data) <= len(data)
