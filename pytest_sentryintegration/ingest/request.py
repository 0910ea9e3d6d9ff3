"""What comes in and what goes out: requests and replies without a socket."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_sentryintegration.store import Headers

__all__ = ["Reply", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as the server read it."""

    method: str
    """Upper case."""
    target: str
    """Path and query as they were sent, still percent-encoded."""
    headers: Headers = ()
    """Names in lower case."""
    body: bytes = b""
    """De-chunked, but still content-encoded."""


@dataclass(slots=True)
class Reply:
    """One HTTP response, and what may go wrong with sending it."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Without ``content-length`` and ``connection``, which are the server's to add."""
    body: bytes = b""
    delay: float = 0.0
    """Seconds to wait before the first byte."""
    cut: int | None = None
    """Send so many bytes of the response, head included, then kill the connection; 0: kill it at once.

    Negative: all but so many, as in a slice.
    """
