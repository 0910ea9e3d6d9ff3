"""The facade's log records, and how an exception inside it is kept from the application."""

from __future__ import annotations

import functools
import logging
import os
import reprlib
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import sentry_sdk.integrations.logging as sdk_logging

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger("sentryintegration")

# The names differ between versions: 3.0 split what one function did in 2.x.
for _ignore in ("ignore_logger", "ignore_logger_for_events", "ignore_logger_for_sentry_logs"):
    if hasattr(sdk_logging, _ignore):
        getattr(sdk_logging, _ignore)("sentryintegration")


def shown(value: object) -> str:
    """Return a short ``repr`` of *value* for a log record, whatever its ``__repr__`` does.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxx...xxxxxxxxxxxxx'"
    """
    try:
        return reprlib.repr(value)
    except Exception:
        return f"<unprintable {type(value).__name__}>"


def log(level: int, message: str, *args: object) -> None:
    """Write a log record; a handler that fails does not fail the application."""
    try:
        logger.log(level, message, *args)
    except Exception:
        pass


def repaired(message: str, *args: object) -> None:
    """Log that a wrong argument was repaired, with its value and what is sent instead."""
    log(logging.WARNING, message, *args)


def failed(where: str) -> None:
    """Report the exception being handled, which came from inside the facade or the SDK.

    With ``SENTRYINTEGRATION_RAISE`` in the environment it is raised: the facade's own tests must not
    pass because something was swallowed.
    """
    if os.environ.get("SENTRYINTEGRATION_RAISE"):
        raise
    try:
        logger.error("%s failed and was skipped", where, exc_info=True)
    except Exception:
        pass


def guarded(fallback: Callable[[], Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function that never raises: after a failure it returns ``fallback()``."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            __tracebackhide__ = True
            try:
                return function(*args, **kwargs)
            except Exception:
                failed(function.__name__)
                return fallback()  # type: ignore[no-any-return]

        return call

    return decorate
