"""Which request or message a transaction serves, where nothing that was propagated says so."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pytest_sentryintegration.model.linking import Forest
from pytest_sentryintegration.model.propagated import request_headers
from pytest_sentryintegration.model.reading import mapping, text
from pytest_sentryintegration.model.records import Record

__all__ = ["Calls", "message_of"]

_REQUEST: Final = re.compile(r"(?:(?<![A-Z])([A-Z]+) )?(https?://\S+)")


class Calls:
    """The spans of *forest* that called another service and have nothing below them."""

    def __init__(self, forest: Forest) -> None:
        self._requests: list[Record] = []
        self._messages: dict[str, Record] = {}
        for record in forest.delivered():
            if record.children:
                continue
            if record.op == "http.client":
                self._requests.append(record)
            elif (message := message_of(record)) and _may_have_sent(record):
                self._messages[message] = record

    def served_by(self, root: Record) -> Record | None:
        """Return the call that *root* serves, where that is certain.

        A message is known by its id. A request is known by its method and address, where one alone of that
        address ran when *root* began, by clocks that agree.
        """
        # Celery's tasks have it in a span of their own, the root's child.
        processing = (child for child in root.children or () if child.op == "queue.process")
        for record in (root, *processing) if self._messages else ():
            message = message_of(record)
            if message in self._messages:
                return self._messages[message]
        if root.op != "http.server" or not self._requests:
            return None
        served = _served(root)
        found = [
            sent for sent in self._requests if _began_within(root, sent) and _is_of(_called(sent), served)
        ]
        return found[0] if len(found) == 1 else None


def message_of(record: Record) -> str | None:
    """Return the id of the message that a span sends or processes."""
    data = record.data
    # The second is the older name in OpenTelemetry's conventions.
    return text(data.get("messaging.message.id")) or text(data.get("messaging.message_id"))


def _may_have_sent(record: Record) -> bool:
    """Whether a span may have sent its message, and has not got it, as several may get the same one."""
    data, kind = record.data, _kind(record)
    # The second is the older name in OpenTelemetry's conventions.
    operation = data.get("messaging.operation.type") or data.get("messaging.operation")
    if (
        kind == "consumer"
        or record.op in ("queue.process", "queue.receive", "queue.settle")
        or operation in ("process", "receive", "settle", "deliver")
    ):
        return False
    # OpenTelemetry says it of each span: one that sends a message outside of any other is a segment.
    return not record.is_segment or kind == "producer"


def _kind(record: Record) -> str | None:
    """Return OpenTelemetry's kind of a span, which SDKs for JavaScript have as an attribute."""
    data = record.data
    kind = getattr(record.raw, "kind", None) or text(data.get("sentry.kind")) or text(data.get("otel.kind"))
    return kind and kind.lower()


def _began_within(inner: Record, outer: Record) -> bool:
    """Whether *inner* began while *outer* ran.

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
    host = request_headers(record).get("host")
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
