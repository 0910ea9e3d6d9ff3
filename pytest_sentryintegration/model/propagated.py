"""What the headers of a request propagate of a trace, where the SDK records them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from pytest_sentryintegration.model.reading import mapping
from pytest_sentryintegration.model.records import Record

__all__ = [
    "FILTERED",
    "SentryTrace",
    "records_headers",
    "request_headers",
    "sentry_items",
    "sentry_traces",
    "traceparent",
]

FILTERED: Final = "[Filtered]"
"""What SDKs send in place of a header that they were told not to send."""

_SENTRY_TRACE: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})(?:-([01])?)?")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
_FLAGS: Final = {"1": "true", "0": "false", None: None}
_HEADER: Final = "http.request.header."


class SentryTrace(NamedTuple):
    """One value of the header ``sentry-trace``."""

    trace_id: str
    span_id: str
    sampled: str | None
    """``true``, ``false``, or ``None`` where the caller leaves it open."""
    sent: str
    """The value as it was sent."""


def request_headers(record: Record) -> dict[str, str]:
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


def records_headers(record: Record) -> bool:
    """Return whether a header that is not among those of a request was not sent.

    Sentry's SDKs record all headers or none; OpenTelemetry, whose spans are no JSON, only those that it is
    told to.
    """
    return isinstance(record.raw, dict) and bool(request_headers(record))


def sentry_traces(headers: dict[str, str]) -> list[SentryTrace]:
    """Return the values of ``sentry-trace``: several where it was added several times."""
    parts = [part.strip() for part in headers.get("sentry-trace", "").split(",")]
    found = [(part, _SENTRY_TRACE.fullmatch(part)) for part in parts]
    return [SentryTrace(match[1], match[2], _FLAGS[match[3]], part) for part, match in found if match]


def traceparent(headers: dict[str, str]) -> tuple[str | None, str | None]:
    """Return trace id and sampling decision (``true`` or ``false``) of the header ``traceparent``."""
    found = _TRACEPARENT.fullmatch(headers.get("traceparent", "").strip())
    return (found[1], str(bool(int(found[2], 16) & 1)).lower()) if found else (None, None)


def sentry_items(headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield Sentry's own items of the header ``baggage``, without their prefix."""
    for part in headers.get("baggage", "").split(","):
        name, found, value = part.strip().partition("=")
        if found and name.startswith("sentry-"):
            yield name[len("sentry-") :], unquote(value)
