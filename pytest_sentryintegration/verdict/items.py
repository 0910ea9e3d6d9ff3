"""Which rules hold for which item."""

from __future__ import annotations

from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.verdict.events import Delivery, judge_event
from pytest_sentryintegration.verdict.ruling import Ruling, kept

_EVENTS = frozenset({"event", "transaction", "feedback"})


def rule_on(arrival: Arrival, index: int) -> Ruling:
    """Return what becomes of the item at *index*."""
    item = arrival.envelope.items[index]
    if item.type in _EVENTS:
        headers = arrival.envelope.headers
        delivery = Delivery(
            arrival.received,
            arrival.project_id,
            arrival.client,
            headers.get("sent_at"),
            headers.get("event_id"),
        )
        return judge_event(item.payload, item.type, delivery)
    return kept((), item.payload)
