"""Reports of cron jobs' runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.parts import Element
from pytest_sentryintegration.model.reading import identifier, mapping, number, text

__all__ = ["CheckIn", "read_check_ins"]


@dataclass(frozen=True, eq=False, repr=False)
class CheckIn(Element):
    """One report of a cron job's run.

    >>> run = sentry_sdk.crons.capture_checkin(monitor_slug="nightly", status="ok", duration=2)
    >>> check_in = sentry_events.check_ins.find("nightly")
    >>> check_in.status, check_in.duration
    ('ok', 2.0)
    """

    @property
    def monitor_slug(self) -> str:
        """The job, ``""`` where none was sent."""
        return text(self.raw.get("monitor_slug")) or ""

    @property
    def status(self) -> str:
        """``in_progress``, ``ok`` or ``error``; ``""`` where none was sent."""
        return text(self.raw.get("status")) or ""

    @property
    def id(self) -> str | None:
        """Its id, the same in all reports of one run."""
        return identifier(self.raw.get("check_in_id"))

    @property
    def duration(self) -> float | None:
        """Seconds that the run took."""
        return number(self.raw.get("duration"))

    @property
    def monitor_config(self) -> dict[str, Any]:
        """What the job is to be like: ``schedule``, ``timezone``, ``checkin_margin``, ..."""
        return mapping(self.raw.get("monitor_config"))

    def __repr__(self) -> str:
        return f"<CheckIn {self.monitor_slug} {self.status}>"


def read_check_ins(item: Item) -> Iterator[CheckIn]:
    """Yield the check-in of a ``check_in`` item."""
    if item._is_object:
        yield CheckIn(item, item._fields)
