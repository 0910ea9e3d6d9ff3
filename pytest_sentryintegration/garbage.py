"""The collector of garbage, out of the way while much is made that stays."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_paused = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collector of the process, where it is on; for what is large alone, since others feel it.

    100,000 spans are 500,000 objects, all of which stay: looking through them for garbage, again and again
    while they are made, takes as long as making them.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    """
    global _paused
    if not gc.isenabled():
        yield
        return
    try:
        _paused = True
        gc.disable()
        yield
    finally:
        _paused = False
        gc.enable()


def _resume() -> None:
    """Let the collector of a forked process go on: the thread that paused it is not there."""
    global _paused
    if _paused:
        _paused = False
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_resume)
