"""A fork waits for no lock, its child finds all of them free, and parent and child never both send."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.consts import DEFAULT_OPTIONS

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.capturing import capture as capturing
from pytest_sentryintegration.capturing import delivery as delivering
from pytest_sentryintegration.capturing.delivery import Delivery
from pytest_sentryintegration.capturing.sharing import shared
from pytest_sentryintegration.sdk.detaching import buffers
from pytest_sentryintegration.settings import Settings

pytestmark = [pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"), pytest.mark.uncounted]

log = pytest.importorskip("sentry_sdk.logger", reason="this SDK has no logs")

PATIENCE = 10
BOUND = 2.0
"""Seconds that a fork may take at most, in a process that is busy."""


NEEDED = {"enable_logs": True, "trace_lifecycle": "stream"}
"""What SDKs before 3.0 need to use each of their buffers, as far as they know it."""

STREAMS = "trace_lifecycle" in DEFAULT_OPTIONS or not hasattr(sentry_sdk, "start_transaction")


def client() -> Any:
    return sentry_sdk.get_client()


@pytest.fixture(autouse=True)
def _every_buffer(sentry_events: SentryEvents) -> None:
    options: Any = {name: value for name, value in NEEDED.items() if name in DEFAULT_OPTIONS}
    sentry_sdk.init("https://key@example.com/1", release="shop@1", traces_sample_rate=1.0, **options)


LOCKS: dict[str, Callable[[], Any]] = {
    "of the logs": lambda: client().log_batcher._lock,
    "of the metrics": lambda: client().metrics_batcher._lock,
    "of the spans": lambda: client().span_batcher._lock,
    "of the sessions": lambda: client().session_flusher._aggregate_lock,
    "of the session flusher's thread": lambda: client().session_flusher._thread_lock,
    "of the monitor": lambda: client().monitor._thread_lock,
    "of a labelled buffer": lambda: buffers(client())[0]._lock,
    "of the queue": lambda: client().transport.worker._queue.lock,
    "of whoever sends": lambda: client().transport.worker._queue.turn,
    "of the store": lambda: shared().delivery.fake.store._lock,
    "of the endpoints": lambda: shared().delivery.fake.ingest._lock,
    "of the port": lambda: shared().delivery.fake._starting,
    "of captures": lambda: capturing._ENTERING,
}


@contextmanager
def held(lock: Any, *, elsewhere: bool) -> Iterator[None]:
    """Hold *lock*, in this thread or another one."""
    if not elsewhere:
        with lock:
            yield
        return
    holds, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            holds.set()
            go_on.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(PATIENCE)
    try:
        yield
    finally:
        go_on.set()
        thread.join()


def fork(act: Callable[[], object]) -> int:
    """Call *act* in a fork, which is killed after 10 seconds; returns the fork's identifier."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PATIENCE)
            act()
            code = 0
        finally:
            os._exit(code)
    return pid


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def report(name: str) -> None:
    """Send what goes through each of the buffers."""
    sentry_sdk.capture_message(name)
    log.info(name)
    scope = sentry_sdk.get_isolation_scope()
    scope.start_session()
    scope.end_session()
    if STREAMS:
        with sentry_sdk.traces.start_span(name=name):
            pass


def report_in_child() -> None:
    report("child")
    sentry_sdk.flush(PATIENCE)
    assert client().transport.worker.unfinished_tasks == 0


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another thread"])
@pytest.mark.parametrize("name", LOCKS)
def test_a_fork_waits_for_no_lock_and_its_child_finds_it_free(
    sentry_events: SentryEvents, name: str, elsewhere: bool
) -> None:
    try:
        lock = LOCKS[name]()
    except AttributeError:
        pytest.skip("this SDK has no such lock")
    len(sentry_events)
    report("parent")

    with held(lock, elsewhere=elsewhere):
        began = time.perf_counter()
        pid = fork(report_in_child)
        took = time.perf_counter() - began

    assert exit_code(pid) == 0
    assert took < BOUND
    assert sorted(str(event.message) for event in sentry_events) == ["child", "parent"]
    assert sorted(log.body for log in sentry_events.logs) == ["child", "parent"]
    assert len(sentry_events.sessions) == 2
    assert sorted(str(span.description) for span in sentry_events.spans) == ["child", "parent"] * STREAMS


def test_what_was_lost_before_a_fork_is_reported_once(sentry_events: SentryEvents) -> None:
    sentry_sdk.init("https://key@example.com/1", before_send=lambda event, hint: None)
    sentry_sdk.capture_message("dropped")

    pid = fork(lambda: sentry_sdk.flush(PATIENCE))

    assert exit_code(pid) == 0
    report = sentry_events.client_reports.find()
    assert [(lost.reason, lost.quantity) for lost in report.discarded] == [("before_send", 1)]


def test_a_fork_does_not_wait_for_an_answer_that_is_delayed(sentry_events: SentryEvents) -> None:
    sentry_events.faults.delay(3600, times=1)
    sentry_sdk.capture_message("slow")
    sentry_sdk.capture_message("behind it")

    began = time.perf_counter()
    pid = fork(lambda: None)

    assert time.perf_counter() - began < BOUND
    assert exit_code(pid) == 0


def test_a_child_that_forks_and_ends_at_once_has_sent_what_it_captured(sentry_events: SentryEvents) -> None:
    def child() -> None:
        sentry_sdk.capture_message("child")
        assert exit_code(fork(lambda: None)) == 0

    assert exit_code(fork(child)) == 0
    assert sentry_events.messages.find("child", timeout=0)


@pytest.mark.parametrize("name", [name for name in LOCKS if name != "of whoever sends"])
def test_what_runs_in_the_thread_that_holds_a_lock_can_read_the_inbox(
    sentry_events: SentryEvents, name: str
) -> None:
    try:
        lock = LOCKS[name]()
    except AttributeError:
        pytest.skip("this SDK has no such lock")
    began = time.perf_counter()

    with held(lock, elsewhere=False):
        len(sentry_events), len(sentry_events.logs)

    assert time.perf_counter() - began < BOUND


@pytest.fixture
def delivery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    """One of a process in which no test runs."""
    monkeypatch.setattr(delivering, "running", lambda: None)
    delivery = Delivery(Settings())
    yield delivery
    delivery.close()


def test_a_fork_outside_of_tests_waits_for_no_lock_of_the_server(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "START_TIMEOUT", 0.01)
    forking = threading.Thread(target=delivery.expect_fork, daemon=True)
    with delivery.fake._starting:
        forking.start()
        forking.join(PATIENCE)
        assert not forking.is_alive()
        (starting,) = (each for each in threading.enumerate() if each.name == "sentryintegration-start")
    starting.join(PATIENCE)

    assert delivery.fake.started


def test_a_fork_outside_of_tests_opens_no_port_where_nothing_is_kept_from_sentry(delivery: Delivery) -> None:
    delivery.settings = Settings(guard=False)
    delivery.expect_fork()
    assert not delivery.fake.started

    delivery.settings = Settings()
    delivery.expect_fork()
    assert delivery.fake.started
