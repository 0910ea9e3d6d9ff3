"""Sentry's five levels, and other words and numbers that mean them."""

from __future__ import annotations

import difflib
from enum import Enum

from sentryintegration._guard import repaired, shown

ALIASES = {
    "debug": "debug",
    "trace": "debug",
    "notset": "debug",
    "info": "info",
    "information": "info",
    "log": "info",
    "warn": "warning",
    "warning": "warning",
    "err": "error",
    "error": "error",
    "exception": "error",
    "fatal": "fatal",
    "critical": "fatal",
}


class Level(str, Enum):
    """How severe an event is, with Sentry's own values.

    A member is a ``str``, so it can be given wherever ``sentry_sdk`` takes a level. Names in any case, the
    names and numbers of ``logging``, and the members themselves are all understood:

    >>> Level("warn") is Level("WARNING") is Level(30) is Warn
    True
    >>> Warn + "!"
    'warning!'
    """

    Debug = "debug"
    Info = "info"
    Warn = "warning"
    Error = "error"
    Fatal = "fatal"

    __str__ = str.__str__

    def __format__(self, spec: str) -> str:
        return str.__format__(self.value, spec)

    @classmethod
    def _missing_(cls, value: object) -> Level | None:
        return _known(value)


Debug = Level.Debug
Info = Level.Info
Warn = Level.Warn
Error = Level.Error
Fatal = Level.Fatal

STEPS = ((50, Fatal), (40, Error), (30, Warn), (20, Info))


def _known(value: object) -> Level | None:
    if isinstance(value, str):
        # A subclass of str may do anything in its methods.
        name = str.__str__(value).strip().lower()
        if name in ALIASES:
            return Level(ALIASES[name])
        return _known(int(name)) if name.isdecimal() and len(name) < 6 else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
        return next((level for step, level in STEPS if value >= step), Debug)
    return None


def level_of(value: object) -> Level:
    """Return the level that *value* means; anything else gives ``Error`` and a log record.

    Relay: an unknown level is stored as ``error``, and ``"warn"`` is unknown there.

    >>> level_of("critical") is Fatal and level_of(25) is Info
    True
    """
    if type(value) is Level:
        return value
    level = _known(value)
    if level is None:
        near = difflib.get_close_matches(shown(value).strip("'\"").lower(), ALIASES, n=1, cutoff=0.0)
        repaired("unknown level %s, sent as 'error'; the nearest level is %r", shown(value), ALIASES[near[0]])
        return Error
    return level
