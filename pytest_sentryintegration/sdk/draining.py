"""Sends everything that the SDK holds back: batches, client reports, the queue. Never raises."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk.detaching import buffers, components
from pytest_sentryintegration.sdk.exporting import flush_spans
from pytest_sentryintegration.sdk.transport_classes import redirected

TIMEOUT = 5.0
"""Seconds that one drain may take."""

FORK_TIMEOUT = 0.5
"""Seconds that sending may hold up a fork."""

# By class name, because the batchers of sentry-sdk 2.41 have no attribute that says it.
_HELD = {
    "SessionFlusher": "sessions",
    "LogBatcher": "logs",
    "MetricsBatcher": "metrics",
    "SpanBatcher": "spans",
}


def drain(clients: Iterable[Any], timeout: float = TIMEOUT) -> list[str]:
    """Send what *clients* hold back, and wait until it has been answered.

    Not ``client.flush()``: that raises for ever once a batch cannot be serialised, says nothing when its
    time is over, and measures it on a clock that a test may have frozen.

    Returns:
        What went wrong, a sentence each; empty when everything was sent.
    """
    deadline = clock.monotonic() + timeout
    problems: list[str] = []
    exporting = flush_spans(timeout)
    transports = []
    for client in clients:
        transport = redirected(client)
        if transport is None:
            continue
        for component in components(client):
            try:
                component.flush()
            except Exception as error:
                held = _HELD.get(type(component).__name__, "batch")
                problems.append(f"the SDK could not send its {held}: {type(error).__name__}: {error}")
        reports = transport.has_pending_reports()
        if reports:
            transport.request_reports()
        transports.append((transport, reports))
    for transport, reports in transports:
        queued = transport.worker.unfinished_tasks
        if not queued or transport.worker.is_running_here():
            continue
        if not transport.wait_until_sent(max(0.0, deadline - clock.monotonic()), reports=reports):
            queued = min(queued, transport.worker.unfinished_tasks)
            what = "1 envelope was" if queued == 1 else f"{queued} envelopes were"
            problems.append(f"{what} still queued after {timeout:g} s of waiting")
    if exporting is not None:
        exporting.join(max(0.0, deadline - clock.monotonic()))
        if exporting.is_alive():
            problems.append(f"OpenTelemetry's exporter had not sent its spans after {timeout:g} s")
    return problems


def holds_back(clients: Iterable[Any]) -> bool:
    """Whether *clients* hold back anything: queued, or in a buffer of logs, metrics, spans or sessions."""
    for client in clients:
        transport = redirected(client)
        if transport is not None and transport.worker.queued:
            return True
        if any(buffer.holds_back() for buffer in buffers(client)):
            return True
    return False


@contextmanager
def sending_at_once(clients: Iterable[Any]) -> Iterator[None]:
    """Have what *clients* capture inside, in any thread, sent without delay, because a test waits for it."""
    with ExitStack() as stack:
        for client in clients:
            transport = redirected(client)
            if transport is not None:
                stack.enter_context(transport.worker.wanted())
        yield


def drain_before_forks(live: Callable[[], Iterable[Any]]) -> None:
    """Send what is held back before this process forks, and have the child forget what was not sent.

    Parent and child would both send it. That can happen in production too, in the moment between a capture
    and its sending; a test that forks right after one would see it each time.
    """
    if hasattr(os, "register_at_fork"):
        # Such a function cannot be removed; without clients it does nothing.
        os.register_at_fork(
            before=lambda: _drain_without_waiting(live()), after_in_child=lambda: _forget(live())
        )


def _drain_without_waiting(clients: Iterable[Any]) -> None:
    """Send, within `FORK_TIMEOUT` seconds, what can be sent without waiting for a lock or a fault's delay."""
    # The handler of a signal may fork, and it runs between any two steps of the program.
    deadline = clock.monotonic() + FORK_TIMEOUT
    for client in clients:
        transport = redirected(client)
        if transport is None:
            continue
        if transport.worker.lock.acquire(blocking=False):
            try:
                for buffer in buffers(client):
                    with suppress(Exception):
                        buffer.flush_unless_busy()
            finally:
                transport.worker.lock.release()
        if transport.worker.unfinished_tasks and transport.destination.is_prompt:
            transport.worker.wait(deadline)


def _forget(clients: Iterable[Any]) -> None:
    for client in clients:
        transport = redirected(client)
        if transport is not None:
            transport.forget_inherited()
            for buffer in buffers(client):
                buffer.forget_inherited()
