"""What the processes that `multiprocessing` starts report goes to the test that started them.

A fork has the scopes of its test, and ``spawn`` gives a process the environment of now. The processes of
``forkserver`` have the environment of their server, which was started in an earlier test, and the SDK client
of what that has preloaded (``set_forkserver_preload``).
"""

from __future__ import annotations

import functools
import os
from multiprocessing import spawn
from typing import Any

from pytest_sentryintegration.server.child_environment import HIDDEN


class _Environment:
    """Sets variables in the process that unpickles it; needs nothing but the standard library there."""

    def __init__(self, changes: dict[str, str | None]) -> None:
        self._changes = changes

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_SET, {"changes": self._changes})


_SET = """
import os, sys
before, now = os.environ.get("SENTRY_DSN"), changes["SENTRY_DSN"]
for name, value in changes.items():
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
if before != now and "sentry_sdk" in sys.modules:
    try:
        from sentry_sdk import get_client
        from sentry_sdk.transport import make_transport
        client = get_client()
        if client.is_active() and client.options["dsn"] == before:
            client.options["dsn"] = now
            client.transport = make_transport(client.options)
    except Exception:
        pass
"""


def hand_on_environment() -> None:
    """Have `multiprocessing` hand the variables of a capture to each process that it starts; done once."""
    original = spawn.get_preparation_data
    if hasattr(original, "_sentryintegration"):
        return

    @functools.wraps(original)
    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        changes = {name: os.environ.get(name) for name in ("SENTRY_DSN", *HIDDEN)}
        return {**data, "sentryintegration": _Environment(changes)}

    get_preparation_data._sentryintegration = True  # type: ignore[attr-defined]
    spawn.get_preparation_data = get_preparation_data
