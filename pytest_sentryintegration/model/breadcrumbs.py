"""The trail of breadcrumbs that an event carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.reading import mapping, moment, text, values

__all__ = ["Breadcrumb", "read_breadcrumbs"]


@dataclass(frozen=True, eq=False, repr=False)
class Breadcrumb:
    """One thing that happened before the event.

    >>> sentry_sdk.add_breadcrumb(category="cart", message="one tea")
    >>> event_id = capture_message("out of tea")
    >>> sentry_events.find("out of tea").breadcrumbs
    (<Breadcrumb cart 'one tea'>,)
    """

    raw: dict[str, Any]
    """The breadcrumb as it was sent."""

    @property
    def message(self) -> str | None:
        """What happened."""
        return text(self.raw.get("message"))

    @property
    def category(self) -> str | None:
        """Where, such as ``httplib`` or the name of a logger."""
        return text(self.raw.get("category"))

    @property
    def level(self) -> str:
        """Its level, ``info`` where none was sent (Relay's default)."""
        return text(self.raw.get("level")) or "info"

    @property
    def data(self) -> dict[str, Any]:
        """What is known beside the message."""
        return mapping(self.raw.get("data"))

    @property
    def timestamp(self) -> datetime | None:
        """When, in UTC."""
        return moment(self.raw.get("timestamp"))

    def __repr__(self) -> str:
        return f"<Breadcrumb {self.category} {(self.message or '')[:80]!r}>"


def read_breadcrumbs(value: object) -> tuple[Breadcrumb, ...]:
    """Return the breadcrumbs of an event's ``breadcrumbs``: a list, or ``{"values": [...]}``."""
    return tuple(Breadcrumb(raw) for raw in values(value))
