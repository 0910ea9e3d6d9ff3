"""One request at its endpoint, and what the endpoint took from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.store import Uploads
from pytest_sentryintegration.wire.auth import Auth, check_public_key, missing_auth, read_auth
from pytest_sentryintegration.wire.dsn import is_project_id, plain_project_id
from pytest_sentryintegration.wire.encodings import decode_body
from pytest_sentryintegration.wire.envelope import RawEnvelope
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.wire.uploads import parse_length

__all__ = ["Call", "Lost", "Taken"]


_MIME = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9a-z-]+)/([!#$&'*.^_`|~0-9a-z+-]+)\s*(;.*)?", re.IGNORECASE | re.DOTALL
)


@dataclass(slots=True)
class Call:
    """One request at its endpoint. Endpoints read it and change nothing of it."""

    request: Request
    arguments: Mapping[str, str]
    """The variable parts of the path: ``project_id``, ``sentry_key``, ``slug``, ``event_id``."""
    limit: int
    """How many bytes the decoded body may have."""
    strict: bool = False
    """Whether keys that Sentry would refuse are refused."""
    uploads: Uploads = field(default_factory=Uploads)
    """The uploads that are not complete yet."""
    decoded: bytes | Refusal | None = None
    """The body, once it was asked for, or why there is none: a bomb must not be decoded twice."""
    headers: dict[str, str] = field(init=False)
    """The first of each name."""

    def __post_init__(self) -> None:
        self.headers = dict(reversed(self.request.headers))

    @property
    def query(self) -> str:
        """The query string, undecoded."""
        return self.request.target.partition("?")[2]

    def check_length(self) -> None:
        """Raise the `Refusal` (413) of a body that is announced longer than `limit`.

        For the endpoints at which Relay looks at that before anything else (``RequestBodyLimitLayer``). What
        is encoded has no length that counts.
        """
        length = parse_length(self.headers.get("content-length", ""))
        if length is not None and length > self.limit and not self.headers.get("content-encoding"):
            raise Refusal(413, "length limit exceeded", text=True)

    def body(self, limit: int | None = None) -> bytes:
        """Return the decoded body.

        Args:
            limit: How many bytes it may have, where that is less than `limit`; counts at the first call.

        Raises:
            Refusal: It is broken or too long.
        """
        if self.decoded is None:
            encoding = self.headers.get("content-encoding")
            try:
                self.decoded = decode_body(self.request.body, encoding, limit or self.limit)
            except Refusal as refusal:
                self.decoded = refusal
        if isinstance(self.decoded, Refusal):
            raise self.decoded
        return self.decoded

    def project(self) -> str:
        """Return the project id of the path, as a plain number.

        Raises:
            Refusal: 400, it is no number that 64 bits hold.
        """
        text = self.arguments["project_id"]
        if not is_project_id(text):
            cause = "Invalid URL: invalid value for project id"
            raise Refusal(400, "bad project path parameter", (cause,), note=f"got {text[:80]!r}")
        return _known_project_id(text) if len(text) <= 32 else plain_project_id(text)

    def media_type(self) -> str:
        """Return the media type of the content type, in lower case, without parameters.

        Raises:
            Refusal: 400, it has none.
        """
        match = _MIME.fullmatch(self.headers.get("content-type", ""))
        if match is None:
            raise Refusal(400, "mime parse error: a slash (/) was missing between the type and subtype")
        return f"{match[1]}/{match[2]}".lower()

    def auth(self) -> Auth | None:
        """Return the authentication; ``None`` where the request has none.

        Raises:
            Refusal: 401 or 400, it is malformed or given twice; in strict mode also for a toy key.
        """
        auth = read_auth(self.headers, self.query, self.arguments.get("sentry_key"))
        if auth is not None and self.strict:
            check_public_key(auth.public_key)
        return auth

    def required_auth(self) -> Auth:
        """Return the authentication, for endpoints that always require one.

        Raises:
            Refusal: 401 or 400, it is missing, malformed or given twice.
        """
        auth = self.auth()
        if auth is None:
            raise missing_auth()
        return auth


# A client sends the same id with each request, and every arrival keeps it: one string for all of them.
_known_project_id = lru_cache(maxsize=256)(plain_project_id)


class Lost(NamedTuple):
    """A part of a request that Sentry drops at once."""

    status: int
    reason: str
    payload: bytes


@dataclass(slots=True)
class Taken:
    """What an endpoint took from a request."""

    envelopes: list[RawEnvelope]
    project_id: str
    auth: Auth | None
    reply: Reply
    """The answer when all goes well."""
    answers_limits: bool = True
    """Whether rate limits show in the answer; not for crash reports and check-ins."""
    client: str | None = None
    """The client where the authentication names none."""
    lost: tuple[Lost, ...] = ()
    """What Sentry drops of the request at once: listed as refused, and answered as if kept."""
    counted: RawEnvelope | None = None
    """What rate limits are held against beside the envelopes, and is not kept; limited, nothing is."""
    settle: Callable[[str], Callable[[], None]] | None = None
    """What the request changes once nothing refuses it any more; given the inbox, may raise `Refusal`.

    Returns what takes the change back, for where the request cannot be saved.
    """
