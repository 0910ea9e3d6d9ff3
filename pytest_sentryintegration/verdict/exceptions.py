"""Exceptions, threads and their stack traces, as sent and as stored."""

from __future__ import annotations

import json
from dataclasses import replace

from pytest_sentryintegration.verdict.comparing import Place, noted_only, plain, record, scalar

_OLD_FRAMES = 50


def function(place: Place) -> None:
    """Compare the name of a function; ``?`` means that there is none."""
    plain(replace(place, sent=None) if place.sent == "?" else place)


def mechanism(place: Place) -> None:
    """Compare an exception's mechanism; without a ``type`` Relay takes it for one of an older protocol."""
    sent, stored = place.sent, place.stored
    if not isinstance(sent, dict) or not isinstance(stored, dict) or "type" in sent:
        _MECHANISM(place)
        return
    place.annotated()
    moved = stored.get("data")
    for key, value in sent.items():
        if key in ("data", "posix_signal", "mach_exception") or value is None or stored.get(key) == value:
            continue
        if isinstance(moved, dict) and key in moved:
            place.below(key).add("legacy_mechanism")
        else:
            scalar(place.below(key))


_MECHANISM = record({"meta": noted_only})


def frame_part(place: Place) -> None:
    """Compare what frames in the middle of a large stack lose: variables and the lines around the line."""
    sent = place.sent
    if sent and place.stored is None and not place.noted:
        place.add("stack_frames")
    elif isinstance(sent, list):
        plain(replace(place, sent=["" if line is None else line for line in sent]))
    else:
        plain(place)


_FRAME = record(
    {
        "function": function,
        "symbol": function,
        "vars": frame_part,
        "pre_context": frame_part,
        "post_context": frame_part,
        "image_addr": noted_only,
        "instruction_addr": noted_only,
        "symbol_addr": noted_only,
        "function_id": noted_only,
    },
    # SDKs for Android send it, and Sentry has no use for it: losing it is no finding.
    ignored=frozenset({"native"}),
)


def frame(place: Place) -> None:
    """Compare a stack frame; an absolute path may have been moved out of its filename."""
    sent = place.sent if isinstance(place.sent, dict) and isinstance(place.stored, dict) else {}
    if sent.get("filename") and not sent.get("abs_path"):
        # What is left of the filename is then no loss; where nothing is noted, the frames are mostly equal.
        left = None if place.noted else place.stored.get("filename")
        # Not by `replace`, which takes as long as all of the rest.
        place.sent = {**sent, "filename": left, "abs_path": sent["filename"]}
    _FRAME(place)


def frames(place: Place) -> None:
    """Compare the frames of a stack; of more than 250, Sentry keeps the first 50 and the last 200."""
    # An exception without frames is stored with those of the event's own stack trace.
    if place.is_untouched or (place.sent == [] and place.stored):
        return
    cut = place.annotated()
    if not isinstance(place.sent, list) or not isinstance(place.stored, list):
        return
    removed = len(place.sent) - len(place.stored) if cut else 0
    for index in range(len(place.stored)):
        before = index + removed if index >= _OLD_FRAMES else index
        if 0 <= before < len(place.sent):
            frame(place.below(before, index))


stack = record({"frames": frames, "registers": noted_only})


def exception(place: Place) -> None:
    """Compare an exception; a value ``Type: text`` without a type is split in two."""
    sent, stored = place.sent, place.stored
    if isinstance(sent, dict) and isinstance(stored, dict) and not sent.get("type") and stored.get("type"):
        place.below("value").add("split")
        place = replace(place, sent={**sent, "value": stored.get("value")})
    _EXCEPTION(place)


def exception_value(place: Place) -> None:
    """Compare an exception's value; what is no text is stored as JSON."""
    if isinstance(place.sent, dict | list) and isinstance(place.stored, str):
        try:
            if json.loads(place.stored) == place.sent:
                return
        except ValueError:
            pass
    plain(place)


_EXCEPTION = record(
    {"stacktrace": stack, "raw_stacktrace": stack, "mechanism": mechanism, "value": exception_value}
)
thread = record({"stacktrace": stack, "raw_stacktrace": stack, "held_locks": noted_only})
