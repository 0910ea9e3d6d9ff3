"""Reading the inbox sends in the thread of the test, in which signal handlers and finalisers run too."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.sdk import worker
from pytest_sentryintegration.sdk.posting import Poster

PATIENCE = 5.0


@contextmanager
def at_the_first_post(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> Iterator[None]:
    """Have *act* called in the middle of the next POST, in the thread that sends."""
    original = Poster._receive
    left = [act]

    def receive(self: Poster, *args: Any) -> Any:
        if left:
            left.pop()()
        return original(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Poster, "_receive", receive)
        yield


@pytest.fixture(autouse=True)
def _napping(monkeypatch: pytest.MonkeyPatch, sentry_events: SentryEvents) -> None:
    """The worker naps, for far too long to be of help."""
    monkeypatch.setattr(worker, "NAP", 60.0)
    sentry_sdk.capture_message("first")
    sentry_sdk.flush()
    wake = sentry_sdk.get_client().transport.worker._queue.wake  # type: ignore[union-attr]
    deadline = time.monotonic() + PATIENCE
    while not wake._waiters:
        assert time.monotonic() < deadline
    sentry_events.clear()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such signals here")
@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError, pytest.fail.Exception])
def test_what_a_signal_raises_ends_the_look(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def handler(number: int, frame: Any) -> None:
        raise error("enough")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        for number in range(3):
            sentry_sdk.capture_message(f"{number}")
        with (
            at_the_first_post(monkeypatch, lambda: signal.raise_signal(signal.SIGUSR1)),
            pytest.raises(error, match="enough"),
        ):
            len(sentry_events)
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert [event.message for event in sentry_events][-2:] == ["1", "2"]


def test_what_is_captured_amid_a_look_keeps_its_scope_and_inbox(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentry_sdk.set_tag("who", "me")
    sentry_sdk.capture_message("outer")
    with at_the_first_post(monkeypatch, lambda: sentry_sdk.capture_message("inner")):
        len(sentry_events)

    assert sentry_events.messages.find("inner").tags["who"] == "me"
    assert len(sentry_events) == 2


def test_a_flush_amid_a_look_does_not_wait_for_itself(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[float] = []

    def flush() -> None:
        started = time.perf_counter()
        sentry_sdk.flush(30)
        len(sentry_events)
        took.append(time.perf_counter() - started)

    sentry_sdk.capture_message("sent")
    with at_the_first_post(monkeypatch, flush):
        assert len(sentry_events) == 1
    assert took[0] < 10


class _Reports:
    def __init__(self, sent: list[str | None]) -> None:
        self.circle = self
        self.sent = sent

    def __del__(self) -> None:
        self.sent.append(sentry_sdk.capture_message("collected"))


@pytest.mark.uncounted
@pytest.mark.sentry(attach_stacktrace=False)  # as without sentry-sdk 3: with pytest's frames that is 5 s
def test_what_finalisers_capture_amid_looks_is_complete(sentry_events: SentryEvents) -> None:
    sent: list[str | None] = []
    threshold = gc.get_threshold()
    gc.set_threshold(20, 2, 2)
    try:
        for _ in range(100):
            _Reports(sent)
            sent.append(sentry_sdk.capture_message("x"))
            len(sentry_events)
        gc.collect()
    finally:
        gc.set_threshold(*threshold)

    # The SDK itself captures nothing where garbage is collected in the middle of its serializer.
    assert len(sent) == 200
    assert {event.id for event in sentry_events} == {event_id for event_id in sent if event_id is not None}


def test_what_another_thread_captures_is_not_waited_for_a_nap_long(sentry_events: SentryEvents) -> None:
    timer = threading.Timer(0.05, sentry_sdk.capture_message, ["late"])
    timer.start()
    assert sentry_events.messages.find("late", timeout=PATIENCE).message == "late"
    timer.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_sends_although_nobody_looks(sentry_events: SentryEvents) -> None:
    pid = os.fork()
    if pid == 0:
        sentry_sdk.capture_message("child")
        deadline = time.monotonic() + PATIENCE
        transport: Any = sentry_sdk.get_client().transport
        while transport.worker.unfinished_tasks and time.monotonic() < deadline:
            os.sched_yield()
        os._exit(0)
    os.waitpid(pid, 0)

    assert sentry_events.messages.find("child", timeout=0).message == "child"
