"""``POST /api/<project>/integration/otlp/v1/traces`` and ``/logs``: OpenTelemetry exporters.

The payload is kept as it was sent: Relay too reads it long after it has answered. Errors are a
``google.rpc.Status`` in the format of the request. Relay: ``endpoints/integrations/otlp.rs``.
"""

from __future__ import annotations

import json

from pytest_sentryintegration.ingest.answers import OPEN_HEADERS, text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
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
    project_id, auth = call.project(), call.required_auth()
    payload = call.body()
    headers = {
        "type": "integration",
        "integration": integration,
        "content_type": content_type,
        "length": len(payload),
    }
    envelope = RawEnvelope({}, (RawItem(headers, payload),))
    success = text_reply(200, format_, b"{}" if format_ == _JSON else b"")
    return Taken([envelope], project_id, auth, success)


def _format(content_type: str) -> str | None:
    """Return the format of a content type: JSON may name its charset as UTF-8, protobuf has no parameters."""
    if content_type.lower() == _PROTOBUF:
        return _PROTOBUF
    media_type, *parameters = (part.strip(" \t").lower() for part in content_type.split(";"))
    fine = ("", "charset=utf-8", 'charset="utf-8"')
    return _JSON if media_type == _JSON and all(one in fine for one in parameters) else None


def refuse(call: Call, refusal: Refusal) -> Reply:
    """Return the answer to a refused request, in the format of the request."""
    format_ = _PROTOBUF if _format(call.headers.get("content-type", "")) == _PROTOBUF else _JSON
    code = _CODES.get(refusal.status, 13 if refusal.status >= 500 else 2)
    if format_ == _JSON:
        status = {"code": code, "message": refusal.detail}
        body = json.dumps(status, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    else:
        # google.rpc.Status: 1 is the code, 2 the message. Its generated class would be a further dependency.
        message = refusal.detail.encode("utf-8", "replace")
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
