"""The environment variables of a capture, and of a run outside of captures: set, and put back at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from pytest_sentryintegration.capturing.delivery import Delivery
from pytest_sentryintegration.server.child_environment import HIDDEN
from pytest_sentryintegration.server.fake_sentry import KEY

FALLBACK_DSN = f"http://{KEY}@sentry.invalid/1"
"""What a client sends with where the application made none; no request to this name is ever tried."""


class Patch(Protocol):
    """What changes variables for the length of a test: pytest's ``monkeypatch``."""

    def setenv(self, name: str, value: str) -> None:
        """Set a variable."""

    def delenv(self, name: str, raising: bool = True) -> None:
        """Remove a variable."""


class Environment:
    """Sets ``SENTRY_DSN`` for this process's children, and hides what would falsify a test.

    Args:
        patch: what the test itself changes variables with, if anything. Where that ends after the
            capture it would put back the capture's values, so it learns of the ones before.

    >>> environment = Environment()
    >>> environment.enter("http://key@127.0.0.1:1234/1")
    >>> environment.leave()
    """

    def __init__(self, patch: Patch | None = None) -> None:
        self._patch = patch
        self._before: dict[str, str | None] | None = None

    def enter(self, dsn: str) -> None:
        """Set *dsn*, hide the rest."""
        self._before = {name: os.environ.get(name) for name in ("SENTRY_DSN", *HIDDEN)}
        if self._patch is not None:
            for name in HIDDEN:
                self._patch.delenv(name, raising=False)
            self._patch.setenv("SENTRY_DSN", dsn)
            return
        for name in HIDDEN:
            if self._before[name] is not None:
                del os.environ[name]
        os.environ["SENTRY_DSN"] = dsn

    def leave(self) -> None:
        """Put back what `enter` changed."""
        before, self._before = self._before, None
        for name, value in (before or {}).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def announce(delivery: Delivery) -> Callable[[], None]:
    """Set ``SENTRY_DSN`` to a DSN of the fake Sentry for as long as no capture sets another.

    Args:
        delivery: where the clients of this process deliver.

    Returns:
        What puts it back.

    Raises:
        ListenError: when the fake Sentry cannot listen where the settings say.
    """
    environment = Environment()
    environment.enter(FALLBACK_DSN if delivery.settings.transport == "memory" else delivery.fake.dsn())
    return environment.leave
