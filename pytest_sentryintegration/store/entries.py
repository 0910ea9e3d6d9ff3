"""One request that came: accepted, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pytest_sentryintegration.wire.envelope import RawEnvelope

__all__ = ["Arrival", "Entry", "Headers", "RefusedRequest", "Tolerated"]

Headers = tuple[tuple[str, str], ...]
"""Headers of an HTTP request, names in lower case."""

Tolerated = Literal["toy_key", "no_authentication", "no_such_endpoint"]
"""What a request may lack that real Sentry requires, and the fake accepts unless it is strict."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One envelope that came; requests to other endpoints are made into envelopes."""

    number: int
    """Its place in the order of arrival, over all inboxes, from 1."""
    inbox: str
    """The inbox that it is in; `STRAYS` for strays."""
    received: datetime
    """When it came: real time, UTC."""
    project_id: str
    """The project of the path (of the DSN where the path names none)."""
    public_key: str
    """The key that it was sent with, ``""`` without one."""
    client: str | None
    """The ``sentry_client`` of its authentication, such as ``sentry.python/2.75.0``."""
    envelope: RawEnvelope
    """Its headers and items, as they were sent."""
    headers: Headers = ()
    """The headers of the HTTP request, names in lower case."""
    endpoint: str = "envelope"
    """Which endpoint took it, by its name in the table of `ingest.routes`: ``envelope``, ``store``, ..."""
    tolerated: Tolerated | None = None
    """What real Sentry would have refused the request for; ``None`` where it accepts it too."""
    test: str = ""
    """The node id of the test whose inbox it is in."""
    query: str = ""
    """The query string of the request, still percent-encoded."""


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """One request that was not accepted, with its answer."""

    number: int
    inbox: str
    received: datetime
    status: int
    reason: str
    method: str
    path: str
    headers: Headers
    body: bytes
    fault: bool = False
    """Whether a fault that the test set refused it, which real Sentry would have accepted."""


Entry = Arrival | RefusedRequest
