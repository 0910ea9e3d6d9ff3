"""Where a trace is not continuous: each hop from one transaction to the next, judged by what was sent.

The evidence of a hop is the trace header of the envelopes on both sides (Sentry's dynamic sampling context,
which every service hands on as it got it), the request's headers where the SDK records them, ids and sampling
flags. What is not known is not held against anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pytest_sentryintegration.model.calls import Calls
from pytest_sentryintegration.model.events import Event
from pytest_sentryintegration.model.linking import Forest
from pytest_sentryintegration.model.propagated import (
    FILTERED,
    records_headers,
    request_headers,
    sentry_items,
    sentry_traces,
    traceparent,
)
from pytest_sentryintegration.model.reading import mapping, text
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.services import service_of
from pytest_sentryintegration.model.spans import Span, span_of

__all__ = ["Break", "breaks_of"]

Kind = Literal[
    "second_root",
    "several_headers",
    "headers_disagree",
    "baggage_lost",
    "changed",
    "not_continued",
    "unsampled",
    "unanswered",
]

_SAME: Final = ("sampled", "sample_rand", "public_key", "release")
"""What a trace header hands on unchanged from the service in which the trace began, and continuity needs."""
_FETCHED: Final = "auto.http.browser"
"""The origin of what `fetch` and `XMLHttpRequest` of a page have asked for."""


@dataclass(frozen=True)
class Break:
    """One place where a trace is not continuous.

    >>> for name in ("checkout", "pay"):
    ...     with start_transaction(name=name, op="task", trace_id="0af7651916cd43dd8448eb211c80319c"):
    ...         pass
    >>> [(broken.kind, broken.callee.description) for broken in sentry_events.traces.find().breaks()]
    [('second_root', 'pay')]
    """

    kind: Kind
    """What kind of break it is: ``baggage_lost``, ``second_root``, ... (docs/traces.md has all of them)."""
    caller: Span | None
    """The span that called; of a second root, the first. ``None`` where that has not come."""
    callee: Span | None
    """The first span after the hop; ``None`` where only `event` was sent, or nothing."""
    differences: tuple[tuple[str, str | None, str | None], ...] = ()
    """What differs: its name, how it was before the hop (or in ``sentry-trace``), how it was after.

    Where the callee got a ``sentry-trace`` that does not name the caller's trace, that value, as it was sent.
    """
    event: Event | None = None
    """What was sent in a span that has not come."""
    by_test: bool = False
    """Whether the test has called, with the headers of a trace of its own."""
    has_headers: bool | None = False
    """Whether the callee got the header ``sentry-trace`` and began a new trace all the same.

    ``None`` where no SDK has recorded which headers the request carried.
    """


def breaks_of(forest: Forest, events: Iterable[Event]) -> list[Break]:
    """Return where the trace of *forest* is not continuous; empty where it is, as far as is known.

    Args:
        forest: The trace.
        events: The events that happened in it.
    """
    segments = [record for record in forest.delivered() if record.is_segment]
    # What the test called by headers of its own is below the test, and a root here.
    called = [root for root in forest.roots if root.parent_span_id is not None]
    heads = [*called[:1], *(root for root in forest.roots if root.parent_span_id is None)]
    further = [root for root in heads[1:] if not _is_of_one_page(heads[0], root)]
    found = [Break("second_root", _span(heads[0]), _span(root)) for root in further]
    for segment in segments:
        broken = _headers_break(segment) or _hop_break(forest, segment)
        if broken is not None:
            found.append(replace(broken, by_test=segment.parent_span_id in forest.given))
    return [*found, *_not_continued(forest), *_unsampled(forest, events), *_unanswered(forest)]


def _is_of_one_page(first: Record, other: Record) -> bool:
    """Whether two roots are of one page, where all is one trace until the next navigation.

    The same holds for other programs in JavaScript: what happens outside of requests has the trace of its
    scope. A request that a server answers has the trace of its caller.
    """
    name = text(first.sdk.get("name")) or ""
    return (
        name.startswith("sentry.javascript.")
        and "http.server" not in (first.op, other.op)
        and (name, first.release) == (other.sdk.get("name"), other.release)
        and service_of(first) == service_of(other)
    )


def _headers_break(segment: Record) -> Break | None:
    """Return where the headers of a request disagree with each other."""
    headers = request_headers(segment)
    values = sentry_traces(headers)
    caller = _span(segment.parent)
    # The same trace twice is harmless where the service has taken one of them.
    other = next((value.trace_id for value in values if value.trace_id != values[0].trace_id), None)
    if other is not None:
        differs = ("sentry-trace", values[0].trace_id, other)
        return Break("several_headers", caller, _span(segment), (differs,))
    known: dict[str, str] = {}
    for name, value in sentry_items(headers):
        if known.setdefault(name, value) != value:
            return Break("several_headers", caller, _span(segment), ((f"sentry-{name}", known[name], value),))
    if not values:
        return None
    trace_id, flag = values[0].trace_id, values[0].sampled
    parent_id, parent_flag = traceparent(headers)
    pairs = [
        ("trace id of baggage", trace_id, known.get("trace_id")),
        ("sampling decision of baggage", flag, known.get("sampled")),
        ("trace id of traceparent", trace_id, parent_id),
        ("sampling decision of traceparent", flag, parent_flag),
    ]
    disagree = tuple((name, one, other) for name, one, other in pairs if one and other and one != other)
    return Break("headers_disagree", caller, _span(segment), disagree) if disagree else None


def _hop_break(forest: Forest, segment: Record) -> Break | None:
    """Return what the trace header has lost or changed on the way from the caller to *segment*."""
    after = _trace_header(segment)
    if after is None:
        return None
    sent = text(after.get("trace_id"))
    if sent is not None and sent != segment.trace_id:
        return Break(
            "changed", _span(segment.parent), _span(segment), (("trace_id", segment.trace_id, sent),)
        )
    before = _header_above(forest, segment)
    if before is None:
        return None
    if _is_lost(segment, before, after):
        return Break("baggage_lost", _span(segment.parent), _span(segment))
    differs = tuple(
        (name, before.get(name), after.get(name))
        for name in _SAME
        if not _are_same(name, before.get(name), after.get(name))
        # Older SDKs know no sample_rand, and whoever continues their trace adds one.
        and (name == "release" or (name in before and name in after))
    )
    return Break("changed", _span(segment.parent), _span(segment), differs) if differs else None


def _are_same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of trace headers mean the same: some SDKs write ``true`` or a number otherwise.

    A release and a public key are texts: ``1.1`` and ``1.10`` are two releases.
    """
    if one == other or name in ("public_key", "release"):
        return bool(one == other)
    first, second = str(one).lower(), str(other).lower()
    try:
        return first == second or float(first) == float(second)
    except ValueError:
        return False


