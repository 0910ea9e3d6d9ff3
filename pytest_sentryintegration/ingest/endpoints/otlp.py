"""``POST /api/<project>/integration/otlp/v1/traces`` and ``/logs``: OpenTelemetry exporters.

Errors are a ``google.rpc.Status`` in the format of the request. Relay: ``endpoints/integrations/otlp.rs``.
"""

from __future__ import annotations

import json

from pytest_sentryintegration.ingest.answers import OPEN_HEADERS, text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints.integration import media_type_of, take_integration
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["refuse", "take_logs", "take_traces"]

_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"
# Relay: GrpcStatusCode::from_http_status; 13 for other server errors, 2 for the rest.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 501: 12, 502: 14, 503: 14, 504: 4}


def take_traces(call: Call) -> Taken:
    """Take spans."""
    return _take(call, "otlp_traces")


def take_logs(call: Call) -> Taken:
    """Take log records."""
    return _take(call, "otlp_logs")


def _take(call: Call, integration: str) -> Taken:
    content_type = call.headers.get("content-type", "")
    format_ = _format(content_type)
    if format_ is None:
        raise Refusal(415, f"unsupported content type: {content_type}")
    return take_integration(call, integration, text_reply(200, format_, b"{}" if format_ == _JSON else b""))


def _format(content_type: str) -> str | None:
    """Return the format of a content type: JSON may name its charset as UTF-8, protobuf has no parameters."""
    if content_type.lower() == _PROTOBUF:
        return _PROTOBUF
    return _JSON if media_type_of(content_type) == _JSON else None


def refuse(call: Call, refusal: Refusal) -> Reply:
    """Return the answer to a refused request, in the format of the request."""
    format_ = _PROTOBUF if _format(call.headers.get("content-type", "")) == _PROTOBUF else _JSON
    # Relay: IntegrationBuilderRejection. What is plain text elsewhere is an error of the body.
    detail = f"unable to read body: {refusal.detail}" if refusal.text else refusal.detail
    code = _CODES.get(refusal.status, 13 if refusal.status >= 500 else 2)
    if format_ == _JSON:
        status = {"code": code, "message": detail}
        body = json.dumps(status, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    else:
        # google.rpc.Status: 1 is the code, 2 the message. Its generated class would be a further dependency.
        message = detail.encode("utf-8", "replace")
        body = b"\x08" + _varint(code)
        if message:
            body += b"\x12" + _varint(len(message)) + message
    headers = [*OPEN_HEADERS, ("content-type", format_), *refusal.headers.items()]
    return Reply(refusal.status, headers, body)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
