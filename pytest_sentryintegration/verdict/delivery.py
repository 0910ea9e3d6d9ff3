"""What Relay knows of an item besides its payload: when it came, from whom, and with which headers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_sentryintegration.verdict.drift import drift
from pytest_sentryintegration.wire.categories import kind_of
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

RETENTION = 90 * 86400
"""How old things may be, in seconds. Relay: ``event_retention``, 90 days unless the project has its own."""
FUTURE = 60
"""How many seconds things may lie in the future. Relay: ``processing.max_secs_in_future``."""
MAX_SESSION_AGE = 5 * 86400
"""How old a session may be, in seconds. Relay: ``max_session_secs_in_past``."""
MAX_TRANSACTION_AGE = 5 * 86400
"""How old a transaction may be, in seconds. Relay: the aggregator's ``max_secs_in_past``."""


@dataclass(frozen=True)
class Delivery:
    """The circumstances of an item."""

    received: datetime
    """When it came: real time, UTC."""
    project_id: str = "1"
    client: str | None = None
    """The sender, ``name/version``."""
    headers: dict[str, Any] = field(default_factory=dict)
    """The envelope's headers."""
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was worked out of the envelope as a whole, kept for the verdicts on its other items."""

    @property
    def sent_at(self) -> str | None:
        """When the envelope was sent, by the sender's clock."""
        return _text(self.headers.get("sent_at"))

    @property
    def event_id(self) -> str | None:
        """The id of the envelope's event; it wins over the payload's own."""
        return _text(self.headers.get("event_id"))

    def has_event_id(self, items: Iterable[RawItem]) -> bool:
        """Whether an envelope with these items has an event id: one that makes an event is given one."""
        return parse_event_id(self.event_id) is not None or any(kind_of(item).creates_event for item in items)

    @property
    def behind(self) -> float:
        """By how many seconds the sender's clock is wrong; 0.0 below 55 minutes."""
        return drift(self.sent_at, self.received)

    def age(self, moment: float) -> float:
        """Return how many seconds before its receipt *moment* lies, the sender's clock corrected."""
        return self.received.timestamp() - (moment + self.behind)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def is_uint(value: Any, bits: int = 64) -> bool:
    """Whether *value* is an unsigned integer of that many bits, as serde reads one."""
    return type(value) is int and 0 <= value < 2**bits


def is_number(value: Any) -> bool:
    """Whether *value* is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
