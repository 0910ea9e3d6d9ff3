"""What all captures of a process share: the patched SDK, its clients, the fake Sentry, the inboxes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from pytest_sentryintegration.capturing.children import hand_on_environment
from pytest_sentryintegration.capturing.delivery import Delivery
from pytest_sentryintegration.capturing.inboxes import Inboxes
from pytest_sentryintegration.capturing.late import LateArrivals
from pytest_sentryintegration.capturing.policies import Entries, Policies, Violation
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.sdk import noticing
from pytest_sentryintegration.sdk.clients import Clients
from pytest_sentryintegration.sdk.draining import drain, drain_before_forks
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.store import STRAYS, Entry


class Shared:
    """The patched SDK, its clients, where these deliver, and the inboxes."""

    def __init__(self, settings: Settings) -> None:
        self.delivery = Delivery(settings)
        self.redirect = Redirect(self.delivery)
        self.clients = Clients(self.redirect)
        self.inboxes = Inboxes(lambda inbox: self.delivery.fake.store.close(inbox))
        self.lines: set[str] = set()
        """What ``--sentry-allow-all`` writes."""
        self.late = LateArrivals(self.lines)
        self.outside = LateArrivals(self.lines)
        """What came while no test was running, of a run with policies."""
        self.holders = 0
        self._checked = 0
        drain_before_forks(_weakly(self.clients.live))
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_weakly(self.delivery.expect_fork))
        hand_on_environment()

    def take_strays(self, *, judged: bool) -> None:
        """Leave out of the next `check_strays` what has come so far, while no test was running.

        Args:
            judged: whether it is held against the policies of the run.
        """
        drain(self.clients.live())
        store, checked = self.delivery.fake.store, self._checked
        self._checked = store.last(STRAYS)
        if judged and self._checked > checked:
            self.outside.expect(STRAYS, self.delivery.settings)
            self.outside.take(store.since(STRAYS, checked))

    def check_strays(self, settings: Settings) -> list[Violation]:
        """Hold against the policies what came outside of captures since the last time."""
        drain(self.clients.live())
        store, checked = self.delivery.fake.store, self._checked
        self._checked = store.last(STRAYS)
        strays = Entries(lambda number: store.since(STRAYS, max(number, checked)))
        return Policies(settings, self.lines).check(Reader(strays))

    def strays(self) -> list[Entry]:
        """Return what came outside of captures, of the whole run."""
        drain(self.clients.live())
        return self.delivery.fake.store.since(STRAYS)

    def take_late(self) -> None:
        """Take in what has come for tests that had finished."""
        self.late.take(self.delivery.fake.store.take_late())

    def counts(self) -> dict[str, Any]:
        """Return plain data: how much was captured, what came late, lines for ``--sentry-allow-all``."""
        drain(self.clients.live())
        self.take_late()
        return {
            "tests": self.inboxes.count,
            "envelopes": self.inboxes.envelopes,
            "strays": self.delivery.fake.store.strays,
            "late": self.late.counts(),
            "outside": self.outside.counts(),
            "lines": sorted(self.lines),
        }

    def release(self) -> None:
        """Close clients and port, and put the SDK's functions back."""
        self.clients.close()
        self.redirect.uninstall()
        noticing.uninstall()
        self.delivery.close()


def _weakly(method: Callable[[], Any]) -> Callable[[], Any]:
    """Return *method*, without keeping its object alive. Python cannot take back what is called at a fork."""
    reference = WeakMethod(method)
    return lambda: found() if (found := reference()) is not None else []


_SHARED: list[Shared] = []


def shared(settings: Settings | None = None) -> Shared:
    """Return what this process's captures share; settings of a run, where given, hold from now on."""
    if not _SHARED:
        _SHARED.append(Shared(Settings()))
    if settings is not None:
        _SHARED[0].delivery.settings = settings
        _SHARED[0].delivery.discards_strays = False
    return _SHARED[0]


def hold() -> Shared:
    """Return what is shared, and keep it until `let_go` is called as often as this."""
    if not _SHARED:
        shared().delivery.discards_strays = True
    held = shared()
    held.holders += 1
    return held


def let_go() -> None:
    """Undo one `hold`. After the last the SDK is as if there had never been a capture."""
    if _SHARED:
        _SHARED[0].holders -= 1
        if _SHARED[0].holders <= 0:
            _SHARED.pop().release()
