"""Traces of Perfetto, in which Android's SDK sends continuous profiles.

Only the outermost two levels of the protocol buffers are read: packets, and which of them hold a sample.
Relay: ``visit_trace_packets`` in ``relay-profiling/src/perfetto/convert/mod.rs``.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["PerfettoError", "count_samples"]

MAX_PACKETS = 110_000
MAX_PACKET_SIZE = 4 * 2**20
MAX_SAMPLES = 100_000
_MAX_DEPTH = 100
_PACKET = 1
_SAMPLE = 66
_VARINT, _FIXED_64, _BYTES, _GROUP, _END, _FIXED_32 = range(6)


class PerfettoError(ValueError):
    """Bytes that are no trace, or more of it than Sentry takes."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large
        """Whether it is a limit that was passed."""


def count_samples(trace: bytes) -> int:
    r"""Return how many packets of *trace* hold a sample (``perf_sample``).

    Raises:
        PerfettoError: It is no protocol buffer with packets, or too large.

    >>> count_samples(b"\x0a\x03\x92\x04\x00\x0a\x02\x40\x01")
    1
    """
    packets = samples = 0
    for number, kind, start, end in _fields(trace, 0, len(trace)):
        if number != _PACKET:
            continue
        packets += 1
        if kind != _BYTES:
            raise PerfettoError(f"the packet at byte {start} has the wire type {kind}")
        if packets >= MAX_PACKETS or end - start > MAX_PACKET_SIZE:
            raise PerfettoError("too many packets, or one of more than 4 MiB", too_large=True)
        kinds = {kind for number, kind, _, _ in _fields(trace, start, end) if number == _SAMPLE}
        if kinds - {_BYTES}:
            raise PerfettoError(f"the sample in the packet at byte {start} is no message")
        samples += bool(kinds)
        if samples >= MAX_SAMPLES:
            raise PerfettoError("100,000 samples or more", too_large=True)
    return samples


def _fields(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, and where the value begins and ends; what is in a group is passed over."""
    groups: list[int] = []
    while position < end:
        key, position = _varint(data, position, end)
        number, kind = key >> 3, key & 7
        start = position
        if kind == _VARINT:
            _, position = _varint(data, position, end)
        elif kind in (_FIXED_64, _FIXED_32):
            position += 8 if kind == _FIXED_64 else 4
        elif kind == _BYTES:
            length, start = _varint(data, position, end)
            position = start + length
        elif kind == _GROUP:
            groups.append(number)
        elif kind != _END or not groups or groups.pop() != number:
            raise PerfettoError(f"no field of a protocol buffer before byte {start}")
        if not number or key >= 2**32 or position > end or len(groups) > _MAX_DEPTH:
            # Relay looks at the length of a packet before it looks whether the packet is there.
            too_large = number == _PACKET and position - start > MAX_PACKET_SIZE
            raise PerfettoError(
                f"the field before byte {start} is not valid, or cut off", too_large=too_large
            )
        if len(groups) == (kind == _GROUP) and kind != _END:
            yield number, kind, start, position
    if groups:
        raise PerfettoError("a group has no end")


def _varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    value = 0
    for index in range(min(10, end - position)):
        byte = data[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >= 2**64:
                break
            return value, position + index + 1
    raise PerfettoError(f"no number at byte {position}")
