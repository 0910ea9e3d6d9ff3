"""The SDK's own HTTP transport, with another last yard: inbox by inbox, to the fake Sentry.

Queue, rate limits, client reports and serialisation stay the SDK's, and so does the DSN: rewriting it
would change the key and the organisation in the trace header. Replaced are the connection, the queue's
size (it drops in silence after 100), proxies and compression.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import HttpTransport

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.posting import Answer
from pytest_sentryintegration.sdk.worker import Worker

QUEUE_SIZE = 100_000


class Destination(Protocol):
    """Where envelopes go instead of to Sentry."""

    @property
    def guarded(self) -> bool:
        """Whether nothing may reach Sentry, whoever sends it (``sentry_guard``)."""

    @property
    def address(self) -> str | None:
        """``host:port`` for what posts by itself, ``None`` where there is no socket."""

    @property
    def is_prompt(self) -> bool:
        """Whether all answers come at once, none of them from the real Sentry or by a fault's delay."""

    def post(self, owner: Owner | None, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Deliver to the inbox of *owner* (strays for ``None``).

        ``None`` as the answer: not wanted, it goes where its DSN says (``sentry_guard = off``).
        """


class RedirectedTransport(HttpTransport):
    """Delivers each envelope to the inbox of the test that captured it."""

    destination: Destination

    def __init__(self, options: dict[str, Any]) -> None:
        self._sending = threading.local()
        self._discards: dict[Owner | None, defaultdict[Any, int]] = {}
        self._real_pool: Any = None
        self.failure: str | None = None
        """Why the last envelope could not be delivered, if it could not."""
        super().__init__(options)
        self.worker = Worker(max(options["transport_queue_size"], QUEUE_SIZE))
        self._worker: Any = self.worker
        self._compression_level = 0
        self._compression_algo = None

    # Client reports, by inbox. The SDK has one dictionary; here it is the one of whoever is at work.

    @property
    def _discarded_events(self) -> defaultdict[Any, int]:
        owner = self._owner()
        counts = self._discards.get(owner)
        if counts is None:
            counts = self._discards.setdefault(owner, defaultdict(int))
        return counts

    @_discarded_events.setter
    def _discarded_events(self, counts: defaultdict[Any, int]) -> None:
        self._discards[self._owner()] = counts

    def _owner(self) -> Owner | None:
        try:
            owner: Owner | None = self._sending.owner
        except AttributeError:
            return ownership.current()
        return owner

    @contextmanager
    def _acting_for(self, owner: Owner | None) -> Iterator[None]:
        before = self._sending.__dict__.copy()
        self._sending.owner = owner
        try:
            yield
        finally:
            self._sending.__dict__.clear()
            self._sending.__dict__.update(before)

    def _flush_client_reports(self, force: bool = False) -> None:
        if not self._discards:  # nearly always, and this comes after each envelope
            return
        for owner in list(self._discards) if force else [self._owner()]:
            with self._acting_for(owner):
                super()._flush_client_reports(force)
        for owner in [owner for owner, counts in list(self._discards.items()) if not counts]:
            self._discards.pop(owner, None)

    def has_pending_reports(self) -> bool:
        """Whether something was discarded and not yet reported, other than reports themselves.

        A report that is refused is discarded too: reporting that as well would never end.
        """
        if not self._discards:
            return False
        counts = list(self._discards.values())
        return any(category != "internal" for each in counts for category, _ in list(each))

    def request_reports(self) -> None:
        """Have the worker send what was discarded, as client reports."""
        self._worker.submit(lambda: self._flush_client_reports(force=True))

    def wait_until_sent(self, timeout: float, *, reports: bool) -> bool:
        """Wait until what is queued now has been answered; what is queued meanwhile is not waited for.

        Args:
            timeout: in seconds.
            reports: whether client reports have been requested, which are queued by a queued task.
        """
        deadline = clock.monotonic() + timeout
        worker = self.worker
        for _ in range(2 if reports else 1):
            if not (self.destination.is_prompt and worker.run(deadline)) and not worker.wait(deadline):
                return False
        return True

    def flush(self, timeout: float, callback: Any = None) -> None:
        """Send what is queued, as the application asks for."""
        if not self.worker.is_running_here():
            super().flush(timeout, callback)

    def forget_inherited(self) -> None:
        """Leave to the parent of this forked process the reports of what it has lost."""
        self._discards = {}

    # Envelopes.

    def capture_envelope(self, envelope: Envelope) -> None:
        """Queue *envelope*, for the inbox of the test whose scope it was captured in."""
        # Whose report it is says whoever sends it; and a finaliser may capture while this thread sends.
        is_report = all(item.type == "client_report" for item in envelope.items)
        owner = self._owner() if is_report else ownership.current()
        running = ownership.running()
        if running is not None and owner is not running and owner is not None and not is_report:
            running.elsewhere.append((threading.current_thread().name, owner.test))
        if not self.worker.submit(partial(self._deliver, envelope, owner)):
            self.on_dropped_event("full_queue")
            for item in envelope.items:
                self.record_lost_event("queue_overflow", item=item)

    def _deliver(self, envelope: Envelope, owner: Owner | None) -> None:
        with self._acting_for(owner):
            self._send_envelope(envelope)
            self._flush_client_reports()

    def _request(self, method: str, endpoint_type: Any, body: Any, headers: Any) -> Any:
        assert self.parsed_dsn is not None
        # Without the path of the DSN: that may name the inbox of whoever handed it out.
        path = f"/api/{self.parsed_dsn.project_id}/{endpoint_type.value}/"
        try:
            answer = self.destination.post(self._owner(), path, headers, body)
        except BaseException as error:
            self.failure = f"{type(error).__name__}: {error}"
            raise
        if answer is not None:
            self.failure = None
            return answer
        if self._real_pool is None:
            self._real_pool = super()._make_pool()
        url = self._auth.get_api_url(endpoint_type)
        return self._real_pool.request(method, url, body=body, headers=headers)

    def _make_pool(self) -> Any:
        return None
