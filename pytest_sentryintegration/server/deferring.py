"""Replies that take time: each is made in a thread of its own, and sent by the serving thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Generator
from typing import Final, Protocol

from pytest_sentryintegration.ingest.request import Deferred, Reply

__all__ = ["Deferring", "Making"]

LIMIT: Final = 500
"""Replies that may be in the making at once; further ones are refused."""

PATIENCE: Final = 10.0
"""Seconds after which a client that takes nothing of a stream is cut off."""


class Connection(Protocol):
    """What sends the reply. Its methods are called in the serving thread."""

    @property
    def peer(self) -> str:
        """The address of the client."""

    def answer(self, reply: Reply, keep_alive: bool) -> None:
        """Send the whole of it."""

    def begin(self, reply: Reply, keep_alive: bool) -> None:
        """Send all but its body."""

    def write(self, chunk: bytes, keep_alive: bool) -> None:
        """Send a piece of its body."""

    def end(self, keep_alive: bool) -> None:
        """End its body."""

    def abort(self) -> None:
        """Cut the client off."""


class Making:
    """One reply in the making, and the client that waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection, keep_alive: bool) -> None:
        self.peer = connection.peer
        """The address of the client."""
        self.writable = threading.Event()
        """Whether the client takes what it is sent."""
        self.writable.set()
        self._loop = loop
        self._connection = connection
        self._keep_alive = keep_alive
        self._left = False

    def has_left(self) -> bool:
        """Return whether the client has left."""
        return self._left

    def leave(self) -> None:
        """Note that the client has left."""
        self._left = True
        self.writable.set()

    def run(self, deferred: Deferred) -> None:
        """Make the reply, and have it sent; in the thread of its own."""
        reply = deferred.make(self)
        try:
            if reply.chunks is None:
                self._loop.call_soon_threadsafe(self._connection.answer, reply, self._keep_alive)
            else:
                self._stream(reply)
        except RuntimeError:
            # The loop is closed, and the connection with it.
            return
        finally:
            if isinstance(reply.chunks, Generator):
                reply.chunks.close()

    def _stream(self, reply: Reply) -> None:
        assert reply.chunks is not None
        call = self._loop.call_soon_threadsafe
        call(self._connection.begin, reply, self._keep_alive)
        written = threading.Event()
        for chunk in reply.chunks:
            # One piece at a time: what a client does not take stays where it is kept, and not in a buffer.
            if not self.writable.wait(PATIENCE):
                call(self._connection.abort)
                return
            if self._left:
                return
            written.clear()
            call(self._connection.write, chunk, self._keep_alive)
            call(written.set)
            written.wait(PATIENCE)
        call(self._connection.end, self._keep_alive)


class Deferring:
    """Starts a thread for each deferred reply; at most `LIMIT` at once."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(LIMIT)

    def start(
        self, deferred: Deferred, loop: asyncio.AbstractEventLoop, connection: Connection, keep_alive: bool
    ) -> Making:
        """Make a reply and have *connection* send it."""
        making = Making(loop, connection, keep_alive)
        if not self._free.acquire(blocking=False):
            text = f"{LIMIT} requests are being answered already: try again when some are done"
            headers = [("content-type", "text/plain; charset=utf-8"), ("retry-after", "1")]
            loop.call_soon(connection.answer, Reply(503, headers, text.encode()), keep_alive)
            return making

        def run() -> None:
            try:
                making.run(deferred)
            finally:
                self._free.release()

        # A name by which a failure knows that it is none of the test.
        thread = threading.Thread(target=run, name="sentryintegration.answer", daemon=True)
        # In a context of its own, as the serving thread is.
        contextvars.Context().run(thread.start)
        return making
