"""Item types: what Sentry counts them as, which need an event, and which bucket of limits they fill.

Relay: ``relay-server/src/envelope/item.rs`` and ``attachment.rs``, and its ``data_category.rs``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pytest_sentryintegration.wire.attachments import attachment_length, attachment_type
from pytest_sentryintegration.wire.envelope import RawItem

__all__ = [
    "ATTACHMENT_TYPES",
    "CONTAINER_CONTENT_TYPES",
    "DATA_CATEGORIES",
    "KINDS",
    "UNKNOWN",
    "ItemKind",
    "is_container",
    "item_count",
    "kind_of",
    "quantities",
]

DATA_CATEGORIES: dict[str, int] = {
    "default": 0,
    "error": 1,
    "transaction": 2,
    "security": 3,
    "attachment": 4,
    "session": 5,
    "profile": 6,
    "replay": 7,
    "transaction_processed": 8,
    "transaction_indexed": 9,
    "monitor": 10,
    "profile_indexed": 11,
    "span": 12,
    "monitor_seat": 13,
    "feedback": 14,
    "metric_bucket": 15,
    "span_indexed": 16,
    "profile_duration": 17,
    "profile_chunk": 18,
    "metric_second": 19,
    "replay_video": 20,
    "uptime": 21,
    "attachment_item": 22,
    "log_item": 23,
    "log_byte": 24,
    "profile_duration_ui": 25,
    "profile_chunk_ui": 26,
    "seer_autofix": 27,
    "seer_scanner": 28,
    "prevent_user": 29,
    "prevent_review": 30,
    "size_analysis": 31,
    "installable_build": 32,
    "trace_metric": 33,
    "seer_user": 34,
    "profile_backend": 35,
    "profile_ui": 36,
    "trace_metric_byte": 37,
    "snapshot_image": 38,
}
"""Data categories as rate limits and client reports name them, with Sentry's numbers."""


@dataclass(frozen=True, slots=True)
class ItemKind:
    """What Sentry makes of an item type."""

    categories: tuple[str, ...] = ()
    """What it counts as: the category of its rate limits first, then those counted along with it."""
    creates_event: bool = False
    """Whether an envelope with it gets an event id."""
    requires_event: bool = False
    """Whether it is dropped when its event is."""
    bucket: str = ""
    """Which limits of `limits.BUCKETS` it shares; empty for none."""
    label: str = ""
    """What Relay calls it in errors and outcomes."""
    known: bool = True
    """Whether Sentry keeps it at all; what it does not know it drops, and reports nothing."""


UNKNOWN = ItemKind(known=False, label="unknown")
"""Any item type that Sentry does not know: answered with 200, dropped, no outcome."""


def _event(category: str, *more: str, label: str) -> ItemKind:
    return ItemKind((category, *more), True, True, "event", label)


_ATTACHMENT = ItemKind(("attachment", "attachment_item"), False, True, "attachment", "attachment:attachment")
_CRASH = replace(_ATTACHMENT, creates_event=True)
_PROFILE = ItemKind(("profile", "profile_indexed"), False, True, "profile", "profile")
_CHUNK = ItemKind((), False, False, "profile", "profile_chunk")
_CHUNK_BACKEND = replace(_CHUNK, categories=("profile_chunk",))
_CHUNK_UI = replace(_CHUNK, categories=("profile_chunk_ui",))

KINDS: dict[str, ItemKind] = {
    "event": _event("error", label="event"),
    "transaction": _event("transaction", "transaction_indexed", "span", "span_indexed", label="transaction"),
    "feedback": _event("feedback", label="user_report_v2"),
    "security": _event("security", label="security"),
    "raw_security": _event("security", label="raw_security"),
    "replay_event": ItemKind(("replay",), False, True, "event", "replay_event"),
    "form_data": ItemKind((), False, True, "event", "form_data"),
    "attachment": _ATTACHMENT,
    "unreal_report": ItemKind(("error",), True, True, "attachment", "unreal_report"),
    "user_report": ItemKind(("feedback",), False, True, "attachment", "user_report"),
    "session": ItemKind(("session",), False, False, "session", "session"),
    "sessions": ItemKind(("session",), False, False, "session", "sessions"),
    "client_report": ItemKind((), False, False, "client_report", "client_report"),
    "profile": _PROFILE,
    "profile_chunk": _CHUNK,
    "profile_chunk_ui": _CHUNK,
    "check_in": ItemKind(("monitor",), False, False, "check_in", "check_in"),
    "replay_recording": ItemKind(("replay",), False, False, "replay_recording", "replay_recording"),
    "replay_video": ItemKind(("replay",), False, False, "replay_video", "replay_video"),
    "log": ItemKind(("log_item", "log_byte"), False, False, "log", "log"),
    "trace_metric": ItemKind(
        ("trace_metric", "trace_metric_byte"), False, False, "trace_metric", "trace_metric"
    ),
    "span": ItemKind(("span", "span_indexed"), False, False, "span", "span"),
    "metric_buckets": ItemKind((), False, False, "metric_buckets", "metric_buckets"),
    "integration": ItemKind((), False, False, "integration", "integration"),
}
"""Each item type that Sentry knows; `kind_of` looks closer at those that vary with their headers."""

