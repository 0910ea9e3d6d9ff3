"""Attachments of traces and of spans.

Relay: relay-server/src/processing/{trace_attachments,spans/process.rs}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.containers import judge_container, judge_dsc
from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.elements import in_order, loses
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.attachments import is_span_attachment, meta_length
from pytest_sentryintegration.wire.categories import is_container
from pytest_sentryintegration.wire.containers import unpack
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id
from pytest_sentryintegration.wire.span_ids import is_span_id

__all__ = ["judge_trace_attachment"]


def judge_trace_attachment(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge an attachment of a span or a trace: JSON about it, then its bytes.

    That of a span falls with the span; one whose header ``span_id`` is null belongs to no single span, but
    falls where all spans of the envelope do.
    """
    spans = _spans_of(delivery, siblings) if is_span_attachment(item) else _Spans()
    # Relay: expand in spans/process.rs:25; what is wrong with all spans comes first, their trace last.
    for ruling in spans.rulings.values():
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
    if lost := _lost_with_spans(item, delivery, spans):
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
    return str(span_id).lower() if is_span_id(span_id) else None


@dataclass(slots=True)
class _Spans:
    """The spans of an envelope."""

    rulings: dict[int, Ruling] = field(default_factory=dict)
    """On each item that holds some, by its place."""
    places: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    """The item that holds the last span of an id, and its place in a container; others of it are dropped."""


def _spans_of(delivery: Delivery, siblings: Sequence[RawItem]) -> _Spans:
    """Return the spans of the envelope, which are judged once for all of their attachments.

    Spans of the first version are an item each: one that is no JSON falls alone.
    """
    known: _Spans | None = delivery.known.get("spans")
    if known is not None:
        return known
    spans = _Spans()
    for at, other in enumerate(siblings):
        if other.type == "span" and (is_container(other) or _is_span(other)):
            spans.rulings[at] = judge_container(other, delivery, siblings)
            spans.places |= {span_id: (at, index) for span_id, index in _ids(other)}
    delivery.known["spans"] = spans
    return spans


def _is_span(item: RawItem) -> bool:
    return not any(problem.dropped and not problem.path for problem in unpack(item).problems)


def _lost_with_spans(item: RawItem, delivery: Delivery, spans: _Spans) -> Ruling | None:
    """Return why the attachment is lost with its span, or for the trace of its envelope."""
    if not is_span_attachment(item):
        return None
    dsc = (judge_dsc([], delivery) or (None,))[0]
    for ruling in spans.rulings.values():
        dsc = next((one.rule for one in ruling.findings[:1] if one.rule in _DSC), dsc)
    span_id = _span_id(item)
    place = None if span_id is None else spans.places.get(span_id)
    if span_id is not None and place is None:
        text = "no span of this envelope has this id; the attachment is lost."
        return dropped("invalid_span_attachment", item.headers["span_id"], text, "span_id")
    if dsc:
        return _fallen(dsc, "the spans of its envelope, which are all dropped")
    own = [] if place is None else _losses(spans.rulings[place[0]], place[1])
    return _fallen(own[0].rule, "its span, which is dropped") if own else None


_DSC = ("missing_dsc", "invalid_dsc")


def _fallen(reason: str, owner: str) -> Ruling:
    return dropped(reason, None, f"This falls with {owner}: {reason}.")


def _ids(item: RawItem) -> Iterator[tuple[str, int | None]]:
    """Yield the id of each span of an item, and its place in the container, where it is one."""
    container = unpack(item)
    payload = strict_json.loads(item.payload) if container.elements else None
    if container.legacy:
        yield str(below(payload, "span_id")).lower(), None
    elif is_container(item):
        for index, span in enumerate(below(payload, "items") or []):
            yield str(below(span, "span_id")).lower(), index


def _losses(ruling: Ruling, index: int | None) -> list[Finding]:
    """Return the findings for which one span is dropped, the one that counts first."""
    legacy = index is None
    at = "" if legacy else f"items.{index}"
    of_span = [
        replace(one, path=one.path.removeprefix(at).lstrip("."))
        for one in ruling.findings
        if legacy or one.path == at or one.path.startswith(f"{at}.")
    ]
    return [one for one in in_order("span", of_span) if loses(one)]
