"""Where redirected transports deliver: to the fake Sentry of this process, inbox by inbox."""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Thread

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.sdk.ownership import Owner, in_no_context, running
from pytest_sentryintegration.sdk.posting import Answer, Headers, Poster
from pytest_sentryintegration.server.fake_sentry import Answering, FakeSentry
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.store import STRAYS

START_TIMEOUT = 5.0
"""Seconds that opening the port may hold up a fork; it takes a few milliseconds."""


def _web(sentry: FakeSentry) -> Answering:
    # Hardly any test asks for it, and werkzeug takes a tenth of a second to import.
    from pytest_sentryintegration.web.app import Web

    return Web(sentry)


class Delivery:
    """The `Destination` of redirected transports, and the fake Sentry that they deliver to.

    >>> delivery = Delivery(Settings(transport="memory"))
    >>> delivery.post(None, "/api/1/envelope/", {}, b"{}").status
    200
    >>> delivery.fake.store.strays
    1
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fake: FakeSentry | None = None
        self._keeping = reentrant_lock()
        self._poster: Poster | None = None
        self._closed = False
        self._forked = False
        self.discards_strays = False
        """Whether what belongs to no capture is accepted and not kept: only pytest's summary counts it."""
        self.guards = 0
        """How many `guard`s hold, whatever ``sentry_guard`` says."""

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings
        if self._fake is not None:
            self._fake.ingest.strict = settings.strict

    @property
    def fake(self) -> FakeSentry:
        """The fake Sentry; made when it is first asked for. In a forked process it is the parent's."""
        fake = self._fake
        if fake is None:
            settings = self._settings
            port = 0 if self._forked else settings.port
            made = FakeSentry(strict=settings.strict, host=settings.host, port=port, web=_web)
            with self._keeping:
                # Another thread may have made one meanwhile, and have delivered to it.
                fake = self._fake = self._fake or made
        return fake

    def leave_parent(self) -> None:
        """In a forked process, have a fake Sentry of its own from now on.

        A test that runs in a fork as a whole (pytest-forked) reads its inbox there. What a test forks only
        reports, to the parent's. A port that the settings name is the parent's: this one takes a free one.
        """
        if self._fake is not None and self._fake.pid != os.getpid():
            self._fake = self._poster = None
            self._forked = True

    def expect_fork(self) -> None:
        """Open the port before a fork outside of captures: what the child sends is for the running test.

        Not where the settings name a port, which may be meant for another xdist worker.
        """
        settings = self._settings
        closed = self._closed or self.discards_strays or not self.guarded or running() is not None
        if not closed and settings.transport != "memory" and not settings.port and not self.fake.started:
            # In a thread: the one that forks may hold a lock that the start of the server waits for.
            starting = Thread(target=self._start, name="sentryintegration-start", daemon=True)
            with suppress(RuntimeError):  # no thread can be started
                in_no_context(starting.start)
                starting.join(START_TIMEOUT)

    def _start(self) -> None:
        with suppress(Exception):
            self.fake.start()

    @property
    def guarded(self) -> bool:
        """Whether nothing may reach Sentry, whoever sends it."""
        return self._settings.guard or self.guards > 0

    @property
    def address(self) -> str | None:
        """``host:port`` of the fake Sentry, ``None`` where there is no socket."""
        return None if self._settings.transport == "memory" else self.fake.address()

    @property
    def is_prompt(self) -> bool:
        """Whether all answers come at once, none of them from the real Sentry or by a fault's delay."""
        return self.guarded and not self.fake.ingest.has_faults

    def post(self, owner: Owner | None, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Deliver to the inbox of *owner*, or to the strays; ``None`` to let it reach its DSN."""
        if owner is None:
            if not self.guarded:
                return None
            if self.discards_strays or self._closed:
                # After the end it may be an application's report of its exit: it is accepted, and not kept.
                return Answer(200)
            if self.fake.started and self.fake.pid != os.getpid():
                # A fork that no test started, such as a worker of the whole run: as with a DSN without an
                # inbox, the running test of the parent gets it.
                return self._post_by_socket(path, headers, body)
            # Strays open no port: one that the settings name may be meant for another xdist worker.
            if self.fake.started:
                return self._post_by_socket(f"/{STRAYS}{path}", headers, body)
            return self._post_in_memory(self.fake, f"/{STRAYS}{path}", headers, body)
        path = f"/{owner.inbox}{path}"
        if owner.in_memory or (owner.fake is not None and owner.fake is not self._fake):
            # Outside of pytest the port is closed when a capture ends: what comes later needs none.
            answer = self._post_in_memory(owner.fake or self.fake, path, headers, body)
        else:
            answer = self._post_by_socket(path, headers, body)
        owner.delivered += 1
        return answer

    def _post_by_socket(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        poster = self._poster
        if poster is None:
            if self._closed:
                # Such as an application's report of its exit: accept it, and open no port again.
                return Answer(200)
            made = Poster(self.fake.host, self.fake.port)
            with self._keeping:
                poster = self._poster = self._poster or made
        return poster.post(path, headers, body)

    @staticmethod
    def _post_in_memory(fake: FakeSentry, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Deliver the same bytes to the same code, without a socket."""
        reply = fake.receive(path, headers, body)
        if reply.cut is not None:
            raise ConnectionResetError("the fake Sentry broke the connection")
        answer = Headers()
        for name, value in reply.headers:
            answer[name.lower()] = value
        return Answer(reply.status, answer, reply.body)

    def close(self) -> None:
        """Close the port. What is still sent is accepted and discarded."""
        self._closed = True
        if self._fake is not None:
            self._fake.close()
        self._fake = self._poster = None
