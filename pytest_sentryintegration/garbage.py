"""The garbage collector, paused while many objects are made that stay."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_paused = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector, where it is on. Only for large work: it is paused for the whole process.

    100,000 spans are 500,000 objects, all of which stay. Looking through them for garbage, again and again
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
    """Switch it on again in a forked process: the thread that paused it does not exist there."""
    global _paused
    if _paused:
        _paused = False
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_resume)
