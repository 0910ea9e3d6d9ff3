"""The event of a crash report, from what came beside the minidump.

Native SDKs send it as files in MessagePack, Breakpad and Crashpad as form fields; where there are files,
the fields are not in the event. Relay: ``relay-server/src/processing/errors/errors/utils``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.wire import msgpack, strict_json
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id
from pytest_sentryintegration.wire.form_fields import event_of_fields
from pytest_sentryintegration.wire.limits import MAX_EVENT_SIZE
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["crash_event"]


def crash_event(files: Sequence[RawItem], fields: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    """Return the event of a crash, with its id.

    Args:
        files: The attachments, by their ``attachment_type``.
        fields: Name and value of the form fields.

    Raises:
        Refusal: 400, the event's file is no MessagePack, or its event id none.

    >>> crash_event([], [("sentry[event_id]", b"9EC79C33EC9942AB8353589FCB2E04DC")])["event_id"]
    '9ec79c33ec9942ab8353589fcb2e04dc'
    """
    sent = _payloads(files, "event.payload")
    crumbs = _payloads(files, "event.breadcrumbs")
    attached = _read_event(sent[0]) if sent else {}
    # Relay: event_id_from_items in endpoints/common.rs; the fields in pieces do not count.
    event_id = attached.get("event_id") or _event_id_of_fields(fields) or uuid.uuid4().hex
    event = attached if sent or crumbs else event_of_fields(fields)
    if breadcrumbs := _merged(*(_read_breadcrumbs(one) for one in crumbs[:2])):
        event["breadcrumbs"] = {"values": breadcrumbs}
    return {**event, "event_id": event_id}


def _payloads(files: Sequence[RawItem], kind: str) -> list[bytes]:
    return [file.payload for file in files if file.headers["attachment_type"] == kind]


def _read_event(payload: bytes) -> dict[str, Any]:
    # Relay looks for the id alone, and passes over the rest; what is too long, or has binary data, it drops
    # after it has answered (endpoints/common.rs:290).
    try:
        event = msgpack.read_one(payload, strict=False)
        if not isinstance(event, dict):
            raise msgpack.MessagePackError("invalid type, expected struct MinimalEvent")
        sent = event.get("event_id")
        event_id = parse_event_id(sent)
        if event_id is None and sent is not None:
            raise msgpack.MessagePackError("invalid value, expected an event identifier")
    except msgpack.MessagePackError as error:
        raise Refusal(400, "invalid messagepack data", (str(error),)) from None
    readable = {name: value for name, value in event.items() if not isinstance(value, bytes)}
    return {**readable, "event_id": event_id}


def _read_breadcrumbs(payload: bytes) -> list[Any]:
    try:
        return msgpack.read_all(payload) if len(payload) <= MAX_EVENT_SIZE else []
    except msgpack.MessagePackError:
        # Relay reads them after it has answered.
        return []


def _event_id_of_fields(fields: Sequence[tuple[str, bytes]]) -> str | None:
    for name, value in fields:
        text = value.decode("utf-8", "replace")
        if name == "sentry[event_id]":
            return parse_event_id(text)
        if name == "sentry":
            try:
                event = strict_json.loads(text)
            except strict_json.StrictJSONError:
                return None
            return parse_event_id(event.get("event_id")) if isinstance(event, dict) else None
    return None


def _merged(*sent: list[Any]) -> list[Any]:
    """Return the breadcrumbs of two files in the order of time, as many as the longer one has."""
    ordered = sorted(sent, key=_last_moment)
    longest = max(map(len, sent), default=0)
    together = [crumb for crumbs in ordered for crumb in crumbs]
    return together[len(together) - longest :]


def _last_moment(crumbs: list[Any]) -> tuple[bool, str, float]:
    """Return when the last breadcrumb was left, as something to sort by; without a time comes first."""
    for crumb in reversed(crumbs):
        timestamp = crumb.get("timestamp") if isinstance(crumb, dict) else None
        if isinstance(timestamp, str):
            return True, timestamp, 0.0
        if isinstance(timestamp, (int, float)):
            return True, "", float(timestamp)
    return False, "", 0.0
