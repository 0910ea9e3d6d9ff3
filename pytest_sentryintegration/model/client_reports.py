"""What SDKs say they discarded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.parts import Element
from pytest_sentryintegration.model.reading import listing, moment, number, text

__all__ = ["ClientReport", "Discarded", "read_client_reports"]


class Discarded(NamedTuple):
    """What an SDK discarded, for one reason and of one category.

    >>> Discarded("before_send", "error", 2).quantity
    2
    """

    reason: str
    """Why, such as ``before_send``, ``sample_rate`` or ``network_error``."""
    category: str
    """What it was: ``error``, ``transaction``, ``span`` and so on."""
    quantity: int
    """How many."""


@dataclass(frozen=True, eq=False, repr=False)
class ClientReport(Element):
    """What an SDK did not send, and why.

    >>> with capture(before_send=lambda event, hint: None) as sentry_events:
    ...     event_id = capture_message("out of tea")
    ...     sentry_events.client_reports.find().discarded
    (Discarded(reason='before_send', category='error', quantity=1),)
    """

    @lazy
    def discarded(self) -> tuple[Discarded, ...]:
        """What was discarded: reason, category and quantity each."""
        return tuple(
            Discarded(
                text(entry.get("reason")) or "",
                text(entry.get("category")) or "",
                int(number(entry.get("quantity")) or 0),
            )
            for entry in listing(self.raw.get("discarded_events"))
            if isinstance(entry, dict)
        )

    @property
    def timestamp(self) -> datetime | None:
        """When it was made, in UTC."""
        return moment(self.raw.get("timestamp"))

    def __repr__(self) -> str:
        parts = ", ".join(f"{lost.quantity} {lost.category} {lost.reason}" for lost in self.discarded[:5])
        return f"<ClientReport {parts}>"


def read_client_reports(item: Item) -> Iterator[ClientReport]:
    """Yield the report of a ``client_report`` item."""
    if item._is_object:
        yield ClientReport(item, item._fields)
