"""Events within the size that Sentry takes: Relay refuses one above 1 MiB, with all that goes along."""

from __future__ import annotations

import json
from typing import Any

STACKS_ROOM = 300_000
"""Bytes for the variables and source lines of all frames of an event."""

SPANS_ROOM = 780_000
"""Bytes for all spans of a transaction; Relay drops spans above 819,200."""

ROUGHLY_SMALL = 60_000
"""Characters that cannot make more bytes than :data:`SPANS_ROOM`, however JSON escapes them."""

VALUE_LIMIT = 2048
"""Characters of one variable; Relay keeps 2,048 bytes of all variables of a frame."""

LINE_LIMIT = 1024
FRAME_SIZE = 200


def fit_stacks(stacks: list[Any]) -> None:
    """Cut long values in the frames of *stacks*, and leave out variables where there are too many.

    The innermost frames and the last stacks keep theirs the longest.
    """
    room = STACKS_ROOM
    for stack in reversed(stacks):
        frames = stack.get("frames") if isinstance(stack, dict) else None
        # The SDK wraps trimmed values in `AnnotatedValue`.
        frames = getattr(frames, "value", frames)
        if not isinstance(frames, list):
            continue
        if room < -STACKS_ROOM:
            del frames[:-1]
        if len(frames) > 50:
            # Relay: of more than 250 frames 50 and 200 are kept; of more than 50 the middle ones lose these.
            del frames[50:-200]
            for frame in frames[25:-25]:
                if isinstance(frame, dict):
                    for key in ("vars", "pre_context", "post_context"):
                        frame.pop(key, None)
        for frame in reversed(frames):
            room -= FRAME_SIZE
            if isinstance(frame, dict):
                room -= _fit_frame(frame, room)


def _fit_frame(frame: Any, room: int) -> int:
    """Fit one frame into *room*; return its size."""
    used = 0
    for key in ("pre_context", "post_context"):
        lines = frame.get(key)
        if type(lines) is list:
            size = sum(map(len, lines))
            if size > LINE_LIMIT:
                frame[key] = [line[:LINE_LIMIT] for line in lines]
                size = sum(map(len, frame[key]))
            used += size
    line = frame.get("context_line")
    if type(line) is str and len(line) > LINE_LIMIT:
        frame["context_line"] = line[:LINE_LIMIT]
    values = frame.get("vars")
    if type(values) is dict:
        used += _cut(values, VALUE_LIMIT)
    if used > room:
        for key in ("vars", "pre_context", "post_context"):
            frame.pop(key, None)
        return 0
    return used


def fit_transaction(event: Any) -> None:
    """Cut long texts in the spans of a transaction until they fit, the longest ones first."""
    spans = event.get("spans")
    if not isinstance(spans, list):
        return
    rough = 400 * len(spans)
    for span in spans:
        description = span.get("description")
        if description:
            rough += len(description)
        values = span.get("data")
        # Two of them are the thread's, set by the SDK.
        if values is not None and len(values) > 2:
            rough += _size(values)
    if rough < ROUGHLY_SMALL:
        return
    for limit in (2048, 512, 128, 32):
        if len(json.dumps(spans, default=str)) <= SPANS_ROOM:
            return
        for span in spans:
            for key in ("description", "data", "tags"):
                value = span.get(key)
                if type(value) is str and len(value) > limit:
                    span[key] = value[: limit - 3] + "..."
                elif type(value) is dict:
                    _cut(value, limit)
    for span in spans:
        span.pop("data", None)


def _cut(values: Any, limit: int) -> int:
    """Cut the strings inside *values* to *limit*; return the bytes that remain."""
    size = 0
    for key, value in values.items() if type(values) is dict else enumerate(values):
        if type(value) is str:
            if len(value) > limit:
                values[key] = value = value[: limit - 3] + "..."
            size += (len(value) if value.isascii() else 6 * len(value)) + 20
        elif type(value) in (dict, list):
            size += _cut(value, limit)
        else:
            size += 20
    return size


def _size(value: Any) -> int:
    if type(value) is str:
        return len(value) + 4
    if type(value) is dict:
        return sum(len(str(key)) + _size(item) for key, item in value.items())
    if type(value) is list:
        return sum(map(_size, value))
    return 20
