"""What is made of an item, or of an element of one."""

from __future__ import annotations

from typing import Any

from pytest_sentryintegration.model.frozen import Frozen
from pytest_sentryintegration.model.items import Envelope, Item
from pytest_sentryintegration.model.reading import listing

__all__ = ["Sent", "elements_of"]


class Sent(Frozen):
    """What was made of an item, or of an element of one."""

    item: Item
    """The item that it was sent in."""
    raw: dict[str, Any]
    """The JSON object as it was sent."""

    def __init__(self, item: Item, raw: dict[str, Any]) -> None:
        own = self.__dict__
        own["item"] = item
        own["raw"] = raw

    @property
    def envelope(self) -> Envelope:
        """The envelope that it came in."""
        return self.item.envelope


def elements_of(item: Item) -> list[dict[str, Any]]:
    """Return the elements of a container that are objects; one without a container is an element, too.

    Sentry drops that one, which is the verdict's to say.
    """
    payload = item._fields
    elements = listing(payload.get("items")) if "items" in payload or not payload else [payload]
    return [element for element in elements if isinstance(element, dict)]
