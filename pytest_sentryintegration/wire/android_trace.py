r"""Traces of Android's runtime, in which its SDK sends profiles: ``Debug.startMethodTracing``.

Text with sections, then binary events. Read is what decides whether Sentry takes a trace: that every line
can be read, how long it lasted, and whether it has an event. Relay: ``android_trace_log::parse`` of the crate
android_trace_log 0.3.0, called in ``relay-profiling/src/android/chunk.rs:96`` and ``legacy.rs:127``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["AndroidTrace", "AndroidTraceError", "parse_android_trace"]


class AndroidTraceError(ValueError):
    """Bytes that are no trace."""


class AndroidTrace(NamedTuple):
    """What a trace says."""

    seconds: float
    """How long it lasted; 0.0 where it does not say."""
    has_events: bool
    """Whether it has an event; what comes after one that is broken does not count."""


_NUMBER = rb"0x[0-9a-fA-F]+|[0-9]+"
_VERSION = re.compile(rb"\*version\n(%s)\n" % _NUMBER)
_SECTION = re.compile(rb"\*(version|threads|methods|end)\n")
_SETTING = re.compile(
    rb"(?:data-file-overflow=(?:false|true)|clock=(?P<clock>global|thread-cpu|wall|dual)|vm=(?:dalvik|art)"
    rb"|(?P<name>elapsed-time-usec|num-method-calls|clock-call-overhead-nsec|pid|alloc-count|alloc-size|gc-count)"
    rb"=(?P<value>%s))\n" % _NUMBER
)
_THREAD = re.compile(rb"(%s)\t([^\n]+)\n" % _NUMBER)
# Only the last of the names ends with its line.
_METHOD = re.compile(rb"(%s)\t([^\t]+\t[^\t]+\t[^\t]+\t[^\n\t]*)(?:\t(%s)?)?\n" % (_NUMBER, _NUMBER))
_MAX_SECONDS = 8_210_266_876_799
"""The last second that Relay's calendar has, from 1970."""


def parse_android_trace(data: bytes) -> AndroidTrace:
    r"""Read a trace.

    Raises:
        AndroidTraceError: It is none.

    >>> head = b"*version\n2\nelapsed-time-usec=2500000\n*end\nSLOW\x02\x00\x10\x00" + bytes(8)
    >>> parse_android_trace(head + bytes(10))
    AndroidTrace(seconds=2.5, has_events=True)
    >>> parse_android_trace(head + bytes(9)).has_events
    False
    """
    match = _VERSION.match(data)
    if match is None or _number(match[1], 32) not in (1, 2, 3):
        raise AndroidTraceError("it does not begin with *version and 1, 2 or 3")
    section, position, clock, elapsed = b"version", match.end(), b"global", 0
    while section != b"end":
        if match := _SECTION.match(data, position):
            section = match[1]
        elif section == b"version" and (match := _SETTING.match(data, position)):
            clock = match["clock"] or clock
            if match["name"]:
                value = _number(match["value"], 32 if match["name"] == b"pid" else 64)
                elapsed = value if match["name"] == b"elapsed-time-usec" else elapsed
        elif section == b"threads" and (match := _THREAD.match(data, position)):
            _number(match[1], 16)
            _check_text(match[2], position)
        elif section == b"methods" and (match := _METHOD.match(data, position)):
            _number(match[1], 32)
            _number(match[3] or b"0", 32)
            _check_text(match[2], position)
        else:
            raise AndroidTraceError(f"byte {position} begins no line of the section {section.decode()!r}")
        position = match.end()
    return AndroidTrace(elapsed / 1e6, _has_event(data, position, clock))


def _has_event(data: bytes, position: int, clock: bytes) -> bool:
    """Return whether there is an event after the head of the binary part, which begins at *position*."""

    def number(at: int, size: int) -> int:
        if at + size > len(data):
            raise AndroidTraceError("it ends before its events")
        return int.from_bytes(data[at : at + size], "little")

    version, length = number(position + 4, 2), number(position + 6, 2)
    if data[position : position + 4] != b"SLOW" or version not in (1, 2, 3):
        raise AndroidTraceError("no SLOW with a version of 1, 2 or 3 comes after *end")
    if number(position + 8, 8) // 10**6 > _MAX_SECONDS:
        raise AndroidTraceError("it begins after the end of the calendar")
    announced = number(position + 16, 2) if version == 3 else 0
    start = position + max(length, 18 if version == 3 else 16)
    if start > len(data):
        raise AndroidTraceError("it ends before its events")
    thread = 1 if version == 1 else 2
    size = max(thread + 8 + (4 if version == 3 and clock == b"dual" else 0), announced)
    # The lowest two bits of the method say what happened; 3 is nothing.
    return start + size <= len(data) and data[start + thread] & 3 != 3


def _number(digits: bytes, bits: int) -> int:
    value = int(digits[2:], 16) if digits[:2] == b"0x" else int(digits) if len(digits) < 400 else 2**64
    if value >= 2**bits:
        raise AndroidTraceError(f"{digits[:40].decode()} is more than {bits} bits hold")
    return value


def _check_text(text: bytes, position: int) -> None:
    try:
        str(text, "utf-8")
    except UnicodeDecodeError:
        raise AndroidTraceError(f"the line at byte {position} is not UTF-8") from None
