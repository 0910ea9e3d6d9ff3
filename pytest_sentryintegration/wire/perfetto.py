"""Traces of Perfetto, in which Android's SDK sends continuous profiles.

Read is what decides whether Sentry takes a trace: which samples it has, when and of which thread, and whether
their stacks have frames. Not counted is the memory that Relay may use for one: 15 MiB for names and stacks,
40 MiB for the profile. Relay: ``relay-profiling/src/perfetto``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["PerfettoError", "TraceSample", "read_samples"]

MAX_PACKETS = 110_000
MAX_PACKET_SIZE = 4 * 2**20
MAX_SAMPLES = 100_000
MAX_SEQUENCES = 64
MAX_STACK_DEPTH = 1000
_MAX_DEPTH = 100
_VARINT, _FIXED_64, _BYTES, _GROUP, _END, _FIXED_32 = range(6)
_REALTIME, _BOOTTIME = 1, 6
"""Clocks. Relay: ``perfetto/convert/consts.rs``."""


class PerfettoError(ValueError):
    """Bytes that are no trace, or more of it than Sentry takes."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large
        """Whether it is a limit that was passed."""


class TraceSample(NamedTuple):
    """What one thread did at one moment."""

    timestamp: float
    """Seconds since 1970."""
    thread_id: str
    has_frames: bool
    """Whether its stack has any frame."""


@dataclass(slots=True)
class _Sequence:
    """What the packets of one writer refer to by number."""

    frames: set[int] = field(default_factory=set)
    stacks: dict[int, list[int]] = field(default_factory=dict)
    resolved: dict[int, bool] = field(default_factory=dict)
    """Whether a stack has frames, as its first sample found it."""

    def learn(self, interned: dict[int, Any]) -> None:
        self.frames.update(frame[1] for frame in interned.get(6, ()) if 1 in frame)
        # One frame more than may be there tells that there are too many.
        self.stacks.update(
            (stack[1], stack.get(2, [])[: MAX_STACK_DEPTH + 1]) for stack in interned.get(7, ()) if 1 in stack
        )

    def has_frames(self, stack: int) -> bool | None:
        """Return whether a stack has frames; ``None`` where it is not known."""
        if stack not in self.resolved:
            if stack not in self.stacks:
                return None
            if len(self.stacks[stack]) > MAX_STACK_DEPTH:
                raise PerfettoError("a stack of more than 1,000 frames", too_large=True)
            self.resolved[stack] = any(frame in self.frames for frame in self.stacks[stack])
        return self.resolved[stack]


def read_samples(trace: bytes) -> list[TraceSample]:
    r"""Return the samples of *trace* whose stack is known.

    Raises:
        PerfettoError: It is no protocol buffer with packets, too large, or does not tell the time.

    >>> stack = b"\x0a\x0c\x62\x0a\x32\x02\x08\x01\x3a\x04\x08\x07\x10\x01"
    >>> clock, sample = b"\x0a\x04\x32\x02\x10\x01", b"\x0a\x07\x92\x04\x04\x18\x05\x20\x07"
    >>> read_samples(stack + clock + sample)
    [TraceSample(timestamp=0.0, thread_id='5', has_frames=True)]
    """
    sequences: dict[int, _Sequence] = {}
    offset: int | None = None
    found: list[tuple[int, str, bool]] = []
    packets = counted = 0
    for number, kind, start, end in _fields(trace, 0, len(trace), outermost=True):
        if number != 1:
            continue
        packets += 1
        if kind != _BYTES:
            raise PerfettoError(f"the packet at byte {start} has the wire type {kind}")
        if packets >= MAX_PACKETS or end - start > MAX_PACKET_SIZE:
            raise PerfettoError("too many packets, or one of more than 4 MiB", too_large=True)
        packet = _merge({}, trace, start, end, _PACKET)
        sample = packet.get(66)
        counted += sample is not None
        if counted >= MAX_SAMPLES:
            raise PerfettoError("100,000 samples or more", too_large=True)
        if len(sequences) >= MAX_SEQUENCES:
            raise PerfettoError("packets of 64 writers or more", too_large=True)
        writer = packet.get(10, 0)
        if packet.get(13, 0) & 1:
            sequences.pop(writer, None)
        sequence = sequences.setdefault(writer, _Sequence())
        sequence.learn(packet.get(12, {}))
        if offset is None and 6 in packet:
            offset = _clock_offset(packet[6])
        if sample is not None and 4 in sample:
            has_frames = sequence.has_frames(sample[4])
            if has_frames is not None:
                found.append((packet.get(8, 0), str(sample.get(3, 0)), has_frames))
    if found and offset is None:
        raise PerfettoError("no packet tells the time of its clock")
    since_1970 = _seconds(offset or 0)
    return [TraceSample(_seconds(moment) + since_1970, thread, frames) for moment, thread, frames in found]


