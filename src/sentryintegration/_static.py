"""The tracing API of sentry-sdk 2.x: a transaction is one event, with its spans inside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration import _internals as internals
from sentryintegration._backend import Backend, new_span_id, new_trace_id, sentry_trace
from sentryintegration._headers import Remote
from sentryintegration._sdk import tracing_enabled

TRACING = internals.optional("tracing")


class Static(Backend):
    """sentry-sdk 2.x: a transaction is one event, with its spans inside."""

    needs = internals.STATIC
    holds_root = True
    scope_attribute = "scope"

    def active(self, scope: Any) -> Any:
        return scope.span or Scope.get_isolation_scope().span

    def root_of(self, span: Any) -> Any:
        return span.containing_transaction

    def is_over(self, span: Any) -> bool:
        root = span.containing_transaction
        return root is None or root.timestamp is not None

    def start_root(
        self,
        scope: Any,
        name: str,
        op: str | None,
        description: str | None,
        remote: Remote | None,
        data: Any,
        *,
        traced: bool,
    ) -> Any:
        if remote is None:
            trace_id, span_id = new_trace_id(), new_span_id()
            span = scope.start_transaction(name=name, op=op, scope=scope, trace_id=trace_id, span_id=span_id)
        elif remote.baggage is not None and remote.trace_id and remote.parent_span_id:
            headers = {"sentry-trace": sentry_trace(remote), "baggage": remote.baggage}
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
        if data:
            for key, value in data.items():
                span.set_data(key, value)
        scope.span = span
        if not traced:
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
        span_id = new_span_id() if parent.sampled else None
        span = parent.start_child(op=op, name=description, scope=scope, span_id=span_id)
        scope._span = span
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
            span.status = "ok"
        span.finish(scope, end)

    def sampled(self, span: Any) -> bool | None:
        return span.sampled  # type: ignore[no-any-return]

    def send(self, span: Any, scope: Any, isolation: Any, took: int) -> None:
        if not span.sampled:
            _count_unsampled()
            return
        current, current_isolation = Scope.get_current_scope(), Scope.get_isolation_scope()
        Scope.set_current_scope(scope)
        Scope.set_isolation_scope(isolation)
        try:
            self.finish(span, scope, span.start_timestamp + timedelta(microseconds=took / 1000))
        finally:
            Scope.set_current_scope(current)
            Scope.set_isolation_scope(current_isolation)

    def put_back_instead(self, scope: Any, old: Any, new: Any) -> None:
        span = scope._span
        while span is not None:
            entered_on, before = getattr(span, "_context_manager_state", None) or (None, None)
            if entered_on is not scope:
                return
            if before is old:
                span._context_manager_state = (scope, new)
                return
            span = before

    def promote(self, span: Any, scope: Any, name: str) -> Any:
        transaction = TRACING.Transaction(
            name=name,
            op=span.op,
            description=span.description,
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_span_id,
            start_timestamp=span.start_timestamp,
            status=span.status,
            sampled=True,
            scope=scope,
            baggage=span.containing_transaction.get_baggage(),
        )
        return _with_content(scope.start_transaction(transaction=transaction), span)

    def move(self, span: Any, scope: Any, root: Any) -> Any:
        moved = root.start_child(
            op=span.op,
            name=span.description,
            span_id=span.span_id,
            start_timestamp=span.start_timestamp,
            status=span.status,
            scope=scope,
        )
        moved.parent_span_id = span.parent_span_id
        return _with_content(moved, span)

    def tags(self, span: Any) -> dict[str, str]:
        return dict(span.to_json().get("tags", {}))


def _with_content(span: Any, source: Any) -> Any:
    """Give *span* the tags and data of *source*."""
    content = source.to_json()
    for key, value in content.get("tags", {}).items():
        span.set_tag(key, value)
    for key, value in content.get("data", {}).items():
        span.set_data(key, value)
    return span


def _count_unsampled() -> None:
    """Count a transaction that is left out, for the client's report.

    The SDK does it when it finishes one, together with a log record that takes longer than all the rest.
    """
    client = sentry_sdk.get_client()
    if client.transport and tracing_enabled(client.options):
        pressed = getattr(getattr(client, "monitor", None), "downsample_factor", 0)
        reason = "backpressure" if pressed > 0 else "sample_rate"
        client.transport.record_lost_event(reason, data_category="transaction")
        client.transport.record_lost_event(reason, data_category="span")


STATIC = Static()
