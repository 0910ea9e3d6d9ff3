"""Locks that a thread may take again, and that are free in a forked process.

Reentrant, because the handler of a signal and the finaliser of an object may run in the thread that holds
the lock. Free, because the thread that held it when the process forked is not in the child.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_LOCKS: weakref.WeakSet[Any] = weakref.WeakSet()


def reentrant_lock() -> Any:
    """Return a `threading.RLock` that is free in a forked process.

    >>> with (lock := reentrant_lock()), lock:
    ...     pass
    """
    lock = threading.RLock()
    _LOCKS.add(lock)
    return lock


def _free() -> None:
    for lock in list(_LOCKS):
        # The thread that forked is in the child, and releases what it holds.
        if not lock._is_owned():
            lock._at_fork_reinit()  # as Python's own modules do


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free)
