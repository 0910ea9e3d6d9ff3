"""What became of log records, where no event or log of them came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.matching.criteria import compare
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.matching.showing import plain, show

EVENTS: Final = (None, "events", "messages", "errors")
_LISTED: Final = 3


def of_breadcrumbs(query: Query, evidence: Evidence) -> list[str]:
    """Return that what is asked for was logged below the level of events; empty where it was not."""
    records = evidence.log_records
    criterion: Any = query.main if query.main is not ... else query.criteria.get("text")
    if records is None or query.noun.name not in EVENTS or not isinstance(criterion, str | re.Pattern):
        return []
    for logged in records.breadcrumbs:
        if next(compare(criterion, logged.message, "text"), None) is None:
            made = f"events of records from {records.event_level} up" if records.event_level else "no events"
            why = "" if records.event_level else " with event_level=None"
            return [
                f"{show(logged.message)} was logged as {logged.level}:{why} the SDK makes {made}, and a "
                "breadcrumb of this one."
            ]
    return []


def of_logging(evidence: Evidence, noun: str | None) -> Iterable[str]:
    """Yield what may have kept log records from being events or logs; these are facts, and no reasons."""
    records = evidence.log_records
    if records is None or noun not in (*EVENTS, "logs"):
        return
    if not records.integrated:
        yield "The SDK client has no logging integration: no log record becomes an event or a log."
    elif noun == "logs":
        if not records.root_passes_info:
            yield f"Without a level of their own, loggers make records from {records.root_level} up alone."
    elif records.event_level is None:
        yield "The logging integration has event_level=None: no log record becomes an event."
    elif records.silenced:
        yield f"Loggers with a level above {records.event_level}: {_named(records.silenced)}"
    if records.disabled:
        yield f"Loggers that are disabled: {_named(records.disabled)}"


def _named(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _LISTED else "."
    return ", ".join(plain(name, 60) for name in names[:_LISTED]) + more
