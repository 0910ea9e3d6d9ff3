"""On PYTHONPATH, this has every process of an example stream its spans, without a word in the example."""

from sentry_sdk.consts import DEFAULT_OPTIONS

if "trace_lifecycle" in DEFAULT_OPTIONS:  # sentry-sdk 3 always streams
    DEFAULT_OPTIONS["trace_lifecycle"] = "stream"
