"""The running fake Sentry: store, ingest and server together, one a process. Knows no sentry_sdk."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pytest_sentryintegration.ingest.app import Ingest
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.ingest.request import Client, Deferred, Reply, Request
from pytest_sentryintegration.ingest.routes import NOWHERE, find_route
from pytest_sentryintegration.ingest.set_faults import Uses
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.server.child_environment import child_environment
from pytest_sentryintegration.server.serving import Server
from pytest_sentryintegration.settings import host_name
from pytest_sentryintegration.store import HolderError, Store

_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}

KEY = "5e27be7a8d1c4f0e9b3a6c5d2f184e70"
"""The public key of its DSNs: 32 hexadecimal digits, as real ones."""


class NoServerError(RuntimeError):
    """There is no socket: with the transport ``memory`` only this process is captured.

    >>> with capture(transport="memory") as sentry_events:
    ...     sentry_events.url
    Traceback (most recent call last):
    pytest_sentryintegration.server.fake_sentry.NoServerError: ...
    """

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"{wanted} needs the fake Sentry's port, and sentry_transport = memory opens none: it captures"
            " this process alone. Use sentry_transport = http where other processes report."
        )


Answering = Callable[[Request, Client], Reply | None]
"""Answers what is asked of the fake Sentry beside ingest; ``None`` where there is no such path."""


class FakeSentry:
    """A fake Sentry that keeps what it is sent; its port is opened when it is first asked for.

    Args:
        strict: refuse what real Sentry refuses, toy keys and missing authentication included.
        host: the address to listen on; ``0.0.0.0`` and ``::`` are all addresses of this machine.
        port: the port; 0 takes a free one.
        limit: how many requests are kept, over all inboxes; the oldest are evicted first. ``None`` for all.
        max_age: after how many seconds a request is evicted; ``None`` for never.
        data: an SQLite file in which all that is kept outlives this process, also ``kill -9``: what was
            answered 200 is there when a fake Sentry is next made with it. Or ``redis://HOST:PORT/DB``, which
            any number of fake Sentries may share: together they are one. ``None`` keeps it in memory alone.
        web: makes what answers on all paths that no endpoint has, when one is first asked for.

    Raises:
        ValueError: *limit* is below 1, or *max_age* is not above 0 and up to 10**9.
        HolderError: *data* cannot be written or reached, is in use, or is another program's.

    >>> with FakeSentry() as sentry:
    ...     sentry.dsn(project_id=7)
    'http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@127.0.0.1:.../7'
    """

    def __init__(
        self,
        *,
        strict: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        limit: int | None = None,
        max_age: float | None = None,
        data: str | os.PathLike[str] | None = None,
        web: Callable[[FakeSentry], Answering] | None = None,
    ) -> None:
        self.store, self.notice = _store(data, limit=limit, max_age=max_age)
        """What came, and what to tell the user of *data*: that it was damaged and moved; else ``""``."""
        self.ingest = Ingest(self.store, strict=strict)
        self._make_web = web
        self._web: Answering | None = None
        self.pid = os.getpid()
        self._server = Server(
            self._handle,
            limit=self.ingest.body_limit,
            refused=self.ingest.refuse,
            save=self.ingest.save if self.store.outlives else None,
            host=host,
            port=port,
        )
        self.started = False
        """Whether its port is open."""
        self._starting = reentrant_lock()
        self._hurried = threading.Event()
        self.store.take_faults(self._take_faults)

    def start(self) -> None:
        """Open the port; a second call does nothing.

        Raises:
            ListenError: when the port is taken, or the address not one of this machine.

        >>> with FakeSentry() as sentry:
        ...     sentry.start()
        ...     sentry.started
        True
        """
        with self._starting:
            if not self.started:
                self._server.start()
                self.started = True

    def close(self) -> None:
        """Close the port and every connection, and its file.

        >>> sentry = FakeSentry()
        >>> sentry.start()
        >>> sentry.close()
        >>> sentry.started
        False
        """
        with self._starting:
            if self.started and self.pid == os.getpid():
                self._server.stop()
            self.started = False
            if self.pid == os.getpid():
                self.store.end()

    def __enter__(self) -> FakeSentry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def host(self) -> str:
        """The address by which this machine reaches it."""
        return _OF_ALL.get(self._server.host, self._server.host)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        self.start()
        return self._server.port

    @property
    def url(self) -> str:
        """Where this machine reaches it: ``http://127.0.0.1:port``."""
        return f"http://{self.address()}"

    def address(self, host: str | None = None) -> str:
        """Return ``host:port``, as it stands in a URL; *host* is another name of this machine.

        >>> with FakeSentry() as sentry:
        ...     sentry.address("host.docker.internal")
        'host.docker.internal:...'
        """
        name = self.host if host is None else host_name("host =", host)
        return f"[{name}]:{self.port}" if ":" in name else f"{name}:{self.port}"

    def dsn(self, project_id: int | str = 1, host: str | None = None, *, inbox: str = "") -> str:
        """Return a DSN of it; what is sent with it goes to *inbox*, or to the running test.

        Args:
            project_id: the project to send to.
            host: the name by which the sender reaches this machine, such as ``host.docker.internal`` from a
                container; ``None`` for senders on this machine.
            inbox: the inbox of one test.

        Raises:
            ValueError: for a *host* that is no name or address.

        >>> with FakeSentry() as sentry:
        ...     sentry.dsn(7, host="host.docker.internal")
        'http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@host.docker.internal:.../7'
        """
        path = f"{inbox}/{project_id}" if inbox else str(project_id)
        return f"http://{KEY}@{self.address(host)}/{path}"

    @property
    def env(self) -> dict[str, str]:
        """A complete environment for a process that outlives a test, with a DSN that names no inbox."""
        return child_environment(self.dsn())

    def _handle(self, request: Request) -> Reply | Deferred:
        if self._make_web is not None and find_route(request.target).endpoint is NOWHERE:
            return Deferred(lambda client: self._answer(request, client))
        return self.ingest.handle(request)

    def _answer(self, request: Request, client: Client) -> Reply:
        with self._starting:
            if self._web is None:
                assert self._make_web is not None
                self._web = self._make_web(self)
        reply = self._web(request, client)
        if reply is None:
            reply = self.ingest.handle(request)
            self.store.save()
        return reply

    def receive(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        r"""Take a POST as the server would, without a socket, and return the answer.

        Args:
            path: With the query, and the inbox where it is for one: ``/<inbox>/api/1/envelope/``.
            headers: In any case.
            body: The bytes as they are sent.

        >>> with FakeSentry() as sentry:
        ...     sentry.receive("/api/1/envelope/?sentry_key=public", {}, b'{}\n{"type":"event"}\n{}').status
        200
        """
        request = Request("POST", path, tuple((name.lower(), value) for name, value in headers.items()), body)
        reply = self.ingest.handle(request)
        if self.store.outlives:
            failed = self.ingest.save()
            if failed is not None and reply.status < 400:
                return failed
        if reply.delay > 0:
            self._hurried.wait(reply.delay)
        return reply

    def _take_faults(self, inbox: str | None, faults: str, uses: Uses) -> None:
        self.end_delays(inbox)
        if faults:
            self.ingest.replace_faults(inbox, Faults.of(json.loads(faults), uses))
        else:
            self.ingest.forget(inbox)

    def end_delays(self, inbox: str | None) -> None:
        """Take back the delays of *inbox* (``None``: of all), and send now what they hold back.

        >>> with FakeSentry() as sentry:
        ...     sentry.end_delays(None)
        """
        if not self.ingest.end_delays(inbox):
            return
        # A delayed reply blocks every later envelope: an SDK sends from one thread.
        hurried, self._hurried = self._hurried, threading.Event()
        hurried.set()
        self._server.hurry()


def _store(data: str | os.PathLike[str] | None, **bounds: Any) -> tuple[Store, str]:
    """Return a store, and what to tell the user of *data*."""
    if data is None:
        return Store(**bounds), ""
    # Imported here: sqlite3 takes longer than the rest of the store, and redis need not be installed.
    if isinstance(data, str) and data.partition("://")[0] in ("redis", "rediss"):
        try:
            from pytest_sentryintegration.store.replica import Replica
            from pytest_sentryintegration.store.stream import Stream
        except ImportError:
            install = "pip install 'sentryintegration[pytest,cluster]'"
            raise HolderError(f"redis:// needs a package that is not installed: {install}") from None
        stream = Stream(data)
        return Replica(stream, **bounds), stream.advice()
    from pytest_sentryintegration.store.file import File
    from pytest_sentryintegration.store.held import HeldStore

    file = File(data)
    return HeldStore(file, **bounds), file.notice