ATTACHMENT_TYPES: dict[str, ItemKind] = {
    "event.attachment": _ATTACHMENT,
    "event.minidump": replace(_CRASH, label="attachment:minidump"),
    "event.applecrashreport": replace(_CRASH, label="attachment:apple_crash_report"),
    "event.payload": replace(_CRASH, label="attachment:event_payload"),
    "event.breadcrumbs": replace(_CRASH, label="attachment:breadcrumbs"),
    "event.view_hierarchy": replace(_ATTACHMENT, label="attachment:view_hierarchy"),
    "event.nv_gpudmp": _CRASH,
    "event.nv_shader_debug": _ATTACHMENT,
    "playstation.prosperodump": replace(_CRASH, label="attachment:prosperodump"),
    "nswitch.dying_message": replace(_CRASH, label="attachment:nnswitch_dying_message"),
    "unreal.context": replace(_ATTACHMENT, label="attachment:unreal_context"),
    "unreal.logs": replace(_ATTACHMENT, label="attachment:unreal_logs"),
}
"""Attachments by ``attachment_type``: those that are crash reports create events."""

CONTAINER_CONTENT_TYPES: dict[str, str] = {
    "log": "application/vnd.sentry.items.log+json",
    "span": "application/vnd.sentry.items.span.v2+json",
    "trace_metric": "application/vnd.sentry.items.trace-metric+json",
}
"""Item types that come in containers, with the content type that makes them one."""

_CONTAINERS = frozenset(CONTAINER_CONTENT_TYPES.values())
# Where Relay reads the header item_count.
_COUNTED = frozenset(CONTAINER_CONTENT_TYPES) | {
    "session",
    "sessions",
    "metric_buckets",
    "client_report",
    "profile",
    "profile_chunk",
    "profile_chunk_ui",
    "check_in",
}
_UI_PLATFORMS = ("cocoa", "android", "javascript")


def is_container(item: RawItem) -> bool:
    """Whether *item* is a container by its content type, in any letter case."""
    content_type = item.headers.get("content_type")
    return isinstance(content_type, str) and content_type.lower() in _CONTAINERS


def item_count(item: RawItem) -> int:
    """Return how many elements *item* says it has: its ``item_count``, 1 where it has no valid one."""
    count = item.headers.get("item_count") if item.type in _COUNTED else None
    return count if type(count) is int and 0 <= count < 2**32 else 1


def kind_of(item: RawItem) -> ItemKind:
    """Return what Sentry makes of *item*, by its type and headers; never looks into JSON.

    >>> kind_of(RawItem({"type": "attachment", "attachment_type": "event.minidump"}, b"MDMP")).creates_event
    True
    >>> kind_of(RawItem({"type": "statsd"}, b"")) is UNKNOWN
    True
    """
    headers = item.headers
    kind = KINDS.get(headers["type"], UNKNOWN)
    if "attachment_type" in headers or kind is _ATTACHMENT:
        by_type = ATTACHMENT_TYPES.get(_text(headers.get("attachment_type", attachment_type(item))))
        if by_type is None:
            # An unknown attachment type makes any item an unknown one.
            return UNKNOWN
        return by_type if kind is _ATTACHMENT else kind
    if kind is _CHUNK:
        platform = headers.get("platform")
        if not isinstance(platform, str):
            return kind
        return _CHUNK_UI if platform in _UI_PLATFORMS else _CHUNK_BACKEND
    if kind is _PROFILE and isinstance(headers.get("platform"), str):
        side = "profile_ui" if headers["platform"] in _UI_PLATFORMS else "profile_backend"
        return replace(kind, categories=(*kind.categories, side))
    if headers["type"] == "span" and not is_container(item):
        return replace(kind, bucket="span_legacy")
    if headers["type"] == "integration":
        return _INTEGRATIONS.get(_text(headers.get("integration")), kind)
    return kind


_LOGS = ItemKind(("log_item", "log_byte"), False, False, "integration", "integration")
_INTEGRATIONS = {
    "otlp_traces": ItemKind(("span", "span_indexed"), False, False, "integration", "integration"),
    "otlp_logs": _LOGS,
    "vercel_logs": _LOGS,
    "nel": _LOGS,
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def quantities(item: RawItem) -> tuple[tuple[str, int], ...]:
    """Return what *item* counts for by category, as Relay counts before looking into the payload.

    >>> quantities(RawItem({"type": "attachment"}, b"four"))
    (('attachment', 4), ('attachment_item', 1))
    """
    count = item_count(item)
    spans = item.headers.get("span_count")
    counted = []
    for category in kind_of(item).categories:
        quantity = count
        if category == "attachment":
            quantity = attachment_length(item)
        elif category in ("log_byte", "trace_metric_byte"):
            quantity = max(len(item.payload), 1)
        elif category in ("span", "span_indexed") and item.type == "transaction":
            quantity = count + (spans if type(spans) is int and 0 <= spans < 2**32 else 0)
        counted.append((category, quantity))
    return tuple(counted)
