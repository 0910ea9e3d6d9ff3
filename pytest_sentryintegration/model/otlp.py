"""Spans and logs that came by OTLP, with Sentry's names for what they have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.reading import text
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.sent_spans import tags_of_attributes

__all__ = ["read_otlp_logs", "read_otlp_spans"]


class OtlpRecord(Record):
    """A span that came by OTLP."""

    @property
    def started(self) -> Any:
        return self.raw.start

    @property
    def ended(self) -> Any:
        return self.raw.end

    @property
    def data(self) -> dict[str, Any]:
        attributes: dict[str, Any] = self.raw.attributes
        return attributes

    @lazy
    def tags(self) -> dict[str, str]:
        return tags_of_attributes(self.data)

    @lazy
    def op(self) -> str | None:
        return text(self.data.get("sentry.op")) or _op(self.raw.kind, self.data)

    @lazy
    def description(self) -> str | None:
        return None if self.raw.name == self.op else self.raw.name or None

    @property
    def status(self) -> str | None:
        status: str | None = self.raw.status
        return status

    @lazy
    def origin(self) -> str | None:
        return text(self.data.get("sentry.origin"))

    @property
    def name(self) -> str:
        name: str = self.raw.name
        return name

    @lazy
    def source(self) -> str | None:
        return text(self.data.get("sentry.span.source"))

    @lazy
    def release(self) -> str | None:
        return text(self.data.get("sentry.release")) or text(self.raw.resource.get("service.version"))

    @lazy
    def environment(self) -> str | None:
        names = ("deployment.environment.name", "deployment.environment")
        sent = (text(self.raw.resource.get(name)) for name in names)
        return text(self.data.get("sentry.environment")) or next(filter(None, sent), None)

    @lazy
    def server_name(self) -> str | None:
        return text(self.raw.resource.get("host.name"))

    @property
    def service(self) -> str | None:
        name = text(self.raw.resource.get("service.name"))
        # OpenTelemetry's default for a service that has no name.
        return self.server_name if name is None or name.startswith("unknown_service") else name

    @lazy
    def sdk(self) -> dict[str, Any]:
        parts = {key: text(self.raw.resource.get(f"telemetry.sdk.{key}")) for key in ("name", "version")}
        return {key: part for key, part in parts.items() if part is not None}


def read_otlp_spans(item: Item) -> Iterator[Record]:
    """Yield the spans of an ``integration`` item; none where it cannot be read.

    A segment begins at a span without a parent in the same process. Relay: none, or one that is said to be
    remote; most exporters do not say so, but then a server or consumer span has its parent elsewhere.
    """
    # Imported where it is needed: the decoder of protobuf takes 0.2 s, and most tests have no OTLP.
    from pytest_sentryintegration.wire.otlp import OtlpError, otlp_spans

    try:
        spans = otlp_spans(item.payload, _content_type(item))
    except OtlpError:
        return
    for position, span in enumerate(spans):
        entered = span.is_remote is None and span.kind in ("server", "consumer")
        ids = (span.trace_id, span.span_id or None, span.parent_span_id)
        yield OtlpRecord(item, span, position, *ids, span.is_segment or entered)


def read_otlp_logs(item: Item) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the logs of an ``integration`` item, each with the same as an element of a ``log`` item."""
    from pytest_sentryintegration.wire.otlp import OtlpError, otlp_logs

    try:
        logs = otlp_logs(item.payload, _content_type(item))
    except OtlpError:
        return
    for log in logs:
        yield (
            log,
            {
                "level": log.level,
                "body": log.body,
                "attributes": {name: {"value": value} for name, value in log.attributes.items()},
                "trace_id": log.trace_id,
                "span_id": log.span_id,
                "timestamp": log.timestamp,
            },
        )


def _content_type(item: Item) -> str:
    return text(item.headers.get("content_type")) or ""


def _op(kind: str | None, attributes: dict[str, Any]) -> str | None:
    # As Relay derives it of OpenTelemetry's conventions, in short.
    if "http.request.method" in attributes or "http.method" in attributes:
        return f"http.{kind}" if kind in ("server", "client") else "http"
    for op, names in _CONVENTIONS.items():
        if any(name in attributes for name in names):
            return op
    return None


_CONVENTIONS = {
    "db": ("db.system.name", "db.system"),
    "rpc": ("rpc.service", "rpc.system"),
    "message": ("messaging.system",),
    "gen_ai": ("gen_ai.operation.name", "gen_ai.system"),
}
