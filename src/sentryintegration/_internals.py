"""What the facade needs of ``sentry_sdk`` beyond its documented calls, and what is off where it is missing.

This is the whole list. A part that lacks a name is off, with one log record; everything else goes on.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import sys
from functools import cached_property
from typing import Any

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration._guard import failed, log, shown


def optional(path: str) -> Any:
    """Return what *path* names below ``sentry_sdk``, or ``None`` where this version has no such thing.

    >>> optional("scope.Scope") is Scope, optional("scope.NoSuchClass.fork")
    (True, None)
    """
    module, *names = path.split(".")
    try:
        found: Any = importlib.import_module(f"sentry_sdk.{module}")
    except ImportError:
        return None
    for name in names:
        found = getattr(found, name, None)
    return found


def taking(path: str, keywords: str) -> Any:
    """Return what *path* names if it can be called with these and no other *keywords*, else ``None``.

    >>> taking("scope.Scope", "ty"), taking("scope.Scope", "no_such_keyword")
    (<class 'sentry_sdk.scope.Scope'>, None)
    """
    found = optional(path)
    try:
        inspect.signature(found).bind(**dict.fromkeys(keywords.split()))
    except (TypeError, ValueError):
        return None
    return found


class Part:
    """One thing that the facade does, and the names that it needs for it."""

    def __init__(self, consequence: str, names: dict[str, str]) -> None:
        self.consequence = consequence
        self.names = names
        """What is needed, by its path below ``sentry_sdk``, and what for.

        Looked for on classes, where ``__slots__``, properties and methods show; after ``()`` on an object.
        """
        self._reported = False

    @cached_property
    def usable(self) -> bool:
        """Whether all names are there; looked up once, and logged then."""
        missing = [path for path in self.names if "()" not in path and not _is_there(path)]
        if missing:
            self.report(*missing)
        return not missing

    def report(self, *missing: str) -> None:
        """Write the record that says what is missing and what follows, the first time."""
        if not self._reported:
            self._reported = True
            message = "%s: sentry-sdk %s lacks %s"
            log(logging.ERROR, message, self.consequence, sentry_sdk.VERSION, ", ".join(missing))


def _is_there(path: str) -> bool:
    owner, _, name = path.rpartition(".")
    return hasattr(optional(owner), name)


MARKS = Part(
    "tracing is off, and release, environment and dist of set_tag are ignored",
    {"scope.Scope._event_processors": "holds what the facade knows of a scope, also in copies of it"},
)

_SCOPES = {
    "scope.Scope.fork": "a start forks the current scope, so that what was current can be current again",
    "scope.Scope.set_current_scope": "makes the fork current",
    "scope.Scope.set_isolation_scope": "sends a transaction that waited for spans with the scopes it had",
    "scope.Scope.set_new_propagation_context": "a transaction has a trace of its own",
    "scope.Scope.get_active_propagation_context": "continues the trace that is current without a span",
    "scope.Scope.iter_trace_propagation_headers": "headers where no span is active",
    "scope.Scope._span": "no finished span may stay active; the public setter has side effects",
    "scope.Scope._transaction": "no transaction's name may stay on a scope that has none",
    "scope.Scope._transaction_info": "as the name",
    "scope.Scope._propagation_context": "a handed over span brings its trace along",
    "transport.Transport.record_lost_event": "counts unsampled transactions without the SDK's log record",
}

_STREAMED_SPANS = {
    "_segment": "the transaction that a span belongs to",
    "_scope": "a finished transaction must not keep its scope alive",
    "_iter_headers": "headers that make a span the parent in another process",
}

_NO_OP_SPANS = {
    "_finished": "ends an unsampled span without the SDK's log record",
    "_unsampled_reason": "a child of an unsampled span is unsampled for the same reason",
}

STATIC = Part(
    "tracing is off",
    _SCOPES
    | {
        "scope.Scope.continue_trace": "a transaction that continues a trace with its baggage",
        "tracing.Transaction.get_baggage": "a span that is sent as a transaction keeps the trace's sampling",
        "tracing.Span.containing_transaction": "the transaction that a span belongs to",
        "tracing.Span.iter_headers": "headers that make a span the parent in another process",
        "tracing.Span.to_json": "tags and data of a span that is sent alone",
    },
)
STREAM = Part(
    "tracing is off",
    _SCOPES
    | {
        "scope.Scope.streamed_span": "the active span",
        "scope.Scope.start_streamed_span": "starts a span on a scope of the facade's choice",
        "scope.Scope.generate_propagation_context": "a transaction that continues a trace with its baggage",
    }
    | {f"traces.StreamedSpan.{name}": purpose for name, purpose in _STREAMED_SPANS.items()}
    | {f"traces.NoOpStreamedSpan.{name}": purpose for name, purpose in _NO_OP_SPANS.items()},
)
V3 = Part(
    "tracing is off",
    _SCOPES
    | {
        "scope.Scope.span": "the active span",
        "scope.Scope.start_span": "starts a span on a scope of the facade's choice",
        "scope.Scope.generate_propagation_context": "a transaction that continues a trace with its baggage",
    }
    | {f"traces.Span.{name}": purpose for name, purpose in _STREAMED_SPANS.items()}
    | {f"traces.NoOpSpan.{name}": purpose for name, purpose in _NO_OP_SPANS.items()},
)
EXCEPTIONS = Part(
    "exceptions are sent without attachments, and of several only the last",
    {"utils.event_from_exception": "makes an event of an exception, which the facade then completes"},
)
STACKS = Part(
    "stack traces of messages contain the facade's own frames",
    {"utils.current_stacktrace": "the stack of a message, without the facade's frames"},
)
ATTACHMENTS = Part(
    "attachments are left out",
    {"attachments.Attachment": "an attachment of one event, not of all events of a scope"},
)
QUEUE = Part(
    "flush and close return False, since what is unsent cannot be known",
    {
        "transport.HttpTransport()._worker": "sends what the transport was given",
        "worker.BackgroundWorker()._queue": "counts what is unsent",
    },
)

# Without these the facade does the same, a little worse; older and newer versions have none of some.
OPTIONAL = {
    "client.NonRecordingClient": "stands for no client, and a client may override `is_active`",
    "client._Client()._has_async_transport": "such a transport is flushed by its own event loop",
    "client._Client().span_batcher": "owns the thread that sends streamed spans",
    "_span_batcher.SpanBatcher._ensure_thread": "starts that thread outside of any transaction",
    "_span_batcher.SpanBatcher()._active": "in which threads it drops spans, for finalizers",
    "tracing.Span()._context_manager_state": "what is active after the SDK's spans inside a finished one",
    "traces.StreamedSpan._previous_span_on_scope": "the same, of streamed spans",
    "traces.StreamedSpan._span_id": "an id is made in an eighth of the time",
    "tracing_utils.is_ignored_span": "children of streamed spans are made in half of the time",
    "monitor.Monitor.downsample_factor": "why a transaction is not sampled",
}


_switched_off = False
"""Whether tracing was ever switched off in this process."""


class Off:
    """An event processor that says, on the global scope, that tracing is off; it changes nothing."""

    __slots__ = ()

    def __call__(self, event: Any, hint: Any) -> Any:
        """Leave the event as it is."""
        return event


def is_off() -> bool:
    """Say whether tracing was switched off, since the SDK lacks what the facade needs."""
    if not _switched_off:
        return False
    for processor in Scope.get_global_scope()._event_processors:  # noqa: SIM110 -- twice as fast
        if type(processor) is Off:
            return True
    return False


def tracing_failed(where: str) -> None:
    """Report the exception being handled; if the SDK lacks what the facade needs, switch tracing off.

    It is off until the global scope is another one. With ``SENTRYINTEGRATION_RAISE`` in the environment the
    exception is raised, as by :func:`failed`.
    """
    global _switched_off
    error = sys.exc_info()[1]
    frame = error.__traceback__ if error is not None else None
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    ours = frame is not None and frame.tb_frame.f_globals.get("__name__", "").startswith("sentryintegration.")
    if os.environ.get("SENTRYINTEGRATION_RAISE") or not (
        ours and isinstance(error, (AttributeError, TypeError, ImportError, NameError))
    ):
        failed(where)
    elif not is_off():
        scope = Scope.get_global_scope()
        scope._event_processors = [*scope._event_processors, Off()]
        _switched_off = True
        message = "tracing is off: sentry-sdk %s lacks what it needs (%s)"
        log(logging.ERROR, message, sentry_sdk.VERSION, shown(error))
