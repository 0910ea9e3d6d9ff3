"""What one test changes in the SDK, scopes, client and options, and how it is undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import sentry_sdk

from pytest_sentryintegration.sdk import installing, noticing, ownership, scopes
from pytest_sentryintegration.sdk.clients import Clients
from pytest_sentryintegration.sdk.draining import TIMEOUT, drain, holds_back, sending_at_once
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.sdk.scopes import Saved, save
from pytest_sentryintegration.sdk.transport_classes import own_transport, redirected


@dataclass
class Isolation:
    """Begin it before a test, end it after, also when the test failed; they nest.

    Args:
        redirect: the patched SDK.
        clients: whose clients it uses.
        owner: to whom the test's telemetry belongs.
        dsn: of a client without one, and of the fallback client, used where the application makes none.
        options: laid over the options of every client in the test.
        defaults: options of the fallback client.
    """

    redirect: Redirect
    clients: Clients
    owner: Owner
    dsn: str
    options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    scopes: scopes.TestScopes | None = None
    _saved: Saved = field(init=False)
    _undo: list[Callable[[], Any]] = field(default_factory=list)
    _open: ClassVar[list[Isolation]] = []

    def begin(self) -> None:
        """Enter forks of the application's scopes, and see that there is a client."""
        self._saved = save()
        self._open.append(self)
        try:
            self._begin(self._saved)
        except BaseException:
            self.end()
            raise

    def _begin(self, saved: Saved) -> None:
        undo = self._undo.append
        undo(partial(scopes.restore, saved))
        undo(installing.note())
        self.scopes = scopes.fork(saved, self.owner)
        bound = {scope.client for scope in (self.scopes.globe, self.scopes.isolation, self.scopes.current)}
        for client in bound:
            if (swapped := self.redirect.swap(client, self.dsn)) is not None:
                undo(swapped)
        undo(partial(self.clients.note(), self.owner))
        scopes.drop_foreign_clients(self.scopes, _is_ours)
        undo(noticing.begin(self.owner))
        ownership.begin(self.owner)
        undo(partial(ownership.end, self.owner))
        overrides, self.redirect.overrides = self.redirect.overrides, lambda: dict(self.options)
        undo(partial(setattr, self.redirect, "overrides", overrides))
        self.scopes.enter()
        self._see_to_client()

    def _see_to_client(self) -> None:
        assert self.scopes is not None
        client = sentry_sdk.get_client()
        if not client.is_active():
            options = {**self.defaults, **self.options}
            self.scopes.globe.set_client(self.clients.fallback(options, self.dsn))
        elif self.options:
            changed = self.clients.overridden(client)
            for scope in (self.scopes.current, self.scopes.isolation, self.scopes.globe):
                if scope.client is client:
                    scope.set_client(changed)

    def drain(self, timeout: float = TIMEOUT) -> list[str]:
        """Send what this process's clients hold back; returns what went wrong."""
        return drain(self.clients.live(), timeout)

    def holds_back(self) -> bool:
        """Whether this process's clients hold back anything."""
        return holds_back(self.clients.live())

    def sending_at_once(self) -> AbstractContextManager[None]:
        """Have what this process captures inside sent without delay."""
        return sending_at_once(self.clients.live())

    def end(self) -> None:
        """Put everything back as it was before `begin`; what began inside and has not ended, ends too."""
        forced = self not in self._open
        self._keep(sentry_sdk.get_client())
        try:
            while self in self._open:
                inner = self._open.pop()
                if inner is not self and inner.scopes is not None:
                    inner._keep(inner.scopes.globe.client)
                inner._put_back()
        finally:
            if not forced or ownership.by_context() is self.owner:
                scopes.restore_context(self._saved)

    def at_end(self, undo: Callable[[], None]) -> None:
        """Call *undo* first when this ends."""
        self._undo.append(undo)

    def _put_back(self) -> None:
        # Not an `ExitStack`, whose own work was a fiftieth of what the plugin adds to a test.
        try:
            while self._undo:
                self._undo.pop()()
        finally:
            if self._undo:  # the last one raised
                self._put_back()

    def _keep(self, client: Any) -> None:
        # Late threads of this test report with the client that it had last.
        if redirected(client) is not None:
            self.owner.client = client

    def adopt(self, thread: threading.Thread) -> None:
        """Let what *thread* captures from now on belong to this test."""
        ownership.adopt(thread, self.owner)

    def entering(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a test's coroutine function so that it runs inside this test's scopes."""
        assert self.scopes is not None
        return scopes.entering(function, self.scopes)


def _is_ours(client: Any) -> bool:
    # The application's own client, also where it has no DSN or a transport of its own.
    return redirected(client) is not None or client.transport is None or own_transport(client) is not None


def known_options() -> Collection[str]:
    """Return the names of the options that the installed SDK knows."""
    return sentry_sdk.Scope().client.options


def has_client() -> bool:
    """Return whether there is a client of the application, or of an isolation that has begun."""
    return bool(sentry_sdk.get_client().is_active())
