"""Spans as they are sent in JSON: in a transaction event, in containers, or singly in the old format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.reading import identifier, listing, mapping, shown, text, texts, truth
from pytest_sentryintegration.model.records import Record

__all__ = ["read_span_item", "read_transaction", "unwrapped"]


class RootRecord(Record):
    """The transaction event itself, as the span that its other spans lie in."""

    @lazy
    def _trace(self) -> dict[str, Any]:
        return mapping(mapping(self.raw.get("contexts")).get("trace"))

    @property
    def started(self) -> Any:
        return self.raw.get("start_timestamp")

    @property
    def ended(self) -> Any:
        return self.raw.get("timestamp")

    @lazy
    def op(self) -> str | None:
        return text(self._trace.get("op"))

    @lazy
    def description(self) -> str | None:
        named = text(self._trace.get("description")) or self.name or None
        return None if named == self.op else named

    @lazy
    def status(self) -> str | None:
        return text(self._trace.get("status")) or self.tags.get("status")

    @lazy
    def origin(self) -> str | None:
        return text(self._trace.get("origin"))

    @lazy
    def tags(self) -> dict[str, str]:
        return texts(self.raw.get("tags"))

    @lazy
    def data(self) -> dict[str, Any]:
        return mapping(self._trace.get("data"))

    @lazy
    def name(self) -> str:
        return text(self.raw.get("transaction")) or ""

    @lazy
    def source(self) -> str | None:
        return text(mapping(self.raw.get("transaction_info")).get("source"))

    @lazy
    def release(self) -> str | None:
        return text(self.raw.get("release"))

    @lazy
    def environment(self) -> str | None:
        return text(self.raw.get("environment"))

    @lazy
    def server_name(self) -> str | None:
        return text(self.raw.get("server_name"))

    @lazy
    def measurements(self) -> dict[str, Any]:
        return mapping(self.raw.get("measurements"))

    @lazy
    def contexts(self) -> dict[str, Any]:
        return mapping(self.raw.get("contexts"))

    @lazy
    def sdk(self) -> dict[str, Any]:
        return mapping(self.raw.get("sdk"))


class StaticRecord(Record):
    """A span of a transaction event, or a single one in the same format."""

    # What is looked up at once is not kept: of 100,000 spans that would be as many dicts.

    @property
    def started(self) -> Any:
        return self.raw.get("start_timestamp")

    @property
    def ended(self) -> Any:
        return self.raw.get("timestamp")

    @property
    def op(self) -> str | None:
        return text(self.raw.get("op"))

    @property
    def description(self) -> str | None:
        return text(self.raw.get("description"))

    @property
    def status(self) -> str | None:
        # sentry-sdk 2.41 sends the status as a tag only.
        return text(self.raw.get("status")) or self.tags.get("status")

    @property
    def origin(self) -> str | None:
        return text(self.raw.get("origin"))

    @lazy
    def tags(self) -> dict[str, str]:
        return texts(self.raw.get("tags"))

    @property
    def data(self) -> dict[str, Any]:
        return mapping(self.raw.get("data"))

    @property
    def segment_id(self) -> str | None:
        return identifier(self.raw.get("segment_id"))

    @lazy
    def name(self) -> str:
        return text(self.data.get("sentry.transaction")) or self.description or self.op or ""


class StreamedRecord(Record):
    """A span of a container: everything but its times and status is an attribute."""

    @property
    def started(self) -> Any:
        return self.raw.get("start_timestamp")

    @property
    def ended(self) -> Any:
        return self.raw.get("end_timestamp")

    @property
    def segment_id(self) -> str | None:
        return identifier(self._attribute("sentry.segment.id")) or identifier(
            self._attribute("sentry.segment_id")
        )

    def _attribute(self, key: str) -> Any:
        # Without reading all of them, and without keeping it: of 100,000 spans that would be as many dicts.
        attributes = self.raw.get("attributes")
        return _unwrapped(attributes.get(key)) if isinstance(attributes, dict) else None

    @lazy
    def data(self) -> dict[str, Any]:
        return unwrapped(self.raw.get("attributes"))

    @lazy
    def tags(self) -> dict[str, str]:
        return tags_of_attributes(self.data)

    @property
    def op(self) -> str | None:
        return text(self._attribute("sentry.op"))

    @property
    def description(self) -> str | None:
        named = text(self.raw.get("name")) or None
        return None if named == self.op else named

    @lazy
    def status(self) -> str | None:
        return text(self.raw.get("status")) or self.tags.get("status")

    @property
    def origin(self) -> str | None:
        return text(self._attribute("sentry.origin"))

    @lazy
    def name(self) -> str:
        return text(self.raw.get("name")) or text(self._attribute("sentry.segment.name")) or ""

    @lazy
    def source(self) -> str | None:
        return text(self._attribute("sentry.span.source")) or text(self._attribute("sentry.segment.source"))

    @lazy
    def release(self) -> str | None:
        return text(self._attribute("sentry.release"))

    @lazy
    def environment(self) -> str | None:
        return text(self._attribute("sentry.environment"))

    @lazy
    def server_name(self) -> str | None:
        # sentry-sdk has its option server_name here, unless an integration puts the server there that is
        # asked: a database, a cache, AWS. Other SDKs have also the server that a request is sent to.
        op, origin = self.op or "", self.origin or "manual"
        asks = op.partition(".")[0] in ("db", "cache", "socket") or "boto3" in origin
        is_own = origin == "manual" or not asks
        if op == "http.client":
            is_own = is_own and (text(self._attribute("sentry.sdk.name")) or "").startswith("sentry.python")
        return text(self._attribute("server.address")) if is_own else None

    @lazy
    def sdk(self) -> dict[str, Any]:
        parts = {key: text(self._attribute(f"sentry.sdk.{key}")) for key in ("name", "version")}
        return {key: part for key, part in parts.items() if part is not None}


def unwrapped(attributes: object) -> dict[str, Any]:
    """Return attributes without their types; one that is bare JSON instead of ``{"value", "type"}`` stays.

    >>> unwrapped({"rows": {"value": 3, "type": "integer"}, "bare": 1})
    {'rows': 3, 'bare': 1}
    """
    return {key: _unwrapped(wrapped) for key, wrapped in mapping(attributes).items()}


def _unwrapped(wrapped: Any) -> Any:
    return wrapped["value"] if isinstance(wrapped, dict) and "value" in wrapped else wrapped


def tags_of_attributes(attributes: dict[str, Any]) -> dict[str, str]:
    """Return the attributes outside ``sentry.*`` as text.

    >>> tags_of_attributes({"sentry.op": "db", "rows": 3, "cached": True, "none": None})
    {'rows': '3', 'cached': 'True'}
    """
    pairs = ((key, shown(value)) for key, value in attributes.items() if not key.startswith("sentry."))
    return {key: value for key, value in pairs if value is not None}


def root_record(item: Item) -> RootRecord:
    """Read a transaction event as the root of its spans."""
    payload = item._fields
    trace = mapping(mapping(payload.get("contexts")).get("trace"))
    trace_id, span_id = identifier(trace.get("trace_id")), identifier(trace.get("span_id"))
    return RootRecord(item, payload, 0, trace_id, span_id, identifier(trace.get("parent_span_id")), True)


def read_transaction(root: Record) -> Iterator[Record]:
    """Yield a transaction event's root and its spans, which are of its trace where they do not say."""
    yield root
    item, trace_id = root.item, root.trace_id
    for position, raw in enumerate(listing(root.raw.get("spans")), 1):
        if isinstance(raw, dict):
            sent = raw.get("trace_id")
            own = trace_id if sent == trace_id else identifier(sent) or trace_id
            span_id, parent = identifier(raw.get("span_id")), identifier(raw.get("parent_span_id"))
            record = StaticRecord(item, raw, position, own, span_id, parent, False)
            record.root = root
            yield record


def read_span_item(item: Item) -> Iterator[Record]:
    """Yield the spans of a ``span`` item: a container of them, or a single one in the old format.

    Relay tells the two by their content type; here a container is what holds ``items``.
    """
    payload = item._fields
    if not isinstance(payload.get("items"), list):
        if payload:
            yield _single(StaticRecord, item, payload, 0)
        return
    for position, raw in enumerate(listing(payload.get("items"))):
        if isinstance(raw, dict):
            yield _single(StreamedRecord, item, raw, position)


def _single(kind: type[Record], item: Item, raw: dict[str, Any], position: int) -> Record:
    parent = identifier(raw.get("parent_span_id"))
    segment = truth(raw.get("is_segment")) or parent is None
    return kind(
        item, raw, position, identifier(raw.get("trace_id")), identifier(raw.get("span_id")), parent, segment
    )
