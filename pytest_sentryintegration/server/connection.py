"""One connection to the server: requests are read off it, and answered in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import cast

import httptools

from pytest_sentryintegration.ingest.request import Deferred, Reply, Request
from pytest_sentryintegration.server.deferring import Deferring, Making
from pytest_sentryintegration.server.saving import Saving

__all__ = ["Connection", "Handler"]

Handler = Callable[[Request], Reply | Deferred]
"""Answers one request."""

HEADERS_LIMIT = 64 * 1024
"""Bytes of request line and headers before a connection is answered 431 and closed."""

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """One client: requests in, answers out, in order, one at a time."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: Handler,
        limit: Callable[[str], int],
        refused: Callable[[Request, int, str], Reply],
        saving: Saving | None,
        deferring: Deferring,
        connections: set[Connection],
    ) -> None:
        self._loop = loop
        self._handler = handler
        self._limit = limit
        self._refused = refused
        self._saving = saving
        self._deferring = deferring
        self._making: Making | None = None
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[Request, bool, tuple[int, str] | None]] = deque()
        """Requests, whether the connection stays open after each, and status and reason of those refused."""
        self._refusing = False
        self._late: asyncio.TimerHandle | None = None
        self._late_reply: tuple[Reply, bool]
        self._busy = False
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._headers_size = 0
        self._body: list[bytes] = []
        self._body_size = 0
        self._body_limit: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; asyncio calls it."""
        self._transport = cast(asyncio.Transport, transport)
        # asyncio makes room for 256 KB each time it reads: 19 us for a request of 4 KB, and 3 us with this.
        if hasattr(transport, "max_size"):  # not uvloop's
            transport.max_size = 64 * 1024
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the client has left; asyncio calls it."""
        self._connections.discard(self)
        self._transport = None
        self._waiting.clear()
        if self._making is not None:
            self._making.leave()

    def abort(self) -> None:
        """Cut the client off."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests; asyncio calls it."""
        if self._refusing:
            return
        try:
            self._parser.feed_data(data)
        except _TooLarge as error:
            self._refuse(error.status, error.text)
        except httptools.HttpParserCallbackError as error:
            # httptools wraps what a callback raises.
            cause = error.__context__
            if isinstance(cause, _TooLarge):
                self._refuse(cause.status, cause.text)
            else:
                self._refuse(400, "the request could not be read")
        except httptools.HttpParserError:
            self._refuse(400, "this is not HTTP/1.1")

    # What httptools calls, in this order.

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._target += url
        self._count_headers(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        size = len(name) + len(value)
        self._count_headers(size)
        header = _known_header(name, value) if size <= 256 else _header(name, value)
        self._headers.append(header)
        if header[0] == "expect" and value.lower() == b"100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._body_limit is None:
            self._body_limit = self._limit(self._target.decode("latin-1").partition("?")[0])
        self._body_size += len(body)
        if self._body_size > self._body_limit:
            raise _TooLarge(413, "Failed to buffer the request body: length limit exceeded")
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer the request, which is complete."""
        request = Request(
            self._parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            tuple(self._headers),
            b"".join(self._body),
        )
        keep_alive = bool(self._parser.should_keep_alive())
        self._begin()
        self._waiting.append((request, keep_alive, None))
        self._answer()

    def _count_headers(self, size: int) -> None:
        self._headers_size += size
        if self._headers_size > HEADERS_LIMIT:
            raise _TooLarge(431, "the headers of the request are too large")

    def _answer(self) -> None:
        while self._waiting and not self._busy:
            request, keep_alive, refused = self._waiting.popleft()
            reply = self._handler(request) if refused is None else self._refused(request, *refused)
            if isinstance(reply, Deferred):
                self._busy = True
                self._making = self._deferring.start(reply, self._loop, self, keep_alive)
            elif self._saving is not None:
                self._busy = True
                self._saving.hold(self._loop, partial(self._answer_saved, reply, keep_alive))
            else:
                self._give(reply, keep_alive)

    def _give(self, reply: Reply, keep_alive: bool) -> None:
        if reply.delay > 0:
            self._busy = True
            self._late = self._loop.call_later(reply.delay, self._answer_late, reply, keep_alive)
            self._late_reply = (reply, keep_alive)
        else:
            self._send(reply, keep_alive)

    def _answer_saved(self, reply: Reply, keep_alive: bool, failed: Reply | None) -> None:
        self._busy = False
        # What was refused anyway is refused for its own reason.
        self._give(failed if failed is not None and reply.status < 400 else reply, keep_alive)
        self._answer()

    def hurry(self) -> None:
        """Send now what is delayed."""
        if self._late is not None:
            self._late.cancel()
            self._answer_late(*self._late_reply)

    # What a deferred reply calls, in this thread.

    @property
    def peer(self) -> str:
        """The address of the client, ``""`` where there is none."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if isinstance(name, tuple) else ""

    def answer(self, reply: Reply, keep_alive: bool) -> None:
        """Send the whole of a deferred reply."""
        self._making = None
        self._answer_late(reply, keep_alive)

    def begin(self, reply: Reply, keep_alive: bool) -> None:
        """Send all but the body of a deferred reply."""
        if self._transport is not None:
            self._transport.write(
                _head(reply, keep_alive, "transfer-encoding: chunked\r\n" if keep_alive else "")
            )

    def write(self, chunk: bytes, keep_alive: bool) -> None:
        """Send a piece of the body."""
        if self._transport is not None:
            # Without keep-alive the end of the connection is the end of the body: HTTP/1.0 knows no chunks.
            self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if keep_alive else chunk)

    def end(self, keep_alive: bool) -> None:
        """End the body, and go on with the next request."""
        self._making = None
        if self._transport is not None and keep_alive:
            self._transport.write(b"0\r\n\r\n")
            self._busy = False
            self._answer()
        elif self._transport is not None:
            self._transport.close()

    def pause_writing(self) -> None:
        """Note that the client takes no more for now; asyncio calls it."""
        if self._making is not None:
            self._making.writable.clear()

    def resume_writing(self) -> None:
        """Note that the client takes more again; asyncio calls it."""
        if self._making is not None:
            self._making.writable.set()

    def _answer_late(self, reply: Reply, keep_alive: bool) -> None:
        self._busy = False
        self._late = None
        self._send(reply, keep_alive)
        self._answer()

    def _send(self, reply: Reply, keep_alive: bool) -> None:
        if self._transport is None:
            return
        data = _head(reply, keep_alive, f"content-length: {len(reply.body)}\r\n") + reply.body
        if reply.cut is not None:
            self._transport.write(data[: reply.cut])
            self._transport.close()
            return
        self._transport.write(data)
        if not keep_alive:
            self._transport.close()

    def _refuse(self, status: int, text: str) -> None:
        method = self._parser.get_method().decode("latin-1")
        target = self._target.decode("latin-1")
        request = Request(method, target, tuple(self._headers), b"".join(self._body))
        # In its turn: to answer it before the requests that came before it would answer those with it.
        self._refusing = True
        self._waiting.append((request, False, (status, text)))
        self._answer()


def _head(reply: Reply, keep_alive: bool, length: str) -> bytes:
    close = "" if keep_alive else "connection: close\r\n"
    return f"{_lines(reply.status, tuple(reply.headers))}{length}{close}\r\n".encode("latin-1")


# Nearly all answers have the same ones.
@lru_cache(maxsize=32)
def _lines(status: int, headers: tuple[tuple[str, str], ...]) -> str:
    """Return status line and headers."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n"]
    return "".join([*lines, *(f"{name}: {value}\r\n" for name, value in headers)])


def _header(name: bytes, value: bytes) -> tuple[str, str]:
    return name.decode("latin-1").lower(), value.decode("latin-1")


# A client sends nearly the same headers with each request, and the store keeps them: share the strings.
_known_header = lru_cache(maxsize=1024)(_header)


class _TooLarge(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
