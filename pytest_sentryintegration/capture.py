"""One inbox for the length of a ``with``: server, SDK and events together."""

from __future__ import annotations

import inspect
import itertools
import os
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_sentryintegration.environment import Environment, child_environment
from pytest_sentryintegration.events import SentryEvents, Source
from pytest_sentryintegration.fake_sentry import FakeSentry, NoServerError
from pytest_sentryintegration.sdk.clients import Clients
from pytest_sentryintegration.sdk.isolation import Isolation
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.posting import Answer, Headers, Poster
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.settings import Settings, split_marker
from pytest_sentryintegration.store import STRAYS

BLOCKED_DSN_PORT = 9
"""Discard: where a DSN points when sockets are blocked and there is no port to name."""


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
        self._numbers = itertools.count(1)

    @property
    def fake(self) -> FakeSentry:
        """The fake Sentry of this process."""
        if self._fake is None:
            self._fake = FakeSentry(strict=self.settings.strict)
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

    # Where redirected transports deliver.

    def post(self, owner: Owner | None, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Deliver to the inbox of *owner*, or to the strays; ``None`` to let it reach its DSN."""
        if owner is None or owner.post is None:
            if not self.settings.guard:
                return None
            if self.settings.transport == "memory":
                return self.post_in_memory(f"/{STRAYS}{path}", headers, body)
            return self.post_by_socket(f"/{STRAYS}{path}", headers, body)
        answer: Answer = owner.post(f"/{owner.inbox}{path}", headers, body)
        return answer

    def post_by_socket(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Deliver over HTTP."""
        if self._poster is None:
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

    def release(self) -> None:
        """Close clients and port, and put the SDK's functions back."""
        self.clients.close()
        self.redirect.uninstall()
        if self._fake is not None:
            self._fake.close()
            self._fake = self._poster = None


_SHARED: list[Shared] = []


def shared(settings: Settings | None = None) -> Shared:
    """Return what this process's captures share; settings, where given, hold from now on."""
    if not _SHARED:
        _SHARED.append(Shared(settings or Settings()))
    if settings is not None:
        _SHARED[0].settings = settings
    return _SHARED[0]


def release() -> None:
    """Undo everything: after it the SDK is as if there had never been a capture."""
    while _SHARED:
        _SHARED.pop().release()


class Capture:
    """Captures into one inbox, from `__enter__` to `__exit__`; they nest, and the inner one receives.

    Args:
        shared: what all captures of the process share.
        settings: of the run.
        test: the node id of the test that it belongs to.
        options: SDK options and the plugin's own, laid over the application's.
        defaults: SDK options for where the application makes no client.
    """

    def __init__(
        self,
        shared: Shared,
        settings: Settings,
        *,
        test: str = "",
        options: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        from sentry_sdk.consts import DEFAULT_OPTIONS

        own, sdk = split_marker(options or {}, set(DEFAULT_OPTIONS))
        self.settings = settings.changed(own)
        self.test = test
        self._shared = shared
        self._memory = self.settings.transport == "memory"
        shared.redirect.install()
        self._fake = shared.fake_here()
        self._owner = Owner(
            shared.next_inbox(), test, post=shared.post_in_memory if self._memory else shared.post_by_socket
        )
        self._isolation = Isolation(
            shared.redirect, shared.clients, self._owner, options=sdk, defaults=defaults or {}
        )
        self._environment = Environment()
        self._blocked: str | None = None
        self.events: SentryEvents

    def __enter__(self) -> SentryEvents:
        inbox, store = self._owner.inbox, self._fake.store
        store.open(inbox, self.test)
        self.events = SentryEvents(self._source())
        weakref.finalize(self.events, store.close, inbox)
        if not self._memory:
            try:
                self._fake.start()
            except RuntimeError as error:
                self._blocked = f"{type(error).__name__}: {error}"
        self._isolation.begin()
        store.start(inbox)
        self._environment.enter(self._dsn_for_environment())
        return self.events

    def __exit__(self, *_: object) -> None:
        try:
            self._isolation.drain()
        finally:
            self._shared.tests += 1
            self._shared.envelopes += len(self._fake.store.since(self._owner.inbox))
            self._environment.leave()
            self._fake.store.finish(self._owner.inbox)
            self._fake.ingest.faults_for(self._owner.inbox).clear()
            self._isolation.end()
