"""The inboxes of a process's captures: their names, how long they stay open, what they held."""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Callable

_numbers = itertools.count(1)
"""Of all captures of this process, so that what comes late for one of them gets into no other one's inbox."""


class Inboxes:
    """Names inboxes, closes those whose `SentryEvents` is gone, and counts.

    Args:
        close: closes the inbox of that name.
    """

    def __init__(self, close: Callable[[str], None]) -> None:
        self.count = 0
        """How many have been finished."""
        self.envelopes = 0
        """How many envelopes these held."""
        self._close = close
        self._open: list[tuple[str, weakref.ref[object]]] = []
        self._kept = 0

    def next_name(self) -> str:
        """Name a new inbox: unlike those of other processes too, which may report to this server."""
        return f"t{next(_numbers)}-{os.getpid():x}"

    def close_when_gone(self, inbox: str, events: object) -> None:
        """Close *inbox* when *events* is gone.

        As long as it exists, what a thread reports late is kept in the inbox.
        """
        self._open.append((inbox, weakref.ref(events)))
        # Not by a callback: that would be called wherever garbage happens to be collected, and fail a test
        # that has recursed as deep as Python lets it.
        if len(self._open) > 2 * self._kept:
            self._close_gone()

    def _close_gone(self) -> None:
        before, self._open = self._open, []
        for inbox, events in before:
            if events() is None:
                self._close(inbox)
            else:
                self._open.append((inbox, events))
        self._kept = len(self._open)
