"""What is needed of sentry_sdk beyond what Sentry documents: the one list, checked before anything is done.

Required and missing: clients get no transport (`unsupported`), and `sentry_events` fails with one sentence.
Optional and missing: what it is for is off, and nothing else.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

OLDEST, BELOW = (2, 41), (4,)
SUPPORTED = "sentry-sdk 2.41 or newer, below 4"


class Internal(NamedTuple):
    """One name that the SDK may move without notice."""

    where: str
    """The module, or ``module:Class`` of a method or attribute."""
    name: str
    purpose: str
    required: bool = False


SCOPE, CLIENT, TRANSPORT = "sentry_sdk.scope", "sentry_sdk:Client", "sentry_sdk:HttpTransport"
LOGGING = "sentry_sdk.integrations.logging"
BATCHER, MONITOR = "sentry_sdk._batcher:Batcher", "sentry_sdk.monitor:Monitor"

INTERNALS = (
    Internal(SCOPE, "_global_scope", "the global scope, in whose place each test has a fork", required=True),
    Internal(SCOPE, "_isolation_scope", "the isolation scope, by which a test is known", required=True),
    Internal(
        SCOPE, "_current_scope", "the current scope, in whose place each test has a fork", required=True
    ),
    Internal(f"{SCOPE}:Scope", "client", "the slot of a scope's client, for late threads", required=True),
    Internal(SCOPE, "global_event_processors", "what a test registers is gone after it"),
    Internal(f"{SCOPE}:Scope", "_propagation_context", "a trace of its own for each test"),
    Internal(CLIENT, "__setstate__", "a client that is unpickled or opened again sends here", required=True),
    Internal(TRANSPORT, "_send_envelope", "sends what is queued, inbox by inbox", required=True),
    Internal(TRANSPORT, "_pool", "the connections, in whose place the fake Sentry answers", required=True),
    Internal(TRANSPORT, "_make_pool", "no connections where none is used"),
    Internal(TRANSPORT, "_auth", "the fake's URL, for a class that posts with a library of its own"),
    Internal(TRANSPORT, "_worker", "kept out of the scopes of the test that starts it"),
    Internal(TRANSPORT, "_flush_client_reports", "client reports, inbox by inbox"),
    Internal(TRANSPORT, "_discarded_events", "client reports, inbox by inbox"),
    Internal(TRANSPORT, "_disabled_until", "rate limits end with their test"),
    Internal(TRANSPORT, "_compression_level", "no compression, for speed"),
    Internal("sentry_sdk.transport:_EnvelopePrinterTransport", "_inner", "SENTRY_PRINT_ENVELOPES"),
    Internal(CLIENT, "monitor", "backpressure ends with its test"),
    Internal(MONITOR, "_downsample_factor", "backpressure ends with its test"),
    Internal(MONITOR, "_healthy", "backpressure ends with its test"),
    Internal(MONITOR, "_ensure_running", "kept out of the scopes of the test that starts it"),
    Internal(CLIENT, "session_flusher", "sessions are sent before a test looks"),
    Internal("sentry_sdk.sessions:SessionFlusher", "_ensure_running", "as that of the monitor"),
    Internal(CLIENT, "log_batcher", "logs are sent before a test looks"),
    Internal(CLIENT, "metrics_batcher", "metrics are sent before a test looks"),
    Internal(CLIENT, "span_batcher", "streamed spans are sent before a test looks"),
    Internal(BATCHER, "_ensure_thread", "kept out of the scopes of the test that starts it"),
    Internal(BATCHER, "_flush", "logs, metrics and spans, inbox by inbox"),
    Internal(BATCHER, "_buffer", "what holds nothing is not flushed, for speed"),
    Internal(BATCHER, "_active", "what is recorded while a batch is sent is dropped, as by the SDK"),
    Internal(
        "sentry_sdk._span_batcher:SpanBatcher",
        "_pending_flush",
        "streamed transactions come in the order of their ends",
    ),
    Internal(
        "sentry_sdk.client", "SDK_INFO", "the SDK's name, which integrations change, ends with its test"
    ),
    Internal("sentry_sdk.utils", "has_logs_enabled", "says that logs are switched off"),
    Internal("sentry_sdk.utils", "has_metrics_enabled", "says that metrics are switched off"),
    Internal("sentry_sdk.utils", "get_git_revision", "asks git once a folder, for speed"),
    Internal("sentry_sdk.integrations", "_processed_integrations", "enable what an earlier init disabled"),
    Internal("sentry_sdk.integrations", "_installed_integrations", "enable what an earlier init disabled"),
    Internal(
        "sentry_sdk.integrations.logging",
        "_IGNORED_LOGGERS_SENTRY_LOGS",
        "ignored loggers end with their test",
    ),
    Internal("sentry_sdk.integrations", "Integration", "settings kept on its classes end with their test"),
    Internal(f"{SCOPE}:Scope", "_breadcrumbs", "says what was logged below the level of events"),
    Internal(f"{LOGGING}:LoggingIntegration", "_handler", "says from which level records are events"),
    Internal(f"{LOGGING}:LoggingIntegration", "_event_handler", "the same, in sentry-sdk 3"),
    Internal(CLIENT, "_is_ignored_error", "says that ignore_errors dropped something"),
    Internal(CLIENT, "_record_lost_telemetry", "says which callbacks drop logs unreported"),
    Internal("sentry_sdk.tracing:Transaction", "_start_timestamp_monotonic_ns", "names what is unfinished"),
    Internal("sentry_sdk.tracing:Transaction", "_span_recorder", "names what is unfinished"),
    Internal("sentry_sdk.tracing:Transaction", "sample_rate", "names what sampled it out"),
    Internal("sentry_sdk.tracing:Transaction", "parent_sampled", "names what sampled it out"),
    Internal("sentry_sdk.traces:StreamedSpan", "_parent_sampled", "names what sampled it out"),
    Internal("sentry_sdk.tracing", "NoOpSpan", "says that the API of the other span mode was called"),
    Internal("sentry_sdk.traces", "NoOpStreamedSpan", "says that the API of the other span mode was called"),
    Internal("sentry_sdk.traces:StreamedSpan", "_end_timestamp", "names what is unfinished"),
    Internal("sentry_sdk.traces:StreamedSpan", "_segment", "names what is unfinished"),
    Internal("sentry_sdk.integrations.dedupe:DedupeIntegration", "_last_seen", "no duplicates across tests"),
)
"""In the order of the rooms that need them. What stands in ``sentry_sdk.__all__`` is not listed."""


class UnsupportedSdkError(ImportError):
    """The installed sentry_sdk cannot be captured; its text is one sentence that says why."""


def require() -> None:
    """See that the installed sentry_sdk can be captured.

    Raises:
        UnsupportedSdkError: with one sentence: what is missing, the SDK's version, and those that work.
    """
    reason = _reason()
    if reason is not None:
        raise UnsupportedSdkError(sentence(reason))


def sentence(reason: str) -> str:
    """Return what a user is told."""
    return f"sentry_events needs {SUPPORTED}: {reason}."


def _reason() -> str | None:
    try:
        sdk: Any = importlib.import_module("sentry_sdk")
    except ModuleNotFoundError as error:
        if error.name == "sentry_sdk":
            return "sentry_sdk is not installed"
        return f"importing sentry_sdk raised {type(error).__name__}: {error}"
    except Exception as error:
        return f"importing sentry_sdk raised {type(error).__name__}: {error}"
    version = getattr(sdk, "VERSION", None)
    absent = [name for name in ("VERSION", "Client", "HttpTransport", "Scope") if not hasattr(sdk, name)]
    if absent or not isinstance(version, str):
        place = getattr(sdk, "__file__", None) or "a folder"
        return f"the module sentry_sdk that is imported ({place}) has no {', '.join(absent) or 'version'}"
    if numbers(version) < OLDEST:
        return f"{version} is installed"
    missing = [each for each in INTERNALS if each.required and not is_there(each)]
    if missing:
        names = ", ".join(f"{each.where.replace(':', '.')}.{each.name}" for each in missing)
        return f"{version} is installed, which has no {names}"
    return None


def newer() -> list[str]:
    """Return a sentence where the installed SDK is newer than all that were tested, else nothing."""
    version = importlib.import_module("sentry_sdk").VERSION
    if numbers(version) < BELOW:
        return []
    return [f"sentry-sdk {version} is newer than those that this plugin is tested with ({SUPPORTED})."]


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers with which *version* begins.

    >>> numbers("3.0.0b2")
    (3, 0, 0)
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found.group().split("."))) if found else ()


def is_there(internal: Internal) -> bool:
    """Whether the installed SDK has *internal*.

    An attribute that only instances have is there when the code of its class names it.
    """
    module, _, name = internal.where.partition(":")
    try:
        owner: Any = importlib.import_module(module)
    except ImportError:
        return False
    if name:
        owner = getattr(owner, name, None)
    if hasattr(owner, internal.name):
        return True
    return inspect.isclass(owner) and internal.name in set(_names(owner))


def _names(cls: type) -> Iterator[str]:
    """Return the names that the code of *cls* and what it is made of uses."""
    for member in (member for each in cls.__mro__ for member in vars(each).values()):
        code = getattr(inspect.unwrap(member) if callable(member) else member, "__code__", None)
        if code is not None:
            yield from code.co_names
