"""POSTs an envelope over a raw socket, whose connection is kept. Knows nothing of the SDK.

``http.client`` is not used because the SDK instruments it: the POST would be a breadcrumb of the application.
``urllib3`` takes a third of a test's time. Proxies of the environment are not used.
"""

from __future__ import annotations

import os
import socket
import threading
from contextvars import Context
from dataclasses import dataclass, field
from functools import lru_cache

TIMEOUT = 30.0
"""Seconds without a byte before a connection is given up, as in the SDK's transport."""


class PostError(OSError):
    """The answer did not come, or was not HTTP."""


@dataclass(frozen=True)
class Answer:
    """What the server said; as much of urllib3's response as the SDK's transport reads."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""

    def close(self) -> None:
        """Do nothing: the body has been read."""


@dataclass(frozen=True)
class HttpcoreAnswer:
    """The same, as much of httpcore's response as the SDK's other transports read."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes

    @classmethod
    def of(cls, answer: Answer) -> HttpcoreAnswer:
        """Convert what a `Poster` returned."""
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return cls(answer.status, pairs, answer.data)

    def close(self) -> None:
        """Do nothing: the body has been read."""

    async def aclose(self) -> None:
        """Do nothing: the body has been read."""


class Headers(dict[str, str]):
    """Response headers, found in any case."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Return the header *name*."""
        return super().get(name.lower(), default)


class _Connection:
    """A connection of one thread; closed when the thread ends, without a ResourceWarning."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = self._asked = connected
        self.pid = os.getpid()
        # The same connection, which this one asks without a time-out: to change that of the other, there and
        # back with each request, took a hundredth of a test's time.
        self._asked = connected.dup()
        self._asked.setblocking(False)

    def is_open(self) -> bool:
        """Whether the server has not ended it, while it was idle and the server had nothing to send."""
        # `select` is not used because it takes no descriptor above 1,023.
        try:
            self._asked.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def __del__(self) -> None:
        self.socket.close()
        self._asked.close()


class Poster:
    """Posts to one server, over one connection a thread, which lives as long as the server keeps it."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._kept = threading.local()

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send *body* and return the answer.

        Raises:
            OSError: when the server cannot be reached, or does not answer in HTTP.
        """
        lines = [
            f"POST {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\ncontent-length: {len(body)}\r\n"
        ]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        lines.append("\r\n")
        request = "".join(lines).encode("latin-1", "replace") + body
        # Taken out: what runs in the middle, such as a signal's handler, may post too.
        kept: _Connection | None = self._kept.__dict__.pop("connection", None)
        # A fork shares the parent's socket; both would write to one connection.
        if kept is None or kept.pid != os.getpid() or not kept.is_open():
            kept = self._connect()
        kept.socket.sendall(request)
        return self._receive(kept)

    def _connect(self) -> _Connection:
        # In an empty context: the SDK's integration for sockets would make it a span of the application.
        connection = Context().run(socket.create_connection, (self._host, self._port), TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(connection)

    def _receive(self, kept: _Connection) -> Answer:
        connection, data = kept.socket, b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                raise PostError("the connection ended before the headers of the answer did")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        status, headers = _read_head(head)
        length = int(headers.get("content-length") or 0)
        while len(body) < length:
            more = connection.recv(65536)
            if not more:
                raise PostError(f"the connection ended after {len(body)} of {length} bytes of the answer")
            body += more
        if (headers.get("connection") or "").lower() != "close":
            self._kept.connection = kept
        return Answer(status, Headers(headers), body)


# Nearly all answers have the same one.
@lru_cache(maxsize=32)
def _read_head(head: bytes) -> tuple[int, Headers]:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = Headers()
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(first.split(" ")[1]), headers
