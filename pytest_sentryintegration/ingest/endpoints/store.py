"""``POST /api/<project>/store/``, the endpoint of old SDKs, and ``GET`` with the event in the query.

Relay: ``relay-server/src/endpoints/store.rs``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
import zlib
from typing import Any
from urllib.parse import parse_qs

from pytest_sentryintegration.ingest.answers import json_reply, text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints.envelope import check_envelope, event_id_of, parse_body
from pytest_sentryintegration.wire.auth import Auth
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, parse_event_id
from pytest_sentryintegration.wire.limits import MAX_EVENT_SIZE
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take", "take_get"]

PIXEL = b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"
"""The transparent image that answers an event sent by ``GET``."""

_ITEM_TYPES = {"transaction": "transaction", "csp": "security", "feedback": "feedback"}
_LEGACY_CLIENTS = ("raven-python/", "sentry-python/")
_CONSTANT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|-?Infinity|NaN', re.DOTALL)


def take(call: Call) -> Taken:
    """Take one event as JSON, plain or in base64, compressed or not; or an envelope, by its content type."""
    project_id, auth = _project(call), call.required_auth()
    if call.headers.get("content-type") == "application/x-sentry-envelope":
        envelope = parse_body(call.body())
        check_envelope(call, envelope, project_id, auth)
        return Taken([envelope], project_id, auth, json_reply(event_id_of(envelope)))
    envelope = _envelope_of(call.body(), auth)
    return Taken([envelope], project_id, auth, json_reply(envelope.headers["event_id"]))


def take_get(call: Call) -> Taken:
    """Take one event from the query parameter ``sentry_data``."""
    project_id, auth = _project(call), call.required_auth()
    data = parse_qs(call.query, keep_blank_values=True).get("sentry_data")
    if data is None:
        raise Refusal(400, "Failed to deserialize query string: missing field `sentry_data`", text=True)
    envelope = _envelope_of(data[0].encode(), auth)
    return Taken([envelope], project_id, auth, text_reply(200, "image/gif", PIXEL))


def _project(call: Call) -> str:
    # The oldest form of the path has no project: Sentry takes that of the key.
    return call.project() if "project_id" in call.arguments else "0"


def _envelope_of(body: bytes, auth: Auth) -> RawEnvelope:
    data = _decode(body)
    if not data:
        raise Refusal(400, "empty request body")
    if auth.client is not None and auth.client.startswith(_LEGACY_CLIENTS):
        data = _CONSTANT.sub(_without_constant, data)
    event_id, event_type = _read_minimally(data)
    item = RawItem(
        {
            "type": _ITEM_TYPES.get(event_type, "event"),
            "content_type": "application/json",
            "length": len(data),
        },
        data,
    )
    return RawEnvelope({"event_id": event_id}, (item,))


def _decode(body: bytes) -> bytes:
    if not body or body.startswith(b"{"):
        return body
    try:
        data = base64.b64decode(body, validate=True)
        if data.startswith(b"{"):
            return data
        stream = zlib.decompressobj()
        # As Relay does: what is too long is cut, and then is no JSON.
        data = stream.decompress(data, MAX_EVENT_SIZE)
        if not stream.eof and len(data) < MAX_EVENT_SIZE:
            raise EOFError("unexpected end of file")
    except (binascii.Error, zlib.error, EOFError) as error:
        raise Refusal(400, "invalid request body", (str(error),)) from None
    return data


def _without_constant(match: re.Match[bytes]) -> bytes:
    """Blank out what old Python clients send and JSON does not know; keeps the length."""
    found = match[0]
    if found.startswith(b'"'):
        return found
    return (b"-0" if found.startswith(b"-") else b"0").ljust(len(found))


def _constant(name: str) -> Any:
    raise ValueError("expected value")


def _any_number(digits: str) -> int:
    # int() of a number of many digits is slow, and raises from 4,300 on.
    return 0


# Relay reads no more than this of the event: fields it passes over need not even be valid strings.
_decoder = json.JSONDecoder(parse_constant=_constant, parse_int=_any_number)


def _read_minimally(data: bytes) -> tuple[str, str]:
    """Return id and type of an event; a new id where it has none."""
    try:
        event = _decoder.decode(data.decode())
    except RecursionError:
        return uuid.uuid4().hex, "default"
    except json.JSONDecodeError as error:
        raise _invalid_json(error.msg, error.lineno, error.colno) from None
    except ValueError:
        raise _invalid_json("expected value") from None
    if not isinstance(event, (dict, list)):
        raise _invalid_json("invalid type, expected struct MinimalEvent")
    fields = event if isinstance(event, dict) else {}
    event_id = parse_event_id(fields.get("event_id"))
    if event_id is None and fields.get("event_id") is not None:
        raise _invalid_json("invalid value for event_id, expected an event identifier")
    event_type = fields.get("type", "default")
    if not isinstance(event_type, str):
        raise _invalid_json("invalid type, expected an event type")
    return event_id or uuid.uuid4().hex, event_type


def _invalid_json(message: str, line: int = 1, column: int = 1) -> Refusal:
    message = message[:1].lower() + message[1:]
    detail = f"invalid JSON data: Error({json.dumps(message)}, line: {line}, column: {column})"
    return Refusal(400, detail, (f"{message} at line {line} column {column}",))
