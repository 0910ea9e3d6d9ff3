"""``/api/<project>/upload/``: large files, sent by the TUS protocol before the envelope that refers to them.

``POST`` creates an upload and is answered with its location; ``PATCH`` to that location sends its bytes, in
pieces or at once. Relay: ``relay-server/src/endpoints/upload.rs`` and ``utils/tus.rs``. Its project option
for uploads in pieces counts as switched on here.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pytest_sentryintegration.ingest.answers import OPEN_HEADERS, error_reply, not_saved
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.store import HolderError, UploadError
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import ATTACHMENT_TYPES
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.limits import MAX_UPLOAD_SIZE
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.wire.uploads import REFERENCE_TYPE, Location, LocationError, parse_length

__all__ = ["append", "create", "refuse"]

_VERSION = "1.0.0"
_TYPE = "application/offset+octet-stream"
_RESUMABLE = ("tus-resumable", _VERSION)


def create(call: Call) -> Taken:
    """Begin an upload, and say where its bytes go.

    It counts for rate limits as the attachment that it is to become. Sentry takes no bytes here; where some
    came, they are kept as an item of the type ``upload_part`` without an offset.
    """
    call.check_length()
    project_id, auth = call.project(), call.required_auth()
    headers = call.headers
    _check_version(headers.get("tus-resumable"))
    if "content-type" in headers:
        raise _wrong_type("none", headers["content-type"])
    length, deferred = (_number(headers.get(name)) for name in ("upload-length", "upload-defer-length"))
    if (length is None) == (deferred is None) or deferred not in (None, 1):
        got = f"Upload-Length={_shown(length)}, Upload-Defer-Length={_shown(deferred)}"
        raise Refusal(400, f"expected Upload-Length or Upload-Defer-Length=1, got {got}")
    item = {
        "type": "attachment",
        "attachment_type": _attachment_type(headers.get("upload-metadata")),
        "content_type": REFERENCE_TYPE,
        "attachment_length": 1 if length is None else length,
    }
    if length is not None and length > MAX_UPLOAD_SIZE:
        raise Refusal(413, "", note=f"an upload of {length} bytes, at most {MAX_UPLOAD_SIZE}")
    path = f"{call.request.target.partition('?')[0].rstrip('/')}/{uuid.uuid4().hex}/"
    upload_id = uuid.uuid4().hex if length is not None else None
    location = Location(path, length, upload_id).signed()
    body = _passed_over(call)
    part = RawItem({"type": "upload_part", "location": path, "length": len(body)}, body)

    def settle(inbox: str) -> Callable[[], None]:
        if upload_id is not None and length is not None:
            with _refusing():
                call.uploads.start(upload_id, inbox, length)
        return _nothing

    reply = Reply(201, [*OPEN_HEADERS, _RESUMABLE, ("tus-extension", "creation"), ("location", location)])
    sent = [RawEnvelope({}, (part,))] if body else []
    counted = RawEnvelope({}, (RawItem(item, body),))
    return Taken(sent, project_id, auth, reply, counted=counted, settle=settle)


def append(call: Call) -> Taken:
    """Take a piece of an upload, or all of it.

    A complete upload is kept as an item of the type ``upload``; each piece before as an ``upload_part``,
    since nothing more may come.
    """
    call.check_length()
    project_id, auth = call.project(), call.required_auth()
    headers = call.headers
    location = _read_location(call.request.target)
    _check_version(headers.get("tus-resumable"))
    if headers.get("content-type") != _TYPE:
        raise _wrong_type(_TYPE, headers.get("content-type", ""))
    offset = _number(headers.get("upload-offset"))
    if offset is None:
        raise Refusal(400, "expected Upload-Offset >= 0")
    expected = location.length
    if location.upload_id is not None:
        if expected is None:
            raise _bad_upload("invalid input: expected both or neither of upload_length and upload_id")
        expected = _expected(location, offset, _number(headers.get("x-decoded-content-length")))
    chunk = call.body()
    if not location.is_valid:
        raise _bad_upload("invalid signature: invalid signature", "invalid signature")
    _check_length(len(chunk), *((expected, expected) if expected is not None else (1, MAX_UPLOAD_SIZE)))
    upload_id = location.upload_id
    if upload_id is None:
        offset = 0
    with _refusing():
        payload = chunk if upload_id is None else call.uploads.joined(upload_id, offset, chunk)

    def settle(inbox: str) -> Callable[[], None]:
        with _refusing():
            return _nothing if upload_id is None else call.uploads.append(upload_id, offset, chunk)

    if payload is None:
        part = {"type": "upload_part", "location": location.path, "offset": offset, "length": len(chunk)}
        item = RawItem(part, chunk)
    else:
        # Relay: services/upload.rs; of an upload whose length was left open, the key comes with the bytes.
        path = location.path if location.length is not None else _renewed(location.path)
        location = replace(location, path=path, length=len(payload), upload_id=None)
        item = RawItem({"type": "upload", "location": path, "length": len(payload)}, payload)
    reply = _appended(location, offset + len(chunk))
    return Taken([RawEnvelope({}, (item,))], project_id, auth, reply, settle=settle)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except UploadError as error:
        raise Refusal(409 if error.known else 404, f"upload error: {error}", (str(error),)) from None
    except HolderError as error:
        raise not_saved(error) from None


def _nothing() -> None:
    """Take back nothing: an upload that was begun is forgotten where no bytes of it come."""


def _passed_over(call: Call) -> bytes:
    """Return the body of a request that should have none, decoded where that is possible."""
    try:
        return call.body()
    except Refusal:
        return call.request.body


def _renewed(path: str) -> str:
    """Return the path of an upload with another key."""
    return f"{path.rstrip('/').rpartition('/')[0]}/{uuid.uuid4().hex}/"


def _appended(location: Location, offset: int) -> Reply:
    headers = [("upload-offset", str(offset)), ("location", location.signed())]
    return Reply(204, [*OPEN_HEADERS, _RESUMABLE, *headers])


def refuse(call: Call, refusal: Refusal) -> Reply:
    """Return the answer to a refused request, which names the version of the protocol too."""
    reply = error_reply(refusal)
    reply.headers.append(_RESUMABLE)
    return reply


def _check_version(version: str | None) -> None:
    if version != _VERSION:
        detail = f"expected Tus-Resumable: {_VERSION}, got: {version if version is not None else '(missing)'}"
        raise Refusal(412, detail, headers={"tus-version": _VERSION})


def _wrong_type(expected: str, received: str) -> Refusal:
    return Refusal(415, f"expected Content-Type: {expected}, got: {received}")


def _number(text: str | None) -> int | None:
    return parse_length((text or "").removeprefix("+"))


def _shown(number: int | None) -> str:
    return "None" if number is None else f"Some({number})"


def _attachment_type(metadata: str | None) -> str:
    """Return what the upload is to become, as the entry ``sentry`` of the metadata says."""
    default = "event.attachment"
    entries = (entry.partition(" ") for entry in (metadata or "").split(","))
    encoded = next((value for key, space, value in entries if space and key == "sentry"), None)
    if encoded is None:
        return default
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, f"invalid base64 in `sentry` Upload-Metadata value: {error}") from None
    try:
        sent = strict_json.loads(decoded)
        if not isinstance(sent, dict):
            raise TypeError("invalid type, expected struct Metadata")
        attachment_type = sent.get("attachment_type", default)
        if not isinstance(attachment_type, str) or attachment_type not in ATTACHMENT_TYPES:
            raise TypeError("invalid value, expected an attachment type")
    except (strict_json.StrictJSONError, TypeError) as error:
        raise Refusal(400, f"invalid `sentry` Upload-Metadata payload: {error}") from None
    return attachment_type


def _read_location(target: str) -> Location:
    try:
        return Location.parse(target)
    except LocationError as error:
        raise Refusal(400, f"Failed to deserialize query string: {error}", text=True) from None


def _expected(location: Location, offset: int, announced: int | None) -> int:
    """Return how many bytes a piece has to have."""
    if announced is None:
        raise Refusal(400, "Missing X-Decoded-Content-Length header")
    length = location.length or 0
    if offset > length:
        raise Refusal(409, f"Invalid Upload-Offset {offset} for Upload-Length {length}")
    if announced > length - offset:
        remaining = f"the remaining {length - offset} bytes"
        raise Refusal(400, f"Chunk of {announced} bytes exceeds {remaining}")
    return announced


def _check_length(received: int, lower: int, upper: int) -> None:
    if received > upper:
        raise _bad_upload(f"stream exceeded upper bound: received {received} > {upper}")
    if received < lower:
        raise _bad_upload(f"stream shorter than lower bound: received {received} < {lower}")


def _bad_upload(*causes: str) -> Refusal:
    return Refusal(400, f"upload error: {causes[0]}", causes)
