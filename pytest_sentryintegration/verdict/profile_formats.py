"""The formats of profiles: their fields, and what each of them must be.

Relay: ``relay-profiling/src/{sample/mod,sample/v1,sample/v2,android/legacy,android/chunk}.rs``, and beside
them ``debug_image.rs``, ``measurements.rs`` and ``transaction_metadata.rs``.
"""

from __future__ import annotations

from pytest_sentryintegration.verdict.schema import (
    ADDRESS,
    DEBUG_ID,
    MOMENT,
    NUMBER,
    SPAN_ID,
    TEXT,
    TRUTH,
    UUID,
    WRITTEN_NUMBER,
    Check,
    by_name,
    many,
    nullable,
    one_of,
    struct,
    uint,
    written_uint,
)

__all__ = [
    "ANDROID_CHUNK",
    "ANDROID_PROFILE",
    "ANDROID_PROFILE_METADATA",
    "CHUNK",
    "CHUNK_KIND",
    "PROFILE",
    "PROFILE_KIND",
    "PROFILE_METADATA",
]

_MAYBE_TEXT = nullable(TEXT)
_MAYBE_TRUTH = nullable(TRUTH)
_VERSION = one_of("1", "2", "2.android-trace", "Unknown")
_SDK = struct({"name": TEXT, "version": TEXT})

_FRAME = struct(
    {
        **dict.fromkeys(("abs_path?", "filename|file?", "function|name?", "module?"), _MAYBE_TEXT),
        **dict.fromkeys(("package?", "platform?"), _MAYBE_TEXT),
        **dict.fromkeys(("colno|column?", "lineno|line?"), nullable(uint(32))),
        "in_app?": _MAYBE_TRUTH,
        "instruction_addr?": nullable(ADDRESS),
    }
)
_IMAGE = struct(
    {
        "code_file|name?": _MAYBE_TEXT,
        "debug_id|id?": nullable(DEBUG_ID),
        "type": one_of("macho", "symbolic", "sourcemap", "proguard", "jvm"),
        "image_addr?": nullable(ADDRESS),
        "image_vmaddr?": nullable(ADDRESS),
        "image_size?": written_uint(),
        "uuid|build_id?": nullable(UUID),
    }
)
_IMAGES = struct({"images": many(_IMAGE)})
_THREADS = by_name(struct({"name?": _MAYBE_TEXT, "priority?": nullable(uint(32))}))
_UNIT = one_of("nanosecond", "ns", "hertz", "hz", "byte", "percent", "nanojoule", "nj")


def _measurements(moment: str, check: Check) -> Check:
    values = many(struct({moment: check, "value": WRITTEN_NUMBER}))
    return by_name(struct({"unit": _UNIT, "values": values}))


_OF_PROFILE = nullable(_measurements("elapsed_since_start_ns", written_uint()))
_OF_CHUNK = _measurements("timestamp", NUMBER)

_SAMPLES = struct(
    {
        "samples": many(
            struct(
                {
                    "stack_id": uint(64),
                    "thread_id": written_uint(),
                    "elapsed_since_start_ns": written_uint(),
                    "queue_address?": _MAYBE_TEXT,
                }
            )
        ),
        "stacks": many(many(uint(64))),
        "frames": many(_FRAME),
        "thread_metadata?": nullable(_THREADS),
        "queue_metadata?": nullable(by_name(struct({"label": TEXT}))),
    }
)
_CHUNK_SAMPLES = struct(
    {
        "samples": many(struct({"timestamp": NUMBER, "stack_id": uint(64), "thread_id": TEXT})),
        "stacks": many(many(uint(64))),
        "frames": many(_FRAME),
        "thread_metadata?": _THREADS,
    }
)

_TRANSACTION = struct(
    {
        "id": UUID,
        "name": TEXT,
        "trace_id": UUID,
        "segment_id?": nullable(SPAN_ID),
        "active_thread_id?": written_uint(),
        **dict.fromkeys(("relative_start_ns?", "relative_end_ns?"), written_uint()),
        **dict.fromkeys(("relative_cpu_start_ms?", "relative_cpu_end_ms?"), written_uint()),
    }
)
_OF_TRANSACTION = {
    "transactions?": many(_TRANSACTION),
    "transaction?": nullable(_TRANSACTION),
    **dict.fromkeys(("transaction_metadata?", "transaction_tags?"), by_name(TEXT)),
}

PROFILE_KIND = struct(
    {"event_id|profile_id|chunk_id": UUID, "platform": TEXT, "release?": _MAYBE_TEXT, "version?": _VERSION}
)
"""What is read of a profile before its version and platform are known."""
CHUNK_KIND = struct({"platform": TEXT, "version?": _VERSION})
"""The same of a chunk."""

