"""Attachments: of events, and those that refer to an upload.

Relay: relay-server/src/processing/{attachments,utils/attachments.rs}.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, fallen, kept
from pytest_sentryintegration.verdict.trace_attachments import judge_trace_attachment
from pytest_sentryintegration.wire import msgpack, strict_json
from pytest_sentryintegration.wire.attachments import (
    attachment_length,
    attachment_type,
    is_span_attachment,
    is_trace_attachment,
)
from pytest_sentryintegration.wire.categories import ATTACHMENT_TYPES, kind_of
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id
from pytest_sentryintegration.wire.form_fields import MAX_PATH_DEPTH, deepest, read_fields
from pytest_sentryintegration.wire.limits import MAX_ENVELOPE_SIZE, MAX_EVENT_SIZE
from pytest_sentryintegration.wire.unreal import ReportError, read_context, read_report, take_event
from pytest_sentryintegration.wire.uploads import Location, LocationError, is_reference

__all__ = ["judge_attachment", "judge_crash_files", "judge_unreal_report"]

_LATE = ("internal", "invalid_transaction", "no_event_payload")
"""Reasons for which an event is dropped once its attachments were looked at."""


def judge_attachment(
    item: RawItem, delivery: Delivery, siblings: Sequence[RawItem], lost: Ruling | None
) -> Ruling:
    """Judge an ``attachment`` item.

    Args:
        item: The attachment.
        delivery: How it came.
        siblings: All items of its envelope.
        lost: The ruling on its event or transaction, where that is dropped.
    """
    kind = attachment_type(item)
    if kind not in ATTACHMENT_TYPES:
        text = (
            f"Sentry knows no attachment_type {kind!r}; the attachment is lost, and Sentry reports no error."
        )
        return dropped("unknown", kind, text, "attachment_type")
    alone = not any(kind_of(other).creates_event for other in siblings)
    # Beside an event, one of the trace is the event's. Relay: the order in processing/relay.rs:99.
    if is_trace_attachment(item) and (alone or is_span_attachment(item)):
        return judge_trace_attachment(item, delivery, siblings)
    refers = is_reference(item.headers.get("content_type"))
    if lost is not None:
        # Relay: validate_attachments, before an event is normalized.
        ruling = _judge_reference(item) if refers and lost.reason in _LATE else lost
        return ruling if ruling is not lost and ruling.outcome == "dropped" else fallen(lost)
    if alone and parse_event_id(delivery.event_id) is None:
        text = "an attachment without an event needs the envelope header event_id; it is lost."
        return dropped("invalid_event_id", delivery.event_id, text, "event_id")
    return _judge_reference(item) if refers else kept((), item.payload)


def judge_crash_files(items: Sequence[RawItem]) -> Ruling | None:
    """Return why a minidump is lost with all that came along: its event cannot be read.

    Relay: ``attachment.rs`` and ``formdata.rs`` in ``processing/errors/errors/utils``.
    """
    attached = [(attachment_type(item), item.payload) for item in items if item.type == "attachment"]
    if not any(kind == "event.minidump" for kind, _ in attached):
        return None
    files = [file for file in attached if file[0] == "event.payload"][:1]
    files += [file for file in attached if file[0] == "event.breadcrumbs"][:2]
    if not files:
        return _judge_form_data(items)
    for kind, payload in files:
        if len(payload) > MAX_EVENT_SIZE:
            reason = f"too_large:{ATTACHMENT_TYPES[kind].label}"
            text = f"the file of the type {kind!r} may have {MAX_EVENT_SIZE:,} bytes; the crash is lost."
            return dropped(reason, len(payload), text)
        try:
            msgpack.read_all(payload) if kind == "event.breadcrumbs" else msgpack.read_one(payload)
        except msgpack.MessagePackError as error:
            text = f"the file of the type {kind!r} is no MessagePack ({error}); the crash is lost."
            return dropped("invalid_msgpack", payload, text)
    return None


def _judge_form_data(items: Sequence[RawItem]) -> Ruling | None:
    fields = next((read_fields(item.payload) for item in items if item.type == "form_data"), [])
    depth = deepest(name for name, _ in fields)
    if depth <= MAX_PATH_DEPTH:
        return None
    text = f"the name of a form field may have {MAX_PATH_DEPTH} keys; the crash is lost, without an error."
    return dropped("nesting_too_deep", depth, text)


def judge_unreal_report(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a crash report of Unreal Engine that was not unpacked. Relay: ``services/processor.rs:164``."""
    try:
        for file in read_report(item.payload, MAX_ENVELOPE_SIZE):
            if file.attachment_type == "unreal.context":
                take_event(read_context(file.content))
            elif file.attachment_type == "event.payload":
                msgpack.read_one(file.content)
    except (ReportError, msgpack.MessagePackError) as error:
        reason = error.reason if isinstance(error, ReportError) else "invalid_msgpack"
        return dropped(reason, item.payload, f"{error}; the crash report is lost, without an error.")
    return kept((), item.payload)


def _judge_reference(item: RawItem) -> Ruling:
    """Judge an attachment that refers to an upload. Relay: ``processing/utils/attachments.rs``."""
    reason = "invalid_placeholder_attachment"
    try:
        sent = strict_json.loads(item.payload)
    except strict_json.StrictJSONError as error:
        text = f"a reference to an upload must be JSON ({error}); the attachment is lost."
        return dropped(reason, item.payload, text)
    location = sent.get("location") if isinstance(sent, dict) else None
    try:
        parsed = Location.parse(location if isinstance(location, str) else "")
    except LocationError as error:
        text = f"this is no location of an upload ({error}); the attachment is lost."
        return dropped(reason, location, text, "location")
    if parsed.upload_id is not None or parsed.length is None:
        text = "only a complete upload can be referred to; the attachment is lost."
        return dropped(reason, location, text, "location")
    if not parsed.is_valid:
        text = "Sentry did not give out this location; the attachment is lost."
        return dropped(reason, location, text, "location")
    length = attachment_length(item)
    if length != parsed.length:
        text = f"attachment_length must be that of the upload, {parsed.length}; the attachment is lost."
        return dropped(reason, length, text, "attachment_length")
    return kept((), sent)
