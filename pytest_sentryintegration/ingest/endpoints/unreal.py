"""``POST /api/<project>/unreal/<key>/``: crash reports of Unreal Engine.

The report is kept as it was sent: Relay too unpacks it long after it has answered.
Relay: ``relay-server/src/endpoints/unreal.rs``.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qs

from pytest_sentryintegration.ingest.answers import text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]


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
    item = {"type": "unreal_report", "content_type": "application/octet-stream", "length": len(report)}
    envelope = RawEnvelope(headers, (RawItem(item, report),))
    reply = text_reply(200, "text/plain; charset=utf-8", str(event_id).encode())
    return Taken([envelope], project_id, auth, reply, answers_limits=False)
