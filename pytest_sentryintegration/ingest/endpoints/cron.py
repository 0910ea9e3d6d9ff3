"""``/api/<project>/cron/<slug>[/<key>][/]``: check-ins without an SDK, by the query or as JSON.

Relay: ``relay-server/src/endpoints/monitor.rs``.
"""

from __future__ import annotations

import json
import math
import uuid
from typing import Any
from urllib.parse import parse_qs

from pytest_sentryintegration.ingest.answers import empty_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, parse_event_id
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]

_NIL = "0" * 32


def take(call: Call) -> Taken:
    """Take one check-in; the slug of the path wins."""
    project_id, auth = call.project(), call.required_auth()
    content_type = call.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        check_in = _from_json(call, content_type)
    else:
        check_in = _from_query(call)
    check_in["monitor_slug"] = call.arguments["slug"]
    payload = json.dumps(check_in, separators=(",", ":")).encode()
    item = RawItem({"type": "check_in", "content_type": "application/json", "length": len(payload)}, payload)
    envelope = RawEnvelope({"event_id": uuid.uuid4().hex}, (item,))
    return Taken([envelope], project_id, auth, empty_reply(202), answers_limits=False, client="relay-http")


def _from_query(call: Call) -> dict[str, Any]:
    query = {name: values[-1] for name, values in parse_qs(call.query, keep_blank_values=True).items()}
    if "status" not in query:
        raise _bad_query("missing field `status`")
    check_in: dict[str, Any] = {"check_in_id": _NIL, "monitor_slug": "", "status": query["status"]}
    if "check_in_id" in query:
        check_in_id = parse_event_id(query["check_in_id"])
        if check_in_id is None:
            raise _bad_query("check_in_id: UUID parsing failed")
        check_in["check_in_id"] = check_in_id
    if "environment" in query:
        check_in["environment"] = query["environment"]
    if "duration" in query:
        try:
            duration = float(query["duration"].replace("_", "?"))
        except ValueError:
            raise _bad_query("duration: invalid float literal") from None
        # JSON has no infinity: Relay writes null.
        check_in["duration"] = duration if math.isfinite(duration) else None
    return check_in


def _bad_query(cause: str) -> Refusal:
    return Refusal(400, f"Failed to deserialize query string: {cause}", text=True)


def _from_json(call: Call, content_type: str) -> dict[str, Any]:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        detail = "Expected request with `Content-Type: application/json`"
        raise Refusal(415, detail, text=True)
    try:
        check_in = strict_json.loads(call.body())
    except strict_json.StrictJSONError as error:
        raise Refusal(400, f"Failed to parse the request body as JSON: {error}", text=True) from None
    if not isinstance(check_in, dict):
        raise _bad_data("invalid type, expected struct CheckIn")
    if not isinstance(check_in.get("status"), str):
        problem = (
            "invalid type, expected variant identifier" if "status" in check_in else "missing field `status`"
        )
        raise _bad_data(problem)
    for name, kind in (("environment", str), ("duration", (int, float)), ("monitor_config", dict)):
        value = check_in.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise _bad_data(f"{name}: invalid type")
    config = check_in.get("monitor_config")
    if config is not None and not isinstance(config.get("schedule"), dict):
        raise _bad_data("monitor_config: missing field `schedule`")
    check_in_id = parse_event_id(check_in.get("check_in_id", _NIL))
    if check_in_id is None:
        raise _bad_data("check_in_id: invalid value, expected an event identifier")
    return {**check_in, "check_in_id": check_in_id}


def _bad_data(cause: str) -> Refusal:
    detail = f"Failed to deserialize the JSON body into the target type: {cause}"
    return Refusal(422, detail, text=True)
