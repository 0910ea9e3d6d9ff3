"""Replies that are sent once what they answer is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pytest_sentryintegration.ingest.request import Reply

__all__ = ["Saving"]


class Saving:
    """Holds replies back until what they answer is saved, all of one turn of the loop together.

    To save for each request alone takes twice as long. Called in the serving thread.

    Args:
        save: Saves what came; returns what is answered instead where that fails.
    """

    def __init__(self, save: Callable[[], Reply | None]) -> None:
        self._save = save
        self._held: list[Callable[[Reply | None], None]] = []

    def hold(self, loop: asyncio.AbstractEventLoop, send: Callable[[Reply | None], None]) -> None:
        """Call *send* once all is saved, with what is to be answered instead where that fails."""
        if not self._held:
            loop.call_soon(self._release)
        self._held.append(send)

    def _release(self) -> None:
        held, self._held = self._held, []
        failed = self._save()
        for send in held:
            send(failed)
