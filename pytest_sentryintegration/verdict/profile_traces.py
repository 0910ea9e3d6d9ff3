"""What is inside of a profile: whether samples, stacks and frames fit together, and traces of Android.

Relay: ``relay-profiling/src/{sample,android}``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.verdict.ruling import Ruling, dropped
from pytest_sentryintegration.wire.android_trace import AndroidTrace, AndroidTraceError, parse_android_trace
from pytest_sentryintegration.wire.envelope import parse_event_id

__all__ = ["judge_android_trace", "judge_references"]

_DIGITS = re.compile("[A-Za-z0-9+/]*")
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""Digits that base64 without padding may end with, by how many are over: the bits that are over are 0."""


def judge_references(samples: Sequence[dict[str, Any]], profile: dict[str, Any], path: str) -> Ruling | None:
    """Return why a profile is lost: a sample names no stack, or a stack no frame.

    Args:
        samples: Those that are left.
        profile: Its ``stacks`` and ``frames`` are what they name by index.
        path: Where it stands.
    """
    stacks, frames = profile["stacks"], profile["frames"]
    if any(one["stack_id"] >= len(stacks) for one in samples):
        text = "a sample names a stack that is not there; the profile is lost."
        return dropped("profiling_malformed_samples", profile["samples"], text, f"{path}.samples")
    if any(frame >= len(frames) for stack in stacks for frame in stack):
        text = "a stack names a frame that is not there; the profile is lost."
        return dropped("profiling_malformed_stacks", stacks, text, f"{path}.stacks")
    return None


def judge_android_trace(sent: dict[str, Any], what: str, most: int) -> Ruling | None:
    """Return why a profile of Android is lost for its trace, or for the build it names.

    Args:
        sent: The profile; its fields are what they must be.
        what: What is lost, for the sentences.
        most: How many seconds it may last.
    """
    encoded = sent.get("sampled_profile", "")
    if not _is_base64(encoded):
        text = f"the trace must be base64 without padding; {what} is lost."
        return dropped("profiling_invalid_base64_value", encoded, text, "sampled_profile")
    try:
        trace = parse_android_trace(base64.b64decode(encoded + "==")) if encoded else _trace_in_json(sent)
    except AndroidTraceError as error:
        text = f"this is no trace of Android ({error}); {what} is lost."
        return dropped("profiling_invalid_sampled_profile", encoded, text, "sampled_profile")
    path = "sampled_profile" if encoded else "profile"
    if not trace.has_events:
        text = f"a profile of Android needs a trace with events; {what} is lost."
        return dropped("profiling_not_enough_samples", sent.get(path), text, path)
    if trace.seconds > most:
        text = f"it may last {most} seconds, and lasts {trace.seconds:.1f}; {what} is lost."
        return dropped("profiling_duration_is_too_long", trace.seconds, text, path)
    if not trace.seconds:
        text = f"its trace does not say how long it lasted (elapsed-time-usec); {what} is lost."
        return dropped("profiling_duration_is_zero", trace.seconds, text, path)
    build = sent.get("build_id", "")
    if build and sent.get("debug_meta") is None and parse_event_id(build) is None:
        return dropped("invalid_build_id", build, f"a build_id is a UUID; {what} is lost.", "build_id")
    return None


def _is_base64(text: str) -> bool:
    # Not by one pattern of groups of four: that takes 33 bytes of memory a digit.
    rest = len(text) % 4
    return rest != 1 and _DIGITS.fullmatch(text) is not None and (not rest or text[-1] in _LAST[rest])


def _trace_in_json(sent: dict[str, Any]) -> AndroidTrace:
    trace = sent.get("profile", {"elapsed_time": {"secs": 0, "nanos": 0}, "events": []})
    elapsed = trace["elapsed_time"]
    return AndroidTrace(elapsed["secs"] + elapsed["nanos"] / 1e9, bool(trace["events"]))
