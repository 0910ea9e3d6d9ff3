"""``POST /api/<project>/security/`` and ``/csp-report/``: what browsers report, in both of its generations.

The first generation is one report; the second (Reporting API) an array of them, each of which becomes an
event.
Relay: ``relay-server/src/endpoints/security_report.rs``.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qs

from pytest_sentryintegration.ingest.answers import empty_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]

_TYPES = ("application/json", "application/csp-report", "application/reports+json")
_SPACE = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode


def take(call: Call) -> Taken:
    """Take one report, or an array of reports, unread."""
    media_type = call.media_type()
    project_id, auth = call.project(), call.required_auth()
    query = parse_qs(call.query)
    body = call.body()
    if media_type not in _TYPES:
        raise Refusal(415, "", note=f"content-type {media_type} is none of {', '.join(_TYPES)}")
    if not body:
        raise Refusal(400, "empty request body")
    headers: dict[str, Any] = {"type": "raw_security", "content_type": "application/json"}
    for name in ("sentry_release", "sentry_environment"):
        if name in query:
            headers[name] = query[name][0]
    envelopes = [
        RawEnvelope({"event_id": uuid.uuid4().hex}, (RawItem({**headers, "length": len(report)}, report),))
        for report in _reports(body)
    ]
    return Taken(envelopes, project_id, auth, empty_reply(200))


def _reports(body: bytes) -> list[bytes]:
    """Return the elements of an array as they stand, or all of *body* where it is none."""
    try:
        text = body.decode()
        json.loads(text)
    except (ValueError, RecursionError):
        return [body]
    position = _skip(text, 0)
    if text[position] != "[":
        return [body]
    reports = []
    position = _skip(text, position + 1)
    while text[position] != "]":
        _, end = _decode(text, position)
        reports.append(text[position:end].encode())
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return reports


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match is not None else position
