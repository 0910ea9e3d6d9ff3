"""Structured log records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.otlp import read_otlp_logs
from pytest_sentryintegration.model.parts import Element, elements_of
from pytest_sentryintegration.model.reading import identifier, moment, shown, text
from pytest_sentryintegration.model.sent_spans import unwrapped
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.log_drains import LogDrainError, nel_logs, vercel_logs

__all__ = ["Log", "has_logs", "read_logs"]

_INTEGRATIONS = ("otlp_logs", "vercel_logs", "nel")


@dataclass(frozen=True, eq=False, repr=False)
class Log(Element):
    """One structured log record; of OTLP, `raw` is the `OtlpLog`, of Vercel and NEL what they sent.

    >>> with capture(enable_logs=True) as sentry_events:
    ...     sentry_sdk.logger.warning("out of {product}", product="tea")
    ...     log = sentry_events.logs.find("out of tea")
    >>> log.level, log.attributes["sentry.message.parameter.product"]
    ('warn', 'tea')
    """

    _fields: dict[str, Any]
    """What it says, by the names of an element of a ``log`` item."""

    @property
    def level(self) -> str:
        """``trace``, ``debug``, ``info``, ``warn``, ``error`` or ``fatal``; ``""`` where none was sent."""
        return text(self._fields.get("level")) or ""

    @property
    def body(self) -> str:
        """Its text, ``""`` where none was sent."""
        return shown(self._fields.get("body")) or ""

    @lazy
    def attributes(self) -> dict[str, Any]:
        """Its attributes, without their types."""
        return unwrapped(self._fields.get("attributes"))

    @property
    def trace_id(self) -> str | None:
        """The trace that it was written in, 32 hexadecimal digits."""
        return identifier(self._fields.get("trace_id"))

    @property
    def span_id(self) -> str | None:
        """The span that was active, 16 hexadecimal digits."""
        # sentry-sdk 2.41 sends it as an attribute only.
        parent = self.attributes.get("sentry.trace.parent_span_id")
        return identifier(self._fields.get("span_id")) or identifier(parent)

    @lazy
    def timestamp(self) -> datetime | None:
        """When it was written, in UTC."""
        return moment(self._fields.get("timestamp"))

    def __repr__(self) -> str:
        return f"<Log {self.level} {self.body[:80]!r}>"


def has_logs(item: RawItem) -> bool:
    """Return whether an ``integration`` item holds logs; others hold spans, or nothing that is known."""
    return item.headers.get("integration") in _INTEGRATIONS


def read_logs(item: Item) -> Iterator[Log]:
    """Yield the logs of a ``log`` item, or of what came by OTLP, from Vercel or as a browser's reports."""
    if item.type != "integration":
        return (Log(item, raw, raw) for raw in elements_of(item))
    if item.headers["integration"] == "otlp_logs":
        return (Log(item, raw, fields) for raw, fields in read_otlp_logs(item))
    return _drained(item)


def _drained(item: Item) -> Iterator[Log]:
    nel = item.headers["integration"] == "nel"
    try:
        logs = nel_logs(item.payload) if nel else vercel_logs(item.payload, item.headers["content_type"])
    except LogDrainError:
        return
    received = item.envelope.received.timestamp()
    for log in logs:
        if log.fields is not None:
            yield Log(item, log.sent, {"timestamp": received - log.age, **log.fields})
