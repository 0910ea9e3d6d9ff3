"""What the views of an inbox stand on. Knows neither pytest, sentry_sdk nor the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.model import Contents


def _no_server() -> NoReturn:
    raise RuntimeError("there is no fake Sentry here that other processes could report to")


def _no_threads(thread: threading.Thread) -> NoReturn:
    raise RuntimeError("there is no SDK here whose threads could be adopted")


@dataclass(frozen=True)
class Source:
    """One inbox, and what whoever captures into it can do. Only `contents` is needed.

    >>> Source(Contents(lambda number: [])).timeout
    1.0
    """

    contents: Contents
    """What came, read into objects."""
    drain: Callable[[], list[str]] = list
    """Sends what this process's SDK still holds; returns a sentence for each thing that it could not send."""
    wait: Callable[[int, float], bool] = lambda number, timeout: False
    """Waits until something newer than that number has come, for so many seconds of real time."""
    number: Callable[[], int] = lambda: 0
    """The number of the newest arrival."""
    evidence: Callable[[], Evidence] = Evidence
    """What is known about the senders."""
    clear: Callable[[], None] = lambda: None
    """Forgets what the store holds of this inbox."""
    adopt: Callable[[threading.Thread], None] = _no_threads
    """Makes what a thread captures from now on belong to this inbox."""
    dsn: Callable[[], str] = _no_server
    env: Callable[[], dict[str, str]] = _no_server
    url: Callable[[], str] = _no_server
    faults: Callable[[], Any] = _no_server
    timeout: float = 1.0
    """Seconds that `find` and `wait` wait where the call does not say."""
    invalid_allow: tuple[str, ...] | None = None
    """Paths of findings that do not count; ``None`` for the default ones."""
