"""What was recorded of each span, however it was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.reading import moment, seconds

__all__ = ["Record"]


class Record:
    """One recorded span: its facts, and its links (set by `linking.Forest`).

    Subclasses read one way in which spans are sent; what a way does not have stays empty.
    """

    __slots__ = (
        "__dict__",
        "children",
        "forest",
        "is_segment",
        "item",
        "own_children",
        "parent",
        "parent_span_id",
        "position",
        "raw",
        "root",
        "segment",
        "segment_version",
        "span_id",
        "trace_id",
        "transaction",
        "visited",
        "whole",
        "whole_children",
        "within",
    )

    def __init__(
        self,
        item: Item,
        raw: Any,
        position: int,
        trace_id: str | None,
        span_id: str | None,
        parent_span_id: str | None,
        is_segment: bool,
    ) -> None:
        self.item = item
        self.raw = raw
        self.position = position
        """Its place in its item, 0 for the root of a transaction event."""
        self.trace_id = trace_id or ""
        self.span_id = span_id
        self.parent_span_id = parent_span_id
        self.is_segment = is_segment
        """Whether a transaction begins here: the root of what one service did."""
        self.forest: Any = None
        """The `Forest` that it is in, which links it."""
        self.root: Record | None = None
        """Of a span in a transaction event, the event."""
        self.parent: Record | None = None
        self.children: list[Record] | None = None
        # What `Span.children` shows of them, in the two reaches; gone when they are linked anew.
        self.whole_children: Any = None
        self.own_children: Any = None
        self.visited = 0
        self.segment: Record | None = None
        """The segment that it belongs to: itself, an ancestor, or the one that it names."""
        self.segment_version = 0
        # The objects that show this record, kept here; `Any`, since this module must not import them.
        self.whole: Any = None
        self.within: Any = None
        self.transaction: Any = None

    @property
    def started(self) -> Any:
        """When it started, as sent."""
        return None

    @property
    def ended(self) -> Any:
        """When it ended, as sent."""
        return None

    @lazy
    def op(self) -> str | None:
        """What kind of work it was."""
        return None

    @lazy
    def description(self) -> str | None:
        """What was done."""
        return None

    @lazy
    def status(self) -> str | None:
        """How it ended."""
        return None

    @lazy
    def origin(self) -> str | None:
        """What instrumented it."""
        return None

    @lazy
    def name(self) -> str:
        """The name of the transaction that begins here."""
        return ""

    @property
    def segment_id(self) -> str | None:
        """The id of the segment that it says to be in."""
        return None

    @lazy
    def source(self) -> str | None:
        """Where the name of the transaction is from."""
        return None

    @lazy
    def release(self) -> str | None:
        """The version of the application."""
        return None

    @lazy
    def environment(self) -> str | None:
        """Such as ``production``."""
        return None

    @lazy
    def server_name(self) -> str | None:
        """The host."""
        return None

    @property
    def service(self) -> str | None:
        """What the service calls itself that sent it."""
        return self.server_name

    @lazy
    def tags(self) -> dict[str, str]:
        """Its tags, as text."""
        return {}

    @lazy
    def data(self) -> dict[str, Any]:
        """Its data or attributes."""
        return {}

    @lazy
    def measurements(self) -> dict[str, Any]:
        """Measurements by name, of a transaction event."""
        return {}

    @lazy
    def contexts(self) -> dict[str, Any]:
        """Contexts by name, of a transaction event."""
        return {}

    @lazy
    def sdk(self) -> dict[str, Any]:
        """What sent it: ``name``, ``version``."""
        return {}

    @lazy
    def start_seconds(self) -> float | None:
        """When it started, in seconds since 1970."""
        return seconds(self.started)

    @lazy
    def start(self) -> datetime | None:
        """When it started, in UTC."""
        return moment(self.started)

    @lazy
    def end(self) -> datetime | None:
        """When it ended, in UTC."""
        return moment(self.ended)

    @lazy
    def duration(self) -> float | None:
        """Seconds between start and end."""
        start, end = self.start_seconds, seconds(self.ended)
        return None if start is None or end is None else round(end - start, 6)

    @property
    def key(self) -> tuple[int, int, int]:
        """Where it was recorded: request, item, place in the item. Orders records, and tells them apart."""
        return self.item.envelope.arrival.number, self.item.index, self.position
