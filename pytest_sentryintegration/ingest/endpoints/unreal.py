"""``POST /api/<project>/unreal/<key>/``: crash reports of Unreal Engine.

Relay unpacks a report long after it has answered, and drops it silently where it cannot. Here it is unpacked
at once, so that a test finds an event; one that cannot be is kept as it was sent.
Relay: ``relay-server/src/endpoints/unreal.rs``.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qs

from pytest_sentryintegration.ingest.answers import text_reply
from pytest_sentryintegration.ingest.call import Call, Lost, Taken
from pytest_sentryintegration.ingest.endpoints.unreal_event import unreal_items
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.limits import BUCKETS, MAX_ENVELOPE_SIZE
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.wire.unreal import ReportError, read_report

__all__ = ["take"]

_MOST = BUCKETS["attachment"].count


def take(call: Call) -> Taken:
    """Take one crash report; rate limits never show in the answer."""
    project_id, auth = call.project(), call.required_auth()
    users = parse_qs(call.query, keep_blank_values=True).get("UserID", [])
    if len(users) > 1:
        raise Refusal(400, "Failed to deserialize query string: duplicate field `UserID`", text=True)
    report = call.body()
    if not report:
        raise Refusal(400, "empty request body")
    event_id = uuid.uuid4()
    headers: dict[str, Any] = {"event_id": event_id.hex}
    if users:
        headers["unreal_user_id"] = users[0]
    lost: list[Lost] = []
    try:
        files = read_report(report, MAX_ENVELOPE_SIZE)
        lost = [
            Lost(413, f"too many files, and dropped: {file.name!r}", file.content) for file in files[_MOST:]
        ]
        items = unreal_items(files[:_MOST], event_id.hex, headers.get("unreal_user_id"))
    except ReportError:
        item = {"type": "unreal_report", "content_type": "application/octet-stream", "length": len(report)}
        items = (RawItem(item, report),)
    envelope = RawEnvelope(headers, items)
    reply = text_reply(200, "text/plain; charset=utf-8", str(event_id).encode())
    return Taken([envelope], project_id, auth, reply, answers_limits=False, lost=tuple(lost))
