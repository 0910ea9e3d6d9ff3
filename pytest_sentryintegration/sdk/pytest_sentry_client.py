"""The client of pytest-sentry, which reports the tests of a run to a DSN of its own, and is left alone.

pytest-sentry makes it of a subclass in its package, with the DSN of ``PYTEST_SENTRY_DSN`` or of its marker:
the class tells it apart, as the application may have the same DSN.
"""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any, Final

_PACKAGE: Final = "pytest_sentry"


def is_of_pytest_sentry(client: Any) -> bool:
    """Return whether pytest-sentry made *client*, or it is of a subclass of its client's class."""
    return any(str(cls.__module__).partition(".")[0] == _PACKAGE for cls in type(client).__mro__)


class Transports:
    """Tells which transports are those of pytest-sentry's clients; these may be older than the redirect."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()

    def has(self, transport: Any) -> bool:
        """Return whether a client of pytest-sentry posts by *transport*."""
        if _PACKAGE not in sys.modules:
            return False
        if transport not in self._known:
            # A transport does not know its client. Asked once for a transport, as it takes some 50 ms.
            client_class = sys.modules["sentry_sdk"].Client
            clients = [each for each in gc.get_objects() if issubclass(type(each), client_class)]
            self._known[transport] = any(
                is_of_pytest_sentry(client) and getattr(client, "transport", None) is transport
                for client in clients
            )
        return self._known[transport]
