"""What the views of an inbox stand on. Knows neither pytest, sentry_sdk nor the server."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping
from typing import Any, NoReturn, Protocol

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.matching.secrets import Secret
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.processes.child import ChildProcess
from pytest_sentryintegration.store import Store


class Source(Protocol):
    """One inbox, and what captures into it. A class that inherits from it overrides what it can do."""

    contents: Contents
    """What came, read into objects."""
    timeout: float = 1.0
    """Seconds that `find` and `wait` wait where the call does not say."""
    quiet: float = 0.2
    """Seconds without anything new after which a trace counts as complete."""
    public_key: str = "0" * 32
    """The key by which a trace that a test begins says whose it is."""
    invalid_allow: tuple[str, ...] | None = None
    """Paths of findings that do not count; ``None`` for the default ones."""
    secrets: tuple[str, ...] = ()
    """What must never be sent, as ``sentry_secrets`` names it."""
    found_secrets: tuple[Secret, ...] = ()
    """What `assert_absent` was given and found: the report of the failing test does not show it."""

    def drain(self) -> list[str]:
        """Send what this process's SDK still holds; return a sentence for each thing it could not send."""
        return []

    def holds_back(self) -> bool:
        """Whether this process's SDK still holds something; sends nothing, and waits for nothing."""
        return False

    def number(self) -> int:
        """Return the number of the newest arrival."""
        return 0

    def wait(self, number: int, timeout: float) -> bool:
        """Wait until something newer than that number has come, for so many seconds of real time."""
        return False

    def holding(self, trace_ids: Collection[str]) -> list[str]:
        """Return a sentence for all of these traces that a process of this test holds back."""
        return []

    def evidence(self) -> Evidence:
        """Return what is known about the senders."""
        return Evidence()

    def clear(self) -> None:
        """Forget what came so far."""

    def start(
        self,
        args: Any,
        options: Mapping[str, Any],
        *,
        everything: bool = False,
        awaited: re.Pattern[str] | None = None,
    ) -> ChildProcess:
        """Start a process that reports into this inbox and ends with it; see `ChildProcess`."""
        _no_server()

    def is_running(self) -> bool:
        """Whether a process that was started here, and that is to end by itself, still runs."""
        return False

    def adopt(self, thread: threading.Thread) -> None:
        """Let what a thread captures from now on belong to this inbox."""
        raise RuntimeError("there is no SDK here whose threads could be adopted")

    def dsn(self) -> str:
        """Return a DSN for another process."""
        _no_server()

    def env(self) -> dict[str, str]:
        """Return a complete environment for another process."""
        _no_server()

    def url(self) -> str:
        """Return the URL of the fake Sentry."""
        _no_server()

    def faults(self) -> Faults:
        """Return the faults of this inbox."""
        _no_server()


class StoredInbox(Source):
    """An inbox of a store, which nothing in this process has to capture into.

    >>> store = Store()
    >>> StoredInbox(store, "strays").contents.events
    []
    """

    def __init__(self, store: Store, inbox: str) -> None:
        self.store = store
        self.inbox = inbox
        self.contents = Contents.of_inbox(store, inbox)

    def number(self) -> int:
        """Return the number of the newest arrival."""
        return self.store.last(self.inbox)

    def wait(self, number: int, timeout: float) -> bool:
        """Wait until something newer than that number has come, for so many seconds of real time."""
        return self.store.wait(self.inbox, number, timeout)

    def clear(self) -> None:
        """Forget what came so far."""
        self.store.clear(self.inbox)
        cleared, self.contents = self.contents, Contents.of_inbox(self.store, self.inbox)
        self.contents.resume(cleared)


def _no_server() -> NoReturn:
    raise RuntimeError("there is no fake Sentry here that other processes could report to")
