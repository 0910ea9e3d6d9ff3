"""How large things may be, by Relay's defaults. Sentry's own service may set them otherwise.

Relay: ``relay-config/src/config.rs`` (``Limits``) and ``relay-server/src/utils/sizes.rs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_sentryintegration.wire.categories import is_container, item_count, kind_of
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = [
    "BUCKETS",
    "MAX_ATTACHMENTS_SIZE",
    "MAX_ATTACHMENT_SIZE",
    "MAX_CONTAINER_SIZE",
    "MAX_ENVELOPE_SIZE",
    "MAX_EVENT_SIZE",
    "MAX_FORWARDED_SIZE",
    "MAX_RETRY_AFTER",
    "MAX_UPLOAD_SIZE",
    "Bucket",
    "check_limits",
]

_KIB = 2**10
_MIB = 2**20

MAX_ENVELOPE_SIZE = 200 * _MIB
MAX_EVENT_SIZE = 1 * _MIB
MAX_ATTACHMENT_SIZE = 200 * _MIB
MAX_ATTACHMENTS_SIZE = 200 * _MIB
MAX_UPLOAD_SIZE = 1024 * _MIB
MAX_CONTAINER_SIZE = 12 * _MIB
MAX_FORWARDED_SIZE = 20 * _MIB
"""The longest body of what Relay would hand on to Sentry: of all paths that are no endpoint of its own."""
MAX_RETRY_AFTER = 300
"""The longest ``Retry-After``, in seconds, that Relay sends."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Limits that the items of one envelope share."""

    item_size: int
    """Bytes of one item; of a container: on average for each of its elements."""
    count: int
    """How many items."""
    total_size: int
    """Bytes of all of them together."""


BUCKETS: dict[str, Bucket] = {
    "event": Bucket(MAX_EVENT_SIZE, 1, MAX_EVENT_SIZE),
    "attachment": Bucket(MAX_ATTACHMENT_SIZE, 30, MAX_ATTACHMENTS_SIZE),
    "session": Bucket(10 * _MIB, 100, 10 * _MIB),
    "client_report": Bucket(100 * _KIB, 100, 100 * _KIB),
    "profile": Bucket(50 * _MIB, 1, 50 * _MIB),
    "check_in": Bucket(100 * _KIB, 1, 100 * _KIB),
    "replay_recording": Bucket(10 * _MIB, 1, 10 * _MIB),
    "replay_video": Bucket(10 * _MIB, 1, 10 * _MIB),
    "log": Bucket(2 * _MIB, 1, MAX_CONTAINER_SIZE),
    "trace_metric": Bucket(1 * _MIB, 1, MAX_CONTAINER_SIZE),
    "span": Bucket(10 * _MIB, 1, MAX_CONTAINER_SIZE),
    "span_legacy": Bucket(10 * _MIB, 25, MAX_CONTAINER_SIZE),
    "metric_buckets": Bucket(1 * _MIB, 1, 1 * _MIB),
    "integration": Bucket(MAX_CONTAINER_SIZE, 1, MAX_CONTAINER_SIZE),
}
"""Limits by the bucket that `ItemKind.bucket` names."""


def check_limits(items: Iterable[RawItem], endpoint: str = "envelope") -> None:
    """Raise the `Refusal` (413, of the whole envelope) where *items* are too large or too many.

    Args:
        items: What came in one request.
        endpoint: Where to; the event of a ``minidump`` was not sent, but made of the rest, and so was all of
            an ``unreal`` report, whose own size its endpoint has looked at.

    >>> check_limits([RawItem({"type": "event"}, b"{}"), RawItem({"type": "transaction"}, b"{}")])
    Traceback (most recent call last):
    pytest_sentryintegration.wire.refusal.Refusal: 413: envelope exceeded size limits for type 'transaction' \
(https://develop.sentry.dev/sdk/envelopes/#size-limits): 2 items of the kind 'event', at most 1
    """
    filled: dict[str, tuple[int, int]] = {}
    for item in () if endpoint == "unreal" else items:
        kind = kind_of(item)
        bucket = BUCKETS.get(kind.bucket)
        if bucket is None or (endpoint == "minidump" and item.type == "event"):
            continue
        size = len(item.payload)
        each = size // max(item_count(item), 1) if is_container(item) else size
        count, total = filled.get(kind.bucket, (0, 0))
        count, total = filled[kind.bucket] = count + 1, total + size
        if each > bucket.item_size:
            note = f"an item of {each} bytes, at most {bucket.item_size}"
        elif count > bucket.count:
            note = f"{count} items of the kind {kind.bucket!r}, at most {bucket.count}"
        elif total > bucket.total_size:
            note = f"{total} bytes of the kind {kind.bucket!r}, at most {bucket.total_size}"
        else:
            continue
        link = "https://develop.sentry.dev/sdk/envelopes/#size-limits"
        raise Refusal(413, f"envelope exceeded size limits for type '{kind.label}' ({link})", note=note)
