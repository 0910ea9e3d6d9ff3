"""The table of endpoints: which path leads where, with which methods, and how long its bodies may be.

A path is ``[/<inbox>]/api/...``: the inbox is whatever stands before the first ``/api/``. Relay:
``relay-server/src/endpoints/mod.rs`` for the paths (trailing slashes count except where both spellings are
listed), each endpoint's ``DefaultBodyLimit`` for the sizes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from pytest_sentryintegration.ingest.answers import error_reply, text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints import (
    attachments,
    cron,
    envelope,
    minidump,
    nel,
    otlp,
    security,
    store,
    unreal,
    upload,
    vercel,
)
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.wire.limits import (
    MAX_ATTACHMENTS_SIZE,
    MAX_CONTAINER_SIZE,
    MAX_ENVELOPE_SIZE,
    MAX_EVENT_SIZE,
    MAX_FORWARDED_SIZE,
    MAX_UPLOAD_SIZE,
)
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["ENDPOINTS", "HEALTHCHECK", "NOWHERE", "Endpoint", "Route", "Take", "find_route", "read_path"]

Take = Callable[[Call], Taken]
"""Takes what a request carries, or raises the `Refusal` that Sentry would answer with."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: everything that is known of it before a request comes."""

    name: str
    """What it is called in the store."""
    paths: tuple[str, ...]
    """Without the inbox; ``<name>`` is a variable part, what stands in brackets may be left out."""
    methods: dict[str, Take]
    """What takes its requests, by method."""
    limit: int
    """How many bytes a body may have, before and after decoding."""
    refuse: Callable[[Call, Refusal], Reply] = lambda call, refusal: error_reply(refusal)
    """Makes its answer to a refused request."""


def _healthy(call: Call) -> Taken:
    return Taken([], "0", None, text_reply(200, "application/json", b'{"is_healthy":true}'))


def _otlp(signal: str, take: Take) -> Endpoint:
    path = f"/api/<project_id>/integration/otlp/v1/{signal}[/]"
    return Endpoint("otlp", (path,), {"POST": take}, MAX_CONTAINER_SIZE, otlp.refuse)


def _upload(key: str, method: str, take: Take) -> Endpoint:
    path = f"/api/<project_id>/upload/{key}"
    return Endpoint("upload", (path,), {method: take}, MAX_UPLOAD_SIZE, upload.refuse)


HEALTHCHECK = Endpoint(
    "healthcheck",
    ("/api/relay/healthcheck/live/", "/api/relay/healthcheck/ready/", "/api/0/relays/live/"),
    {"GET": _healthy, "HEAD": _healthy},
    MAX_FORWARDED_SIZE,
)
NOWHERE = Endpoint("", (), {}, MAX_FORWARDED_SIZE)
"""Stands for the endpoint of a path that has none."""
ENDPOINTS = (
    Endpoint("envelope", ("/api/<project_id>/envelope/",), {"POST": envelope.take}, MAX_ENVELOPE_SIZE),
    Endpoint("stream", ("/stream[/]",), {"POST": envelope.take_stream}, MAX_ENVELOPE_SIZE),
    Endpoint(
        "store",
        ("/api/[<project_id>/]store/",),
        {"POST": store.take, "GET": store.take_get, "HEAD": store.take_get},
        MAX_EVENT_SIZE,
    ),
    Endpoint(
        "security",
        ("/api/<project_id>/security/", "/api/<project_id>/csp-report/"),
        {"POST": security.take},
        MAX_EVENT_SIZE,
    ),
    Endpoint(
        "cron",
        ("/api/<project_id>/cron/<slug>[/<sentry_key>][/]",),
        dict.fromkeys(("GET", "HEAD", "POST"), cron.take),
        MAX_EVENT_SIZE,
    ),
    Endpoint(
        "minidump",
        ("/api/<project_id>/minidump[/]",),
        {"POST": minidump.take},
        MAX_UPLOAD_SIZE + MAX_ATTACHMENTS_SIZE,
    ),
    Endpoint(
        "attachments",
        ("/api/<project_id>/events/<event_id>/attachments/",),
        {"POST": attachments.take},
        MAX_ATTACHMENTS_SIZE,
    ),
    Endpoint(
        "unreal", ("/api/<project_id>/unreal/<sentry_key>/",), {"POST": unreal.take}, MAX_ATTACHMENTS_SIZE
    ),
    _upload("", "POST", upload.create),
    _upload("<key>/", "PATCH", upload.append),
    Endpoint("nel", ("/api/<project_id>/nel/",), {"POST": nel.take}, MAX_CONTAINER_SIZE),
    Endpoint(
        "vercel", ("/api/<project_id>/integration/vercel/logs[/]",), {"POST": vercel.take}, MAX_CONTAINER_SIZE
    ),
    _otlp("traces", otlp.take_traces),
    _otlp("logs", otlp.take_logs),
    HEALTHCHECK,
)


