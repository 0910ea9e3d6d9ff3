"""A lock that a fork finds free: whichever thread held its parent's is not there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any


def lock_by_process() -> Callable[[], Any]:
    """Return a function that answers the reentrant lock of the calling process.

    >>> lock = lock_by_process()
    >>> lock() is lock()
    True
    """
    locks: dict[int, Any] = {}

    def lock() -> Any:
        pid = os.getpid()
        return locks.get(pid) or locks.setdefault(pid, threading.RLock())

    return lock
