"""What all captures of a process share: the patched SDK, its clients, the fake Sentry."""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Callable
from typing import Any

from pytest_sentryintegration.sdk.clients import Clients
from pytest_sentryintegration.sdk.draining import drain, drain_before_forks
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.posting import Answer, Headers, Poster
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.store import STRAYS


class Shared:
    """What all captures of a process share: the patched SDK, its clients, the fake Sentry."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.redirect = Redirect(self)
        self.clients = Clients(self.redirect)
        self.tests = 0
        self.envelopes = 0
        self._fake: FakeSentry | None = None
        self._poster: Poster | None = None
        self._released = False
        self._watched: list[tuple[str, weakref.ref[object]]] = []
        self._many = 0
        self._numbers = itertools.count(1)
        drain_before_forks(_weakly(self.clients.live))

    @property
    def fake(self) -> FakeSentry:
        """The fake Sentry of this process."""
        if self._fake is None:
            self._fake = FakeSentry()
        self._fake.ingest.strict = self.settings.strict
        return self._fake

    def fake_here(self) -> FakeSentry:
        """Return the fake Sentry, a new one where a whole test runs in a fork (pytest-forked).

        A process that a test forks reports to its parent's; one that has a fixture set up in it has
        nobody in the parent who would read.
        """
        if self._fake is not None and self._fake.pid != os.getpid():
            self._fake = self._poster = None
        return self.fake

    def next_inbox(self) -> str:
        """Name a new inbox: unlike those of other processes too, which may report to this server."""
        return f"t{next(self._numbers)}-{os.getpid():x}"

    def close_when_gone(self, inbox: str, events: object) -> None:
        """Close *inbox* when *events* is gone.

        A thread that reports late still finds the inbox, for as long as somebody could look into it.
        """
        self._watched.append((inbox, weakref.ref(events)))
        # Not by a callback: that would be called wherever garbage happens to be collected, and fail a test
        # that has recursed as deep as Python lets it.
        if len(self._watched) > 2 * self._many:
            self._close_gone()

    def _close_gone(self) -> None:
        watched, self._watched = self._watched, []
        for inbox, events in watched:
            if events() is None:
                self.fake.store.close(inbox)
            else:
                self._watched.append((inbox, events))
        self._many = len(self._watched)

    # Where redirected transports deliver.

    @property
    def guarded(self) -> bool:
        """Whether nothing may reach Sentry, whoever sends it."""
        return self.settings.guard

    @property
    def address(self) -> str | None:
        """``host:port`` of the fake Sentry, ``None`` where there is no socket."""
        if self.settings.transport == "memory":
            return None
        return f"{self.fake.host}:{self.fake.port}"

    @property
    def is_prompt(self) -> bool:
        """Whether all answers come at once, none of them from the real Sentry or by a fault's delay."""
        return self.settings.guard and not self.fake.ingest.has_faults

    def post(self, owner: Owner | None, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Deliver to the inbox of *owner*, or to the strays; ``None`` to let it reach its DSN."""
        if owner is None or owner.post is None:
            if not self.settings.guard:
                return None
            if self.settings.transport == "memory":
                return self.post_in_memory(f"/{STRAYS}{path}", headers, body)
            return self.post_by_socket(f"/{STRAYS}{path}", headers, body)
        answer: Answer = owner.post(f"/{owner.inbox}{path}", headers, body)
        owner.delivered += 1
        return answer

    def post_by_socket(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Deliver over HTTP."""
        if self._poster is None:
            if self._released:
                # The application reports its exit, say: nobody is left to read it.
                return Answer(200)
            self._poster = Poster(self.fake.host, self.fake.port)
        return self._poster.post(path, headers, body)

    def post_in_memory(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Deliver the same bytes to the same code, without a socket."""
        reply = self.fake.receive(path, headers, body)
        if reply.cut is not None:
            raise ConnectionResetError("the fake Sentry broke the connection")
        answer = Headers()
        for name, value in reply.headers:
            answer[name.lower()] = value
        return Answer(reply.status, answer, reply.body)

    def counts(self) -> dict[str, Any]:
        """Count tests, envelopes, strays, and late envelopes by test."""
        drain(self.clients.live())
        store = self.fake.store
        return {
            "tests": self.tests,
            "envelopes": self.envelopes,
            "strays": store.strays,
            "late": dict(store.late),
        }

    def release(self) -> None:
        """Close clients and port, and put the SDK's functions back."""
        self._released = True
        self.clients.close()
        self.redirect.uninstall()
        if self._fake is not None:
            self._fake.close()
            self._fake = self._poster = None


def _weakly(live: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    """Return *live*, without keeping its object alive."""
    reference = weakref.WeakMethod(live)
    return lambda: method() if (method := reference()) is not None else []


_SHARED: list[Shared] = []


def shared(settings: Settings | None = None) -> Shared:
    """Return what this process's captures share; settings, where given, hold from now on."""
    if not _SHARED:
        _SHARED.append(Shared(settings or Settings()))
    if settings is not None:
        _SHARED[0].settings = settings
    return _SHARED[0]


def is_shared() -> bool:
    """Whether anything is shared by now."""
    return bool(_SHARED)


def release() -> None:
    """Undo everything: after it the SDK is as if there had never been a capture."""
    while _SHARED:
        _SHARED.pop().release()


def finish() -> dict[str, Any]:
    """Count what the run captured: tests, envelopes, strays, and late ones by test."""
    if not _SHARED:
        return {"tests": 0, "envelopes": 0, "strays": 0, "late": {}}
    return _SHARED[0].counts()
