"""What comes in and what goes out: requests and replies without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from pytest_sentryintegration.store import Headers

__all__ = ["Client", "Deferred", "Reply", "Request"]


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
    chunks: Iterator[bytes] | None = None
    """Of a `Deferred` reply: what the body is sent as, each piece when it is made."""


class Client(Protocol):
    """Who waits for a `Deferred` reply."""

    @property
    def peer(self) -> str:
        """Its address, ``""`` where there is none."""

    def has_left(self) -> bool:
        """Return whether nobody waits for the reply any more."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A reply that may take time: it is made in a thread of its own, and its chunks too."""

    make: Callable[[Client], Reply]
    """Makes it; does not raise."""
