"""``POST /api/<project>/minidump[/]``: native crashes from Breakpad, Crashpad and Electron.

Relay: ``relay-server/src/endpoints/minidump.rs``. Relay makes the event later, from the form fields; here it
is made at once, so that a test finds an event.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from pytest_sentryintegration.ingest.answers import text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints.form_fields import event_of_fields
from pytest_sentryintegration.wire.encodings import BrokenContainerError, TooLongError, decode_container
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, parse_event_id
from pytest_sentryintegration.wire.limits import MAX_ATTACHMENT_SIZE, MAX_ATTACHMENTS_SIZE, MAX_EVENT_SIZE
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
_PARTS = 1000
_TOO_LARGE = (
    "envelope exceeded size limits for type '%s' (https://develop.sentry.dev/sdk/envelopes/#size-limits)"
)


@dataclass(slots=True)
class _Part:
    name: str | None
    filename: str | None
    content_type: str | None
    payload: bytes


def take(call: Call) -> Taken:
    """Take a minidump, raw or in a multipart form, with the form's other files and fields."""
    project_id, auth = call.project(), call.required_auth()
    content_type = call.headers.get("content-type", "")
    if content_type in _RAW:
        parts = [_Part(_FIELD, "Minidump", None, _body(call, "attachment:minidump"))]
    else:
        parts = _read_parts(_body(call, ""), _boundary(content_type))
    envelope = _envelope_of(parts)
    event_id = str(uuid.UUID(envelope.headers["event_id"]))
    reply = text_reply(200, "text/plain; charset=utf-8", event_id.encode())
    return Taken([envelope], project_id, auth, reply, answers_limits=False)


def _body(call: Call, item: str) -> bytes:
    try:
        return call.body()
    except Refusal as refusal:
        if refusal.status == 413:
            raise _too_large(item) if item else Refusal(413, "request content exceeded size limits") from None
        if refusal.status == 400:
            raise Refusal(400, "invalid multipart data" if not item else "invalid request body") from None
        raise


def _too_large(item: str) -> Refusal:
    return Refusal(413, _TOO_LARGE % item)


def _boundary(content_type: str) -> bytes:
    media_type, options = parse_options_header(content_type)
    if media_type != "multipart/form-data":
        raise _bad_multipart("Content-Type is not multipart/form-data")
    boundary = options.get("boundary", "")
    if not boundary:
        raise _bad_multipart("multipart boundary not found in Content-Type")
    return boundary.encode("latin-1", "replace")


def _bad_multipart(cause: str) -> Refusal:
    return Refusal(400, "invalid multipart data", (cause,))


def _read_parts(body: bytes, boundary: bytes) -> list[_Part]:
    parts: list[_Part] = []
    pieces: list[bytes] = []
    decoder = MultipartDecoder(boundary, max_parts=_PARTS)
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            if isinstance(event, (Field, File)):
                filename = event.filename if isinstance(event, File) else None
                parts.append(_Part(event.name, filename, event.headers.get("content-type"), b""))
                pieces = []
            elif isinstance(event, Data):
                pieces.append(event.data)
                if not event.more_data:
                    parts[-1].payload = b"".join(pieces)
    except ValueError as error:
        raise _bad_multipart(str(error) or "incomplete multipart stream") from None
    except Exception as error:
        # werkzeug's own: too many parts.
        raise _bad_multipart(type(error).__name__) from None
    if isinstance(event, NeedData):
        raise _bad_multipart("incomplete multipart stream")
    return parts


def _envelope_of(parts: list[_Part]) -> RawEnvelope:
    files = [part for part in parts if part.filename is not None]
    fields = [(part.name, part.payload) for part in parts if part.filename is None and part.name is not None]
    _check_sizes(files, fields)
    dump = next((part for part in files if _type_of(part) == "event.minidump"), None)
    if dump is None:
        raise Refusal(400, "missing minidump")
    dump.payload = _decode(dump.payload)
    dump.filename = _SUFFIX.sub("", dump.filename or "")
    dump.content_type = "application/x-dmp"
    event = event_of_fields(fields)
    event_id = parse_event_id(event.get("event_id")) or uuid.uuid4().hex
    event = {"platform": "native", "level": "fatal", **event, "event_id": event_id}
    payload = json.dumps(event, separators=(",", ":")).encode()
    items = [RawItem({"type": "event", "content_type": "application/json", "length": len(payload)}, payload)]
    items += [_attachment(part) for part in files]
    return RawEnvelope({"event_id": event_id}, tuple(items))


def _check_sizes(files: list[_Part], fields: list[tuple[str, bytes]]) -> None:
    for part in files:
        if len(part.payload) > MAX_ATTACHMENT_SIZE:
            cause = f'field "{part.name}" exceeded the size limit: {MAX_ATTACHMENT_SIZE} bytes'
            raise _bad_multipart(cause)
    if sum(len(part.payload) for part in files) > MAX_ATTACHMENTS_SIZE:
        raise Refusal(413, "request content exceeded size limits")
    # Each name and value with the four bytes in which Relay notes its length.
    if sum(len(name.encode()) + len(value) + 8 for name, value in fields) > MAX_EVENT_SIZE:
        raise _too_large("form_data")


def _decode(payload: bytes) -> bytes:
    """Return the minidump in *payload*: Electron may wrap it in a form again, and uploaders compress it."""
    first_line = payload[:1024].lstrip(b"\r\n").splitlines()[:1]
    if first_line and len(first_line[0]) > 2 and first_line[0].startswith(b"--"):
        embedded = [part for part in _read_parts(payload, first_line[0][2:]) if part.name == _FIELD]
        payload = embedded[0].payload if embedded else payload
    try:
        payload = decode_container(payload, MAX_ATTACHMENT_SIZE)
    except TooLongError:
        raise _too_large("attachment:minidump") from None
    except BrokenContainerError as error:
        raise Refusal(400, "invalid compression format", (str(error),)) from None
    if not payload.startswith(_MAGIC):
        raise Refusal(400, "invalid minidump")
    return payload


def _type_of(part: _Part) -> str:
    filename = part.filename or ""
    if filename.endswith(".nv-gpudmp"):
        return "event.nv_gpudmp"
    if filename.endswith(".nvdbg"):
        return "event.nv_shader_debug"
    return _TYPES.get(part.name or "", "event.attachment")


def _attachment(part: _Part) -> RawItem:
    headers: dict[str, Any] = {
        "type": "attachment",
        "attachment_type": _type_of(part),
        "filename": part.filename,
        "length": len(part.payload),
    }
    if part.content_type is not None:
        headers["content_type"] = part.content_type
    return RawItem(headers, part.payload)
