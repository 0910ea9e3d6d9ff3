"""The SDK's helper threads and buffers, kept apart from the tests that happen to start and fill them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.stacklevels import uncounted


def inner(transport: Any) -> Any:
    """Return what *transport* wraps, itself where it wraps nothing."""
    # With SENTRY_PRINT_ENVELOPES the SDK wraps the transport; the wrapper passes attributes on to it.
    return getattr(transport, "__dict__", {}).get("_inner", transport)


def components(client: Any) -> list[Any]:
    """Return what holds the client's sessions, logs, metrics and spans back, as far as this SDK has it."""
    names = ("session_flusher", "log_batcher", "metrics_batcher", "span_batcher")
    return [component for name in names if (component := getattr(client, name, None)) is not None]


def detach(client: Any) -> None:
    """Keep the client's helper threads out of the tests that happen to start them."""
    for helper, method in (
        (getattr(inner(client.transport), "_worker", None), "start"),
        (getattr(client, "monitor", None), "_ensure_running"),
        *((each, name) for each in components(client) for name in ("_ensure_running", "_ensure_thread")),
    ):
        # Only once for a client, although each capture replaces the transport of one made before.
        if hasattr(helper, method) and method not in vars(helper):
            setattr(helper, method, _in_no_context(getattr(helper, method)))


def _in_no_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap *function* so that threads which it starts inherit no scopes and no span.

    The SDK's threading integration hands the starter's active span to the worker for ever: with a
    DSN that has a port, it then traces its own POSTs (sentry-python issue 4199).
    """

    @uncounted
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return ownership.in_no_context(function, *args, **kwargs)

    return run


def label_all(client: Any) -> None:
    """Make each buffer of *client* send what it holds for the test that it is of."""
    for component in components(client):
        for add_name, flush_name in (("add", "_flush"), ("add_session", "flush")):
            if hasattr(component, add_name) and hasattr(component, flush_name):
                _label(component, add_name, flush_name)
    monitor = getattr(client, "monitor", None)
    if monitor is not None:
        _free_in_forks(monitor)


def buffers(client: Any) -> list[Buffer]:
    """Return the labelled buffers of *client*."""
    found = (getattr(each, _BUFFER, None) for each in components(client))
    return [buffer for buffer in found if buffer is not None]


def _label(component: Any, add_name: str, flush_name: str) -> None:
    # Only once for a client, although each capture replaces the transport of one made before.
    if flush_name not in vars(component):
        setattr(component, _BUFFER, Buffer(component, add_name, flush_name))


class Buffer:
    """One of the SDK's buffers: sends what it holds for the test that recorded it, and wholly within a flush.

    The SDK has one for all tests: before something of another test comes in, what is there is sent. Under one
    lock, because a flusher thread that had taken the buffer and not sent it yet made `flush` return too early
    in 1 % of runs under load.

    Args:
        component: a batcher or the session flusher.
        add_name: its method that takes an item.
        flush_name: its method that sends.
    """

    def __init__(self, component: Any, add_name: str, flush_name: str) -> None:
        self._component = component
        self._add, self._flush = getattr(component, add_name), getattr(component, flush_name)
        self._names = [
            name for name in vars(component) if name.endswith("_buffer") or name.startswith("pending_")
        ]
        if isinstance(getattr(component, "_pending_flush", None), set):
            component._pending_flush = _InOrder()
        self._holds: ownership.Owner | None = None
        self._lock = reentrant_lock()
        _free_in_forks(component)
        setattr(component, add_name, self.add)
        setattr(component, flush_name, self.flush)

    def add(self, item: Any) -> None:
        """Take *item*; what another test has recorded is sent first."""
        # During a flush in the same thread (a finaliser that logs) the SDK drops the item.
        if not getattr(getattr(self._component, "_active", None), "flag", False):
            owner = ownership.current()
            if owner is not self._holds:
                with self._lock:
                    self._component.flush()
                    self._holds = owner
                    self._add(item)
                return
        self._add(item)

    def holds_back(self) -> bool:
        """Whether there is anything to send, as far as this SDK shows it."""
        for name in self._names:  # noqa: SIM110 -- a third of the time, some 10 times a test
            if getattr(self._component, name):
                return True
        return False

    def flush(self, *args: Any, **kwargs: Any) -> Any:
        """Send what is there."""
        with self._lock:
            # Usually empty, and each look at an inbox flushes four buffers.
            if not self._names or self.holds_back():
                with ownership.sending_for(self._holds):
                    if getattr(self._component, "_pending_flush", None):
                        # The whole buffer is in the order in which the first span of each trace has ended.
                        self._flush(only_pending=True)
                    return self._flush(*args, **kwargs)

    def flush_unless_busy(self) -> None:
        """Send what is there, unless another thread holds one of the locks: waits for nothing."""
        with ExitStack() as stack:
            for lock in (self._lock, *vars(self._component).values()):
                if isinstance(lock, _LOCK):
                    return  # not reentrant, as the SDK makes them in a fork: `flush` takes it too
                if isinstance(lock, _RLOCK):
                    if not lock.acquire(blocking=False):
                        return
                    stack.callback(lock.release)
            self._component.flush()

    def forget_inherited(self) -> None:
        """Forget what the parent of this forked process had recorded: the parent sends it."""
        for name in self._names:
            getattr(self._component, name).clear()
        for value in vars(self._component).values():
            if isinstance(value, threading.Event):
                value._at_fork_reinit()  # type: ignore[attr-defined]


class _InOrder(dict[str, None]):
    """Takes the place of the set of traces to send: streamed transactions come in the order of their ends.

    In the order of the set, which is another in each run, ``sentry_events.transactions[0]`` was any of them.
    """

    def add(self, trace_id: str) -> None:
        """Take the trace, behind those that are there."""
        self[trace_id] = None


_BUFFER = "_sentryintegration"
"""The attribute of a component that holds its `Buffer`."""

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


def _free_in_forks(component: Any) -> None:
    """Let a forked process find the locks of *component* free: sentry-sdk 2.41 waits for ever there."""
    for name, value in vars(component).items():
        if isinstance(value, _LOCK):
            setattr(component, name, reentrant_lock())
