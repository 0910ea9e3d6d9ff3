"""Stack frames within the size of an event: Relay refuses one above 1 MiB, with all that goes along."""

from __future__ import annotations

from typing import Any

ROOM = 400_000
"""Characters for the variables and source lines of all frames of an event."""

VALUE_LIMIT = 2048
"""Characters of one variable; Relay keeps 2,048 bytes of all variables of a frame."""

LINE_LIMIT = 1024

FRAME_SIZE = 200
"""Characters of a frame beside those."""


def fit(stacks: list[Any]) -> None:
    """Cut long values in the frames of *stacks*, and leave out variables where there are too many.

    The innermost frames, and the stacks that come last, are the ones that keep what they have.
    """
    room = ROOM
    for stack in reversed(stacks):
        frames = stack.get("frames") if isinstance(stack, dict) else None
        # What the SDK has cut is wrapped, with a note on what it was.
        frames = getattr(frames, "value", frames)
        if not isinstance(frames, list):
            continue
        if room < -ROOM:
            del frames[:-1]
        for frame in reversed(frames):
            room -= FRAME_SIZE
            if isinstance(frame, dict):
                room -= _fit_frame(frame, room)


def _fit_frame(frame: Any, room: int) -> int:
    """Fit one frame into *room*; return what it takes."""
    used = 0
    for key in ("pre_context", "post_context"):
        lines = frame.get(key)
        if type(lines) is list:
            size = sum(map(len, lines))
            if size > LINE_LIMIT:
                frame[key] = lines = [line[:LINE_LIMIT] for line in lines]
                size = sum(map(len, lines))
            used += size
    line = frame.get("context_line")
    if type(line) is str and len(line) > LINE_LIMIT:
        frame["context_line"] = line[:LINE_LIMIT]
    values = frame.get("vars")
    if type(values) is dict:
        for name, value in values.items():
            if type(value) is str:
                if len(value) > VALUE_LIMIT:
                    values[name] = value = value[: VALUE_LIMIT - 3] + "..."
                used += len(value) + 20
            elif type(value) in (dict, list):
                values[name], size = _cut(value)
                used += size
            else:
                used += 20
    if used > room:
        frame["vars"] = frame["pre_context"] = frame["post_context"] = None
        return 0
    return used


def _cut(value: Any) -> tuple[Any, int]:
    if type(value) is str:
        return (value if len(value) <= VALUE_LIMIT else value[: VALUE_LIMIT - 3] + "..."), len(value) + 20
    size = 20
    if type(value) is dict:
        for key, item in value.items():
            value[key], inner = _cut(item)
            size += inner
    elif type(value) is list:
        for index, item in enumerate(value):
            value[index], inner = _cut(item)
            size += inner
    return value, size
