"""The three tracing APIs of ``sentry_sdk`` behind one.

2.x sends a transaction with its spans inside (:class:`Static`); 2.x with ``trace_lifecycle="stream"`` and
3.0 send every span on its own (:class:`Streaming`). Which one holds is a matter of the client, so
:func:`backend_of` decides per call. A backend has no state: all it knows is in scopes and spans.
"""

from __future__ import annotations

import importlib
import inspect
import json
from datetime import datetime, timedelta
from typing import Any, ClassVar

import sentry_sdk
import sentry_sdk.client
import sentry_sdk.utils
from sentry_sdk import Scope

from sentryintegration._headers import Remote, outgoing

UNLABELED = "<unlabeled transaction>"


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_TRACING = _optional("sentry_sdk.tracing")
_TRACES = _optional("sentry_sdk.traces")
_STREAM_SWITCH = getattr(_optional("sentry_sdk.tracing_utils"), "has_span_streaming_enabled", None)
_TAKES_OPTIONS = "client_options" in inspect.signature(sentry_sdk.utils.event_from_exception).parameters

_STACK_OPTIONS = [
    name
    for name in inspect.signature(sentry_sdk.utils.current_stacktrace).parameters
    if name in ("include_local_variables", "include_source_context", "max_value_length")
]


def is_absent(client: Any) -> bool:
    """Say whether nobody initialised the SDK."""
    return isinstance(client, sentry_sdk.client.NonRecordingClient)


def event_from(exc_info: Any, client: Any) -> tuple[Any, dict[str, Any]]:
    """Return the event and the hint of an exception."""
    options = {"client_options": client.options} if _TAKES_OPTIONS else {}
    event, hint = sentry_sdk.utils.event_from_exception(exc_info, **options)
    return event, hint


def stack_here(client: Any) -> Any:
    """Return the calling thread's stack as an event's ``threads``, where the client attaches it."""
    options = client.options
    if not options.get("attach_stacktrace"):
        return None
    __tracebackhide__ = True
    given = {name: options.get(name) for name in _STACK_OPTIONS}
    stack = sentry_sdk.utils.current_stacktrace(**given)
    return {"values": [{"stacktrace": stack, "crashed": False, "current": True}]}


def tracing_enabled(options: Any) -> bool:
    """Say whether this process makes transactions of its own."""
    return options.get("traces_sample_rate") is not None or options.get("traces_sampler") is not None


def end_of(start: datetime, start_ns: int) -> datetime:
    """Return the time now, counted by the monotonic clock from the start of a span."""
    return start + timedelta(microseconds=(sentry_sdk.utils.nanosecond_time() - start_ns) / 1000)


class Backend:
    """What the facade needs of a tracing API."""

    holds_root: ClassVar[bool]
    """Whether a transaction has to wait for its spans, since they are sent inside it."""

    def active(self, scope: Any) -> Any:
        """Return the active span of *scope*, or ``None``."""
        raise NotImplementedError

    def root_of(self, span: Any) -> Any:
        """Return the transaction or segment that *span* belongs to; ``None`` for an orphan."""
        raise NotImplementedError

    def is_over(self, span: Any) -> bool:
        """Say whether a child of *span* would be lost, since its transaction is finished."""
        raise NotImplementedError

    def start_root(
        self, scope: Any, name: str, op: str | None, description: str | None, remote: Remote | None, data: Any
    ) -> Any:
        """Start a transaction on *scope* and activate it there."""
        raise NotImplementedError

    def start_suppressed(self, scope: Any, name: str) -> Any:
        """Start a transaction on *scope* that is never sent, nor anything inside it."""
        raise NotImplementedError

    def start_child(self, scope: Any, parent: Any, op: str | None, description: str | None) -> Any:
        """Start a child of *parent* on *scope* and activate it there."""
        raise NotImplementedError

    def set_tag(self, span: Any, key: str, value: str) -> None:
        """Set a tag of a span."""
        raise NotImplementedError

    def set_data(self, span: Any, key: str, value: Any) -> None:
        """Set a datum of a span."""
        raise NotImplementedError

    def set_status(self, span: Any, status: str) -> None:
        """Set the status of a span, one of Sentry's words."""
        raise NotImplementedError

    def rename(self, span: Any, name: str, *, root: bool) -> None:
        """Give a transaction another name, or a child another description."""
        raise NotImplementedError

    def name_of(self, span: Any, *, root: bool) -> str:
        """Return the name of a transaction, or the description of a child."""
        raise NotImplementedError

    def finish(self, span: Any, scope: Any, end: datetime | None = None) -> None:
        """Finish a span, and send it where it is sent by itself."""
        raise NotImplementedError

    def sampled(self, span: Any) -> bool | None:
        """Return the sampling decision that *span* is under."""
        raise NotImplementedError

    def headers(self, span: Any) -> dict[str, str]:
        """Return the headers that make *span* the parent in another process."""
        items = {}
        for name, value in span._iter_headers() if hasattr(span, "_iter_headers") else span.iter_headers():
            items[name] = value
        return outgoing(items["sentry-trace"], items.get("baggage")) if "sentry-trace" in items else {}

    def remote_of(self, span: Any) -> Remote:
        """Return what continues the trace of *span* in a transaction of its own."""
        return Remote(span.trace_id, span.span_id, self.sampled(span), self.headers(span).get("baggage"))


