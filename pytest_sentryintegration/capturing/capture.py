"""One inbox for the length of a ``with``: server, SDK and events together."""

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from pytest_sentryintegration.capturing.environment import FALLBACK_DSN, Environment, Patch
from pytest_sentryintegration.capturing.late import of_other_processes
from pytest_sentryintegration.capturing.policies import MARKER, Entries, Policies, Violation
from pytest_sentryintegration.capturing.sharing import Shared
from pytest_sentryintegration.evidence import Elsewhere, Evidence
from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.secrets import masked
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.processes.child import MARK, ChildProcess, end_all
from pytest_sentryintegration.sdk.gathering import gather, unfinished_in
from pytest_sentryintegration.sdk.isolation import Isolation, has_client, known_options
from pytest_sentryintegration.sdk.notes import noticed
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.server.child_environment import child_environment
from pytest_sentryintegration.server.fake_sentry import KEY, NoServerError
from pytest_sentryintegration.settings import Settings, split_marker
from pytest_sentryintegration.store import Entry
from pytest_sentryintegration.words.captured import captured, end_of
from pytest_sentryintegration.words.senders import still_running
from pytest_sentryintegration.words.unsent_spans import unsent

__unittest = True  # hides the frames of this module in unittest's tracebacks

_ENTERING = reentrant_lock()
"""Held while a capture begins or ends: what it changes is put back in the order in which it was changed."""


