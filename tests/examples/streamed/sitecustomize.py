"""On PYTHONPATH, this makes every process of an example stream its spans; the example itself is unchanged."""

from sentry_sdk.consts import DEFAULT_OPTIONS

if "trace_lifecycle" in DEFAULT_OPTIONS:  # sentry-sdk 3 always streams
    DEFAULT_OPTIONS["trace_lifecycle"] = "stream"