_METADATA = {
    "version": _VERSION,
    "debug_meta?": nullable(_IMAGES),
    "device": struct(
        {
            "architecture": TEXT,
            "is_emulator?": _MAYBE_TRUTH,
            **dict.fromkeys(("locale?", "manufacturer?", "model?"), _MAYBE_TEXT),
        }
    ),
    "os": struct({"name": TEXT, "version": TEXT, "build_number?": _MAYBE_TEXT}),
    "runtime?": nullable(_SDK),
    "environment?": TEXT,
    "event_id|profile_id": UUID,
    "platform": TEXT,
    "timestamp": MOMENT,
    "release?": _MAYBE_TEXT,
    "dist?": TEXT,
    **_OF_TRANSACTION,
    "client_sdk?": nullable(_SDK),
}
PROFILE_METADATA = struct(_METADATA)
"""Of a profile of version 1; all that is read of one without its transaction."""
PROFILE = struct({"measurements?": _OF_PROFILE, **_METADATA, "profile": _SAMPLES})

_DURATION = struct({"secs": uint(64), "nanos": uint(32)})
_MOMENT_IN_TRACE = struct({"cpu?": nullable(_DURATION), "wall?": nullable(_DURATION)})
_TRACE = struct(
    {
        "data_file_overflow": TRUTH,
        "clock": one_of("Global", "Cpu", "Wall", "Dual"),
        "elapsed_time": _DURATION,
        "total_method_calls": uint(64),
        "clock_call_overhead": _DURATION,
        "vm": one_of("Dalvik", "Art"),
        "start_time": NUMBER,
        "pid?": nullable(uint(32)),
        "gc_trace?": nullable(struct(dict.fromkeys(("alloc_count", "alloc_size", "gc_count"), uint(64)))),
        "threads": many(struct({"id": uint(16), "name": TEXT})),
        "methods": many(
            struct(
                {
                    "id": uint(32),
                    "source_line?": nullable(uint(32)),
                    **dict.fromkeys(("name", "class_name", "signature", "source_file"), TEXT),
                }
            )
        ),
        "events": many(
            struct(
                {
                    "action": one_of("Enter", "Exit", "Unwind"),
                    "thread_id": uint(16),
                    "method_id": uint(32),
                    "time": struct({"Global?": _DURATION, "Monotonic?": _MOMENT_IN_TRACE}),
                }
            )
        ),
    }
)
"""A trace of Android as JSON, as which Relay hands it on."""

_ANDROID = {
    "android_api_level": uint(16),
    "build_id?": TEXT,
    "device_cpu_frequencies": many(uint(32)),
    "device_is_emulator": TRUTH,
    **dict.fromkeys(("device_locale", "device_manufacturer", "device_model"), TEXT),
    **dict.fromkeys(("device_os_name", "device_os_version"), TEXT),
    "device_physical_memory_bytes": written_uint(),
    "environment?": TEXT,
    "platform": TEXT,
    "profile_id": UUID,
    "timestamp?": nullable(MOMENT),
    "release?": TEXT,
    "dist?": TEXT,
    "version_code": TEXT,
    "version_name": TEXT,
    "transaction_id?": UUID,
    "transaction_name?": TEXT,
    "trace_id?": UUID,
    "duration_ns?": written_uint(),
    "active_thread_id?": written_uint(),
    **_OF_TRANSACTION,
    "debug_meta?": nullable(_IMAGES),
    "client_sdk?": nullable(_SDK),
}
ANDROID_PROFILE_METADATA = struct(_ANDROID)
"""Of a profile of Android with its own trace; all that is read of one without its transaction."""
ANDROID_PROFILE = struct(
    {
        **_ANDROID,
        "sampled_profile?": TEXT,
        "js_profile?": nullable(_SAMPLES),
        "profile?": _TRACE,
        "measurements?": _OF_PROFILE,
    }
)

_CHUNK = {"chunk_id": UUID, "profiler_id": UUID, "client_sdk": _SDK, "platform": TEXT}
CHUNK = struct(
    {
        "measurements?": _OF_CHUNK,
        **_CHUNK,
        "debug_meta?": _IMAGES,
        **dict.fromkeys(("environment?", "content_type?", "release?"), _MAYBE_TEXT),
        "version": _VERSION,
        "profile?": _CHUNK_SAMPLES,
    }
)
"""A chunk of version 2."""
ANDROID_CHUNK = struct(
    {
        **_CHUNK,
        "build_id?": TEXT,
        "environment?": TEXT,
        "release": TEXT,
        "version?": _VERSION,
        "debug_meta?": nullable(_IMAGES),
        "duration_ns?": uint(64),
        "timestamp": NUMBER,
        "sampled_profile?": TEXT,
        "js_profile?": nullable(_CHUNK_SAMPLES),
        "profile?": _TRACE,
        "measurements?": nullable(_OF_CHUNK),
    }
)
"""A chunk of Android with its own trace."""
