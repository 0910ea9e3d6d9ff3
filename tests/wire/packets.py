"""Traces of Perfetto, packet by packet."""

from __future__ import annotations


def number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*encoded, value))


def message(field: int, *content: bytes) -> bytes:
    joined = b"".join(content)
    return number(field << 3 | 2) + number(len(joined)) + joined


def numeric(field: int, value: int) -> bytes:
    return number(field << 3) + number(value)


def packet(*content: bytes) -> bytes:
    return message(1, *content)


def clocks(primary: int | None, *moments: tuple[int, int]) -> bytes:
    read = [message(1, numeric(1, clock), numeric(2, at)) for clock, at in moments]
    return packet(message(6, *read, numeric(2, primary) if primary is not None else b""))


def stacks(*frames: int, named: tuple[int, ...] = (7,), known: tuple[int, ...] = (1,)) -> bytes:
    frame = [message(6, numeric(1, one)) for one in known]
    stack = [message(7, numeric(1, name), *(numeric(2, one) for one in frames)) for name in named]
    return message(12, *frame, *stack)


def sample(at: int = 0, thread: int = 5, stack: int | None = 7) -> bytes:
    refers = numeric(4, stack) if stack is not None else b""
    return numeric(8, at) + message(66, numeric(3, thread), refers)


REAL = clocks(1)
"""The samples' own clock is real time."""
STACK = packet(stacks(1))
