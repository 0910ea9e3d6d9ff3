"""What users write in tests; type checkers find no error in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import assert_type

from pytest_sentryintegration import (
    Attachment,
    Event,
    Faults,
    Log,
    SentryEvents,
    Span,
    Trace,
    Transaction,
    span,
)


def test_reports(sentry_events: SentryEvents) -> None:
    message = sentry_events.messages.find("Spec failed", tags={"graph": "g1"})
    assert_type(message, Event)
    assert_type(message.tags, dict[str, str])
    assert_type(message.attachments["query.sql"], Attachment)
    assert sentry_events.errors.find(KeyError).exception.frames[-1].lineno == 7

    transaction = sentry_events.transactions.find("checkout")
    assert_type(transaction, Transaction)
    assert_type(transaction.tree, Span)
    assert_type(transaction.end, datetime | None)
    assert transaction.tree == span("http.server", span("db.query", "SELECT 1"), ...)
    assert_type(sentry_events.traces[0], Trace)

    assert_type(sentry_events.logs.wait(2, level="info"), tuple[Log, ...])
    assert_type(sentry_events.faults, Faults)
    everything: Sequence[Event] = sentry_events
    assert len(everything) == 2


async def test_waits(sentry_events: SentryEvents) -> None:
    assert_type(await sentry_events.messages.find_async("late"), Event)
