"""Chunks of continuous profiles: samples, a trace of Android, or JSON with a trace of Perfetto behind it.

Relay: relay-server/src/processing/profile_chunks, relay-profiling/src/profile_chunk.rs.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_sentryintegration.verdict.profile_formats import ANDROID_CHUNK, CHUNK, CHUNK_KIND
from pytest_sentryintegration.verdict.profile_traces import judge_android_trace, judge_references
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.schema import misfit
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.attachments import meta_length
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.perfetto import PerfettoError, read_samples

__all__ = ["judge_profile_chunk"]

MAX_CHUNK_SECONDS = 66
_WHAT = "the chunk of a profile"
_NOTHING: dict[str, Any] = {"samples": [], "stacks": [], "frames": []}


def judge_profile_chunk(item: RawItem) -> Ruling:
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
        sent = strict_json.loads(item.payload[:length], mark_doubled=True)
    except strict_json.StrictJSONError as error:
        text = f"this is no JSON that Sentry can read ({error}); the chunk of a profile is lost."
        return dropped("profiling_invalid_json", item.payload, text)
    profile: dict[str, Any] | None
    if perfetto:
        profile, lost = _read_perfetto(sent, item.payload[length:])
    else:
        profile, lost = _read_json(sent)
    platform = item.headers.get("platform")
    # Without a platform in its header, Relay takes that of the payload, but for a trace of Perfetto.
    if lost is None and platform != sent["platform"] and (perfetto or isinstance(platform, str)):
        text = f"the item's header says {platform!r}, its payload {sent['platform']!r}; the chunk is lost."
        lost = dropped("profiling_invalid_profile_type", platform, text, "platform")
    if lost is None and profile is not None:
        lost = _judge_samples(profile, "profile")
    return lost or kept((), item.payload if perfetto else sent)


def _read_json(sent: Any) -> tuple[dict[str, Any] | None, Ruling | None]:
    """Return the samples of a chunk, or why it is lost. Relay: AndroidOrV2ProfileChunk::parse."""
    if lost := misfit(sent, CHUNK_KIND, _WHAT):
        return None, lost
    version = sent.get("version")
    if version not in ("2", "2.android-trace"):
        text = f"a chunk of a profile needs version '2', not {version!r}; it is lost."
        return None, dropped("profiling_platform_not_supported", version, text, "version")
    traced = sent["platform"] == "android" and sent.get("sampled_profile") is not None
    if version == "2" and not traced:
        return sent.get("profile", _NOTHING), misfit(sent, CHUNK, _WHAT)
    return None, _judge_android(sent)


def _judge_android(sent: dict[str, Any]) -> Ruling | None:
    """Return why a chunk with a trace of Android is lost. Relay: android/chunk.rs:86."""
    if lost := misfit(sent, ANDROID_CHUNK, _WHAT):
        return lost
    js_profile = sent.get("js_profile")
    lost = _judge_samples(js_profile, "js_profile") if js_profile is not None else None
    return lost or judge_android_trace(sent, _WHAT, MAX_CHUNK_SECONDS)


def _read_perfetto(sent: Any, trace: bytes) -> tuple[dict[str, Any], Ruling | None]:
    """Return the samples of a chunk, or why it is lost. Relay: perfetto/mod.rs:32 and convert/mod.rs:29."""
    if lost := misfit(sent, CHUNK, _WHAT):
        return _NOTHING, lost
    profile: dict[str, Any] = sent.get("profile", _NOTHING)
    if any(profile.get(part) for part in (*_NOTHING, "thread_metadata")):
        # The samples of the JSON come before those of the trace, which is not read then.
        return profile, None
    try:
        samples = read_samples(trace)
    except PerfettoError as error:
        reason = "profiling_exceed_size_limit" if error.too_large else "profiling_invalid_sampled_profile"
        text = f"this is no trace of Perfetto that Sentry takes ({error}); it is lost."
        return _NOTHING, dropped(reason, trace, text)
    if not samples:
        text = "a trace of Perfetto needs samples; it is lost."
        return _NOTHING, dropped("profiling_not_enough_samples", trace, text)
    converted = [
        {"timestamp": one.timestamp, "thread_id": one.thread_id, "stack_id": int(one.has_frames)}
        for one in samples
    ]
    return {"samples": converted, "stacks": [[], [0]], "frames": [{}]}, None


def _judge_samples(profile: dict[str, Any], path: str) -> Ruling | None:
    """Return why the samples are lost. Relay: ``ProfileData::normalize`` in sample/v2.rs:175."""
    samples = profile["samples"]
    # A thread counts with two samples whose stack is not empty.
    filled = {index for index, stack in enumerate(profile["stacks"]) if stack}
    busy = Counter(one["thread_id"] for one in samples if one["stack_id"] in filled)
    left = [one for one in samples if busy[one["thread_id"]] > 1]
    if not left:
        text = "a chunk of a profile needs two samples of one thread; it is lost."
        return dropped("profiling_not_enough_samples", samples, text, f"{path}.samples")
    if lost := judge_references(left, profile, path):
        return lost
    moments = [one["timestamp"] for one in left]
    lasted = max(moments) - min(moments)
    if lasted > MAX_CHUNK_SECONDS:
        text = f"a chunk of a profile may last 66 seconds, and this lasts {lasted:.1f}; it is lost."
        return dropped("profiling_duration_is_too_long", lasted, text, f"{path}.samples")
    return None
