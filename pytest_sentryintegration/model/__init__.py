"""What the bytes mean: events, transactions, spans, traces and everything else that Sentry takes.

Objects are frozen and read lazily; what was sent stays beside them. Knows no HTTP, pytest or sentry_sdk.
"""

from __future__ import annotations

from pytest_sentryintegration.model.breadcrumbs import Breadcrumb
from pytest_sentryintegration.model.check_ins import CheckIn
from pytest_sentryintegration.model.client_reports import ClientReport, Discarded
from pytest_sentryintegration.model.contents import Contents
from pytest_sentryintegration.model.continuity import Break
from pytest_sentryintegration.model.events import Attachment, Event
from pytest_sentryintegration.model.exceptions import Frame, SentException
from pytest_sentryintegration.model.feedback import Feedback
from pytest_sentryintegration.model.items import Envelope, Item, Refused, UnreadablePayload
from pytest_sentryintegration.model.logs import Log
from pytest_sentryintegration.model.metrics import Metric
from pytest_sentryintegration.model.objects import Objects, Searchable
from pytest_sentryintegration.model.sessions import Session
from pytest_sentryintegration.model.spans import NotOneSpan, Span, Transaction
from pytest_sentryintegration.model.traces import MissingParent, StartedTrace, Trace

__all__ = [
    "Attachment",
    "Breadcrumb",
    "Break",
    "CheckIn",
    "ClientReport",
    "Contents",
    "Discarded",
    "Envelope",
    "Event",
    "Feedback",
    "Frame",
    "Item",
    "Log",
    "Metric",
    "MissingParent",
    "NotOneSpan",
    "Objects",
    "Refused",
    "Searchable",
    "SentException",
    "Session",
    "Span",
    "StartedTrace",
    "Trace",
    "Transaction",
    "UnreadablePayload",
]