class Static(Backend):
    """sentry-sdk 2.x: a transaction is one event, with its spans inside."""

    holds_root = True

    def active(self, scope: Any) -> Any:
        return scope.span or Scope.get_isolation_scope().span

    def root_of(self, span: Any) -> Any:
        return span.containing_transaction

    def is_over(self, span: Any) -> bool:
        root = span.containing_transaction
        return root is None or root.timestamp is not None

    def start_root(
        self, scope: Any, name: str, op: str | None, description: str | None, remote: Remote | None, data: Any
    ) -> Any:
        if remote is None:
            span = scope.start_transaction(name=name, op=op, scope=scope)
        elif remote.baggage is not None and remote.trace_id and remote.parent_span_id:
            headers = {"sentry-trace": _sentry_trace(remote), "baggage": remote.baggage}
            transaction = scope.continue_trace(headers, op=op, name=name)
            transaction.scope = scope
            span = scope.start_transaction(transaction=transaction)
        else:
            given = {
                "trace_id": remote.trace_id,
                "parent_span_id": remote.parent_span_id,
                "parent_sampled": remote.sampled,
            }
            given = {key: value for key, value in given.items() if value is not None}
            span = scope.start_transaction(name=name, op=op, scope=scope, **given)
        if description is not None:
            span.description = description
        for key, value in data.items():
            span.set_data(key, value)
        scope.span = span
        if not tracing_enabled(sentry_sdk.get_client().options):
            # With tracing off the SDK takes the trace of events and requests from here.
            scope.set_new_propagation_context()
            context = scope.get_active_propagation_context()
            context.trace_id = span.trace_id
            context.parent_span_id = span.parent_span_id
        return span

    def start_suppressed(self, scope: Any, name: str) -> Any:
        span = scope.start_transaction(name=name, scope=scope, sampled=False)
        scope.span = span
        return span

    def start_child(self, scope: Any, parent: Any, op: str | None, description: str | None) -> Any:
        span = parent.start_child(op=op, name=description, scope=scope)
        scope.span = span
        return span

    def set_tag(self, span: Any, key: str, value: str) -> None:
        span.set_tag(key, value)

    def set_data(self, span: Any, key: str, value: Any) -> None:
        span.set_data(key, value)

    def set_status(self, span: Any, status: str) -> None:
        span.set_status(status)

    def rename(self, span: Any, name: str, *, root: bool) -> None:
        if root:
            span.name = name
        else:
            span.description = name

    def name_of(self, span: Any, *, root: bool) -> str:
        return (span.name if root else span.description) or ""

    def finish(self, span: Any, scope: Any, end: datetime | None = None) -> None:
        if not span.status:
            span.set_status("ok")
        span.finish(scope, end)

    def sampled(self, span: Any) -> bool | None:
        return span.sampled  # type: ignore[no-any-return]

    def count_unsampled(self) -> None:
        """Count a transaction that is left out, for the client's report.

        The SDK does it when it finishes one, together with a log record that takes longer than all the rest.
        """
        client = sentry_sdk.get_client()
        if client.transport and tracing_enabled(client.options):
            monitor = client.monitor
            reason = "backpressure" if monitor and monitor.downsample_factor > 0 else "sample_rate"
            client.transport.record_lost_event(reason, data_category="transaction")
            client.transport.record_lost_event(reason, data_category="span")

    def end_now(self, span: Any) -> datetime:
        """Return the time at which *span* would end if it were finished now."""
        return end_of(span.start_timestamp, span._start_timestamp_monotonic_ns)

    def alone(self, span: Any, scope: Any, name: str) -> Any:
        """Make a transaction of a child whose own transaction was sent without it."""
        transaction = _TRACING.Transaction(
            name=name,
            op=span.op,
            description=span.description,
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_span_id,
            start_timestamp=span.start_timestamp,
            sampled=True,
            scope=scope,
            baggage=span.containing_transaction.get_baggage(),
        )
        transaction = scope.start_transaction(transaction=transaction)
        transaction.status = span.status
        transaction._tags.update(span._tags)
        transaction._data.update(span._data)
        return transaction


