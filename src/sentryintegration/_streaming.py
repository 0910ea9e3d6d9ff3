"""The tracing API of 2.x with ``trace_lifecycle="stream"`` and of 3.0: every span is sent on its own."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration import _internals as internals
from sentryintegration._backend import Backend, new_span_id, new_trace_id, sentry_trace
from sentryintegration._headers import Remote

CHILD = "name attributes active scope segment trace_id parent_span_id parent_sampled"
"""What the class of a streamed span is given for a child."""


class Streaming(Backend):
    """2.x with ``trace_lifecycle="stream"``, and 3.0: every span is sent on its own."""

    holds_root = False
    scope_attribute = "_scope"

    def __init__(
        self, needs: internals.Part, attribute: str, starter: str, no_op: str, child: str | None = None
    ) -> None:
        self.needs = needs
        self._attribute = attribute
        self._starter = starter
        self._no_op = internals.optional(f"traces.{no_op}")
        self._is_ignored = internals.optional("tracing_utils.is_ignored_span")
        self._child = internals.taking(f"traces.{child}", CHILD) if child and self._is_ignored else None
        """The class of sampled children, where the starter takes longer than that."""
        self._has_id = child is not None and internals.optional(f"traces.{child}._span_id") is not None

    def active(self, scope: Any) -> Any:
        return getattr(scope, self._attribute)

    def root_of(self, span: Any) -> Any:
        return span._segment

    def is_over(self, span: Any) -> bool:
        return False

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
        custom = _custom_sampling_context(scope) if traced else None
        scope.set_new_propagation_context()
        if remote is not None and remote.baggage is not None and remote.trace_id and remote.parent_span_id:
            headers = {"sentry-trace": sentry_trace(remote), "baggage": remote.baggage}
            scope.generate_propagation_context(headers)
        context = scope._propagation_context
        if remote is None:
            context.trace_id = new_trace_id()
        else:
            if remote.trace_id:
                context.trace_id = remote.trace_id
            if remote.parent_span_id:
                context.parent_span_id = remote.parent_span_id
            context.parent_sampled = remote.sampled
        if not traced:
            # With tracing off the SDK would continue a sampled parent: use its no-op span.
            span = self._no_op(
                name=name,
                trace_id=context.trace_id,
                parent_span_id=context.parent_span_id,
                baggage=context.baggage,
                sampled=None,
            )
            # As the class does with `scope=`, for a scope that shows no other span.
            scope._span, scope._transaction = span, name
            return span
        if custom:
            context.custom_sampling_context = custom
        attributes = {key: _attribute(value) for key, value in data.items()} if data else {}
        if op:
            attributes["sentry.op"] = op
        if description:
            attributes["sentry.description"] = description
        span = getattr(scope, self._starter)(name, attributes, None, False)
        if type(span) is not self._no_op:
            self._give_id(span)
            setattr(scope, self._attribute, span)
        return span

    def start_suppressed(self, scope: Any, name: str) -> Any:
        scope.set_new_propagation_context()
        trace_id = scope.get_active_propagation_context().trace_id
        return self._no_op(name=name, scope=scope, trace_id=trace_id, sampled=False)

    def start_child(self, scope: Any, parent: Any, op: str | None, description: str | None) -> Any:
        name = description or op or "<unlabeled span>"
        if type(parent) is self._no_op:
            # The SDK makes the same span, in several times the time.
            span = scope._span = self._no_op(
                name=name,
                segment=parent._segment,
                trace_id=parent.trace_id,
                parent_span_id=parent.span_id,
                sampled=parent.sampled,
                unsampled_reason=parent._unsampled_reason,
            )
            return span
        attributes = {"sentry.op": op} if op else {}
        # Not activated by the SDK: that would put the span before it back when it ends, also where that is
        # finished, or where a later one is active by then.
        if self._child is None or self._is_ignored(name, attributes):
            span = getattr(scope, self._starter)(name, attributes, parent, False)
            if type(span) is self._no_op:
                # An ignored span is one: what is started in it is a child of the span around it.
                return span
        else:
            # As the starter, which also copies the current scope, and leaves the copy unused: half the time.
            span = self._child(
                name=name,
                attributes=attributes,
                active=False,
                scope=scope,
                segment=parent._segment,
                trace_id=parent.trace_id,
                parent_span_id=parent.span_id,
                parent_sampled=True,
            )
        self._give_id(span)
        scope._span = span
        return span

    def _give_id(self, span: Any) -> None:
        if self._has_id and span._span_id is None:
            span._span_id = new_span_id()
        else:
            span.span_id  # noqa: B018 -- a property, which makes it

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
        if type(span) is not self._no_op:
            span.end(end)
        elif not span._finished:
            # What the SDK does, without its log record, which takes longer than all the rest.
            span._finished = True
            reason = span._unsampled_reason
            if reason is not None and (transport := sentry_sdk.get_client().transport):
                transport.record_lost_event(reason, data_category="span", quantity=1)

    def is_busy(self) -> bool:
        batcher = getattr(sentry_sdk.get_client(), "span_batcher", None)
        return getattr(getattr(batcher, "_active", None), "flag", False)

    def put_back_instead(self, scope: Any, old: Any, new: Any) -> None:
        span = scope._span
        while span is not None and span._scope is scope:
            before = getattr(span, "_previous_span_on_scope", None)
            if before is old:
                span._previous_span_on_scope = new
                return
            span = before

    def sampled(self, span: Any) -> bool | None:
        return span._segment.sampled  # type: ignore[no-any-return]


def _custom_sampling_context(scope: Any) -> Any:
    context = scope._propagation_context or Scope.get_isolation_scope()._propagation_context
    return getattr(context, "custom_sampling_context", None)


def _attribute(value: Any) -> Any:
    """Return *value* as an attribute: those hold no mappings and no mixed lists."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and value and all(type(item) is type(value[0]) for item in value):
        return value if isinstance(value[0], (str, bool, int, float)) else str(value)
    return json.dumps(value, ensure_ascii=False)


STREAM = Streaming(
    internals.STREAM, "streamed_span", "start_streamed_span", "NoOpStreamedSpan", child="StreamedSpan"
)
V3 = Streaming(internals.V3, "span", "start_span", "NoOpSpan")
