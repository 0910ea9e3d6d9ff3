"""A fake Sentry for pytest: a test sees which messages, tags, attachments and span trees were really sent.

Ask for the fixture `sentry_events`; without pytest, use `capture` and `guard`. Compare trees with `span`.
Everything else here is for annotations, `except`, `pytest.warns` and filters of warnings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_sentryintegration.capturing.standalone import capture, guard
    from pytest_sentryintegration.inbox.events import SentryEvents
    from pytest_sentryintegration.inbox.reader import IncompleteWarning, NotJudgedWarning
    from pytest_sentryintegration.inbox.traces import TraceView
    from pytest_sentryintegration.inbox.views import View
    from pytest_sentryintegration.ingest.faults import Faults
    from pytest_sentryintegration.matching.criteria import CriterionError
    from pytest_sentryintegration.matching.span_pattern import SpanPattern, span
    from pytest_sentryintegration.model import (
        Attachment,
        Breadcrumb,
        Break,
        CheckIn,
        ClientReport,
        Discarded,
        Envelope,
        Event,
        Feedback,
        Frame,
        Item,
        Log,
        Metric,
        MissingParent,
        NotOneSpan,
        Refused,
        SentException,
        Session,
        Span,
        StartedTrace,
        Trace,
        Transaction,
        UnreadablePayload,
    )
    from pytest_sentryintegration.processes.child import ChildProcess
    from pytest_sentryintegration.server.fake_sentry import FakeSentry, NoServerError
    from pytest_sentryintegration.server.listening import ListenError, PortBusyError
    from pytest_sentryintegration.settings import SettingError
    from pytest_sentryintegration.verdict import Finding, RelayMissing, Verdict

__all__ = [
    "Attachment",
    "Breadcrumb",
    "Break",
    "CheckIn",
    "ChildProcess",
    "ClientReport",
    "CriterionError",
    "Discarded",
    "Envelope",
    "Event",
    "FakeSentry",
    "Faults",
    "Feedback",
    "Finding",
    "Frame",
    "IncompleteWarning",
    "Item",
    "ListenError",
    "Log",
    "Metric",
    "MissingParent",
    "NoServerError",
    "NotJudgedWarning",
    "NotOneSpan",
    "PortBusyError",
    "Refused",
    "RelayMissing",
    "SentException",
    "SentryEvents",
    "Session",
    "SettingError",
    "Span",
    "SpanPattern",
    "StartedTrace",
    "Trace",
    "TraceView",
    "Transaction",
    "UnreadablePayload",
    "Verdict",
    "View",
    "capture",
    "guard",
    "span",
]

_HOMES = {
    "Attachment": "model",
    "Break": "model",
    "Breadcrumb": "model",
    "CheckIn": "model",
    "ChildProcess": "processes.child",
    "ClientReport": "model",
    "CriterionError": "matching.criteria",
    "Discarded": "model",
    "Envelope": "model",
    "Event": "model",
    "FakeSentry": "server.fake_sentry",
    "Faults": "ingest.faults",
    "Feedback": "model",
    "Finding": "verdict",
    "Frame": "model",
    "IncompleteWarning": "inbox.reader",
    "Item": "model",
    "ListenError": "server.listening",
    "Log": "model",
    "Metric": "model",
    "MissingParent": "model",
    "NoServerError": "server.fake_sentry",
    "NotJudgedWarning": "inbox.reader",
    "NotOneSpan": "model",
    "PortBusyError": "server.listening",
    "Refused": "model",
    "RelayMissing": "verdict",
    "SentException": "model",
    "SentryEvents": "inbox.events",
    "Session": "model",
    "SettingError": "settings",
    "Span": "model",
    "StartedTrace": "model",
    "SpanPattern": "matching.span_pattern",
    "Trace": "model",
    "TraceView": "inbox.traces",
    "Transaction": "model",
    "UnreadablePayload": "model",
    "Verdict": "verdict",
    "View": "inbox.views",
    "capture": "capturing.standalone",
    "guard": "capturing.standalone",
    "span": "matching.span_pattern",
}


def __getattr__(name: str) -> Any:
    # Lazily: this module is imported by every pytest run that has the plugin installed.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
