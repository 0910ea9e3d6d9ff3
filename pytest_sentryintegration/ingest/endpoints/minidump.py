"""``POST /api/<project>/minidump[/]``: native crashes from Breakpad, Crashpad and Electron.

Relay: ``relay-server/src/endpoints/minidump.rs``. Relay makes the event later, from what came along; here it
is made at once, so that a test finds an event.
"""

from __future__ import annotations

import json
import re
import uuid

from pytest_sentryintegration.ingest.answers import text_reply
from pytest_sentryintegration.ingest.call import Call, Lost, Taken
from pytest_sentryintegration.ingest.endpoints.crash_event import crash_event
from pytest_sentryintegration.ingest.endpoints.multipart import (
    Part,
    attachment_item,
    check_sizes,
    fields_of,
    files_of,
    form_data,
    item_too_large,
    nameless,
    read_form,
    read_parts,
)
from pytest_sentryintegration.wire.encodings import BrokenContainerError, TooLongError, decode_container
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.limits import MAX_ATTACHMENT_SIZE
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]

_FIELD = "upload_file_minidump"
_RAW = ("application/octet-stream", "application/x-dmp")
_MAGIC = (b"MDMP", b"PMDM")
_TYPES = {
    _FIELD: "event.minidump",
    "__sentry-event": "event.payload",
    "__sentry-breadcrumb1": "event.breadcrumbs",
    "__sentry-breadcrumb2": "event.breadcrumbs",
    "view-hierarchy.json": "event.view_hierarchy",
}
_SUFFIX = re.compile(r"\.(gz|xz|bz2|zst)\Z")


def take(call: Call) -> Taken:
    """Take a minidump, raw or in a multipart form, with the form's other files and fields."""
    call.check_length()
    project_id, auth = call.project(), call.required_auth()
    raw = call.headers.get("content-type", "") in _RAW
    parts = [Part(_FIELD, "Minidump", None, _raw(call))] if raw else read_form(call)
    skipped = [part for part in files_of(parts) if _is_skipped(part)]
    envelope = _envelope_of([part for part in parts if part not in skipped])
    event_id = str(uuid.UUID(envelope.headers["event_id"]))
    reply = text_reply(200, "text/plain; charset=utf-8", event_id.encode())
    lost = [Lost(413, f"too large, and dropped: {part.filename!r}", part.payload) for part in skipped]
    return Taken([envelope], project_id, auth, reply, answers_limits=False, lost=(*lost, *nameless(parts)))


def _raw(call: Call) -> bytes:
    try:
        return call.body(MAX_ATTACHMENT_SIZE)
    except Refusal as refusal:
        if refusal.status == 413:
            raise item_too_large("attachment:minidump") from None
        raise Refusal(400, "invalid request body", (refusal.detail,)) from None


def _is_skipped(part: Part) -> bool:
    # A file beside the minidump that is too long costs itself alone.
    return len(part.payload) > MAX_ATTACHMENT_SIZE and _type_of(part) != "event.minidump"


def _envelope_of(parts: list[Part]) -> RawEnvelope:
    check_sizes(parts)
    files = files_of(parts)
    dump = next((part for part in files if _type_of(part) == "event.minidump"), None)
    if dump is None:
        raise Refusal(400, "missing minidump")
    dump.payload = _decode(dump.payload)
    dump.filename = _SUFFIX.sub("", dump.filename or "")
    dump.content_type = "application/x-dmp"
    attachments = [attachment_item(part, _type_of(part)) for part in files]
    event = {"platform": "native", "level": "fatal", **crash_event(attachments, fields_of(parts))}
    payload = json.dumps(event, separators=(",", ":")).encode()
    item = RawItem({"type": "event", "content_type": "application/json", "length": len(payload)}, payload)
    return RawEnvelope({"event_id": event["event_id"]}, (item, *attachments, *form_data(parts)))


def _decode(payload: bytes) -> bytes:
    """Return the minidump in *payload*: Electron may wrap it in a form again, and uploaders compress it."""
    first_line = payload[:1024].lstrip(b"\r\n").splitlines()[:1]
    if first_line and len(first_line[0]) > 2 and first_line[0].startswith(b"--"):
        embedded = [part for part in read_parts(payload, first_line[0][2:]) if part.name == _FIELD]
        payload = embedded[0].payload if embedded else payload
    try:
        payload = decode_container(payload, MAX_ATTACHMENT_SIZE)
    except TooLongError:
        raise item_too_large("attachment:minidump") from None
    except BrokenContainerError as error:
        raise Refusal(400, "invalid compression format", (str(error),)) from None
    if not payload.startswith(_MAGIC):
        raise Refusal(400, "invalid minidump")
    return payload


def _type_of(part: Part) -> str:
    filename = part.filename or ""
    if filename.endswith(".nv-gpudmp"):
        return "event.nv_gpudmp"
    if filename.endswith(".nvdbg"):
        return "event.nv_shader_debug"
    return _TYPES.get(part.name or "", "event.attachment")
