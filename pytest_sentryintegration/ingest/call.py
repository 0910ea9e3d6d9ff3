"""One request on its way through an endpoint, and what the endpoint took from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from pytest_sentryintegration.ingest.answers import error_reply
from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.wire.auth import Auth, check_public_key, missing_auth, read_auth
from pytest_sentryintegration.wire.dsn import is_project_id, is_public_key, plain_project_id
from pytest_sentryintegration.wire.encodings import decode_body
from pytest_sentryintegration.wire.envelope import RawEnvelope
from pytest_sentryintegration.wire.limits import MAX_ENVELOPE_SIZE
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["Call", "Taken"]


@dataclass(slots=True)
class Call:
    """One request at its endpoint."""

    request: Request
    headers: dict[str, str] = field(init=False)
    """The first of each name."""
    query: str = ""
    """Undecoded."""
    inbox: str | None = None
    """What the path says before ``/api/``; ``None`` where it says nothing."""
    endpoint: str = ""
    limit: int = MAX_ENVELOPE_SIZE
    """How many bytes the decoded body may have."""
    arguments: dict[str, str] = field(default_factory=dict)
    """The variable parts of the path: ``project_id``, ``sentry_key``, ``slug``, ``event_id``."""
    strict: bool = False
    notes: list[str] = field(default_factory=list)
    """What Sentry would have refused, and was accepted all the same."""
    decoded: bytes | None = None
    """The decoded body, once `body` was called."""
    broken: Refusal | None = None
    """Why there is none: a bomb is not to be decoded twice."""
    answer: Callable[[Refusal], Reply] = error_reply
    """How the endpoint says no."""

    def __post_init__(self) -> None:
        self.headers = dict(reversed(self.request.headers))

    def body(self) -> bytes:
        """Return the decoded body.

        Raises:
            Refusal: It is broken or too long.
        """
        if self.decoded is None:
            if self.broken is not None:
                raise self.broken
            encoding = self.headers.get("content-encoding")
            try:
                self.decoded = decode_body(self.request.body, encoding, self.limit)
            except Refusal as refusal:
                self.broken = refusal
                raise
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

    def auth(self) -> Auth | None:
        """Return who is sending, with its key judged; ``None`` where the request does not say.

        Raises:
            Refusal: 401 or 400, it says so wrongly or twice.
        """
        auth = read_auth(self.headers, self.query, self.arguments.get("sentry_key"))
        if auth is not None:
            self.judge_key(auth.public_key)
        return auth

    def required_auth(self) -> Auth:
        """Return who is sending, of endpoints that take nothing from nobody.

        Raises:
            Refusal: 401 or 400, the request does not say, or says it wrongly or twice.
        """
        auth = self.auth()
        if auth is None:
            raise missing_auth()
        return auth

    def judge_key(self, key: str) -> None:
        """Refuse a key that Sentry would refuse, or note it where the fake is kind."""
        if is_public_key(key):
            return
        if self.strict:
            check_public_key(key)
        shown = key if len(key) <= 40 else key[:40] + "..."
        self.notes.append(
            f"sentry_key {shown!r} is not 32 characters: Sentry answers 400 (invalid project key)"
        )


# A client sends the same one with each request, and each is kept.
_known_project_id = lru_cache(maxsize=256)(plain_project_id)


@dataclass(slots=True)
class Taken:
    """What an endpoint took from a request."""

    envelopes: list[RawEnvelope]
    project_id: str
    auth: Auth | None
    reply: Reply
    """The answer when all goes well."""
    answers_limits: bool = True
    """Whether rate limits show in the answer; crash reports and check-ins are told nothing."""
    client: str | None = None
    """The client where the authentication names none."""
