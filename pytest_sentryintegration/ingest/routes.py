"""Which path leads to which endpoint.

A path is ``[/<inbox>]/api/...``: the inbox is whatever stands before the first ``/api/``. Relay:
``relay-server/src/endpoints/mod.rs``; trailing slashes count except where both spellings are listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["HEALTHCHECK", "PREFLIGHT", "Route", "find_route", "inbox_of", "read_path"]

HEALTHCHECK = "healthcheck"
PREFLIGHT = "preflight"

_SLASHES = re.compile("/{2,}")
_INBOX = re.compile(r"(?:/(?P<inbox>.+?))??(?P<path>/api/.*|/stream/?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    endpoint: str
    inbox: str | None
    arguments: dict[str, str]


def _rule(path: str, endpoint: str, *methods: str) -> Rule:
    return Rule(path, endpoint=endpoint, methods=methods)


_PROJECT = "/api/<project_id>"
_ADAPTER = Map(
    [
        _rule(f"{_PROJECT}/envelope/", "envelope", "POST"),
        _rule("/stream", "stream", "POST"),
        _rule("/stream/", "stream", "POST"),
        _rule(f"{_PROJECT}/store/", "store", "POST"),
        _rule(f"{_PROJECT}/store/", "store_get", "GET"),
        _rule("/api/store/", "store", "POST"),
        _rule("/api/store/", "store_get", "GET"),
        _rule(f"{_PROJECT}/security/", "security", "POST"),
        _rule(f"{_PROJECT}/csp-report/", "security", "POST"),
        _rule(f"{_PROJECT}/cron/<slug>", "cron", "GET", "POST"),
        _rule(f"{_PROJECT}/cron/<slug>/", "cron", "GET", "POST"),
        _rule(f"{_PROJECT}/cron/<slug>/<sentry_key>", "cron", "GET", "POST"),
        _rule(f"{_PROJECT}/cron/<slug>/<sentry_key>/", "cron", "GET", "POST"),
        _rule(f"{_PROJECT}/minidump", "minidump", "POST"),
        _rule(f"{_PROJECT}/minidump/", "minidump", "POST"),
        _rule(f"{_PROJECT}/integration/otlp/v1/traces", "otlp_traces", "POST"),
        _rule(f"{_PROJECT}/integration/otlp/v1/traces/", "otlp_traces", "POST"),
        _rule(f"{_PROJECT}/integration/otlp/v1/logs", "otlp_logs", "POST"),
        _rule(f"{_PROJECT}/integration/otlp/v1/logs/", "otlp_logs", "POST"),
        _rule("/api/relay/healthcheck/live/", HEALTHCHECK, "GET"),
        _rule("/api/relay/healthcheck/ready/", HEALTHCHECK, "GET"),
        _rule("/api/0/relays/live/", HEALTHCHECK, "GET"),
    ],
    redirect_defaults=False,
    merge_slashes=False,
).bind("")


def read_path(target: str) -> str:
    """Return the path of a request's target: percent-decoded, doubled slashes made single, as Relay reads it.

    >>> read_path("//inbox%2D7/api/1/envelope/?sentry_key=public")
    '/inbox-7/api/1/envelope/'
    """
    path = target.partition("?")[0]
    if path.startswith(("http://", "https://")):
        path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return unquote(path) if "%" in path else path


def inbox_of(path: str) -> str | None:
    """Return what a path says before ``/api/``, ``None`` where it says nothing."""
    match = _INBOX.fullmatch(path)
    return match["inbox"] if match is not None else None


def find_route(method: str, path: str) -> Route:
    """Return where a request goes; browsers' preflights go to `PREFLIGHT`.

    Args:
        method: Upper case.
        path: Percent-decoded, without doubled slashes.

    Raises:
        Refusal: 404 for an unknown path, 405 with ``allow`` for a wrong method.

    >>> find_route("POST", "/inbox-7/api/42/envelope/")
    Route(endpoint='envelope', inbox='inbox-7', arguments={'project_id': '42'})
    """
    match = _INBOX.fullmatch(path)
    if match is None:
        raise Refusal(404, "", note=f"no such endpoint: {path[:200]}")
    inbox = match["inbox"]
    try:
        endpoint, arguments = _ADAPTER.match(match["path"], method)
    except MethodNotAllowed as error:
        if method == "OPTIONS":
            return Route(PREFLIGHT, inbox, {})
        allowed = ",".join(sorted(error.valid_methods or ()))
        note = f"{method} is not allowed on {path[:200]}, only {allowed}"
        raise Refusal(405, "", headers={"allow": allowed}, note=note) from None
    except RequestRedirect:
        raise Refusal(
            404, "", note=f"no such endpoint: {path[:200]} (a slash is missing at its end)"
        ) from None
    except NotFound:
        raise Refusal(404, "", note=f"no such endpoint: {path[:200]}") from None
    return Route(endpoint, inbox, dict(arguments))
