"""Attachments by their headers: of which type, how long, and whether of a trace or of spans.

Relay: ``relay-server/src/envelope/item.rs`` and ``attachment.rs``.
"""

from __future__ import annotations

from typing import Any

from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.span_ids import is_span_id
from pytest_sentryintegration.wire.uploads import is_reference

__all__ = [
    "TRACE_ATTACHMENT",
    "attachment_length",
    "attachment_type",
    "is_span_attachment",
    "is_trace_attachment",
    "meta_length",
]

TRACE_ATTACHMENT = "application/vnd.sentry.trace-attachment"
"""The content type of an attachment that belongs to a span or a trace instead of an event."""


def attachment_type(item: RawItem) -> str:
    """Return the type of an attachment: that of its header, or the one Relay infers.

    >>> attachment_type(RawItem({"type": "attachment", "filename": "a.txt"}, b""))
    'event.attachment'
    """
    header = item.headers.get("attachment_type")
    if isinstance(header, str):
        return header
    if item.headers.get("filename") == "dying_message.dat" and item.payload.startswith(b"sntr"):
        return "nswitch.dying_message"
    return "event.attachment"


def attachment_length(item: RawItem) -> int:
    """Return how many bytes an attachment counts for: without its metadata, with what it only refers to.

    Relay: ``Item::attachment_body_size`` in ``envelope/item.rs``.

    >>> headers = {"type": "attachment", "content_type": TRACE_ATTACHMENT, "meta_length": 2}
    >>> attachment_length(RawItem(headers, b"{}abc"))
    3
    """
    content_type = item.headers.get("content_type")
    if is_trace_attachment(item):
        length = len(item.payload) - (meta_length(item) or 0)
    elif is_reference(content_type):
        length = _uint(item.headers.get("attachment_length"), 64) or 0
    else:
        length = len(item.payload)
    return max(length, 1)


def is_trace_attachment(item: RawItem) -> bool:
    """Whether an attachment belongs to a span or a trace, by its content type."""
    content_type = item.headers.get("content_type")
    return isinstance(content_type, str) and content_type.lower() in (
        TRACE_ATTACHMENT,
        "application/vnd.sentry.attachment.v2",
    )


def is_span_attachment(item: RawItem) -> bool:
    """Whether an attachment of a trace belongs to spans: to one, or where ``span_id`` is null to them all.

    Relay: ``Item::parent_id`` in ``envelope/item.rs``; with another ``span_id`` it belongs to the trace.
    """
    span_id = item.headers.get("span_id", "")
    named = span_id is None or is_span_id(span_id)
    return named and is_trace_attachment(item)


def meta_length(item: RawItem) -> int | None:
    """Return how many bytes of an item describe the rest of it; ``None`` without a valid header."""
    return _uint(item.headers.get("meta_length"), 32)


def _uint(value: Any, bits: int) -> int | None:
    return value if type(value) is int and 0 <= value < 2**bits else None
