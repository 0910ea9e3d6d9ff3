"""Where a trace is not continuous: each hop from one transaction to the next, judged by what was sent.

The evidence of a hop is the trace header of the envelopes on both sides (Sentry's dynamic sampling context,
which every service hands on as it got it), the request's headers where the SDK records them, ids and sampling
flags. What is not known is not held against anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

from pytest_sentryintegration.model.events import Event
from pytest_sentryintegration.model.linking import Forest
from pytest_sentryintegration.model.reading import mapping, text
from pytest_sentryintegration.model.records import Record
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
_SENTRY_TRACE: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})(?:-([01])?)?")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
_REQUEST: Final = re.compile(r"(?:([A-Z]+) )?(https?://\S+)")
_FLAGS: Final = {"1": "true", "0": "false", None: None}
_HEADER: Final = "http.request.header."
_FETCHED: Final = "auto.http.browser"
"""The origin of what `fetch` and `XMLHttpRequest` of a page have asked for."""


@dataclass(frozen=True)
class Break:
    """One place where a trace is not continuous."""

    kind: Kind
    caller: Span | None
    """The span that called; of a second root, the first. ``None`` where that has not come."""
    callee: Span | None
    """The first span after the hop; ``None`` where only `event` was sent, or nothing."""
    differences: tuple[tuple[str, str | None, str | None], ...] = ()
    """What differs: its name, how it was before the hop (or in ``sentry-trace``), how it was after."""
    event: Event | None = None
    """What was sent in a span that has not come."""
    by_test: bool = False
    """Whether the test has called, with the headers of a trace of its own."""
    has_headers: bool = False
    """Whether the callee got the header ``sentry-trace`` and began a new trace all the same."""


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
    found = [Break("second_root", _span(heads[0]), _span(root)) for root in heads[1:]]
    for segment in segments:
        broken = _headers_break(segment) or _hop_break(forest, segment)
        if broken is not None:
            found.append(replace(broken, by_test=segment.parent_span_id in forest.given))
    return [*found, *_not_continued(forest), *_unsampled(forest, events), *_unanswered(forest)]


def _headers_break(segment: Record) -> Break | None:
    """Return where the headers of a request disagree with each other."""
    headers = _request_headers(segment)
    sent = headers.get("sentry-trace", "")
    values = [found for part in sent.split(",") if (found := _SENTRY_TRACE.fullmatch(part.strip()))]
    caller = _span(segment.parent)
    if len({value[1] for value in values}) > 1:
        differs = (("sentry-trace", values[0][1], values[1][1]),)
        return Break("several_headers", caller, _span(segment), differs)
    baggage = list(_sentry_items(headers.get("baggage", "")))
    known: dict[str, str] = {}
    for name, value in baggage:
        if known.setdefault(name, value) != value:
            return Break("several_headers", caller, _span(segment), ((f"sentry-{name}", known[name], value),))
    if not values:
        return None
    trace_id, flag = values[0][1], _FLAGS[values[0][3]]
    parent = _TRACEPARENT.fullmatch(headers.get("traceparent", "").strip())
    pairs = [
        ("trace id of baggage", trace_id, known.get("trace_id")),
        ("sampling decision of baggage", flag, known.get("sampled")),
        ("trace id of traceparent", trace_id, parent and parent[1]),
        ("sampling decision of traceparent", flag, parent and str(bool(int(parent[2], 16) & 1)).lower()),
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
        if before.get(name) != after.get(name)
        # Older SDKs know no sample_rand, and whoever continues their trace adds one.
        and (name == "release" or (name in before and name in after))
    )
    return Break("changed", _span(segment.parent), _span(segment), differs) if differs else None


def _is_lost(segment: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the caller's trace header did not reach *segment*, so that it has none or one of its own."""
    headers = _request_headers(segment)
    if "sentry-trace" in headers:
        return not any(_sentry_items(headers.get("baggage", "")))
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
    requests, messages = _calls(forest)
    for other in others:
        for root in other.roots:
            headers = _request_headers(root)
            named = _SENTRY_TRACE.match(headers.get("sentry-trace", "").strip())
            if named is not None and named[1] == forest.trace_id:
                yield Break("not_continued", _span(spans.get(named[2])), _span(root), has_headers=True)
                continue
            sent = _find_call(root, requests, messages)
            if sent is not None:
                yield Break("not_continued", _span(sent), _span(root))
    roots = forest.roots
    if roots:
        for other in others:
            requests, messages = _calls(other)
            for root in roots:
                sent = _find_call(root, requests, messages)
                if sent is not None:
                    yield Break("not_continued", _span(sent), _span(root))


