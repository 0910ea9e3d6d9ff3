"""Chunks of continuous profiles: what Sentry drops after its 200, and with which reason."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest

from pytest_sentryintegration.verdict.profile_traces import judge_android_trace
from tests.verdict.builders import NOW, android_trace, judged
from tests.wire.packets import REAL, STACK, packet, stacks
from tests.wire.packets import sample as sample_of_trace

ID = "a" * 32
PERFETTO = "application/x-perfetto-trace"
INVALID, UNSAMPLED = "profiling_invalid_json", "profiling_invalid_sampled_profile"
FEW = "profiling_not_enough_samples"
SAMPLE = packet(sample_of_trace())
TRACE = REAL + STACK + SAMPLE * 2
GONE = object()


def sample(at: float = 0, **fields: Any) -> dict[str, Any]:
    return {"thread_id": "1", "stack_id": 0, "timestamp": NOW + at, **fields}


def profile(*samples: Any, **fields: Any) -> dict[str, Any]:
    return {"samples": list(samples), "stacks": [[0]], "frames": [{"function": "f"}], **fields}


def chunk(**fields: Any) -> dict[str, Any]:
    sdk = {"name": "sentry.python", "version": "2.75.0"}
    ids = {"chunk_id": ID, "profiler_id": "b" * 32, "client_sdk": sdk, "platform": "python", "version": "2"}
    sent = {**ids, "profile": profile(sample(), sample(1)), **fields}
    return {name: value for name, value in sent.items() if value is not GONE}


def android(**fields: Any) -> dict[str, Any]:
    sent = {"platform": "android", "version": "2.android-trace", "profile": GONE, "release": "shop@1"}
    return chunk(**{**sent, "timestamp": NOW, "sampled_profile": android_trace(), **fields})


OPENED = {
    "data_file_overflow": False,
    "clock": "Dual",
    "vm": "Art",
    "start_time": 1,
    "total_method_calls": 1,
    "elapsed_time": {"secs": 1, "nanos": 0},
    "clock_call_overhead": {"secs": 0, "nanos": 9},
    "threads": [{"id": 1, "name": "main"}],
    "methods": [],
    "events": [{"action": "Enter", "thread_id": 1, "method_id": 4, "time": {"Monotonic": {"cpu": None}}}],
}


def test_a_whole_chunk_is_accepted() -> None:
    verdict = judged("profile_chunk", chunk())

    assert (verdict.outcome, verdict.stored) == ("accepted", chunk())


@pytest.mark.parametrize(
    ("platform", "reason"), [("python", None), (None, None), ("cocoa", "profiling_invalid_profile_type")]
)
def test_the_platform_of_the_header_is_that_of_the_chunk(platform: str | None, reason: str | None) -> None:
    # Relay: relay-server/src/processing/profile_chunks/process.rs:71.
    assert judged("profile_chunk", chunk(), item_headers={"platform": platform}).reason == reason


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("2", None),
        ("1", "profiling_platform_not_supported"),
        (GONE, "profiling_platform_not_supported"),
        (None, INVALID),
        ("3", INVALID),
        # Without the fields of Android's own format.
        ("2.android-trace", INVALID),
    ],
)
def test_a_profile_chunk_has_version_2(version: Any, reason: str | None) -> None:
    # Relay: AndroidOrV2ProfileChunk in relay-profiling/src/profile_chunk.rs:168.
    assert judged("profile_chunk", chunk(version=version)).reason == reason


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"chunk_id": GONE}, "chunk_id"),
        ({"profiler_id": GONE}, "profiler_id"),
        ({"profiler_id": "zz"}, "profiler_id"),
        ({"client_sdk": GONE}, "client_sdk"),
        ({"client_sdk": {"name": "sentry.python"}}, "client_sdk.version"),
        ({"platform": 7}, "platform"),
        ({"platform": GONE}, "platform"),
        ({"release": 7}, "release"),
        ({"profile": None}, "profile"),
        ({"profile": {"samples": []}}, "profile.stacks"),
        ({"profile": profile(sample(), 7)}, "profile.samples.1"),
        ({"profile": profile(sample(thread_id=1))}, "profile.samples.0.thread_id"),
        ({"profile": profile(sample(stack_id=-1))}, "profile.samples.0.stack_id"),
        ({"profile": profile(sample(timestamp="soon"))}, "profile.samples.0.timestamp"),
        ({"profile": profile(stacks=[["f"]])}, "profile.stacks.0.0"),
        ({"profile": profile(frames=["f"])}, "profile.frames.0"),
        ({"profile": profile(frames=[{"in_app": 1}])}, "profile.frames.0.in_app"),
        ({"profile": profile(thread_metadata={"1": "main"})}, "profile.thread_metadata.1"),
        ({"profile": profile(thread_metadata=None)}, "profile.thread_metadata"),
        ({"measurements": {"cpu": {"unit": "percent"}}}, "measurements.cpu.values"),
        ({"measurements": None}, "measurements"),
        ({"debug_meta": None}, "debug_meta"),
        ({"debug_meta": {"images": [{"type": "proguard", "uuid": "x"}]}}, "debug_meta.images.0.uuid"),
    ],
)
def test_a_chunk_needs_its_fields(wrong: dict[str, Any], path: str) -> None:
    # Relay: relay-profiling/src/sample/v2.rs:29, 67 and 139.
    verdict = judged("profile_chunk", chunk(**wrong))

    assert (verdict.reason, [found.path for found in verdict.findings]) == (INVALID, [path])


@pytest.mark.parametrize("payload", [b"{", b"[]", b"7", b""])
def test_a_chunk_is_a_json_object(payload: bytes) -> None:
    assert judged("profile_chunk", payload).reason == INVALID


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (GONE, FEW),
        (profile(sample()), FEW),
        (profile(sample(), sample(thread_id="2")), FEW),
        # What is idle does not count, and neither does a stack that is not there.
        (profile(sample(), sample(), stacks=[[]]), FEW),
        (profile(sample(stack_id=7), sample(stack_id=7)), FEW),
        (profile(sample(), sample(), sample(stack_id=1)), "profiling_malformed_samples"),
        (profile(sample(), sample(), sample(thread_id="2", stack_id=1)), None),
        (profile(sample(), sample(), stacks=[[0], [1]]), "profiling_malformed_stacks"),
        (profile(sample(), sample(66)), None),
        (profile(sample(67), sample()), "profiling_duration_is_too_long"),
        (profile(sample(), sample(), sample(67, thread_id="2")), None),
    ],
)
def test_samples_stacks_and_frames_fit_together(sent: Any, reason: str | None) -> None:
    # Relay: ProfileData::normalize in relay-profiling/src/sample/v2.rs:175.
    assert judged("profile_chunk", chunk(profile=sent)).reason == reason


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (android(), None),
        (android(version="2"), None),
        (android(release=None), INVALID),
        (android(timestamp=GONE), INVALID),
        (android(profiler_id=GONE), INVALID),
        (android(sampled_profile=7), INVALID),
        (android(sampled_profile="AAA="), "profiling_invalid_base64_value"),
        (android(sampled_profile="AB"), "profiling_invalid_base64_value"),
        (android(sampled_profile="A"), "profiling_invalid_base64_value"),
        (android(sampled_profile="AAAAAAB"), "profiling_invalid_base64_value"),
        (android(sampled_profile="AAAAAAE"), UNSAMPLED),
        (android(sampled_profile="AAAAAg"), UNSAMPLED),
        (android(sampled_profile=""), FEW),
        (android(sampled_profile="AAAA"), UNSAMPLED),
        (android(sampled_profile=android_trace(events=b"")), FEW),
        (android(sampled_profile=android_trace(66_000_000)), None),
        (android(sampled_profile=android_trace(66_000_001)), "profiling_duration_is_too_long"),
        (android(sampled_profile=android_trace(0)), "profiling_duration_is_zero"),
        (android(build_id="nightly"), "invalid_build_id"),
        (android(js_profile=profile(sample(), sample(1))), None),
        (android(js_profile=profile(sample()), sampled_profile="AAA="), FEW),
        (android(js_profile={}), INVALID),
        # As which Relay hands a trace on: in JSON. A profile of samples is none.
        (android(sampled_profile=GONE, profile=profile(sample(), sample(1))), INVALID),
        (android(sampled_profile=GONE, profile=OPENED), None),
        (android(sampled_profile=GONE, profile={**OPENED, "events": []}), FEW),
        # Without a trace, version 2 of Android is as of any other platform.
        (chunk(platform="android"), None),
    ],
)
def test_a_chunk_of_androids_own_format(sent: dict[str, Any], reason: str | None) -> None:
    # Relay: relay-profiling/src/android/chunk.rs:26 and 86; profile_chunk.rs:165.
    assert judged("profile_chunk", sent).reason == reason


def of_perfetto(described: object, trace: bytes, **headers: Any) -> str | None:
    meta = json.dumps(described).encode()
    sent = {"content_type": PERFETTO, "platform": "android", "meta_length": len(meta), **headers}
    return judged("profile_chunk", meta + trace, item_headers=sent).reason


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, None),
        ({"platform": "cocoa"}, "profiling_invalid_profile_type"),
        ({"platform": None}, "profiling_invalid_profile_type"),
        ({"meta_length": 0}, UNSAMPLED),
        ({"meta_length": None}, UNSAMPLED),
        ({"meta_length": 10**6}, UNSAMPLED),
        ({"meta_length": 3}, INVALID),
        ({"content_type": None}, UNSAMPLED),
    ],
)
def test_a_profile_chunk_of_perfetto_is_json_and_a_trace(headers: dict[str, Any], reason: str | None) -> None:
    # Relay: relay-server/src/processing/profile_chunks/process.rs:126.
    assert of_perfetto(chunk(platform="android", profile=GONE), TRACE, **headers) == reason


@pytest.mark.parametrize(
    ("changed", "trace", "reason"),
    [
        ({"profiler_id": GONE}, TRACE, INVALID),
        ({"client_sdk": GONE}, TRACE, INVALID),
        ({"version": GONE}, TRACE, INVALID),
        # A version is asked for, and not which.
        ({"version": "1"}, TRACE, None),
        ({"profile": profile(stacks=[], frames=[])}, TRACE, None),
        ({}, packet(), FEW),
        ({}, REAL + STACK + SAMPLE, FEW),
        ({}, REAL + STACK + SAMPLE + packet(sample_of_trace(thread=6)), FEW),
        ({}, REAL + packet(stacks()) + SAMPLE * 2, FEW),
        ({}, STACK + SAMPLE * 2, UNSAMPLED),
        ({}, REAL + STACK + SAMPLE + packet(sample_of_trace(66 * 10**9)), None),
        ({}, REAL + STACK + SAMPLE + packet(sample_of_trace(67 * 10**9)), "profiling_duration_is_too_long"),
        ({}, b"trace", UNSAMPLED),
        ({}, b"\x0a\x05ab", UNSAMPLED),
        ({}, b"\x0a\xff\xff\xff\xff\x0f", "profiling_exceed_size_limit"),
        ({}, b"\x0a\x81\x80\x80\x02" + bytes(2**22 + 1), "profiling_exceed_size_limit"),
        # Relay: perfetto/mod.rs:37; samples in the JSON come before those of the trace.
        ({"profile": profile(sample(), sample())}, b"trace", None),
        ({"profile": profile(sample())}, TRACE, FEW),
    ],
)
def test_a_trace_of_perfetto_is_judged_by_its_samples(
    changed: dict[str, Any], trace: bytes, reason: str | None
) -> None:
    # Relay: relay-profiling/src/perfetto/convert/mod.rs:29 and 184.
    assert of_perfetto(chunk(platform="android", **{"profile": GONE, **changed}), trace) == reason


def test_a_number_written_with_very_many_digits_is_judged_at_once() -> None:
    # Digits that two parts of a pattern can share take minutes.
    values = [{"timestamp": 1, "value": "1" * 40_000 + "x"}]
    started = time.thread_time()

    verdict = judged("profile_chunk", chunk(measurements={"a": {"unit": "ns", "values": values}}))

    assert (verdict.reason, verdict.findings[0].path) == (INVALID, "measurements.a.values.0.value")
    assert time.thread_time() - started < 2


def test_a_name_that_ends_in_very_many_digits_has_a_verdict() -> None:
    name = "a.values." + "9" * 5000
    measurements = {"a": {"unit": "ns", "values": [{"timestamp": 1, "value": 1}]}, name: None}

    verdict = judged("profile_chunk", chunk(measurements=measurements))

    assert (verdict.reason, verdict.findings[0].path) == (INVALID, f"measurements.{name}")


def test_a_trace_in_base64_is_checked_in_little_memory() -> None:
    sent = {"sampled_profile": "A" * 1_000_000}
    tracemalloc.start()
    try:
        ruling = judge_android_trace(sent, "the chunk", 66)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert ruling is not None
    assert ruling.reason == UNSAMPLED
    assert peak < 20_000_000
