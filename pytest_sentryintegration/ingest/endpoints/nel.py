"""``POST /api/<project>/nel/``: what browsers report of failed requests (Network Error Logging).

Relay: ``relay-server/src/endpoints/nel.rs``.
"""

from __future__ import annotations

from pytest_sentryintegration.ingest.answers import empty_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints.integration import take_integration
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["take"]

_TYPES = ("application/json", "application/reports+json")


def take(call: Call) -> Taken:
    """Take an array of reports, unread; rate limits never show in the answer."""
    media_type = call.media_type()
    taken = take_integration(call, "nel", empty_reply(200))
    if media_type not in _TYPES:
        raise Refusal(415, "", note=f"content-type {media_type} is none of {', '.join(_TYPES)}")
    taken.answers_limits = False
    return taken