def _calls(forest: Forest) -> tuple[list[Record], dict[str, Record]]:
    """Return the spans of *forest* that called another service and have nothing below them."""
    requests: list[Record] = []
    messages: dict[str, Record] = {}
    for record in forest.delivered():
        if record.children:
            continue
        if record.op == "http.client":
            requests.append(record)
        elif isinstance(message := record.data.get("messaging.message.id"), str) and not record.is_segment:
            messages[message] = record
    return requests, messages


def _find_call(root: Record, requests: list[Record], messages: dict[str, Record]) -> Record | None:
    """Return the call that *root* serves, where that is certain."""
    message = root.data.get("messaging.message.id")
    if isinstance(message, str) and message in messages:
        return messages[message]
    if root.op != "http.server" or not requests:
        return None
    served = _served(root)
    found = [sent for sent in requests if _is_within(root, sent) and _is_of(_called(sent), served)]
    return found[0] if len(found) == 1 else None


def _is_within(inner: Record, outer: Record) -> bool:
    """Whether *inner* began while *outer* ran, by clocks that agree.

    It may end later: a server records its end after the caller has the answer.
    """
    if None in (inner.start, outer.start, outer.end):
        return False
    return bool(outer.start <= inner.start <= outer.end)  # type: ignore[operator]


Address = tuple[str | None, str, str | None]
"""Method, host with port, and path of a request; what is not known is ``None``."""


def _called(record: Record) -> Address | None:
    data = record.data
    url = next((data[key] for key in ("url.full", "http.url", "url") if isinstance(data.get(key), str)), "")
    method = text(data.get("http.request.method")) or text(data.get("http.method"))
    written = _REQUEST.search(record.description or "")
    if written is not None:
        method = method or written[1]
        url = url if "://" in url else written[2]
    return _address(method, url)


def _served(record: Record) -> Address | None:
    data, request = record.data, mapping(mapping(record.raw if record.contexts else None).get("request"))
    urls = (request.get("url"), data.get("url.full"), data.get("http.url"))
    method = (
        text(request.get("method")) or text(data.get("http.request.method")) or text(data.get("http.method"))
    )
    url = next((url for url in urls if isinstance(url, str)), "")
    if "://" in url:
        return _address(method, url)
    host = _request_headers(record).get("host")
    return (method, host.lower(), None) if host else None


def _address(method: str | None, url: str) -> Address | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return (method, parts.netloc.rpartition("@")[2].lower(), parts.path or "/") if parts.netloc else None


def _is_of(called: Address | None, served: Address | None) -> bool:
    if called is None or served is None:
        return False
    return all(one == other or None in (one, other) for one, other in zip(called, served, strict=True))


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
        caller = known[parent]
        # A span of the same process that is missing was dropped for another reason, such as ``max_spans``.
        if (caller.op or "").startswith(("http.client", "queue.", "rpc", "grpc", "websocket")):
            seen.add(span_id)
            yield Break("unsampled", _span(caller), None, event=event)


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


def _request_headers(record: Record) -> dict[str, str]:
    """Return the headers of the request that a transaction served, by lower-case names, where it has them."""
    if record.contexts:
        sent = mapping(mapping(record.raw.get("request")).get("headers"))
        return {name.lower(): value for name, value in sent.items() if isinstance(value, str)}
    cut = len(_HEADER)
    found = {}
    for name, value in record.data.items():
        if name.startswith(_HEADER):
            # OpenTelemetry has lists here.
            value = ",".join(map(str, value)) if isinstance(value, list) else value
            found[name[cut:].replace("_", "-").lower()] = str(value)
    return found


def _sentry_items(baggage: str) -> Iterator[tuple[str, str]]:
    """Yield Sentry's own items of a baggage header, without their prefix."""
    for part in baggage.split(","):
        name, found, value = part.strip().partition("=")
        if found and name.startswith("sentry-"):
            yield name[len("sentry-") :], unquote(value)


def _span(record: Record | None) -> Any:
    return None if record is None else span_of(record, True)
