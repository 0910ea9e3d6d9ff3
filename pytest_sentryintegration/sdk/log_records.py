"""What becomes of the records of `logging` here, found out when a test fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

import sentry_sdk

from pytest_sentryintegration.evidence import Logged, LogRecords

_NEWEST: Final = 100
"""How many breadcrumbs are looked at."""


def log_records(client: Any) -> LogRecords:
    """Return what becomes of log records with *client*, and which are breadcrumbs of the running test."""
    integration = client.integrations.get("logging")
    # The second one is that of sentry-sdk 3.
    handler = getattr(integration, "_handler", None) or getattr(integration, "_event_handler", None)
    level = handler.level if handler is not None else None
    return LogRecords(
        integrated=integration is not None,
        event_level=None if level is None else logging.getLevelName(level),
        root_level=logging.getLevelName(logging.getLogger().getEffectiveLevel()),
        root_passes_info=logging.getLogger().isEnabledFor(logging.INFO),
        disabled=tuple(_loggers(lambda logger: logger.disabled)),
        silenced=tuple(
            _loggers(lambda logger: not logger.disabled and level is not None and logger.level > level)
        ),
        breadcrumbs=tuple(_breadcrumbs(level)),
    )


def _loggers(wanted: Any) -> Iterator[str]:
    for name, logger in sorted(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and wanted(logger):
            yield name


def _breadcrumbs(level: int | None) -> Iterator[Logged]:
    """Yield the records below *level*, the newest first: those from there on are events."""
    crumbs = list(getattr(sentry_sdk.get_isolation_scope(), "_breadcrumbs", ()))
    for crumb in reversed(crumbs[-_NEWEST:]):
        name = str(crumb.get("level")).upper()
        number = logging.getLevelName(name)
        if crumb.get("type") == "log" and isinstance(number, int) and (level is None or number < level):
            yield Logged(str(crumb.get("message")), name)
