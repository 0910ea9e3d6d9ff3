"""Real time, also while a test has frozen or moved its clock. Knows nothing else."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

# freezegun replaces every module attribute that is one of time's functions; it does not
# look into a tuple. time-machine patches the wall clock inside CPython, but leaves
# perf_counter alone: the wall time is therefore taken once and counted on from there.
_COUNTER = (time.perf_counter,)
_STARTED = datetime.now(timezone.utc)
_STARTED_COUNT = _COUNTER[0]()


def monotonic() -> float:
    """Return seconds that only go forward, frozen clocks or not.

    >>> monotonic() <= monotonic()
    True
    """
    return _COUNTER[0]()


def now() -> datetime:
    """Return the real time in UTC, with its zone, frozen clocks or not.

    It is counted on from the moment this module was imported, so a machine that sleeps
    or whose clock is set during the run shifts it by as much.

    >>> now().tzinfo
    datetime.timezone.utc
    """
    return _STARTED + timedelta(seconds=_COUNTER[0]() - _STARTED_COUNT)
