"""Attachments of traces and of spans.

Relay: relay-server/src/processing/{trace_attachments,spans/process.rs}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.containers import in_order, judge_container, judge_dsc, loses
from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import is_container, is_span_attachment, meta_length
from pytest_sentryintegration.wire.containers import unpack
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

__all__ = ["judge_trace_attachment"]

_SPAN_ID = re.compile("(?!0{16})[0-9a-fA-F]{16}")


def judge_trace_attachment(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge an attachment of a span or a trace: JSON about it, then its bytes.

    That of a span falls with the span; one whose header ``span_id`` is null belongs to no single span, but
    falls where all spans of the envelope do.
    """
    spans = _spans_of(item, delivery, siblings)
    # Relay: expand in spans/process.rs:25; what is wrong with all spans comes first, their trace last.
    for ruling in spans.values():
        whole = ruling.findings[0] if ruling.outcome == "dropped" and not ruling.findings[0].path else None
        if whole and whole.rule not in _DSC:
            return _fallen(whole.rule, "the spans of its envelope, which are all dropped")
    length = meta_length(item)
    if length is None or length > len(item.payload):
        text = "an attachment of a trace needs the header meta_length, of the JSON before it; it is lost."
        return dropped("invalid_trace_attachment", item.headers.get("meta_length"), text, "meta_length")
    try:
        described = strict_json.loads(item.payload[:length])
    except strict_json.StrictJSONError as error:
        text = f"what describes the attachment is no JSON ({error}); the attachment is lost."
        return dropped("invalid_json", item.payload[:length], text)
    if lost := _lost_with_spans(item, delivery, siblings, spans):
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


def _span_id(item: RawItem) -> str | None:
    span_id = item.headers.get("span_id")
    named = isinstance(span_id, str) and _SPAN_ID.fullmatch(span_id) is not None
    return str(span_id).lower() if named else None


def _spans_of(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> dict[int, Ruling]:
    """Return the rulings on the span items of the envelope, where the attachment belongs to spans.

    Spans of the first version are an item each: one that is no JSON falls alone.
    """
    return {
        index: judge_container(other, delivery, siblings)
        for index, other in enumerate(siblings if is_span_attachment(item) else ())
        if other.type == "span" and (is_container(other) or _is_span(other))
    }


def _is_span(item: RawItem) -> bool:
    return not any(problem.dropped and not problem.path for problem in unpack(item).problems)


def _lost_with_spans(
    item: RawItem, delivery: Delivery, siblings: Sequence[RawItem], spans: dict[int, Ruling]
) -> Ruling | None:
    """Return why the attachment is lost with its span, or for the trace of its envelope."""
    if not is_span_attachment(item):
        return None
    dsc = (judge_dsc([], delivery) or (None,))[0]
    own: list[Finding] | None = None
    span_id = _span_id(item)
    for at, ruling in spans.items():
        dsc = next((one.rule for one in ruling.findings[:1] if one.rule in _DSC), dsc)
        if span_id is not None and (index := _last(siblings[at], span_id)) is not None:
            own = _losses(ruling, index, not is_container(siblings[at]))
    if span_id is not None and own is None:
        text = "no span of this envelope has this id; the attachment is lost."
        return dropped("invalid_span_attachment", item.headers["span_id"], text, "span_id")
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
    """Return the findings for which one span is dropped, the one that counts first."""
    at = "" if legacy else f"items.{index}"
    of_span = [
        replace(one, path=one.path.removeprefix(at).lstrip("."))
        for one in ruling.findings
        if legacy or one.path == at or one.path.startswith(f"{at}.")
    ]
    return [one for one in in_order("span", of_span) if loses(one)]
