"""``POST /api/<project>/events/<event id>/attachments/``: files for an event that was sent before.

Relay: ``relay-server/src/endpoints/attachments.rs``.
"""

from __future__ import annotations

from pytest_sentryintegration.ingest.answers import empty_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints.multipart import (
    attachment_item,
    check_sizes,
    files_of,
    form_data,
    nameless,
    read_form,
)
from pytest_sentryintegration.wire.envelope import RawEnvelope, parse_event_id
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]


def take(call: Call) -> Taken:
    """Take the files of a form; its fields become form data, which Sentry drops later."""
    call.check_length()
    project_id, auth = call.project(), call.required_auth()
    event_id = parse_event_id(call.arguments["event_id"])
    if event_id is None:
        sent = call.arguments["event_id"][:80]
        raise Refusal(400, f"Invalid URL: Cannot parse `event_id` with value `{sent}`", text=True)
    parts = read_form(call)
    check_sizes(parts)
    files = [attachment_item(part, "event.attachment") for part in files_of(parts)]
    envelope = RawEnvelope({"event_id": event_id}, (*files, *form_data(parts)))
    return Taken([envelope], project_id, auth, empty_reply(201), lost=nameless(parts))
