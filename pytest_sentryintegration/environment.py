"""The environment variables of a capture: set while it runs, as before when it ends."""

from __future__ import annotations

import os

HIDDEN = ("SENTRY_SPOTLIGHT", "SENTRY_TRACE", "SENTRY_BAGGAGE")
"""Would send a copy elsewhere, or make every trace of the test continue a foreign one."""

LOOPBACK = "127.0.0.1,localhost"


class Environment:
    """Sets ``SENTRY_DSN`` for this process's children, and hides what would falsify a test.

    >>> environment = Environment()
    >>> environment.enter("http://key@127.0.0.1:1234/1")
    >>> environment.leave()
    """

    def __init__(self) -> None:
        self._before: dict[str, str | None] | None = None

    def enter(self, dsn: str) -> None:
        """Set *dsn*, hide the rest."""
        self._before = {name: os.environ.get(name) for name in ("SENTRY_DSN", *HIDDEN)}
        for name in HIDDEN:
            os.environ.pop(name, None)
        os.environ["SENTRY_DSN"] = dsn

    def leave(self) -> None:
        """Put back what `enter` changed."""
        before, self._before = self._before, None
        for name, value in (before or {}).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def child_environment(dsn: str) -> dict[str, str]:
    """Return a complete environment for a child process that reports with *dsn*, past any proxy."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    environment["SENTRY_DSN"] = dsn
    for name in ("NO_PROXY", "no_proxy"):
        present = environment.get(name)
        # Clients differ in which spelling they read, and the SDK matches plain suffixes only.
        environment[name] = f"{present},{LOOPBACK}" if present else LOOPBACK
    return environment
