"""What the items of an envelope are read as, and what such objects have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pytest_sentryintegration.model.items import Envelope, Item
from pytest_sentryintegration.model.reading import listing
from pytest_sentryintegration.verdict import Verdict

__all__ = ["Element", "Part", "elements_of", "read_once"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """What one item of an envelope is read as."""

    item: Item
    """The item that it was sent as."""

    @property
    def envelope(self) -> Envelope:
        """The envelope that it came in."""
        return self.item.envelope

    @property
    def project_id(self) -> str:
        """The project that it was sent to."""
        return self.item.envelope.project_id

    @property
    def verdict(self) -> Verdict:
        """What real Sentry would do with the item that it was sent in."""
        return self.item.verdict


@dataclass(frozen=True, eq=False, repr=False)
class Element(Part):
    """What the whole of an item is read as, or one of the elements that it contains."""

    raw: dict[str, Any]
    """The JSON object as it was sent."""


def elements_of(item: Item) -> list[dict[str, Any]]:
    """Return the elements of a container that are objects; one without a container is an element, too.

    Sentry drops that one, which is the verdict's to say.
    """
    payload = item._fields
    elements = listing(payload.get("items")) if "items" in payload or not payload else [payload]
    return [element for element in elements if isinstance(element, dict)]


def read_once(item: Item, read: Callable[[Item], T]) -> T:
    """Return what *read* makes of an item; asked again, the same object, also for another *read*."""
    known: T | None = item.__dict__.get("_read")
    made: T = item.__dict__.setdefault("_read", read(item)) if known is None else known
    return made
