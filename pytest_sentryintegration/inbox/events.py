"""`sentry_events`: everything that arrived in one inbox, a live view for each noun."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any

from pytest_sentryintegration import model
from pytest_sentryintegration.inbox.other_processes import OtherProcesses
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.secrets import found_secrets, occurrences
from pytest_sentryintegration.inbox.traces import TraceOfATest, TraceView
from pytest_sentryintegration.inbox.views import View
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.matching.secrets import secrets_of, secrets_of_settings
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from pytest_sentryintegration.words.explaining import explain
from pytest_sentryintegration.words.policies import not_accepted

__unittest = True  # hides the frames of this module in unittest's tracebacks

__all__ = ["SentryEvents"]


class SentryEvents(OtherProcesses, View[model.Event]):
    """Everything sent to one inbox: by itself a view of its events, with a view for each other noun.

    >>> event_id = capture_message("out of tea")
    >>> with start_transaction(name="checkout", op="http.server"):
    ...     pass
    >>> len(sentry_events), len(sentry_events.transactions), sentry_events.messages[0].text
    (1, 1, 'out of tea')
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader, NOUNS["events"], model.Event)

    @lazy
    def events(self) -> View[model.Event]:
        """Error and message events."""
        return self._view("events")

    @lazy
    def messages(self) -> View[model.Event]:
        """Events without an exception."""
        return self._view("messages")

    @lazy
    def errors(self) -> View[model.Event]:
        """Events with an exception."""
        return self._view("errors")

    @lazy
    def transactions(self) -> View[model.Transaction]:
        """Transaction events, and segments of streamed spans."""
        return self._view("transactions")

    @lazy
    def spans(self) -> View[model.Span]:
        """Every span, roots too."""
        return self._view("spans")

    @lazy
    def traces(self) -> TraceView:
        """All spans of one trace id, from any process; can wait until a trace is complete."""
        return TraceView(self._reader)

    @lazy
    def attachments(self) -> View[model.Attachment]:
        """Files that were sent along."""
        return self._view("attachments")

    @lazy
    def logs(self) -> View[model.Log]:
        """Structured log records."""
        return self._view("logs")

    @lazy
    def metrics(self) -> View[model.Metric]:
        """Measured values."""
        return self._view("metrics")

    @lazy
    def check_ins(self) -> View[model.CheckIn]:
        """Run reports of cron monitors."""
        return self._view("check_ins")

    @lazy
    def feedback(self) -> View[model.Feedback]:
        """What users wrote."""
        return self._view("feedback")

    @lazy
    def sessions(self) -> View[model.Session]:
        """Sessions of release health."""
        return self._view("sessions")

    @lazy
    def client_reports(self) -> View[model.ClientReport]:
        """What SDKs say they dropped."""
        return self._view("client_reports")

    @lazy
    def envelopes(self) -> View[model.Envelope]:
        """Every request that was accepted, bytes included."""
        return self._view("envelopes")

    @lazy
    def items(self) -> View[model.Item]:
        """Every item of every envelope, unknown types too."""
        return self._view("items")

    @lazy
    def refused(self) -> View[model.Refused]:
        """Requests that the fake Sentry did not accept."""
        return self._view("refused")

    def assert_absent(self, *secrets: str | bytes | re.Pattern[Any]) -> None:
        """Fail if one of *secrets* occurs anywhere in what was sent, however it is encoded there.

        Payloads, headers (of requests, envelopes and items), attachments and refused requests are searched,
        also inside compressed data, Base64, URL-encoding, JSON escapes and further encodings (see
        `wire.unwrapping`), inside each other. A pattern is searched for in each text and each file by itself:
        ``^`` and ``$`` are the ends of that text. What the SDK cut is not sent, and not found. It looks at
        nothing, in the sense of ``sentry_unexpected``.

        Args:
            *secrets: Texts, bytes and compiled patterns; without any, those of ``sentry_secrets``.

        Raises:
            AssertionError: One was sent; names each place, and does not show the secret.
            ValueError: One is empty or shorter than four characters, a pattern that matches an empty text, or
                there is none at all.
            TypeError: One is of another type.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.assert_absent("correct horse")
        """
        __tracebackhide__ = True
        try:
            wanted = secrets_of(secrets) or secrets_of_settings(self._reader.source.secrets)
        except (TypeError, ValueError) as error:
            # Raised here, so that a traceback ends with the line of the test.
            raise error.with_traceback(None) from None
        if not wanted:
            raise ValueError("assert_absent() needs a secret to look for, or the ini value sentry_secrets")
        self._read()
        found = occurrences(self._reader.source.contents, wanted)
        if found:
            self._reader.source.found_secrets += tuple(wanted)
            raise AssertionError(found_secrets(found))

    def __str__(self) -> str:
        """Return all that has arrived, and what this process's SDK still held, as text of bounded length."""
        return self._text("")

    def _view(self, noun: str) -> View[Any]:
        return View(self._reader, NOUNS[noun], CLASSES[noun])

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on: rate limits, error responses, broken connections."""
        return self._reader.source.faults()

    def trace(self, *, timeout: float | None = None) -> TraceOfATest:
        """Begin a trace of one's own: its headers are for a request to a service, and then it is that trace.

        At the end of the ``with`` it is waited for until it is complete. Works with ``async with`` too.

        Args:
            timeout: Seconds to wait, of real time; ``sentry_timeout`` where it is not given.

        Raises:
            AssertionError: At the end, where nothing of it has come, or not all: names who owes a span.

        >>> with sentry_events.trace() as trace:
        ...     with start_transaction(name="/stock", op="http.server", headers=trace.headers):
        ...         pass
        >>> [transaction.name for transaction in trace.transactions]
        ['/stock']
        """
        return TraceOfATest(self.traces, self._reader, timeout)

    def adopt(self, thread: threading.Thread) -> None:
        """Let what *thread* captures from now on belong to this inbox, whichever test started it.

        >>> import threading
        >>> thread = threading.Thread(target=capture_message, args=("out of tea",))
        >>> sentry_events.adopt(thread)
        >>> thread.start()
        >>> thread.join()
        >>> sentry_events.messages.find("out of tea").level
        'info'
        """
        self._reader.source.adopt(thread)

    def clear(self) -> None:
        """Forget what came so far, also what this process's SDK still holds.

        A trace that `trace` has begun goes on, without what came of it.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.clear()
        >>> len(sentry_events)
        0
        """
        self._reader.clear()

    def explain(self) -> str:
        """Return why nothing (more) arrived, from evidence: a sentence a line, the likeliest reason first.

        >>> with capture(before_send=lambda event, hint: None) as sentry_events:
        ...     event_id = capture_message("out of tea")
        ...     print(sentry_events.explain())
        1 event was dropped: before_send returned None.
        ...
        """
        source = self._reader.source
        notes = source.drain()
        source.contents.update()
        return explain(self._reader.evidence(notes), source.contents)

    def snapshot(self) -> dict[str, Any]:
        """Return everything that came as plain JSON-able data that is equal on every run and machine.

        Ids are renumbered, times replaced by their order, paths, host names and versions masked. Works as it
        is with syrupy and inline-snapshot. It counts as looking at the events.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.snapshot()["events"][0]["message"]
        'out of tea'
        """
        self._reader.look(self._read())
        return self._reader.source.contents.snapshot()

    def assert_accepted(self, allow: Iterable[str] | None = None) -> None:
        """Fail if real Sentry would refuse, drop or trim anything, with all findings, worst first.

        Args:
            allow: Paths of findings that do not count, such as ``extra.**``; where it is not given those of
                ``sentry_invalid_allow``, by default the variables and surrounding lines of stack frames.

        Raises:
            AssertionError: Something would not have been kept as it was sent.

        >>> event_id = capture_message("out of tea", tags={"shop": "north"})
        >>> sentry_events.assert_accepted()
        """
        __tracebackhide__ = True
        found = self._reader.objections(allow)
        if found:
            raise AssertionError(not_accepted(found))