class Capture(StoredInbox):
    """Captures into one inbox, from `__enter__` to `__exit__`; they nest, and the inner one receives.

    Args:
        shared: what all captures of the process share.
        settings: of the run.
        test: the node id of the test that it belongs to.
        options: SDK options and the plugin's own, laid over the application's.
        defaults: SDK options for where the application makes no client.
        patch: what the test itself changes environment variables with.
        allowing: what takes ``allow=[...]``, for a failure to say.

    Raises:
        SettingError: for an option that does not exist.
        ListenError: where the fake Sentry's port cannot be opened.
    """

    def __init__(
        self,
        shared: Shared,
        settings: Settings,
        *,
        test: str = "",
        options: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
        patch: Patch | None = None,
        allowing: str = MARKER,
    ) -> None:
        sdk: Mapping[str, Any] = {}
        if options:
            own, sdk = split_marker(options, known_options())
            settings = settings.changed(own)
        self.settings = settings
        self.test = test
        self._shared = shared
        self._memory = self.settings.transport == "memory"
        shared.redirect.install()
        shared.delivery.leave_parent()
        self._fake = shared.delivery.fake
        self._owner = Owner(shared.inboxes.next_name(), test, in_memory=self._memory, fake=self._fake)
        super().__init__(self._fake.store, self._owner.inbox)
        self._isolation = Isolation(
            shared.redirect,
            shared.clients,
            self._owner,
            FALLBACK_DSN,
            options=sdk,
            defaults=defaults or {},
        )
        self._policies = Policies(self.settings, shared.lines, allowing)
        self._checked = 0
        self._environment = Environment(patch)
        self._blocked: str | None = None
        if not self._memory:
            try:
                self._fake.start()
            except RuntimeError as error:
                self._blocked = _blocker(error)
        self._handed_out = False
        self._processes: list[ChildProcess] = []
        self._first = 0
        self.timeout = self.settings.timeout
        self.quiet = self.settings.quiet
        self.public_key = KEY
        self.invalid_allow = self.settings.invalid_allow
        self.secrets = self.settings.secrets
        self.reader: Reader
        self.events: SentryEvents

    def __enter__(self) -> SentryEvents:
        inbox, store = self.inbox, self.store
        store.open(inbox, self.test)
        self.reader = Reader(self)
        self.events = SentryEvents(self.reader)
        with _ENTERING:
            self._shared.inboxes.close_when_gone(inbox, self.events)
            self._first = store.count
            self._isolation.begin()
            try:
                self._isolation.at_end(lambda: store.finish(inbox))
                store.start(inbox)
                self._isolation.at_end(self._environment.leave)
                self._environment.enter(FALLBACK_DSN if self._memory or self._blocked else self._dsn())
            except BaseException:
                self._leave()
                raise
        return self.events

    def __exit__(self, *_: object) -> None:
        inbox = self.inbox
        try:
            end_all(self._processes)
            self._fake.end_delays(inbox)
            self._isolation.drain()
            if self._fake.ingest.forget(inbox):
                self._isolation.drain()  # the SDK's reports of what the faults made it lose
        finally:
            self._shared.inboxes.count += 1
            self._shared.inboxes.envelopes += len(self._fake.store.since(inbox))
            self._shared.late.expect(inbox, self.settings)
            self._leave()
            self._shared.take_late()
            # Break the cycle events <-> capture, so an unheld inbox is freed at once.
            del self.events, self.reader

    def _leave(self) -> None:
        self._fake.ingest.forget(self.inbox)
        with _ENTERING:
            self._isolation.end()

    def entering(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a test's or fixture's function so that, where asynchronous, it runs in the test's scopes."""
        return self._isolation.entering(function)

    def again(self) -> Capture:
        """Return a capture for the same test, to begin when this one has ended."""
        self._shared.inboxes.count -= 1
        return Capture(self._shared, self.settings, test=self.test)

    @staticmethod
    def has_client() -> bool:
        """Whether there is a client of the application, or of a capture that has begun."""
        return has_client()

    def check(self, *, passed: bool = True) -> list[Violation]:
        """Return which policies do not hold for what came since the last check; see `Policies.check`."""
        since, self._checked = self._checked, self.number()
        rest = Reader(Entries(lambda number: self.store.since(self.inbox, max(number, since))))
        return self._policies.check(self.reader, rest if since else None, passed=passed)

    def summary(self) -> str:
        """Return what was captured as text, for a failing test's report."""
        self.drain()
        self.contents.update()
        text = captured(self.contents, processors=tuple(noticed(self._owner).processors))
        text = masked(text, self.settings.secrets)
        for secret in self.found_secrets:
            text = secret.masked(text)
        return text

    def entries(self) -> list[Entry]:
        """Return all that came, in its order, and what this process's SDK still held."""
        self._isolation.drain()
        return self.store.since(self.inbox)

    def clear(self) -> None:
        """Forget what came so far, and what was noted of what is reported as lost."""
        super().clear()
        noticed(self._owner).sampled_out.clear()

    def drain(self) -> list[str]:
        """Send what this process's SDK still holds; return a sentence for each thing it could not send."""
        return self._isolation.drain()

    def holds_back(self) -> bool:
        """Whether this process's SDK still holds something; sends nothing, and waits for nothing."""
        return self._isolation.holds_back()

    def wait(self, number: int, timeout: float) -> bool:
        """Wait until something newer than that number has come, for so many seconds of real time."""
        with self._isolation.sending_at_once():
            return super().wait(number, timeout)

    def holding(self, trace_ids: Collection[str]) -> list[str]:
        """Return a sentence for all of these traces that a process of this test holds back."""
        return [
            *(unsent(label) for label in unfinished_in(self._owner, trace_ids)),
            *(still_running(process.pid, process.name) for process in self._running()),
        ]

    def start(
        self,
        args: Any,
        options: Mapping[str, Any],
        *,
        everything: bool = False,
        awaited: re.Pattern[str] | None = None,
    ) -> ChildProcess:
        """Start a process that reports into this inbox and ends with it."""
        if self._memory:
            raise NoServerError("starting a process that reports")
        # After the mark of this process itself, so that what started this one ends that one too.
        mark = f"{os.environ.get(MARK, '')}{self.inbox}.{len(self._processes)}/"
        env = {**child_environment(self._dsn()), **(options.get("env") or {}), MARK: mark}
        changed = {name: value for name, value in options.items() if name != "env"}
        process = ChildProcess(args, env, changed, everything=everything, awaited=awaited)
        self._processes.append(process)
        return process

    def is_running(self) -> bool:
        """Whether a process that was started here, and that is to end by itself, still runs."""
        return any(self._running())

    def _running(self) -> list[ChildProcess]:
        return [process for process in self._processes if process.awaits_end and not process.exited.is_set()]

    def outputs(self) -> list[tuple[str, str]]:
        """Return a title, and the end of what it wrote, for each process that was started here."""
        shown = []
        for process in self._processes:
            state = process.ending() if process.exited.is_set() else "running"
            title = f"Process {process.pid} ({process.name}), {state}"
            if lines := end_of(process.output):
                shown.append((title, masked("\n".join(lines), self.settings.secrets)))
        return shown

    def adopt(self, thread: threading.Thread) -> None:
        """Let what a thread captures from now on belong to this inbox."""
        self._isolation.adopt(thread)

    def dsn(self) -> str:
        """Return a DSN for another process."""
        self._hand_out("sentry_events.dsn")
        return self._dsn()

    def env(self) -> dict[str, str]:
        """Return a complete environment for another process."""
        self._hand_out("sentry_events.env")
        return child_environment(self._dsn())

    def url(self) -> str:
        """Return the URL of the fake Sentry."""
        self._hand_out("sentry_events.url")
        return self._fake.url

    def faults(self) -> Faults:
        """Return the faults of this inbox."""
        return self._fake.ingest.faults_for(self.inbox)

    def _dsn(self) -> str:
        return self._fake.dsn(inbox=self.inbox)

    def _hand_out(self, what: str) -> None:
        if self._memory:
            raise NoServerError(what)
        self._handed_out = True

    def evidence(self) -> Evidence:
        """Return what is known about the senders."""
        here = Counter(self._owner.elsewhere)
        entries = len(self.store.since(self.inbox))
        return replace(
            gather(self._owner),
            blocked_by=self._blocked,
            elsewhere=tuple(Elsewhere(thread, test, count) for (thread, test), count in here.items()),
            late=tuple(of_other_processes(self.store.late_since(self._first), here)),
            alone=self._memory,
            handed_out=self._handed_out,
            connected=entries > self._owner.delivered,
        )


def _blocker(error: Exception) -> str:
    """Name what blocks sockets, by the error that it raises."""
    module = type(error).__module__.partition(".")[0]
    return "pytest-socket" if module == "pytest_socket" else f"{module} ({error})"