def _compiled(path: str) -> re.Pattern[str]:
    pattern = re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path.replace("[", "(?:").replace("]", ")?"))
    return re.compile(pattern)


_PATTERNS = [(_compiled(path), endpoint) for endpoint in ENDPOINTS for path in endpoint.paths]
_INBOX = re.compile(r"(?:/(?P<inbox>.+?))??(?P<path>/api/.*|/stream/?)", re.DOTALL)
_SLASHES = re.compile("/{2,}")


@dataclass(frozen=True, slots=True)
class Route:
    """What the path of a request says."""

    path: str
    """As Relay reads it, with the inbox."""
    inbox: str | None
    """What stands before ``/api/``; ``None`` where nothing does."""
    endpoint: Endpoint
    """`NOWHERE` for a path that no endpoint has."""
    arguments: dict[str, str]
    """The variable parts of the path: ``project_id``, ``sentry_key``, ``slug``, ``event_id``."""

    @property
    def forwards(self) -> bool:
        """Whether Relay would hand its requests on to Sentry's web API: it has no endpoint for the path."""
        return self.endpoint is NOWHERE and "/api/" in self.path[:-1]

    def take(self, method: str) -> Take:
        """Return what takes requests of that method, in upper case.

        Raises:
            Refusal: 404 for an unknown path, 405 with ``allow`` for a wrong method.
        """
        if self.endpoint is NOWHERE:
            found = find_route(self.path + "/").endpoint is not NOWHERE
            slash = " (a slash is missing at its end)" if found else ""
            raise Refusal(404, "", note=f"no such endpoint: {self.path[:200]}{slash}")
        take = self.endpoint.methods.get(method)
        if take is None:
            allowed = ",".join(sorted(self.endpoint.methods))
            note = f"{method} is not allowed on {self.path[:200]}, only {allowed}"
            raise Refusal(405, "", headers={"allow": allowed}, note=note)
        return take


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


def find_route(target: str) -> Route:
    """Return where a request's target leads, query and all; never raises.

    >>> route = find_route("/inbox-7/api/42/envelope/?sentry_key=public")
    >>> route.inbox, route.endpoint.name, route.arguments
    ('inbox-7', 'envelope', {'project_id': '42'})
    """
    path = target.partition("?")[0]
    return _known_route(path) if len(path) <= 256 else _route(path)


def _route(sent: str) -> Route:
    path = read_path(sent)
    match = _INBOX.fullmatch(path)
    if match is None:
        return Route(path, None, NOWHERE, {})
    for pattern, endpoint in _PATTERNS:
        if found := pattern.fullmatch(match["path"]):
            arguments = {name: value for name, value in found.groupdict().items() if value is not None}
            return Route(path, match["inbox"], endpoint, arguments)
    return Route(path, match["inbox"], NOWHERE, {})


# A client sends to the same path again and again: looking it up is a tenth of what a request costs.
_known_route = lru_cache(maxsize=256)(_route)
