"""What all captures of a process share: the patched SDK, its clients, the fake Sentry, the inboxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from pytest_sentryintegration.capturing.children import hand_on_environment
from pytest_sentryintegration.capturing.delivery import Delivery
from pytest_sentryintegration.capturing.inboxes import Inboxes
from pytest_sentryintegration.sdk import noticing
from pytest_sentryintegration.sdk.clients import Clients
from pytest_sentryintegration.sdk.draining import drain, drain_before_forks
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.settings import Settings


class Shared:
    """The patched SDK, its clients, where these deliver, and the inboxes."""

    def __init__(self, settings: Settings) -> None:
        self.delivery = Delivery(settings)
        self.redirect = Redirect(self.delivery)
        self.clients = Clients(self.redirect)
        self.inboxes = Inboxes(lambda inbox: self.delivery.fake.store.close(inbox))
        drain_before_forks(_weakly(self.clients.live))
        hand_on_environment()

    def counts(self) -> dict[str, Any]:
        """Count tests, envelopes, strays, and late envelopes by test."""
        drain(self.clients.live())
        store = self.delivery.fake.store
        return {
            "tests": self.inboxes.count,
            "envelopes": self.inboxes.envelopes,
            "strays": store.strays,
            "late": dict(store.late),
        }

    def release(self) -> None:
        """Close clients and port, and put the SDK's functions back."""
        self.clients.close()
        self.redirect.uninstall()
        noticing.uninstall()
        self.delivery.close()


def _weakly(live: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    """Return *live*, without keeping its object alive."""
    reference = WeakMethod(live)
    return lambda: method() if (method := reference()) is not None else []


_SHARED: list[Shared] = []


def shared(settings: Settings | None = None) -> Shared:
    """Return what this process's captures share; settings, where given, hold from now on."""
    if not _SHARED:
        _SHARED.append(Shared(settings or Settings()))
    elif settings is not None:
        _SHARED[0].delivery.settings = settings
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
