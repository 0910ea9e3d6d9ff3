"""Measurements of application metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.parts import Element, elements_of
from pytest_sentryintegration.model.reading import identifier, moment, text
from pytest_sentryintegration.model.sent_spans import unwrapped

__all__ = ["Metric", "read_metrics"]


@dataclass(frozen=True, eq=False, repr=False)
class Metric(Element):
    """One measurement of an application metric.

    >>> sentry_sdk.metrics.count("sold", 2, attributes={"product": "tea"})
    >>> metric = sentry_events.metrics.find("sold")
    >>> metric.type, metric.value, metric.attributes["product"]
    ('counter', 2.0, 'tea')
    """

    @property
    def name(self) -> str:
        """Its name, ``""`` where none was sent."""
        return text(self.raw.get("name")) or ""

    @property
    def type(self) -> str:
        """``counter``, ``gauge`` or ``distribution``; ``""`` where none was sent."""
        return text(self.raw.get("type")) or ""

    @property
    def value(self) -> float | int | None:
        """What was measured, as sent; ``None`` where that is no number."""
        value = self.raw.get("value")
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    @property
    def unit(self) -> str | None:
        """Its unit, such as ``millisecond``."""
        return text(self.raw.get("unit"))

    @lazy
    def attributes(self) -> dict[str, Any]:
        """Its attributes, without their types."""
        return unwrapped(self.raw.get("attributes"))

    @property
    def trace_id(self) -> str | None:
        """The trace that it was measured in, 32 hexadecimal digits."""
        return identifier(self.raw.get("trace_id"))

    @property
    def span_id(self) -> str | None:
        """The span that was active, 16 hexadecimal digits."""
        return identifier(self.raw.get("span_id"))

    @lazy
    def timestamp(self) -> datetime | None:
        """When it was measured, in UTC."""
        return moment(self.raw.get("timestamp"))

    def __repr__(self) -> str:
        return f"<Metric {self.type} {self.name} {self.value}>"


def read_metrics(item: Item) -> Iterator[Metric]:
    """Yield the metrics of a ``trace_metric`` item."""
    return (Metric(item, raw) for raw in elements_of(item))
