"""The statuses of a span in Sentry's words, and other words and numbers that mean them."""

from __future__ import annotations

import difflib

from sentryintegration._guard import repaired, shown

STATUSES = frozenset(
    {
        "ok",
        "cancelled",
        "unknown",
        "invalid_argument",
        "deadline_exceeded",
        "not_found",
        "already_exists",
        "permission_denied",
        "resource_exhausted",
        "failed_precondition",
        "aborted",
        "out_of_range",
        "unimplemented",
        "internal_error",
        "unavailable",
        "data_loss",
        "unauthenticated",
    }
)
STATUS_ALIASES = {
    "success": "ok",
    "error": "internal_error",
    "failure": "internal_error",
    "failed": "internal_error",
    "canceled": "cancelled",
    "timeout": "deadline_exceeded",
    "unknown_error": "internal_error",
}
HTTP_STATUSES = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    409: "already_exists",
    429: "resource_exhausted",
    499: "cancelled",
    501: "unimplemented",
    503: "unavailable",
    504: "deadline_exceeded",
}


def status(value: object) -> str:
    """Return the span status that *value* means: Sentry's words, near words, and HTTP status codes.

    >>> status("ok"), status("error"), status(404)
    ('ok', 'internal_error', 'not_found')
    """
    if isinstance(value, str):
        name = str.__str__(value).strip().lower()
        name = STATUS_ALIASES.get(name, name)
        if name in STATUSES:
            return name
        if name.isdecimal() and len(name) == 3:
            value = int(name)
    if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        default = "ok" if value < 400 else "invalid_argument" if value < 500 else "internal_error"
        return HTTP_STATUSES.get(value, default)
    near = difflib.get_close_matches(shown(value).strip("'\"").lower(), STATUSES, n=1, cutoff=0.0)
    repaired("unknown status %s, sent as 'unknown'; the nearest one is %r", shown(value), near[0])
    return "unknown"
