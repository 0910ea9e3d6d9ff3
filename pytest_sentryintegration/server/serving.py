"""The thread that serves: HTTP/1.1 on a real local port. Knows sockets, and nothing of Sentry.

asyncio with httptools was chosen by measurement: one thread holds thousands of slow
connections, a request costs no hand-over to another thread, and starting and stopping take
about a millisecond. (werkzeug's own server closes each connection after one request, and takes a
thread for it.)

A reply that waits or streams (`Deferred`) is made in a thread of its own, and sent by the serving thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import socket
import threading
from collections.abc import Callable
from typing import cast

from pytest_sentryintegration import clock
from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.server.connection import Connection, Handler
from pytest_sentryintegration.server.deferring import Deferring
from pytest_sentryintegration.server.listening import listen_error
from pytest_sentryintegration.server.saving import Saving


class Server:
    """Serves *handler* from a daemon thread of its own.

    Args:
        handler: answers one request; called in the serving thread, must not block or raise. What takes time
            it returns as `Deferred`.
        limit: the most bytes a request's body may have, by its path.
        refused: answers what never reaches the handler, told status and reason.
        save: saves what the handler was given before it is answered; returns what is answered instead where
            that fails. ``None`` where nothing is to be saved.
        host: the address to listen on.
        port: the port; 0 takes a free one.

    Raises:
        ListenError: from `start`, when the port is taken, or the address not one of this machine.

    >>> server = Server(lambda request: Reply(200, [], b"hello"), limit=lambda path: 1000)
    >>> server.start()
    >>> server.port > 0
    True
    >>> server.stop()
    """

    def __init__(
        self,
        handler: Handler,
        *,
        limit: Callable[[str], int],
        refused: Callable[[Request, int, str], Reply] = lambda request, status, reason: Reply(status),
        save: Callable[[], Reply | None] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._handler = handler
        self._saving = None if save is None else Saving(save)
        self._limit = limit
        self._refused = refused
        self.host = host
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[Connection] = set()
        self._deferring = Deferring()

    def start(self) -> None:
        """Listen, and serve until `stop`; returns when a client can connect.

        Raises:
            ListenError: when the port is taken, or the address not one of this machine.
            RuntimeError: pytest-socket's, where it blocks sockets.
        """
        # Where sockets are blocked (pytest-socket), fail here and not in the thread: its loop needs sockets.
        socket.socket().close()
        listening = threading.Event()
        failure: list[Exception] = []

        def serve() -> None:
            try:
                loop = asyncio.new_event_loop()
            except Exception as error:
                failure.append(error)
                listening.set()
                return
            # A frozen test clock must not stop the server's timers.
            loop.time = clock.monotonic  # type: ignore[method-assign]
            try:
                try:
                    server = loop.run_until_complete(
                        loop.create_server(self._connect, self.host, self.port, backlog=4096)
                    )
                except Exception as error:
                    failure.append(error)
                    return
                self.port = cast(int, server.sockets[0].getsockname()[1])
                self._loop = loop
                loop.call_soon(listening.set)
                loop.run_forever()
                loop.run_until_complete(self._disconnect(loop, server))
            finally:
                loop.close()
                listening.set()

        self._thread = threading.Thread(target=serve, name="sentryintegration-server", daemon=True)
        # In a context of its own: it must not inherit the active span or the scopes of a test.
        contextvars.Context().run(self._thread.start)
        listening.wait()
        if failure:
            self._thread.join()
            if isinstance(failure[0], OSError):
                raise listen_error(self.host, self.port, failure[0]) from failure[0]
            raise failure[0]

    def stop(self) -> None:
        """Close the port and every connection; returns when the thread has ended."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def hurry(self) -> None:
        """Send every delayed reply now."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._hurry)

    def _hurry(self) -> None:
        for connection in tuple(self._connections):
            connection.hurry()

    async def _disconnect(self, loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
        # asyncio attaches an accepted connection to its server two steps of the loop later, which fails on a
        # closed server: so stop accepting first, then wait, then close.
        for listening in server.sockets:
            with contextlib.suppress(NotImplementedError):  # Windows' proactor: it has no readers
                loop.remove_reader(listening.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    def _connect(self) -> asyncio.Protocol:
        loop = asyncio.get_running_loop()
        return Connection(
            loop,
            self._handler,
            self._limit,
            self._refused,
            self._saving,
            self._deferring,
            self._connections,
        )
