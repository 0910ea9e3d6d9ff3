"""Search an inbox, and search again when something comes, until there is enough or the time is over."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final, NamedTuple

from pytest_sentryintegration import clock
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.inbox.steps import Step, pause

__unittest = True  # hides the frames of this module in unittest's tracebacks

SLICE: Final = 0.25
"""Seconds after which a wait asks this process's SDK again whether it holds something back."""
RUNNING_SLICE: Final = 0.05
"""The same, while a process runs whose end ends the wait."""
PATIENCE: Final = 30.0
"""Seconds that a process may run while it is waited for what it sends."""


class Lack(NamedTuple):
    """What keeps that which was found from being all that there will be."""

    sentences: list[str]
    quiet_in: float = 0
    """Where nothing is known to be missing: seconds until it has been quiet for long enough."""


class Found(NamedTuple):
    """What a search has found when it ended."""

    matched: list[Any]
    notes: list[str]
    """What this process's SDK could not send."""
    lack: Lack | None = None


def look(
    source: Source,
    search: Callable[[], list[Any]],
    enough: int,
    timeout: float,
    lack: Callable[[list[Any]], Lack | None] | None = None,
    *,
    patient: bool = False,
) -> Generator[Step, Any, Found]:
    """Search until there is enough and nothing is lacking, at most for *timeout* seconds.

    Args:
        source: Where things come from.
        search: Returns what matches of what has come so far.
        enough: How many are to match.
        timeout: Seconds of real time; a last quiet time that has begun by then is waited for.
        lack: Says what keeps these from being complete; ``None`` where nothing does.
        patient: Whether to wait while a process runs that the test started, `PATIENCE` at most.
    """
    __tracebackhide__ = True
    began = clock.monotonic()
    deadline = began + timeout
    notes: list[str] = yield source.drain
    while True:
        number = source.number()
        # Asked before it is searched: what a process sent before its end is found then.
        running = patient and source.is_running()
        started = clock.monotonic()
        matched = search()
        lacking = (yield partial(lack, matched)) if lack is not None and len(matched) >= enough else None
        now = clock.monotonic()
        done = len(matched) >= enough and lacking is None
        if done and lack is not None:
            # A span that finished after the last drain is lacking no more, and not sent yet.
            if not notes:
                notes = yield source.drain
            done = source.number() == number
        quiet_in = lacking.quiet_in if lacking is not None else 0
        limit = max(deadline, began + PATIENCE) if running else deadline
        if done or now >= limit + (source.quiet if quiet_in else 0):
            return Found(matched, notes, lacking)
        at_most = RUNNING_SLICE if running else SLICE
        # Searching a large inbox again for each of many arrivals would take all the time there is. Not after
        # the wait: what comes is to be answered at once.
        yield partial(pause, min(now - started, max(deadline - now, 0)))
        left = max(limit - clock.monotonic(), 0)
        yield partial(source.wait, number, min(quiet_in or left, at_most))
        if not notes:
            notes = yield source.drain
