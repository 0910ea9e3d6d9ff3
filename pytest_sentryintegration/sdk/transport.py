"""The SDK's own HTTP transport; each envelope is posted to the fake Sentry, to the inbox of its test.

Rate limits, client reports and serialisation stay the SDK's, and so does the DSN: to rewrite it would change
the key and the organisation in the trace header. Replaced are the connection, the worker with its queue (the
SDK's drops what exceeds 100 envelopes, and says so nowhere), proxies and compression.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from sentry_sdk import HttpTransport

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.pool import Pool
from pytest_sentryintegration.sdk.posting import Answer
from pytest_sentryintegration.sdk.sampling import note_sampling
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


class Redirected(HttpTransport if TYPE_CHECKING else object):  # type: ignore[misc]
    """Comes between a transport class and the SDK's in the method resolution order: overrides of both run."""

    destination: Destination
    worker: Worker
    _sending: threading.local
    _discards: dict[Owner | None, defaultdict[Any, int]]
    _real_pool: Any
    failure: str | None
    """Why the last envelope could not be delivered, if it could not."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Set the attributes: a subclass may call the SDK's ``__init__`` by name, not this class's."""
        self: Any = super().__new__(cls)
        self.prepare(*args)
        return self

    def prepare(self, options: Any = None, *_: object) -> None:
        """Set the attributes that a transport has before any ``__init__`` runs."""
        self._sending = threading.local()
        self._discards = {}
        self._real_pool = None
        self.failure = None
        self.worker = Worker(max((options or {}).get("transport_queue_size", 0), QUEUE_SIZE))

    # The SDK's __init__ sets attributes of these names; these properties are used in their place.

    @property
    def _worker(self) -> Any:
        return _Submitting(self)

    @_worker.setter
    def _worker(self, worker: Any) -> None:
        pass

    @property
    def _pool(self) -> Any:
        return Pool(self._post, lambda: self._connections)

    @_pool.setter
    def _pool(self, pool: Any) -> None:
        self._real_pool = pool

    @property
    def _connections(self) -> Any:
        return self._real_pool

    _compression_level = property(lambda _: 0, lambda *_: None)

    # Client reports: the SDK counts losses in one dictionary; here there is one for each inbox.

    @property
    def _discarded_events(self) -> defaultdict[Any, int]:
        owner = self._owner()
        counts = self._discards.get(owner)
        if counts is None:
            counts = self._discards.setdefault(owner, defaultdict(int))
        return counts

    @_discarded_events.setter
    def _discarded_events(self, counts: defaultdict[Any, int]) -> None:
        if counts:
            self._discards[self._owner()] = counts
        else:
            self._discards.pop(self._owner(), None)

    def _owner(self) -> Owner | None:
        try:
            owner: Owner | None = self._sending.owner
        except AttributeError:
            return ownership.current()
        return owner

    def record_lost_event(
        self, reason: str, data_category: Any = None, item: Any = None, *, quantity: int = 1
    ) -> None:
        """Count a loss, and note what decided so where it was sampled out."""
        if reason == "sample_rate":
            note_sampling(self._owner(), self.options, str(data_category), quantity)
        super().record_lost_event(reason, data_category, item, quantity=quantity)

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
        self.worker.submit(self._send_reports)

    def _send_reports(self, owners: list[Owner | None] | None = None) -> None:
        """Send client reports: those that are due of *owners*, else all."""
        flush = getattr(self, "_flush_client_reports", None)
        for owner in list(self._discards) if owners is None else owners:
            if flush is not None and owner in self._discards:
                self._run(owner, partial(flush, force=owners is None))

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
        if timeout > 0 and not self.worker.is_running_here():
            self.request_reports()
            self.worker.flush(timeout, callback)

    def kill(self) -> None:
        """End the worker's thread."""
        self.worker.kill()

    def forget_inherited(self) -> None:
        """Leave to the parent of this forked process the reports of what it has lost."""
        self._discards = {}

    # Envelopes.

    def capture_envelope(self, envelope: Any) -> None:
        """Queue *envelope*, for the inbox of the test whose scope it was captured in."""
        # A client report belongs to the inbox being sent to, anything else to its own scope.
        is_report = all(item.type == "client_report" for item in envelope.items)
        owner = self._owner() if is_report else ownership.current()
        running = ownership.running()
        if running is not None and owner is not running and owner is not None and not is_report:
            running.elsewhere.append((threading.current_thread().name, owner.test))
        if not self.worker.submit(partial(self._deliver, envelope, owner)):
            self.on_dropped_event("full_queue")
            for item in envelope.items:
                self.record_lost_event("queue_overflow", item=item)

    def _deliver(self, envelope: Any, owner: Owner | None) -> None:
        self._run(owner, partial(self._send_envelope, envelope))
        if self._discards:
            self._send_reports([owner])

    def _run(self, owner: Owner | None, task: Callable[[], Any]) -> None:
        """Run *task* for *owner*; an asynchronous one, as of an `AsyncHttpTransport`, to its end."""
        sending = self._sending.__dict__
        before = sending.get("owner", self)
        sending["owner"] = owner
        try:
            coroutine = task()
            if not inspect.iscoroutine(coroutine):
                return
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                asyncio.run(coroutine)
                return
        finally:
            if before is self:
                del sending["owner"]
            else:
                sending["owner"] = before
        # A second loop in this thread is not possible.
        thread = threading.Thread(target=self._run, args=(owner, lambda: coroutine), daemon=True)
        ownership.in_no_context(thread.start)
        thread.join()

    def _post(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        try:
            answer = self.destination.post(self._owner(), path, headers, body)
        except BaseException as error:
            self.failure = f"{type(error).__name__}: {error}"
            raise
        if answer is not None:
            self.failure = None
        return answer


class _Submitting:
    """What the SDK takes for its worker: its tasks are run for the test in which they were submitted."""

    def __init__(self, transport: Redirected) -> None:
        self._transport = transport

    def submit(self, task: Callable[[], Any]) -> bool:
        transport = self._transport
        return transport.worker.submit(partial(transport._run, transport._owner(), task))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport.worker, name)


class RedirectedTransport(Redirected, HttpTransport):
    """The transport of a client for which the application chose none, or one of the SDK's."""

    def _make_pool(self) -> Any:
        # Usually not needed: made when something is to reach its DSN (``sentry_guard = off``).
        return None

    @property
    def _connections(self) -> Any:
        if self._real_pool is None:
            self._real_pool = super()._make_pool()
        return self._real_pool
