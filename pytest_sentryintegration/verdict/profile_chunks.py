"""Chunks of continuous profiles: JSON, or JSON with a trace of Perfetto behind it.

Relay: relay-server/src/processing/profile_chunks, relay-profiling/src/{profile_chunk,sample/v2}.rs.

Not judged: what is in a trace of Android (only that it is base64), what is in the packets of a trace of
Perfetto (only that some hold samples), measurements, images, and the fields of frames.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pytest_sentryintegration.verdict.delivery import Delivery, is_number, is_uint
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import meta_length
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id
from pytest_sentryintegration.wire.perfetto import PerfettoError, count_samples

__all__ = ["judge_profile_chunk"]

MAX_CHUNK_SECONDS = 66
_VERSIONS = ("1", "2", "2.android-trace")
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048])?")
_PARTS = ("samples", "stacks", "frames")


def judge_profile_chunk(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``profile_chunk`` item."""
    perfetto = str(item.headers.get("content_type")).lower() == "application/x-perfetto-trace"
    length = meta_length(item)
    if perfetto and not (length is not None and 0 < length < len(item.payload)):
        text = "a trace of Perfetto needs the header meta_length, of the JSON before it; the chunk is lost."
        return dropped("profiling_invalid_sampled_profile", length, text, "meta_length")
    if not perfetto and length is not None:
        text = "only a trace of Perfetto has the header meta_length; the chunk is lost."
        return dropped("profiling_invalid_sampled_profile", length, text, "meta_length")
    try:
        sent = strict_json.loads(item.payload[:length])
    except strict_json.StrictJSONError as error:
        text = f"this is no JSON that Sentry can read ({error}); the chunk of a profile is lost."
        return dropped("profiling_invalid_json", item.payload, text)
    if not isinstance(sent, dict):
        text = "a chunk of a profile must be a JSON object; it is lost."
        return dropped("profiling_invalid_json", sent, text)
    version = sent.get("version", "1")
    if not perfetto and isinstance(sent.get("platform"), str) and version == "1":
        text = f"a chunk of a profile needs version '2', not {version!r}; it is lost."
        return dropped("profiling_platform_not_supported", version, text, "version")
    android = not perfetto and (
        version == "2.android-trace"
        or (sent.get("platform") == "android" and sent.get("sampled_profile") is not None)
    )
    for path, needed in _wrong_fields(sent, android):
        text = f"a chunk of a profile needs {needed} as {path!r}; it is lost."
        return dropped("profiling_invalid_json", sent.get(path), text, path)
    for path, needed in () if android else _wrong_profile(sent):
        text = f"this must be {needed}; the chunk of a profile is lost."
        return dropped("profiling_invalid_json", sent["profile"], text, path)
    profile: dict[str, Any] = sent.get("profile", {})
    # Relay: perfetto/mod.rs:37; where the JSON has samples, those of the trace are not looked at.
    converted = perfetto and not any(profile.get(part) for part in (*_PARTS, "thread_metadata"))
    lost = _judge_android(sent) if android else _judge_trace(item.payload[length:]) if converted else None
    platform = item.headers.get("platform")
    if lost is None and platform != sent["platform"] and (perfetto or isinstance(platform, str)):
        text = f"the item's header says {platform!r}, its payload {sent['platform']!r}; the chunk is lost."
        return dropped("profiling_invalid_profile_type", platform, text, "platform")
    if lost is None and not android and not converted:
        lost = _judge_samples(profile)
    return lost or kept((), item.payload if perfetto else sent)


def _wrong_fields(sent: dict[str, Any], android: bool) -> Iterator[tuple[str, str]]:
    """Yield each field that is missing or wrong, with what it must be. Relay: sample/v2.rs:29."""
    for name in ("chunk_id", "profiler_id"):
        if parse_event_id(sent.get(name)) is None:
            yield name, "a UUID"
    if not isinstance(sent.get("platform"), str):
        yield "platform", "a text"
    sdk = sent.get("client_sdk")
    if not isinstance(sdk, dict) or not all(isinstance(sdk.get(name), str) for name in ("name", "version")):
        yield "client_sdk", "a name and a version"
    if sent.get("version") not in _VERSIONS:
        yield "version", "one of " + ", ".join(_VERSIONS)
    if android:
        # Relay: relay-profiling/src/android/chunk.rs:26.
        if not isinstance(sent.get("release"), str):
            yield "release", "a text"
        if not is_number(sent.get("timestamp")):
            yield "timestamp", "a number of seconds"
        if not isinstance(sent.get("sampled_profile", ""), str):
            yield "sampled_profile", "a text in base64"
    else:
        for name in ("environment", "release", "content_type"):
            if not isinstance(sent.get(name), str | None):
                yield name, "a text"


