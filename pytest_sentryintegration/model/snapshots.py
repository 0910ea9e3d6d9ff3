"""Snapshots: what was sent as plain data, equal on every run and machine for the same events and trees.

Times are left out. Events, transactions, spans, logs and metrics stand in the order of their times, whichever
came first: processes send in another order in each run. Those without a time stand before the others, and all
else as it came. Left out is also what says which machine or build it was: modules, runtime, SDK, release,
stack frames, thread ids. Ids get numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from pytest_sentryintegration.model.drawing import MAX_DEPTH, count_below
from pytest_sentryintegration.model.masking import Masks

__all__ = ["event_snapshot", "inbox_snapshot", "span_snapshot", "transaction_snapshot"]

_MACHINE_CONTEXTS = {
    "trace",
    "runtime",
    "os",
    "device",
    "app",
    "culture",
    "gpu",
    "browser",
    "client_os",
    "flags",
}


def event_snapshot(event: Any, masks: Masks | None = None) -> dict[str, Any]:
    """Return a snapshot of an event; *masks* are those of what it is part of."""
    masks = masks or Masks()
    numbered = {
        "id": masks.id("event", event.id),
        "trace_id": masks.id("trace", event.trace_id),
        "span_id": masks.id("span", event.span_id),
    }
    return masks.filled(
        **numbered,
        level=event.level,
        message=event.message,
        exceptions=[_exception(exception) for exception in event.exceptions],
        logger=event.logger,
        transaction=event.transaction,
        environment=event.environment,
        tags=event.tags,
        user=event.user,
        extra=event.extra,
        contexts={name: value for name, value in event.contexts.items() if name not in _MACHINE_CONTEXTS},
        flags=event.flags,
        fingerprint=event.fingerprint,
        request=event.request,
        breadcrumbs=[
            _present(category=crumb.category, level=crumb.level, message=crumb.message, data=crumb.data)
            for crumb in event.breadcrumbs
        ],
        attachments=[_attachment(attachment) for attachment in event.attachments.values()],
    )


def transaction_snapshot(transaction: Any, masks: Masks | None = None) -> dict[str, Any]:
    """Return a snapshot of a transaction and its tree; *masks* are those of what it is part of."""
    masks = masks or Masks()
    shown = masks.filled(
        trace_id=masks.id("trace", transaction.trace_id),
        parent_span_id=masks.id("span", transaction.parent_span_id),
        name=transaction.name,
        source=transaction.source,
        environment=transaction.environment,
        measurements=sorted(transaction.measurements),
    )
    return {**shown, "tree": span_snapshot(transaction.tree, masks)}


def span_snapshot(span: Any, masks: Masks | None = None) -> dict[str, Any]:
    """Return a snapshot of a span and what is below it; *masks* are those of what it is part of.

    Deeper than 40 levels only the number of spans is told.
    """
    masks = masks or Masks()
    return _span(span, masks, 1)


def inbox_snapshot(contents: Any) -> dict[str, Any]:
    """Return a snapshot of all that came, by noun; nouns without anything are left out."""
    masks = Masks()
    shown: dict[str, Any] = {
        "events": [event_snapshot(event, masks) for event in _in_time(contents.events, "timestamp")],
        "transactions": [
            transaction_snapshot(transaction, masks)
            for transaction in _in_time(contents.transactions, "start")
        ],
    }
    orphans = [orphan for trace in contents.traces for orphan in _lost(trace)]
    shown["orphans"] = [_span(orphan, masks, 1) for orphan in _in_time(orphans, "start")]
    shown["attachments"] = [
        masks.filled(**_attachment(attachment))
        for attachment in contents.attachments
        if attachment.event is None
    ]
    shown["logs"] = [
        masks.filled(level=log.level, body=log.body, attributes=log.attributes)
        for log in _in_time(contents.logs, "timestamp")
    ]
    shown["metrics"] = [
        masks.filled(type=metric.type, name=metric.name, value=metric.value, unit=metric.unit)
        for metric in _in_time(contents.metrics, "timestamp")
    ]
    shown["check_ins"] = [
        masks.filled(
            id=masks.id("check-in", check_in.id),
            monitor_slug=check_in.monitor_slug,
            status=check_in.status,
            monitor_config=check_in.monitor_config,
        )
        for check_in in contents.check_ins
    ]
    shown["feedback"] = [
        masks.filled(message=feedback.message, name=feedback.name, contact_email=feedback.contact_email)
        for feedback in contents.feedback
    ]
    shown["sessions"] = [
        masks.filled(id=masks.id("session", session.sid), status=session.status, errors=session.errors)
        for session in contents.sessions
    ]
    shown["discarded"] = _discarded(contents.client_reports)
    return {noun: objects for noun, objects in shown.items() if objects}


_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


def _in_time(objects: Iterable[Any], time: str) -> list[Any]:
    """Sort *objects* by their attribute *time*, those of the same time as they came; without one, first."""
    return sorted(objects, key=lambda each: getattr(each, time) or _EARLIEST)


def _span(span: Any, masks: Masks, depth: int) -> dict[str, Any]:
    shown = masks.filled(
        span_id=masks.id("span", span.span_id),
        op=span.op,
        description=span.description,
        status=span.status,
        tags={key: value for key, value in span.tags.items() if key in span.data or key != "status"},
        data={key: value for key, value in span.data.items() if key not in span.tags},
    )
    if span.children and depth == MAX_DEPTH:
        shown["left_out"] = count_below(span)
    elif span.children:
        shown["children"] = [_span(child, masks, depth + 1) for child in span.children]
    return shown


def _lost(trace: Any) -> list[Any]:
    # A transaction whose parent is elsewhere is shown as such; a lost span inside one is in no tree.
    return [
        orphan for orphan in trace.orphans if orphan.transaction is None or orphan.transaction.tree != orphan
    ]


def _exception(exception: Any) -> dict[str, Any]:
    return _present(
        type=exception.type, module=exception.module, value=exception.value, handled=exception.handled
    )


def _attachment(attachment: Any) -> dict[str, Any]:
    try:
        content = attachment.payload.decode("utf-8")
    except UnicodeDecodeError:
        content = f"{len(attachment.payload)} bytes"
    return _present(filename=attachment.filename, content_type=attachment.content_type, content=content)


def _discarded(reports: Any) -> list[dict[str, Any]]:
    # How many reports there are depends on when they were sent.
    counts: Counter[tuple[str, str]] = Counter()
    for report in reports:
        for lost in report.discarded:
            counts[lost.reason, lost.category] += lost.quantity
    return [
        {"reason": reason, "category": category, "quantity": count}
        for (reason, category), count in sorted(counts.items())
    ]


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", {})}
