"""The headers by which a trace crosses from one process into another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sentryintegration._guard import repaired, shown

SENTRY_TRACE = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})(?:-([01]))?\Z")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?\Z")
BAGGAGE_LIMIT = 8192


class Remote(NamedTuple):
    """Where a trace comes from: the span outside that a new transaction continues."""

    trace_id: str | None = None
    """32 hexadecimal digits; ``None`` for a new trace."""

    parent_span_id: str | None = None
    """16 hexadecimal digits, where there is a parent."""

    sampled: bool | None = None
    """The decision made upstream; ``None`` leaves it to this process."""

    baggage: str | None = None
    """The ``baggage`` header that came along."""


def incoming(headers: object) -> Remote | None:
    """Read the headers of a request, in any case; ``None`` where no trace is in them.

    >>> incoming({"Traceparent": "00-" + "A" * 32 + "-" + "b" * 16 + "-01"}).sampled
    True
    """
    found = _named(headers)
    for name, pattern in (("sentry-trace", SENTRY_TRACE), ("traceparent", TRACEPARENT)):
        value = found.get(name, "").split(",")[0].strip().lower()
        if not value:
            continue
        match = pattern.match(value)
        if match and match[1].strip("0") and match[2].strip("0"):
            flag = match[3]
            sampled = None if flag is None else bool(int(flag, 16) & 1)
            baggage = found.get("baggage", "")
            return Remote(match[1], match[2], sampled, baggage if len(baggage) <= BAGGAGE_LIMIT else None)
        repaired("header %s %s is malformed and is ignored", name, shown(found[name]))
    return None


def outgoing(sentry_trace: str, baggage: str | None) -> dict[str, str]:
    """Return the headers for an outgoing request, W3C's ``traceparent`` among them."""
    headers = {"sentry-trace": sentry_trace}
    if baggage:
        headers["baggage"] = baggage
    trace_id, _, rest = sentry_trace.partition("-")
    span_id, _, flag = rest.partition("-")
    headers["traceparent"] = f"00-{trace_id}-{span_id}-{'01' if flag == '1' else '00'}"
    return headers


def _named(headers: object) -> dict[str, str]:
    wanted: dict[str, str] = {}
    try:
        pairs: Any = headers.items() if isinstance(headers, Mapping) else headers
        for name, value in pairs:
            name = _text(name).lower().replace("_", "-").removeprefix("http-")
            if name in ("sentry-trace", "traceparent", "baggage"):
                wanted.setdefault(name, _text(value))
    except Exception:
        repaired("headers %s could not be read and are ignored", shown(headers))
    return wanted


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""
