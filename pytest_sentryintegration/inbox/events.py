"""`sentry_events`: everything that arrived in one inbox, a live view for each noun."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable
from typing import Any, Final

from pytest_sentryintegration import model
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.inbox.views import Inbox, View
from pytest_sentryintegration.matching.nouns import NOUNS
from pytest_sentryintegration.model.frozen import lazy
from pytest_sentryintegration.verdict.relay import available
from pytest_sentryintegration.words.captured import captured
from pytest_sentryintegration.words.explaining import explain
from pytest_sentryintegration.words.policies import Objection, is_allowed, not_accepted, objections_to

__all__ = ["LEVELS", "NotJudgedWarning", "SentryEvents", "Source", "View"]

LEVELS: Final = ("debug", "info", "warning", "error", "fatal")
"""Sentry's levels, the least first."""


_NORMALISED: Final = {"event", "transaction"}


class NotJudgedWarning(UserWarning):
    """Something was to be judged, and what judges it is not installed."""


class SentryEvents(View[model.Event]):
    """Everything sent to one inbox: by itself a view of its events, with a view for each other noun.

    >>> sentry_events = SentryEvents(Source(model.Contents(lambda number: [])))
    >>> sentry_events.errors == [] and not sentry_events.transactions
    True
    """

    def __init__(self, source: Source) -> None:
        inbox = Inbox(source)
        super().__init__(inbox, NOUNS["events"], model.Event)
        self._source = source

    @lazy
    def events(self) -> View[model.Event]:
        """Error and message events."""
        return self._view("events", model.Event)

    @lazy
    def messages(self) -> View[model.Event]:
        """Events without an exception."""
        return self._view("messages", model.Event)

    @lazy
    def errors(self) -> View[model.Event]:
        """Events with an exception."""
        return self._view("errors", model.Event)

    @lazy
    def transactions(self) -> View[model.Transaction]:
        """Transaction events, and segments of streamed spans."""
        return self._view("transactions", model.Transaction)

    @lazy
    def spans(self) -> View[model.Span]:
        """Every span, roots too."""
        return self._view("spans", model.Span)

    @lazy
    def traces(self) -> View[model.Trace]:
        """All spans of one trace id, from any process."""
        return self._view("traces", model.Trace)

    @lazy
    def attachments(self) -> View[model.Attachment]:
        """Files that were sent along."""
        return self._view("attachments", model.Attachment)

    @lazy
    def logs(self) -> View[model.Log]:
        """Structured log records."""
        return self._view("logs", model.Log)

    @lazy
    def metrics(self) -> View[model.Metric]:
        """Measured values."""
        return self._view("metrics", model.Metric)

    @lazy
    def check_ins(self) -> View[model.CheckIn]:
        """Run reports of cron monitors."""
        return self._view("check_ins", model.CheckIn)

    @lazy
    def feedback(self) -> View[model.Feedback]:
        """What users wrote."""
        return self._view("feedback", model.Feedback)

    @lazy
    def sessions(self) -> View[model.Session]:
        """Sessions of release health."""
        return self._view("sessions", model.Session)

    @lazy
    def client_reports(self) -> View[model.ClientReport]:
        """What SDKs say they dropped."""
        return self._view("client_reports", model.ClientReport)

    @lazy
    def envelopes(self) -> View[model.Envelope]:
        """Every request that was accepted, bytes included."""
        return self._view("envelopes", model.Envelope)

    @lazy
    def items(self) -> View[model.Item]:
        """Every item of every envelope, unknown types too."""
        return self._view("items", model.Item)

    @lazy
    def refused(self) -> View[model.Refused]:
        """Requests that the fake Sentry did not accept."""
        return self._view("refused", model.Refused)

    def _view(self, noun: str, cls: type[Any]) -> View[Any]:
        return View(self._inbox, NOUNS[noun], cls)

    @property
    def dsn(self) -> str:
        """A DSN that reports into this inbox, for another process."""
        return self._source.dsn()

    @property
    def env(self) -> dict[str, str]:
        """A complete environment for another process, in which its SDK reports into this inbox."""
        return self._source.env()

    @property
    def url(self) -> str:
        """The URL of the fake Sentry."""
        return self._source.url()

    @property
    def faults(self) -> Any:
        """What goes wrong from now on: rate limits, error responses, broken connections."""
        return self._source.faults()

    def adopt(self, thread: threading.Thread) -> None:
        """Let what *thread* captures from now on belong to this inbox, whichever test started it."""
        self._source.adopt(thread)

    def clear(self) -> None:
        """Forget what came so far, also what this process's SDK still holds."""
        self._inbox.drain()
        self._source.contents.clear()
        self._source.clear()
        self._inbox.forget()

    def explain(self) -> str:
        """Return why nothing (more) arrived, from evidence: a sentence a line, the likeliest reason first."""
        notes = self._source.drain()
        self._source.contents.update()
        return explain(self._inbox.evidence(notes), self._source.contents)

    def snapshot(self) -> dict[str, Any]:
        """Return everything that came as plain JSON-able data that is equal on every run and machine.

        Ids are renumbered, times replaced by their order, paths, host names and versions masked. Works as it
        is with syrupy and inline-snapshot. It counts as looking at the events.
        """
        self._inbox.look(self._read())
        return self._source.contents.snapshot()

    def assert_accepted(self, allow: Iterable[str] | None = None) -> None:
        """Fail if real Sentry would refuse, drop or trim anything, with all findings, worst first.

        Args:
            allow: Paths of findings that do not count, such as ``extra.**``; where it is not given those of
                ``sentry_invalid_allow``, by default the variables of stack frames.

        Raises:
            AssertionError: Something would not have been kept as it was sent.
        """
        __tracebackhide__ = True
        found = self.objections(allow)
        if found:
            raise AssertionError(not_accepted(found))

    def objections(self, allow: Iterable[str] | None = None) -> list[Objection]:
        """Return what real Sentry would refuse, drop or trim, worst first; see `assert_accepted`."""
        self._inbox.drain()
        self._source.contents.update()
        if not available() and any(item.type in _NORMALISED for item in self._source.contents.items):
            warnings.warn(
                "sentry-relay is not installed: events and transactions were not judged, only what contains"
                ' them; pip install "sentryintegration[relay]"',
                NotJudgedWarning,
                stacklevel=2,
            )
        return objections_to(
            self._source.contents, self._source.invalid_allow if allow is None else tuple(allow)
        )

    def unlooked(self, minimum: str = "error", allow: Iterable[Any] = ()) -> tuple[model.Event, ...]:
        """Return events of level *minimum* or above that were not looked at and *allow* does not name.

        Looked at are events that `find`, `where` or `wait` returned, by any view, or that an index or an
        iteration gave. `len`, `bool`, `in`, comparing and `repr` do not look.
        """
        entries = tuple(allow)
        least = LEVELS.index(minimum)
        self._inbox.drain()
        return tuple(
            event
            for event in self._inbox.shelf(self._noun)
            if _rank(event.level) >= least
            and not self._inbox.looked_at(event)
            and not is_allowed(event, entries)
        )

    def captured(self) -> str:
        """Return what came as text of bounded length, ``""`` where nothing did. It looks at nothing."""
        self._source.contents.update()
        return captured(self._source.contents)


def _rank(level: Any) -> int:
    # Real Sentry takes a level that it does not know for an error.
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("error")
