"""``POST /api/<project>/integration/vercel/logs[/]``: the logs that a log drain of Vercel forwards.

Relay: ``relay-server/src/endpoints/integrations/vercel.rs``.
"""

from __future__ import annotations

from pytest_sentryintegration.ingest.answers import empty_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints.integration import media_type_of, take_integration
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]

_TYPES = ("application/json", "application/x-ndjson")


def take(call: Call) -> Taken:
    """Take logs: a JSON array of them, or one on each line."""
    taken = take_integration(call, "vercel_logs", empty_reply(202))
    content_type = call.headers.get("content-type", "")
    if media_type_of(content_type) not in _TYPES:
        raise Refusal(415, "", note=f"content-type {content_type[:80]!r} is none of {', '.join(_TYPES)}")
    return taken
