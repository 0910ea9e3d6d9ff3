"""Captured objects as JSON: the attributes that a test reads, by the same names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final

from pytest_sentryintegration import model
from pytest_sentryintegration.model.reading import listing
from pytest_sentryintegration.model.services import service_of
from pytest_sentryintegration.model.traces import MissingParent
from pytest_sentryintegration.store import Arrival, RefusedRequest
from pytest_sentryintegration.verdict import Finding, Verdict
from pytest_sentryintegration.wire.envelope import parse_event_id

__all__ = ["FIELDS", "as_json", "attachment_name", "dump", "entry_of", "rfc3339"]

_PLAIN: Final = frozenset({str, int, float, bool, list})
"""Types that are shown as they are; lists come out of JSON that was sent, tuples are the model's."""

_LONGEST: Final = 10_000
"""Bytes of a payload that are shown where a finding is about all of it."""

_SENT: Final = ("project_id",)
_SPAN: Final = (
    "op", "description", "status", "tags", "data", "start", "end", "duration", "trace_id", "span_id",
    "parent_span_id", "origin",
)  # fmt: skip

FIELDS: Final[dict[type, tuple[str, ...]]] = {
    model.Event: (
        "id", "level", "text", "message", "logger", "tags", "user", "extra", "contexts", "breadcrumbs",
        "exceptions", "exception", "frames", "release", "environment", "dist", "transaction", "fingerprint",
        "flags", "modules", "request", "attachments", "trace_id", "span_id", "timestamp", "sdk",
        "server_name", *_SENT, "verdict",
    ),
    model.SentException: ("type", "value", "module", "frames", "mechanism", "handled"),
    model.Frame: ("filename", "function", "lineno", "in_app", "context_line", "vars"),
    model.Breadcrumb: ("message", "category", "level", "data", "timestamp"),
    model.Transaction: (
        "name", "source", "op", "status", "tags", "data", "spans", "trace_id", "span_id", "parent_span_id",
        "start", "end", "duration", "measurements", "contexts", "attachments", "release", "environment",
        "sdk", "server_name", *_SENT, "verdict",
    ),
    model.Span: (*_SPAN, *_SENT),
    model.Trace: ("trace_id", "missing", "spans", "projects", "services"),
    MissingParent: ("span_id", "service"),
    model.Attachment: ("filename", "content_type", "attachment_type", *_SENT),
    model.Log: ("level", "body", "attributes", "trace_id", "span_id", "timestamp", *_SENT),
    model.Metric: (
        "name", "type", "value", "unit", "attributes", "trace_id", "span_id", "timestamp", *_SENT,
    ),
    model.CheckIn: ("monitor_slug", "status", "id", "duration", "monitor_config", *_SENT),
    model.Feedback: ("message", "name", "contact_email", "url", *_SENT),
    model.Session: ("sid", "status", "count", "errors", "release", "environment", *_SENT),
    model.ClientReport: ("discarded", "timestamp", *_SENT),
    model.Discarded: ("reason", "category", "quantity"),
    model.Envelope: ("headers", "items", *_SENT, "test"),
    model.Item: ("type", "headers", "verdict"),
    Verdict: ("outcome", "reason", "findings"),
    Finding: ("path", "rule", "sent", "stored", "text"),
    model.Refused: ("status", "reason", "headers"),
}  # fmt: skip
"""The attributes of each class that JSON shows as they are."""


def _of_attachment(attachment: model.Attachment) -> dict[str, Any]:
    name = attachment_name(attachment)
    event, envelope = attachment.event, attachment.envelope
    # What came to its endpoint for an event that was sent before, or alone in an envelope, names that event.
    alone = all(item.type != "transaction" for item in envelope.items)
    named = parse_event_id(envelope.headers.get("event_id")) if alone else None
    return {
        "event": event.id if event is not None else named,
        "size": len(attachment.payload),
        "path": f"/api/captured/attachments/{name}",
    }


def _of_envelope(envelope: model.Envelope) -> dict[str, Any]:
    return {"path": f"/api/captured/envelopes/{envelope.arrival.number}"}


def _of_item(item: model.Item) -> dict[str, Any]:
    return {
        "project_id": item.envelope.project_id,
        "size": len(item.payload),
        "json": None if item.type == "attachment" else item._parsed[0],
    }


def _of_frame(frame: model.Frame) -> dict[str, Any]:
    return {name: listing(frame.raw.get(name)) for name in ("pre_context", "post_context")}


def _of_span(span: model.Span) -> dict[str, Any]:
    transaction = span.transaction
    return {
        "transaction": transaction.name if transaction is not None else None,
        "service": service_of(span._record),
    }


def _of_trace(trace: model.Trace) -> dict[str, Any]:
    return {
        "roots": [root.span_id for root in trace.roots],
        "orphans": [orphan.span_id for orphan in trace.orphans],
        "transactions": [transaction.name for transaction in trace.transactions],
        "events": [event.id for event in trace.events],
        "logs": len(trace.logs),
    }


