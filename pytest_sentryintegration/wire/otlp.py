"""OTLP: traces and logs as OpenTelemetry exporters send them, in protobuf or JSON.

Decoded by the official generated messages (``opentelemetry-proto``). Of JSON, two things are OTLP's own: ids
are hexadecimal instead of base64, and unknown fields are passed over.

Relay reads these requests long after it has answered them, so nothing here is an HTTP error.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from google.protobuf.json_format import ParseDict, ParseError  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.strict_json import StrictJSONError

__all__ = ["OtlpError", "OtlpEvent", "OtlpLink", "OtlpLog", "OtlpSpan", "otlp_logs", "otlp_spans"]

Attributes = dict[str, Any]
_Request = TypeVar("_Request", bound=Message)

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUS = {1: "ok", 2: "error"}
_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
_LEVEL_NAMES = {name: name for name in _LEVELS} | {"information": "info", "warning": "warn"}
# An int: dividing int by int rounds once, dividing by 1e9 would round the nanoseconds first.
_SECOND = 10**9
_HAS_IS_REMOTE = 0x100
_IS_REMOTE = 0x200


class OtlpError(ValueError):
    """A payload that is neither OTLP protobuf nor OTLP JSON, as its content type promises."""


@dataclass(frozen=True, slots=True)
class OtlpEvent:
    """Something that happened in a span."""

    name: str
    timestamp: float
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtlpLink:
    """A span, often of another trace, that a span is connected to."""

    trace_id: str
    span_id: str
    attributes: Attributes = field(default_factory=dict)
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class OtlpSpan:
    """One span."""

    trace_id: str
    """32 lower-case hexadecimal digits; other lengths where the sender sent other lengths."""
    span_id: str
    """16 lower-case hexadecimal digits."""
    parent_span_id: str | None
    name: str
    kind: str | None
    """``internal``, ``server``, ``client``, ``producer``, ``consumer``."""
    start: float
    """Seconds since 1970."""
    end: float
    """Seconds since 1970."""
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    """The attributes of what sent it, such as ``service.name``."""
    scope: str = ""
    """The name of the instrumentation that made it."""
    status: str | None = None
    """``ok``, ``error``, ``None`` where it was not set."""
    status_message: str = ""
    links: tuple[OtlpLink, ...] = ()
    events: tuple[OtlpEvent, ...] = ()
    is_remote: bool | None = None
    """Whether the parent ran in another process; ``None`` where the sender does not say."""

    @property
    def is_segment(self) -> bool:
        """Whether Sentry starts a segment here. Relay: no parent, or a remote one."""
        return self.parent_span_id is None or bool(self.is_remote)


@dataclass(frozen=True, slots=True)
class OtlpLog:
    """One log record."""

    body: str | None
    """As text; what is no text is JSON."""
    level: str
    """``trace``, ``debug``, ``info``, ``warn``, ``error``, ``fatal``."""
    timestamp: float | None
    """Seconds since 1970: when it happened, else when it was observed."""
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    scope: str = ""
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str = ""


def otlp_spans(payload: bytes, content_type: str) -> list[OtlpSpan]:
    """Return the spans of an ``ExportTraceServiceRequest``, in the order in which they were sent.

    Args:
        payload: The decoded body of the request.
        content_type: ``application/json`` or ``application/x-protobuf``, parameters allowed.

    Raises:
        OtlpError: *payload* is not what *content_type* says.

    >>> body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","spanId":"EEE19B7EC3C1B174"}]}]}]}'
    >>> otlp_spans(body, "application/json")[0].span_id
    'eee19b7ec3c1b174'
    """
    request = _decode(ExportTraceServiceRequest(), payload, content_type)
    return [
        _span(span, resource, scoped.scope.name)
        for of_resource in request.resource_spans
        for resource in [_attributes(of_resource.resource.attributes)]
        for scoped in of_resource.scope_spans
        for span in scoped.spans
    ]


def otlp_logs(payload: bytes, content_type: str) -> list[OtlpLog]:
    """Return the records of an ``ExportLogsServiceRequest``; arguments and errors as of `otlp_spans`."""
    request = _decode(ExportLogsServiceRequest(), payload, content_type)
    return [
        _log(record, resource, scoped.scope.name)
        for of_resource in request.resource_logs
        for resource in [_attributes(of_resource.resource.attributes)]
        for scoped in of_resource.scope_logs
        for record in scoped.log_records
    ]


def _decode(request: _Request, payload: bytes, content_type: str) -> _Request:
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type == "application/json":
            sent = strict_json.loads(payload)
            if not isinstance(sent, dict):
                raise OtlpError("not an OTLP request: expected a JSON object")
            _hex_to_base64(sent)
            ParseDict(sent, request, ignore_unknown_fields=True)
        elif media_type == "application/x-protobuf":
            request.ParseFromString(payload)
        else:
            raise OtlpError(f"no content type of OTLP: {content_type!r:.80}")
    except StrictJSONError as error:
        raise OtlpError(f"not JSON: {error}") from None
    except (DecodeError, ParseError, RecursionError) as error:
        raise OtlpError(f"not an OTLP request: {error}") from None
    return request


_IDS = ("traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id")


def _hex_to_base64(sent: dict[str, Any]) -> None:
    """Rewrite ids in place; no recursion, and *sent* is no deeper than strict JSON."""
    rest: list[Any] = [sent]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest.extend(value)
        elif isinstance(value, dict):
            for name in _IDS:
                if isinstance(value.get(name), str):
                    try:
                        value[name] = base64.b64encode(bytes.fromhex(value[name])).decode()
                    except ValueError:
                        raise OtlpError(f"{name} is not hexadecimal: {value[name]!r:.60}") from None
            rest.extend(inner for inner in value.values() if isinstance(inner, (dict, list)))


def _span(span: Span, resource: Attributes, scope: str) -> OtlpSpan:
    remote = bool(span.flags & _IS_REMOTE) if span.flags & _HAS_IS_REMOTE else None
    return OtlpSpan(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex() or None,
        span.name,
        _KINDS.get(span.kind),
        span.start_time_unix_nano / _SECOND,
        span.end_time_unix_nano / _SECOND,
        _attributes(span.attributes),
        resource,
        scope,
        _STATUS.get(span.status.code),
        span.status.message,
        tuple(_link(link) for link in span.links),
        tuple(
            OtlpEvent(event.name, event.time_unix_nano / _SECOND, _attributes(event.attributes))
            for event in span.events
        ),
        remote,
    )


def _link(link: Span.Link) -> OtlpLink:
    return OtlpLink(
        link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes), bool(link.flags & 1)
    )


def _log(record: LogRecord, resource: Attributes, scope: str) -> OtlpLog:
    if 1 <= record.severity_number <= 24:
        level = _LEVELS[(record.severity_number - 1) // 4]
    else:
        level = _LEVEL_NAMES.get(record.severity_text.lower(), "info")
    # Relay reads them as signed numbers: what is too large counts as not set.
    nanoseconds = next(
        (nano for nano in (record.time_unix_nano, record.observed_time_unix_nano) if 0 < nano < 2**63), 0
    )
    body = _plain(record.body)
    return OtlpLog(
        body if isinstance(body, str) or body is None else json.dumps(body, ensure_ascii=False),
        level,
        nanoseconds / _SECOND if nanoseconds else None,
        _attributes(record.attributes),
        resource,
        scope,
        record.trace_id.hex() or None,
        record.span_id.hex() or None,
        record.event_name,
    )


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    """Return *value* as Python's own; bytes that are no text as base64, as OTLP's JSON has them."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return list(_plain_all(value.array_value.values))
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        try:
            return value.bytes_value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind)


def _plain_all(values: Iterable[AnyValue]) -> Iterator[Any]:
    for value in values:
        yield _plain(value)
