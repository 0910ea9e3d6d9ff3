"""Attachments of traces and of spans.

Relay: relay-server/src/processing/{trace_attachments,spans/process.rs}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.containers import judge_container, judge_dsc
from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import is_container, meta_length
from pytest_sentryintegration.wire.containers import unpack
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

__all__ = ["judge_trace_attachment"]

_SPAN_ID = re.compile("(?!0{16})[0-9a-fA-F]{16}")


def judge_trace_attachment(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge an attachment of a span or a trace: JSON about it, then its bytes.

    That of a span falls with the span; one whose header ``span_id`` is null belongs to no single span, but
    falls where all spans of the envelope do.
    """
    length = meta_length(item)
    if length is None or length > len(item.payload):
        text = "an attachment of a trace needs the header meta_length, of the JSON before it; it is lost."
        return dropped("invalid_trace_attachment", item.headers.get("meta_length"), text, "meta_length")
    try:
        described = strict_json.loads(item.payload[:length])
    except strict_json.StrictJSONError as error:
        text = f"what describes the attachment is no JSON ({error}); the attachment is lost."
        return dropped("invalid_json", item.payload[:length], text)
    if lost := _lost_with_spans(item.headers, delivery, siblings):
        return lost
    # Relay: processing/trace_attachments/store.rs.
    fields = described if isinstance(described, dict) else {}
    for name, (is_right, needed) in _DESCRIBED.items():
        sent = fields.get(name)
        if not is_right(sent):
            text = f"what describes the attachment needs {needed} as {name!r}; the attachment is lost."
            return dropped("invalid_trace_attachment", sent, text, name)
    return kept((), item.payload[length:])


def _is_moment(value: object) -> bool:
    # What Python's calendar has is what Sentry keeps: the years 1 to 9999.
    moment = seconds(value)
    return moment is not None and -62_135_596_800 <= moment < 253_402_300_800


_DESCRIBED: dict[str, tuple[Callable[[object], object], str]] = {
    "trace_id": (parse_event_id, "a UUID"),
    "attachment_id": (parse_event_id, "a UUID"),
    "timestamp": (_is_moment, "a time"),
    "content_type": (lambda value: isinstance(value, str), "a text"),
}


def _lost_with_spans(
    headers: dict[str, Any], delivery: Delivery, siblings: Sequence[RawItem]
) -> Ruling | None:
    """Return why the attachment is lost because of spans: ``expand`` and what follows in spans/mod.rs:183."""
    span_id = headers.get("span_id")
    named = isinstance(span_id, str) and _SPAN_ID.fullmatch(span_id) is not None
    # Relay: envelope/item.rs:512 (parent_id); with what is no id of a span it is an attachment of the trace.
    if not named and not ("span_id" in headers and span_id is None):
        return None
    dsc = (judge_dsc([], delivery) or (None,))[0]
    own: list[Finding] | None = None
    for other in siblings:
        if other.type != "span":
            continue
        ruling = judge_container(other, delivery, siblings)
        whole = ruling.findings[0] if ruling.outcome == "dropped" and not ruling.findings[0].path else None
        if whole and (whole.rule == "duplicate_item" or (is_container(other) and whole.rule not in _DSC)):
            return _fallen(whole.rule, "the spans of its envelope, which are all dropped")
        if whole and whole.rule in _DSC:
            dsc = whole.rule
        if named and (index := _last(other, str(span_id).lower())) is not None:
            own = _losses(ruling, index, unpack(other).legacy)
    if named and own is None:
        text = "no span of this envelope has this id; the attachment is lost."
        return dropped("invalid_span_attachment", span_id, text, "span_id")
    if dsc:
        return _fallen(dsc, "the spans of its envelope, which are all dropped")
    return _fallen(own[0].rule, "its span, which is dropped") if own else None


_DSC = ("missing_dsc", "invalid_dsc")


def _fallen(reason: str, owner: str) -> Ruling:
    return dropped(reason, None, f"This falls with {owner}: {reason}.")


def _last(item: RawItem, span_id: str) -> int | None:
    """Return where the last span of this id stands; the others are duplicates, which are dropped."""
    container = unpack(item)
    if not container.legacy and not is_container(item):
        return None
    payload = strict_json.loads(item.payload) if container.elements else None
    spans = [payload] if container.legacy else below(payload, "items") or []
    ids = [str(below(span, "span_id")).lower() for span in spans]
    return max((index for index, one in enumerate(ids) if one == span_id), default=None)


def _losses(ruling: Ruling, index: int, legacy: bool) -> list[Finding]:
    """Return the findings for which one span is dropped."""
    at = "" if legacy else f"items.{index}"
    return [
        one
        for one in ruling.findings
        if one.stored is None
        and (legacy or one.path == at or one.path.startswith(f"{at}."))
        and (one.rule == "invalid_span" or not one.path.removeprefix(at).lstrip(".").startswith("attributes"))
    ]