def _of_refused(refused: model.Refused) -> dict[str, Any]:
    return {
        "method": refused.raw.method,
        "path": refused.raw.path,
        "size": len(refused.body),
        "fault": refused.raw.fault,
    }


_FURTHER: Final[dict[type, Callable[[Any], dict[str, Any]]]] = {
    model.Frame: _of_frame,
    model.Attachment: _of_attachment,
    model.Envelope: _of_envelope,
    model.Item: _of_item,
    model.Span: _of_span,
    model.Trace: _of_trace,
    model.Refused: _of_refused,
}
"""What JSON shows in another way than a test reads it: names and ids for objects, sizes for bytes."""


def entry_of(obj: Any) -> Arrival | RefusedRequest:
    """Return the request that an object came in; of a trace that of the span which came last."""
    if isinstance(obj, model.Refused):
        return obj.raw
    if isinstance(obj, model.Trace):
        return max((span.envelope.arrival for span in obj.spans), key=lambda arrival: arrival.number)
    envelope: model.Envelope = obj if isinstance(obj, model.Envelope) else obj.envelope
    return envelope.arrival


def attachment_name(attachment: model.Attachment) -> str:
    """Return what an attachment is asked for by: the number of its envelope, and its place there."""
    return f"{attachment.envelope.arrival.number}-{attachment.item.index}"


def as_json(obj: Any, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return a captured object as JSON shows it, with number, inbox and time of its request.

    Args:
        obj: The object.
        without: Attributes that are left out, such as ``verdict``, which takes longer than all of the rest.
    """
    entry = entry_of(obj)
    known = {"number": entry.number, "inbox": entry.inbox, "received": rfc3339(entry.received)}
    return {**known, **_shown(obj, without)}


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339: ``2026-03-01T12:00:00.5Z``."""
    return moment.isoformat().replace("+00:00", "Z")


def dump(value: Any) -> bytes:
    """Return *value* as JSON that every parser reads: UTF-8, no ``NaN``, not nested beyond reason."""
    try:
        text = _ENCODER.encode(value)
    except (ValueError, RecursionError):
        value = _tame(value, 100)
        text = _ENCODER.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A lone surrogate was sent, which has no UTF-8, but an escape.
        return _ASCII_ENCODER.encode(value).encode()


def _as_text(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    # Of a finding: a whole payload, which may be an attachment.
    more = f" ... {len(value) - _LONGEST} more bytes" if len(value) > _LONGEST else ""
    return value[:_LONGEST].decode("utf-8", "replace") + more


def _encoder(*, ensure_ascii: bool) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=ensure_ascii,
        # What is in a circle is nested too deeply: to look for it first takes a sixth of the time.
        check_circular=False,
        allow_nan=False,
        separators=(",", ":"),
        default=_as_text,
    )


_ENCODER: Final = _encoder(ensure_ascii=False)
_ASCII_ENCODER: Final = _encoder(ensure_ascii=True)


def _shown(value: Any, without: Collection[str] = ()) -> Any:
    kind: Any = type(value)
    if value is None or kind in _PLAIN:
        return value
    if kind in FIELDS:
        # All attributes at once: one by one they took half of the time of a large report.
        names, read = _reading(kind, tuple(without))
        shown = dict(zip(names, read(value), strict=True))
        for name, inner in shown.items():
            if inner is not None and type(inner) not in _PLAIN:
                # The outermost exception is among the others already, with all of its frames.
                shown[name] = shown["exceptions"][-1] if name == "exception" else _shown(inner)
        if (further := _FURTHER.get(kind)) is not None:
            shown.update(further(value))
        return shown
    if isinstance(value, dict):
        # What was sent as JSON stays as it is; a mapping of objects has no other values.
        is_of_objects = type(next(iter(value.values()), None)) in FIELDS
        return {name: _shown(inner) for name, inner in value.items()} if is_of_objects else value
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple):
        return [_shown(element) for element in value]
    return value


@cache
def _reading(kind: type, without: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Any], Iterable[Any]]]:
    """Return the attributes of a class that are shown, and what reads them."""
    names = tuple(name for name in FIELDS[kind] if name not in without)
    return names, reader(names)


def reader(names: tuple[str, ...]) -> Callable[[Any], Iterable[Any]]:
    """Return what reads these attributes of an object, all at once."""
    # With a single name attrgetter would return no tuple.
    return attrgetter(*names) if len(names) > 1 else lambda obj: [getattr(obj, name) for name in names]


def _tame(value: Any, depth: int) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _tame(inner, depth - 1) for name, inner in value.items()} if depth else "..."
    if isinstance(value, list | tuple):
        return [_tame(inner, depth - 1) for inner in value] if depth else "..."
    return value
