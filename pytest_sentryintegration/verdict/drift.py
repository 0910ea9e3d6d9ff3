"""A sender's clock that is wrong: by how much, and its event as if it were right. Knows only times.

Relay: clock_drift.rs. The difference between the envelope's ``sent_at`` and the time it was received is
added to every time in the event, when it is 55 minutes or more. ``sentry-relay`` does not do this.
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from pytest_sentryintegration.verdict.sameness import seconds

MINIMUM = 55 * 60
"""The smallest difference that Relay corrects, in seconds."""

_TIMES = ("timestamp", "start_timestamp")


def drift(sent_at: Any, received: datetime) -> float:
    """Return by how many seconds the sender's clock is behind; 0.0 below 55 minutes, or without ``sent_at``.

    >>> from datetime import timezone
    >>> drift("2026-01-01T00:00:00Z", datetime(2026, 1, 1, 1, tzinfo=timezone.utc))
    3600.0
    >>> drift("2026-01-01T00:10:00Z", datetime(2026, 1, 1, 1, tzinfo=timezone.utc))
    0.0
    """
    then = seconds(sent_at) if isinstance(sent_at, str) else None
    if then is None:
        return 0.0
    behind = received.timestamp() - then
    return behind if int(abs(behind)) >= MINIMUM else 0.0


def corrected(event: dict[str, Any], behind: float) -> dict[str, Any]:
    """Return *event* with its own times and those of its breadcrumbs and spans moved by *behind* seconds."""
    moved: dict[str, Any] = _moved(event, behind)
    crumbs = moved.get("breadcrumbs")
    if isinstance(crumbs, dict) and isinstance(crumbs.get("values"), list):
        moved["breadcrumbs"] = {**crumbs, "values": [_moved(crumb, behind) for crumb in crumbs["values"]]}
    elif isinstance(crumbs, list):
        moved["breadcrumbs"] = [_moved(crumb, behind) for crumb in crumbs]
    if isinstance(moved.get("spans"), list):
        moved["spans"] = [_moved(span, behind) for span in moved["spans"]]
    return moved


def _moved(value: Any, behind: float) -> Any:
    if not isinstance(value, dict):
        return value
    changed = copy.copy(value)
    for name in _TIMES:
        when = seconds(changed.get(name))
        if when is not None:
            changed[name] = when + behind
    return changed
