"""How the fake answers: headers and bodies that every endpoint shares.

Relay: ``relay-server/src/services/server/mod.rs`` and ``middlewares/cors.rs``.
"""

from __future__ import annotations

from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.store import HolderError
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["OPEN_HEADERS", "empty_reply", "error_reply", "json_reply", "not_saved", "preflight", "text_reply"]

_SERVER = [
    ("server", "sentryintegration"),
    ("cross-origin-resource-policy", "cross-origin"),
]
OPEN_HEADERS = [
    *_SERVER,
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "x-sentry-error,x-sentry-rate-limits,retry-after"),
]
"""Headers of every answer that a browser's script may read."""
_JSON = [*OPEN_HEADERS, ("content-type", "application/json")]
_PREFLIGHT = [
    *_SERVER,
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "POST"),
    (
        "access-control-allow-headers",
        "x-sentry-auth,x-requested-with,x-forwarded-for,origin,referer,accept,content-type,"
        "authentication,authorization,content-encoding,transfer-encoding",
    ),
    ("access-control-max-age", "3600"),
]


def json_reply(event_id: str | None) -> Reply:
    """Return the answer to an accepted envelope: its event id, or ``{}`` where it has none."""
    return Reply(200, _JSON.copy(), b'{"id":"%s"}' % event_id.encode() if event_id else b"{}")


def text_reply(status: int, content_type: str, body: bytes) -> Reply:
    """Return an answer of that content type."""
    return Reply(status, [*OPEN_HEADERS, ("content-type", content_type)], body)


def empty_reply(status: int) -> Reply:
    """Return an answer without a body."""
    return Reply(status, OPEN_HEADERS.copy())


def preflight() -> Reply:
    """Return the answer to a browser's preflight request."""
    return Reply(200, _PREFLIGHT.copy())


def not_saved(error: HolderError) -> Refusal:
    """Return why what cannot be saved is refused: Relay's own status where it cannot take more.

    SDKs count what they drop for it.
    """
    return Refusal(503, "the fake Sentry could not save it", (str(error),))


def error_reply(refusal: Refusal) -> Reply:
    """Return the answer to a refused request.

    Relay refuses an unknown content encoding (recognised here by ``accept-encoding``) before its CORS layer,
    so without CORS headers.
    """
    headers = _SERVER.copy() if "accept-encoding" in refusal.headers else OPEN_HEADERS.copy()
    content_type = refusal.content_type
    if content_type is not None:
        headers.append(("content-type", content_type))
    headers.extend(refusal.headers.items())
    return Reply(refusal.status, headers, refusal.body())