class Streaming(Backend):
    """2.x with ``trace_lifecycle="stream"``, and 3.0: every span is sent on its own."""

    holds_root = False

    def __init__(self, attribute: str, starter: str, no_op: str) -> None:
        self._attribute = attribute
        self._starter = starter
        self._no_op = no_op

    def active(self, scope: Any) -> Any:
        return getattr(scope, self._attribute)

    def root_of(self, span: Any) -> Any:
        return span._segment

    def is_over(self, span: Any) -> bool:
        return False

    def start_root(
        self, scope: Any, name: str, op: str | None, description: str | None, remote: Remote | None, data: Any
    ) -> Any:
        scope.set_new_propagation_context()
        context = scope.get_active_propagation_context()
        if remote is not None:
            if remote.baggage is not None and remote.trace_id and remote.parent_span_id:
                headers = {"sentry-trace": _sentry_trace(remote), "baggage": remote.baggage}
                scope.generate_propagation_context(headers)
                context = scope.get_active_propagation_context()
            if remote.trace_id:
                context.trace_id = remote.trace_id
            if remote.parent_span_id:
                context.parent_span_id = remote.parent_span_id
            context.parent_sampled = remote.sampled
        if not tracing_enabled(sentry_sdk.get_client().options):
            # The SDK would send a span whose parent was sampled; and makes of the others what this is.
            return getattr(_TRACES, self._no_op)(
                name=name,
                scope=scope,
                trace_id=context.trace_id,
                parent_span_id=context.parent_span_id,
                baggage=context.baggage,
                sampled=None,
            )
        attributes = {key: _attribute(value) for key, value in data.items()}
        if op:
            attributes["sentry.op"] = op
        if description:
            attributes["sentry.description"] = description
        return getattr(scope, self._starter)(name, attributes, None, True)

    def start_suppressed(self, scope: Any, name: str) -> Any:
        scope.set_new_propagation_context()
        trace_id = scope.get_active_propagation_context().trace_id
        return getattr(_TRACES, self._no_op)(name=name, scope=scope, trace_id=trace_id, sampled=False)

    def start_child(self, scope: Any, parent: Any, op: str | None, description: str | None) -> Any:
        name = description or op or "<unlabeled span>"
        if not parent.sampled:
            # The SDK makes the same of it, in several times the time.
            return getattr(_TRACES, self._no_op)(
                name=name,
                scope=scope,
                segment=parent._segment,
                trace_id=parent.trace_id,
                parent_span_id=parent.span_id,
                sampled=parent.sampled,
                unsampled_reason=parent._unsampled_reason,
            )
        attributes = {"sentry.op": op} if op else {}
        return getattr(scope, self._starter)(name, attributes, parent, True)

    def set_tag(self, span: Any, key: str, value: str) -> None:
        span.set_attribute(key, value)

    def set_data(self, span: Any, key: str, value: Any) -> None:
        span.set_attribute(key, _attribute(value))

    def set_status(self, span: Any, status: str) -> None:
        span.status = "ok" if status == "ok" else "error"

    def rename(self, span: Any, name: str, *, root: bool) -> None:
        span.name = name

    def name_of(self, span: Any, *, root: bool) -> str:
        return span.name or ""

    def finish(self, span: Any, scope: Any, end: datetime | None = None) -> None:
        if span.sampled:
            span.end(end)
        elif not span._finished:
            # As Static.count_unsampled: what the SDK does, without its log record.
            span._finished = True
            client = sentry_sdk.get_client()
            if span._unsampled_reason is not None and client.transport:
                client.transport.record_lost_event(span._unsampled_reason, data_category="span", quantity=1)

    def sampled(self, span: Any) -> bool | None:
        return span._segment.sampled  # type: ignore[no-any-return]


STATIC = Static()
STREAM = Streaming("streamed_span", "start_streamed_span", "NoOpStreamedSpan")
V3 = Streaming("span", "start_span", "NoOpSpan")


def backend_of(client: Any) -> Backend:
    """Return the tracing API that *client* works with."""
    if _TRACING is None:
        return V3
    return STREAM if _STREAM_SWITCH is not None and _STREAM_SWITCH(client.options) else STATIC


def _sentry_trace(remote: Remote) -> str:
    flag = "" if remote.sampled is None else f"-{int(remote.sampled)}"
    return f"{remote.trace_id}-{remote.parent_span_id}{flag}"


def _attribute(value: Any) -> Any:
    """Return *value* as an attribute: those hold no mappings and no mixed lists."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and value and all(type(item) is type(value[0]) for item in value):
        return value if isinstance(value[0], (str, bool, int, float)) else str(value)
    return json.dumps(value, ensure_ascii=False)
