"""Multipart forms: files that become attachments, and fields beside them.

Relay: ``relay-server/src/utils/multipart.rs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData, State

from pytest_sentryintegration.ingest.call import Call, Lost
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.form_fields import write_fields
from pytest_sentryintegration.wire.limits import MAX_ATTACHMENT_SIZE, MAX_ATTACHMENTS_SIZE, MAX_EVENT_SIZE
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = [
    "Part",
    "attachment_item",
    "check_sizes",
    "fields_of",
    "files_of",
    "form_data",
    "item_too_large",
    "nameless",
    "read_form",
    "read_parts",
]


_PARTS = MAX_EVENT_SIZE // 8
"""So many fields are too long together, even where they are empty; see `check_sizes`."""


@dataclass(slots=True)
class Part:
    """One part of a form: a file where it has a filename, else a field."""

    name: str | None
    filename: str | None
    content_type: str | None
    payload: bytes


def read_form(call: Call) -> list[Part]:
    """Return the parts of a request's form.

    Raises:
        Refusal: 400, the request has no form, or a broken one; 413, it is too long.
    """
    boundary = _boundary(call.headers.get("content-type", ""))
    try:
        body = call.body()
    except Refusal as refusal:
        if refusal.status == 413:
            raise _request_too_large() from None
        raise _bad_multipart(refusal.detail) from None
    return read_parts(body, boundary)


def _boundary(content_type: str) -> bytes:
    media_type, options = parse_options_header(content_type)
    if media_type.lower() != "multipart/form-data":
        raise _bad_multipart("Content-Type is not multipart/form-data")
    boundary = options.get("boundary", "")
    if not boundary:
        raise _bad_multipart("multipart boundary not found in Content-Type")
    return boundary.encode("latin-1", "replace")


def _bad_multipart(cause: str) -> Refusal:
    """Return the refusal (400) of a broken form."""
    return Refusal(400, "invalid multipart data", (cause,))


def _request_too_large() -> Refusal:
    return Refusal(413, "request content exceeded size limits")


def read_parts(body: bytes, boundary: bytes) -> list[Part]:
    """Return the parts of a form.

    Raises:
        Refusal: 400, it is broken; 413, it has more parts than can be taken.
    """
    parts: list[Part] = []
    pieces: list[bytes] = []
    decoder = MultipartDecoder(boundary, max_parts=_PARTS)
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            if isinstance(event, (Field, File)):
                filename = event.filename if isinstance(event, File) else None
                parts.append(Part(event.name, filename, event.headers.get("content-type"), b""))
                pieces = []
            elif isinstance(event, Data):
                pieces.append(event.data)
                if not event.more_data:
                    parts[-1].payload = b"".join(pieces)
    except ValueError as error:
        raise _bad_multipart(_cause(error, decoder.state, parts)) from None
    except RequestEntityTooLarge:
        raise item_too_large("form_data") from None
    if isinstance(event, NeedData):
        raise _bad_multipart("incomplete multipart stream")
    return parts


def _cause(error: ValueError, state: State, parts: list[Part]) -> str:
    """Return what is wrong with a form, in the words of Relay's parser (multer's ``error.rs``)."""
    if "Content-Disposition" in str(error):
        return "a part of the form has no Content-Disposition"
    if state in (State.DATA_START, State.DATA):
        return f"field '{parts[-1].name or '<unknown>'}' received with incomplete data"
    return "failed to read field complete headers" if state is State.PART else "incomplete multipart stream"


def files_of(parts: Iterable[Part]) -> list[Part]:
    """Return the parts that are files."""
    return [part for part in parts if part.filename is not None]


def fields_of(parts: Iterable[Part]) -> list[tuple[str, bytes]]:
    """Return name and value of the parts that are fields."""
    return [(part.name, part.payload) for part in parts if part.filename is None and part.name is not None]


def form_data(parts: Iterable[Part]) -> tuple[RawItem, ...]:
    """Return the item that keeps the fields as they came, where there are any."""
    fields = write_fields(fields_of(parts))
    headers = {"type": "form_data", "content_type": "text/plain", "length": len(fields)}
    return (RawItem(headers, fields),) if fields else ()


def nameless(parts: Iterable[Part]) -> tuple[Lost, ...]:
    """Return the parts that have neither name nor filename, which Sentry passes over."""
    reason = "dropped: a part of the form without name and filename"
    return tuple(Lost(400, reason, part.payload) for part in parts if part.name is part.filename is None)


def check_sizes(parts: Iterable[Part]) -> None:
    """Refuse files and fields that are too long: one file with 400, all of them or the fields with 413."""
    files, fields = files_of(parts), fields_of(parts)
    for part in files:
        if len(part.payload) > MAX_ATTACHMENT_SIZE:
            raise _bad_multipart(f'field "{part.name}" exceeded the size limit: {MAX_ATTACHMENT_SIZE} bytes')
    if sum(len(part.payload) for part in files) > MAX_ATTACHMENTS_SIZE:
        raise _request_too_large()
    # Each name and value with the four bytes in which Relay notes its length.
    if sum(len(name.encode()) + len(value) + 8 for name, value in fields) > MAX_EVENT_SIZE:
        raise item_too_large("form_data")


def item_too_large(label: str) -> Refusal:
    """Return the refusal (413) of an item of the kind *label*, as Relay names it."""
    link = "https://develop.sentry.dev/sdk/envelopes/#size-limits"
    return Refusal(413, f"envelope exceeded size limits for type '{label}' ({link})")


def attachment_item(part: Part, attachment_type: str) -> RawItem:
    """Return the attachment that a file becomes."""
    headers: dict[str, Any] = {
        "type": "attachment",
        "attachment_type": attachment_type,
        "filename": part.filename,
        "length": len(part.payload),
    }
    if part.content_type is not None:
        headers["content_type"] = part.content_type
    return RawItem(headers, part.payload)