def _seconds(nanoseconds: int) -> float:
    # Relay: ns_to_secs in perfetto/convert/utils.rs, which rounds twice.
    seconds, rest = divmod(nanoseconds, 10**9)
    return seconds + rest / 1e9


def _clock_offset(snapshot: dict[int, Any]) -> int | None:
    """Return by how many nanoseconds the clock of the samples is behind real time; ``None`` if unknown."""
    primary = snapshot.get(2, _BOOTTIME)
    clocks = {clock[1]: clock.get(2) for clock in snapshot.get(1, ()) if 1 in clock}
    if primary == _REALTIME:
        return 0
    real, own = clocks.get(_REALTIME), clocks.get(primary)
    return None if real is None or own is None else real - own


_Schema = dict[int, Any]
_INT32, _INT64, _TEXT, _INTS = "int32", "int64", "bytes", "ints"
"""Kinds of fields; a schema stands for one message, a list with a schema for any number of them."""
_STRING: _Schema = {1: _INT64, 2: _TEXT}
_FRAME: _Schema = dict.fromkeys((1, 2, 3, 4), _INT64)
_STACK: _Schema = {1: _INT64, 2: _INTS}
_MAPPING: _Schema = {**dict.fromkeys((1, 2, 3, 4, 5, 6, 8), _INT64), 7: _INTS}
_INTERNED: _Schema = {5: [_STRING], 6: [_FRAME], 7: [_STACK], 16: [_STRING], 17: [_STRING], 19: [_MAPPING]}
_CLOCKS: _Schema = {1: [{1: _INT32, 2: _INT64}], 2: _INT32}
_SAMPLE: _Schema = {1: _INT32, 2: _INT32, 3: _INT32, 4: _INT64}
_PACKET: _Schema = {6: _CLOCKS, 8: _INT64, 10: _INT32, 12: _INTERNED, 13: _INT32, 66: _SAMPLE}
"""Relay: ``perfetto/proto.rs``. A packet has a snapshot of clocks or a sample, the last of them."""


def _merge(into: dict[int, Any], data: bytes, position: int, end: int, schema: _Schema) -> dict[int, Any]:
    """Read the fields of a message into a dict by number; of a field that may be there once, the last."""
    for number, kind, start, stop in _fields(data, position, end):
        field_kind = schema.get(number)
        if field_kind is None:
            continue
        packed = field_kind is _INTS and kind == _BYTES
        if not packed and kind != (_VARINT if field_kind in (_INT32, _INT64, _INTS) else _BYTES):
            raise PerfettoError(f"the field {number} before byte {start} has the wire type {kind}")
        if field_kind is _INTS:
            numbers = into.setdefault(number, [])
            while start < stop:
                value, start = _varint(data, start, stop)
                numbers.append(value)
        elif field_kind in (_INT32, _INT64):
            value, _ = _varint(data, start, stop)
            into[number] = value & 0xFFFFFFFF if field_kind is _INT32 else value
        elif isinstance(field_kind, list):
            into.setdefault(number, []).append(_merge({}, data, start, stop, field_kind[0]))
        elif isinstance(field_kind, dict):
            if schema is _PACKET and number != 12:
                into.pop(72 - number, None)  # 6 or 66
            into[number] = _merge(into.get(number, {}), data, start, stop, field_kind)
    return into


def _fields(
    data: bytes, position: int, end: int, *, outermost: bool = False
) -> Iterator[tuple[int, int, int, int]]:
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
            too_large = outermost and number == 1 and position - start > MAX_PACKET_SIZE
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
