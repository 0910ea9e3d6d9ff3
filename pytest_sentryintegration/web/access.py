"""Who may read: this machine alone, where nothing else is said.

A page of any site may send requests to 127.0.0.1. So a ``Host`` that is no name of this machine is refused
(DNS rebinding), and an ``Origin`` that is not the server's own. Ingest is open to all, as Sentry's is.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from werkzeug.sansio.request import Request

from pytest_sentryintegration.web.asking import RefusedError

__all__ = ["COOKIE", "Access", "is_loopback"]

COOKIE: Final = "sentryintegration_token"
"""The cookie that holds the token, for a browser."""

_SLOWNESS: Final = 0.5
"""Seconds for which a wrong token is thought about; guesses wait for each other."""

_GUESSES: Final = 8
"""Guesses that may wait; further ones are refused unread."""


def is_loopback(name: str) -> bool:
    """Return whether a host name or address is this machine's own, reached by itself alone.

    >>> is_loopback("127.0.0.1"), is_loopback("app.localhost"), is_loopback("::1"), is_loopback("example.com")
    (True, True, True, False)
    """
    name = name.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


@dataclass(frozen=True)
class Access:
    """What reading takes."""

    token: str = ""
    """What a reader must know; ``""`` for nothing."""
    hosts: Collection[str] = ()
    """Further names by which this machine is reached, in lower case; addresses without brackets."""
    origins: Collection[str] = ()
    """Pages of other origins that may read, such as ``http://localhost:5173``."""
    elsewhere: bool = False
    """Whether other machines may read."""
    pause: Callable[[float], None] = time.sleep
    _guessing: threading.Lock = field(default_factory=threading.Lock)
    _guesses: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_GUESSES))

    def check(self, request: Request) -> None:
        """Check that a request may read.

        Raises:
            RefusedError: 403 or 401, with what to do.
        """
        self.check_place(request)
        if self.token:
            self.check_token(self._token(request))

    def check_place(self, request: Request) -> None:
        """Check from where a request comes, and by which name.

        Raises:
            RefusedError: 403, with what to do.
        """
        peer = request.remote_addr or ""
        if not self.elsewhere and not is_loopback(peer):
            raise RefusedError(
                403, f"reading is for this machine alone, and {peer or 'the client'} is another"
            )
        host = request.headers.get("host", "")
        name = _name(host)
        if not is_loopback(name) and name not in self.hosts:
            raise RefusedError(
                403,
                f"the Host {host[:200]!r} is no name of this machine: ask for 127.0.0.1 or localhost, or "
                "start the server with --allow-host NAME",
            )
        origin = request.headers.get("origin")
        if origin is not None and origin not in self.origins and origin not in _own_origins(host):
            raise RefusedError(
                403,
                f"pages of {origin[:200]!r} may not read here: start the server with --allow-origin ORIGIN",
            )
        # An image or a script of another page has no Origin; a link that a person follows is no harm.
        site = request.headers.get("sec-fetch-site", "none")
        navigated = request.headers.get("sec-fetch-mode") == "navigate" and request.method == "GET"
        if origin is None and site in ("cross-site", "same-site") and not navigated:
            raise RefusedError(403, "a page of another origin may not load this: open it in a tab of its own")

    def shared_with(self, request: Request) -> list[tuple[str, str]]:
        """Return the headers by which a page of an allowed origin may read an answer."""
        origin = request.headers.get("origin")
        if origin is None or origin not in self.origins:
            return [("vary", "origin")] if self.origins else []
        return [
            ("vary", "origin"),
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", "GET, POST, PUT, DELETE"),
            ("access-control-allow-headers", "authorization, content-type, last-event-id"),
        ]

    def check_token(self, given: str) -> None:
        """Check a token.

        Raises:
            RefusedError: 401, it is missing or wrong; 429, too many are guessing.
        """
        cure = "send 'Authorization: Bearer TOKEN' with the token that the server printed when it started"
        if not given:
            raise RefusedError(401, f"reading needs a token: {cure}", www_authenticate="Bearer")
        if hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode()):
            return
        if not self._guesses.acquire(blocking=False):
            raise RefusedError(429, "too many wrong tokens at once: try again later", retry_after="5")
        try:
            with self._guessing:
                self.pause(_SLOWNESS)
        finally:
            self._guesses.release()
        raise RefusedError(401, f"the token is wrong: {cure}", www_authenticate="Bearer")

    def _token(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return given.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")


def _name(host: str) -> str:
    """Return the name or address in a ``Host`` header, without its port; ``""`` where it is none."""
    found = _HOST.fullmatch(host)
    return "" if found is None else (found[1] or found[2]).rstrip(".").lower()


_HOST: Final = re.compile(r"(?:\[([^]]+)\]|([^:]*))(?::\d*)?", re.ASCII)


def _own_origins(host: str) -> tuple[str, str]:
    # https: a proxy may stand before the server.
    return f"http://{host}", f"https://{host}"