def _wrong_profile(sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each part of the profile that is missing or wrong. Relay: sample/v2.rs:67 and 139."""
    profile = sent.get("profile", {part: [] for part in _PARTS})
    if not isinstance(profile, dict) or not all(isinstance(profile.get(part), list) for part in _PARTS):
        yield "profile", "an object with the lists samples, stacks and frames"
        return
    for index, sample in enumerate(profile["samples"]):
        if not (
            isinstance(sample, dict)
            and is_number(sample.get("timestamp"))
            and is_uint(sample.get("stack_id"))
            and isinstance(sample.get("thread_id"), str)
        ):
            yield f"profile.samples.{index}", "a timestamp, the index of a stack and a thread_id that is text"
    for index, stack in enumerate(profile["stacks"]):
        if not isinstance(stack, list) or not all(map(is_uint, stack)):
            yield f"profile.stacks.{index}", "a list of indices of frames"
    for index, frame in enumerate(profile["frames"]):
        if not isinstance(frame, dict):
            yield f"profile.frames.{index}", "an object"
    threads = profile.get("thread_metadata", {})
    if not isinstance(threads, dict) or not all(isinstance(thread, dict) for thread in threads.values()):
        yield "profile.thread_metadata", "an object of objects"


def _judge_samples(profile: dict[str, Any]) -> Ruling | None:
    """Return why the samples are lost. Relay: ``ProfileData::normalize`` in sample/v2.rs:175."""
    samples, stacks, frames = (profile.get(part, []) for part in _PARTS)
    # A thread counts with two samples whose stack is not empty.
    filled = {index for index, stack in enumerate(stacks) if stack}
    busy = Counter(one["thread_id"] for one in samples if one["stack_id"] in filled)
    left = [one for one in samples if busy[one["thread_id"]] > 1]
    if not left:
        text = "a chunk of a profile needs two samples of one thread; it is lost."
        return dropped("profiling_not_enough_samples", samples, text, "profile.samples")
    if any(one["stack_id"] >= len(stacks) for one in left):
        text = "a sample names a stack that is not there; the chunk of a profile is lost."
        return dropped("profiling_malformed_samples", samples, text, "profile.samples")
    if any(frame >= len(frames) for stack in stacks for frame in stack):
        text = "a stack names a frame that is not there; the chunk of a profile is lost."
        return dropped("profiling_malformed_stacks", stacks, text, "profile.stacks")
    moments = [one["timestamp"] for one in left]
    lasted = max(moments) - min(moments)
    if lasted > MAX_CHUNK_SECONDS:
        text = f"a chunk of a profile may last 66 seconds, and this lasts {lasted:.1f}; it is lost."
        return dropped("profiling_duration_is_too_long", lasted, text, "profile.samples")
    return None


def _judge_android(sent: dict[str, Any]) -> Ruling | None:
    """Return why a trace of Android is lost. Relay: relay-profiling/src/android/chunk.rs:86."""
    trace = sent.get("sampled_profile", "")
    if not _BASE64.fullmatch(trace):
        text = "the trace must be base64 without padding; the chunk of a profile is lost."
        return dropped("profiling_invalid_base64_value", trace, text, "sampled_profile")
    if not trace and not sent.get("profile"):
        text = "a chunk of a profile needs a trace; it is lost."
        return dropped("profiling_not_enough_samples", trace, text, "sampled_profile")
    return None


def _judge_trace(trace: bytes) -> Ruling | None:
    """Return why a trace of Perfetto is lost. Relay: relay-profiling/src/perfetto/convert/mod.rs:29."""
    try:
        samples = count_samples(trace)
    except PerfettoError as error:
        reason = "profiling_exceed_size_limit" if error.too_large else "profiling_invalid_sampled_profile"
        return dropped(
            reason, trace, f"this is no trace of Perfetto that Sentry takes ({error}); it is lost."
        )
    if not samples:
        return dropped(
            "profiling_not_enough_samples", trace, "a trace of Perfetto needs samples; it is lost."
        )
    return None
