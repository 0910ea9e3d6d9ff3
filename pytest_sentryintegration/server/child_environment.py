"""The environment of a process that reports to the fake Sentry."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

HIDDEN = ("SENTRY_SPOTLIGHT", "SENTRY_TRACE", "SENTRY_BAGGAGE")
"""Would send a copy elsewhere, or make every trace of the test continue a foreign one."""

LOOPBACK = "127.0.0.1,localhost"


def child_environment(dsn: str) -> dict[str, str]:
    """Return a complete environment for a child process that reports with *dsn*, past any proxy."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    environment["SENTRY_DSN"] = dsn
    direct = LOOPBACK
    host = urlsplit(dsn).hostname
    if host not in (None, *LOOPBACK.split(",")):
        direct += f",{host}"
    for name in ("NO_PROXY", "no_proxy"):
        present = environment.get(name)
        # Clients differ in which spelling they read, and the SDK matches plain suffixes only.
        environment[name] = f"{present},{direct}" if present else direct
    return environment
