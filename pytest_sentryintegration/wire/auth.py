"""The authentication of a request: its public key, and the client that sends it.

Relay: ``relay-server/src/extractors/request_meta.rs``; the key itself is judged by `check_public_key`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from pytest_sentryintegration.wire.dsn import is_public_key
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["PROTOCOL_VERSION", "Auth", "check_public_key", "missing_auth", "read_auth"]

PROTOCOL_VERSION = 7
"""The newest ``sentry_version`` that Sentry knows, and the one that a client without it means."""


@dataclass(frozen=True, slots=True)
class Auth:
    """What a client says of itself."""

    public_key: str
    """The key of its DSN, any text."""
    version: int = PROTOCOL_VERSION
    client: str | None = None
    """Name and version of the SDK, such as ``sentry.python/2.75.0``."""
    source: str = "x-sentry-auth"
    """Where it stood: ``x-sentry-auth``, ``authorization``, ``basic``, ``query``, ``path`` or ``dsn``."""


def read_auth(headers: Mapping[str, str], query: str = "", path_key: str | None = None) -> Auth | None:
    """Return the authentication of a request, or ``None`` where it has none.

    Args:
        headers: HTTP headers, names in lower case.
        query: The query string, undecoded; counts when ``sentry_`` occurs anywhere in it.
        path_key: The key in the path, of the endpoints that have one there.

    Raises:
        Refusal: 401 for two of them or a broken one, 400 for a protocol version that Sentry does not know.

    >>> read_auth({"x-sentry-auth": "Sentry sentry_key=public, sentry_version=7, sentry_client=me/1.0"})
    Auth(public_key='public', version=7, client='me/1.0', source='x-sentry-auth')
    """
    found: list[Auth] = []
    header = headers.get("x-sentry-auth")
    if header is not None and header[:7].lower() == "sentry ":
        found.append(_parse_header(header, "x-sentry-auth"))
    authorization = headers.get("authorization")
    if authorization is not None:
        if authorization[:7].lower() == "sentry ":
            found.append(_parse_header(authorization, "authorization"))
        elif authorization[:6].lower() == "basic ":
            key = _basic_key(authorization[6:])
            if key:
                found.append(Auth(key, source="basic"))
    if "sentry_" in query:
        # The header's own fault counts first, but two of them count before the query's.
        _refuse_second(found)
        found.append(_from_pairs(parse_qsl(query, keep_blank_values=True), "query"))
    if path_key is not None:
        _refuse_second(found)
        found.append(Auth(path_key, source="path"))
    if not found:
        return None
    if len(found) > 1:
        raise _multiple_auth()
    if found[0].version > PROTOCOL_VERSION:
        raise Refusal(400, f"unsupported protocol version ({found[0].version})")
    return found[0]


def missing_auth() -> Refusal:
    """Return the refusal of a request without authentication."""
    return Refusal(401, "missing authorization information")


def check_public_key(key: str) -> None:
    """Raise the `Refusal` (400) of a key that is not 32 ASCII characters."""
    if not is_public_key(key):
        raise Refusal(400, "bad sentry DSN public key", ("invalid project key",))


def _multiple_auth() -> Refusal:
    return Refusal(401, "multiple authorization payloads detected")


def _refuse_second(found: list[Auth]) -> None:
    if found:
        raise _multiple_auth()


def _bad_auth(cause: str) -> Refusal:
    return Refusal(401, "bad x-sentry-auth header", (cause,))


# A client sends the same header with each request.
@lru_cache(maxsize=256)
def _parse_header(header: str, source: str) -> Auth:
    pairs = []
    for part in header[7:].split(","):
        key, equals, value = part.partition("=")
        if equals:
            pairs.append((key.strip(), value.partition("=")[0].strip()))
    return _from_pairs(pairs, source)


def _from_pairs(pairs: Iterable[tuple[str, str]], source: str) -> Auth:
    public_key = ""
    version = PROTOCOL_VERSION
    client: str | None = None
    for key, value in pairs:
        name = key.removeprefix("sentry_")
        if name == "key":
            public_key = value
        elif name == "version":
            digits = value.removeprefix("+")
            if not (digits.isascii() and digits.isdecimal() and len(digits) < 10 and int(digits) < 2**16):
                raise _bad_auth("invalid value for version")
            version = int(digits)
        elif name == "client":
            client = value
    if not public_key:
        raise _bad_auth("missing public key in auth header")
    return Auth(public_key, version, client, source)


def _basic_key(encoded: str) -> str | None:
    try:
        user, colon, _ = base64.b64decode(encoded.encode(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return user if colon else None
