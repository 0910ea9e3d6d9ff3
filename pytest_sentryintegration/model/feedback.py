"""What users wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.parts import Element
from pytest_sentryintegration.model.reading import mapping, text

__all__ = ["Feedback", "read_feedback"]


@dataclass(frozen=True, eq=False, repr=False)
class Feedback(Element):
    """What a user wrote.

    >>> from sentry_sdk.envelope import Envelope, Item, PayloadRef
    >>> said = {"message": "The tea is cold", "contact_email": "ada@example.org"}
    >>> item = Item(PayloadRef(json={"contexts": {"feedback": said}}), type="feedback")
    >>> sentry_sdk.get_client().transport.capture_envelope(Envelope(items=[item]))
    >>> sentry_events.feedback.find("The tea is cold").contact_email
    'ada@example.org'
    """

    @property
    def _written(self) -> dict[str, Any]:
        if self.item.type == "user_report":
            return self.raw
        return mapping(mapping(self.raw.get("contexts")).get("feedback"))

    @property
    def message(self) -> str:
        """The text, ``""`` where there is none."""
        return text(self._written.get("message")) or text(self._written.get("comments")) or ""

    @property
    def name(self) -> str | None:
        """Who wrote it."""
        return text(self._written.get("name"))

    @property
    def contact_email(self) -> str | None:
        """Where to answer."""
        return text(self._written.get("contact_email")) or text(self._written.get("email"))

    @property
    def url(self) -> str | None:
        """The page that it was written on."""
        return text(self._written.get("url"))

    def __repr__(self) -> str:
        return f"<Feedback {self.message[:80]!r}>"


def read_feedback(item: Item) -> Iterator[Feedback]:
    """Yield the feedback of a ``feedback`` item, or of a ``user_report`` item, its predecessor."""
    if item._is_object:
        yield Feedback(item, item._fields)