def _is_lost(segment: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the caller's trace header did not reach *segment*, so that it has none or one of its own."""
    headers = request_headers(segment)
    if "sentry-trace" in headers:
        return headers.get("baggage") != FILTERED and not any(sentry_items(headers))
    if "public_key" in before and "public_key" not in after:
        return True
    own = after.get("transaction")
    return own is not None and own == segment.name and own != before.get("transaction")


def _header_above(forest: Forest, segment: Record) -> Mapping[str, Any] | None:
    """Return the trace header of the nearest service above that has one; OpenTelemetry has none."""
    at = segment.parent
    while at is not None:
        above = forest.segment_of(at)
        header = _trace_header(above or at)
        if header:
            return header
        segment = above or at
        at = above.parent if above is not None else None
    return forest.given.get(segment.parent_span_id or "")


def _not_continued(forest: Forest) -> Iterator[Break]:
    """Yield the hops between this trace and others of the inbox: one should have gone on with the other."""
    others = forest.siblings()
    if not others:
        return
    spans = {record.span_id: record for record in forest.delivered()}
    calls = Calls(forest)
    for other in others:
        for root in other.roots:
            values = sentry_traces(request_headers(root))
            named = next((value for value in values if value.trace_id == forest.trace_id), None)
            if named is not None:
                ends = (_span(spans.get(named.span_id)), _span(root))
                by_test = named.span_id in forest.given
                if len(values) > 1:
                    other_value = next((value for value in values if value != named), named)
                    twice = (("sentry-trace", named.sent, other_value.sent),)
                    yield Break("several_headers", *ends, twice, by_test=by_test)
                else:
                    yield Break("not_continued", *ends, by_test=by_test, has_headers=True)
            elif (sent := calls.served_by(root)) is not None:
                yield _call_not_continued(sent, root)
    roots = forest.roots
    if roots:
        for other in others:
            calls = Calls(other)
            for root in roots:
                sent = calls.served_by(root)
                if sent is not None:
                    yield _call_not_continued(sent, root)


def _call_not_continued(sent: Record, root: Record) -> Break:
    header = request_headers(root).get("sentry-trace")
    ends = (_span(sent), _span(root))
    if header is None:
        return Break("not_continued", *ends, has_headers=False if records_headers(root) else None)
    names_caller = header == FILTERED or any(
        value.trace_id == sent.trace_id for value in sentry_traces({"sentry-trace": header})
    )
    differs = () if names_caller else (("sentry-trace", None, header),)
    return Break("not_continued", *ends, differs, has_headers=True)


def _unsampled(forest: Forest, events: Iterable[Event]) -> Iterator[Break]:
    """Yield what happened in spans that a service called from here has not sent."""
    known: dict[str | None, Record] | None = None
    seen: set[str] = set()
    for event in events:
        trace = mapping(event.contexts.get("trace"))
        span_id, parent = text(trace.get("span_id")), text(trace.get("parent_span_id"))
        if (
            span_id is None
            or parent is None
            or span_id in seen
            or forest.has(span_id)
            or not forest.has(parent)
        ):
            continue
        if known is None:
            known = {record.span_id: record for record in forest.delivered()}
        caller = known.get(parent)
        # A span of the same process that is missing was dropped for another reason, such as ``max_spans``.
        # What is not among those that came is the span that the test gave.
        if caller is None or (caller.op or "").startswith(
            ("http.client", "queue.", "rpc", "grpc", "websocket")
        ):
            seen.add(span_id)
            yield Break("unsampled", _span(caller), None, event=event, by_test=caller is None)


def _unanswered(forest: Forest) -> Iterator[Break]:
    """Yield the requests of a page that failed without an answer, as all do that CORS does not allow."""
    for record in forest.delivered():
        if (
            record.op == "http.client"
            and not record.children
            and record.data.get("sentry.origin") == _FETCHED
            and "http.response.status_code" not in record.data
            and record.status not in ("ok", None)
        ):
            yield Break("unanswered", _span(record), None)


def _trace_header(record: Record) -> dict[str, Any] | None:
    header = record.item.envelope.headers.get("trace")
    return header if isinstance(header, dict) else None


def _span(record: Record | None) -> Any:
    return None if record is None else span_of(record, True)
