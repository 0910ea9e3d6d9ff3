"""The nouns of `sentry_events`: what each is called, and what its positional criterion is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pytest_sentryintegration.matching.exception_classes import without_notes
from pytest_sentryintegration.matching.query import Noun
from pytest_sentryintegration.model.check_ins import CheckIn
from pytest_sentryintegration.model.client_reports import ClientReport
from pytest_sentryintegration.model.events import Attachment, Event
from pytest_sentryintegration.model.feedback import Feedback
from pytest_sentryintegration.model.items import Envelope, Item, Refused
from pytest_sentryintegration.model.logs import Log
from pytest_sentryintegration.model.metrics import Metric
from pytest_sentryintegration.model.sessions import Session
from pytest_sentryintegration.model.spans import Span, Transaction
from pytest_sentryintegration.model.traces import Trace

__all__ = ["CLASSES", "EACH_ONCE", "NOUNS", "texts_of"]


def texts_of(event: Any) -> Iterator[str]:
    """Yield the texts an event may be found by: its message, then its exceptions' values, outermost first."""
    if isinstance(event.message, str):
        yield event.message
    for exception in reversed(tuple(event.exceptions or ())):
        if isinstance(exception.value, str):
            yield exception.value


def _searched_texts(event: Any) -> Iterator[str]:
    return (variant for text in texts_of(event) for variant in without_notes(text))


def _reasons(report: Any) -> Iterator[str]:
    return (lost.reason for lost in report.discarded)


def _types(envelope: Any) -> Iterator[str]:
    return (item.type for item in envelope.items)


# Fields that are shown as they stand in the bytes, without a default or another spelling.
_OF_EVENTS: Final = frozenset({
    "tags", "user", "extra", "contexts", "request", "release", "environment", "dist", "logger",
    "transaction", "server_name",
})  # fmt: skip
_OF_TRANSACTIONS: Final = frozenset({
    "name", "op", "source", "status", "tags", "data", "contexts", "release", "environment",
    "server_name",
})  # fmt: skip

NOUNS: Final[dict[str, Noun]] = {
    noun.name: noun
    for noun in (
        Noun("events", "event", "text", _searched_texts, by_exception=True, as_sent=_OF_EVENTS),
        Noun("messages", "message", "text", _searched_texts, by_exception=True, as_sent=_OF_EVENTS),
        Noun("errors", "error", "text", _searched_texts, by_exception=True, as_sent=_OF_EVENTS),
        Noun("transactions", "transaction", "name", as_sent=_OF_TRANSACTIONS),
        Noun("spans", "span", "op"),
        Noun("traces", "trace", "trace_id"),
        Noun("attachments", "attachment", "filename"),
        Noun("logs", "log", "body"),
        Noun("metrics", "metric", "name"),
        Noun("check_ins", "check-in", "monitor_slug"),
        Noun("feedback", "feedback message", "message"),
        Noun("sessions", "session", "status"),
        Noun("client_reports", "client report", "reason", _reasons),
        Noun("envelopes", "envelope", "type", _types),
        Noun("items", "item", "type"),
        Noun("refused", "refused request", "reason"),
    )
}

CLASSES: Final[dict[str, type]] = {
    "events": Event,
    "messages": Event,
    "errors": Event,
    "transactions": Transaction,
    "spans": Span,
    "traces": Trace,
    "attachments": Attachment,
    "logs": Log,
    "metrics": Metric,
    "check_ins": CheckIn,
    "feedback": Feedback,
    "sessions": Session,
    "client_reports": ClientReport,
    "envelopes": Envelope,
    "items": Item,
    "refused": Refused,
}
"""What the objects of each noun are."""

EACH_ONCE: Final = (
    "errors", "messages", "transactions", "attachments", "logs", "metrics", "check_ins", "feedback",
    "sessions", "client_reports", "refused",
)  # fmt: skip
"""The nouns under which each thing that came stands once, but for what has no noun of its own."""
