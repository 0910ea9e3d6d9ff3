"""The worker of a redirected transport: tasks run in the thread that waits for them, else in one of its own.

To wake a thread, hand it the queue and wait for it takes about a seventh of a test's time, so a test that
looks at its inbox runs the tasks itself. One task runs at a time, in the order in which they were queued.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk.ownership import in_no_context

NAP = 0.01
"""Seconds after which the thread runs a task that no other thread waits for."""

logger = logging.getLogger("sentry_sdk.errors")
"""The SDK's own logger."""

LINGER = 1.0
"""Seconds after the last task in which the thread looks for others; after it, it sleeps until one comes."""

ROOM = 250
"""Python frames that must be left to run tasks: sending takes about 30, a logger in debug mode more."""

NOTICE = 0.1
"""Seconds of a flush after which the SDK's callback is told how much is pending."""


class Queue:
    """The tasks of one process, and how far they are. A fork gets a new, empty one.

    The locks are reentrant, and no method leaves numbers half changed at a call: the handler of a signal and
    the finaliser of an object run between any two calls, and may capture, flush, fork or raise.
    """

    def __init__(self) -> None:
        self.tasks: deque[Callable[[], Any]] = deque()
        self.lock = threading.RLock()
        """Guards everything here."""
        self.done = threading.Condition(self.lock)
        """Notified when a task has finished."""
        self.wake = threading.Condition(self.lock)
        """Notified to wake the thread before its nap is over. That takes time: not for each task."""
        self.turn = threading.Lock()
        """Held by the thread that runs tasks."""
        self.runner: int | None = None
        """The identifier of that thread."""
        self.finished = 0
        self.running = 0
        self.thread: threading.Thread | None = None
        self.ending = False
        self.asleep = False
        self.nap_until = 0.0
        # A forked process reads no inbox, and may end as soon as its function returns.
        self.wanted = 1 if _in_fork else 0

    @property
    def unfinished_tasks(self) -> int:
        """How many tasks are queued or running; the SDK's queue has the same attribute."""
        return len(self.tasks) + self.running


class Worker:
    """Takes the place of the SDK's `BackgroundWorker`.

    Args:
        size: how many tasks may be queued.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._queue = Queue()
        _workers.add(self)

    @property
    def lock(self) -> Any:
        """The lock that `submit` takes: reentrant."""
        return self._queue.lock

    @property
    def unfinished_tasks(self) -> int:
        """How many tasks are queued or running."""
        return self._queue.unfinished_tasks

    @property
    def queued(self) -> int:
        """How many tasks are queued and have not begun."""
        return len(self._queue.tasks)

    def full(self) -> bool:
        """Whether no further task can be queued."""
        return self.queued >= self._size

    def submit(self, task: Callable[[], Any]) -> bool:
        """Queue *task*; returns whether there was room for it."""
        queue = self._queue
        with queue.lock:
            if self.full():
                return False
            queue.tasks.append(task)
            queue.nap_until = clock.monotonic() + LINGER
            if queue.wanted or queue.asleep:
                queue.wake.notify_all()
            if queue.thread is not None:
                return True
            queue.thread = threading.Thread(
                target=self._work, args=(queue,), name="sentry-sdk.BackgroundWorker", daemon=True
            )
        try:
            in_no_context(queue.thread.start)
        except RuntimeError:  # the interpreter is shutting down: a flush can still send
            queue.thread = None
        return True

    def kill(self) -> None:
        """Let the thread end once it has run what is queued."""
        queue = self._queue
        with queue.lock:
            if queue.thread is not None:
                queue.ending = True
                queue.wake.notify_all()

    def flush(self, timeout: float, callback: Callable[[int, float], Any] | None = None) -> None:
        """Wait until nothing is queued or running, as the SDK's worker does.

        Args:
            timeout: in seconds.
            callback: called with the number of pending tasks and *timeout* when it takes longer.
        """
        deadline = clock.monotonic() + timeout
        if self.wait(clock.monotonic() + min(NOTICE, timeout), everything=True):
            return
        if callback is not None:
            callback(self.unfinished_tasks, timeout)
        if not self.wait(deadline, everything=True):
            logger.error("flush timed out, dropped %s events", self.unfinished_tasks)

    def is_running_here(self) -> bool:
        """Whether the calling thread is running a task: to wait for the queue there would never end."""
        return self._queue.runner == threading.get_ident()

    def run(self, deadline: float) -> bool:
        """Run what is queued in the calling thread.

        Args:
            deadline: of `clock.monotonic`; no task begins after it.

        Returns:
            Whether everything queued before the call is done. `False` at once where another thread runs
            tasks, or where so few frames are left that sending could fail.
        """
        queue = self._queue
        if not _has_room() or not queue.turn.acquire(blocking=False):
            return False
        try:
            return self._run(queue, deadline)
        finally:
            queue.turn.release()

    def wait(self, deadline: float, *, everything: bool = False) -> bool:
        """Wait for the thread; not where the calling thread itself is running a task.

        Args:
            deadline: of `clock.monotonic`; it holds for locks too.
            everything: wait for what is queued meanwhile, too.

        Returns:
            Whether what was queued before the call, or everything, is done.
        """
        queue = self._queue
        if self.is_running_here():
            return False
        if queue.thread is None:  # it could not be started
            self.run(deadline)
        if not queue.lock.acquire(timeout=max(0.0, deadline - clock.monotonic())):
            return False
        try:
            last = queue.finished + queue.unfinished_tasks
            with self.wanted():
                return queue.done.wait_for(
                    lambda: not queue.unfinished_tasks if everything else queue.finished >= last,
                    max(0.0, deadline - clock.monotonic()),
                )
        finally:
            queue.lock.release()

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Have the thread run what is queued, and what will be inside, without delay."""
        queue = self._queue
        with queue.lock:
            queue.wanted += 1
            queue.wake.notify_all()
        try:
            yield
        finally:
            with queue.lock:
                queue.wanted -= 1

    def forget_inherited(self) -> None:
        """Leave to the parent of this forked process what it had queued, with its locks and its thread."""
        self._queue = Queue()

    def _work(self, queue: Queue) -> None:
        try:
            while self._rest(queue):
                with queue.turn:
                    self._run(queue, float("inf"))
        except BaseException:  # a later task starts another thread
            queue.thread = None
            raise

    def _rest(self, queue: Queue) -> bool:
        """Wait until there is something to do, or for a nap; returns false when the thread is to end."""
        with queue.lock:
            if not (queue.tasks and (queue.wanted or queue.ending)):
                if queue.ending:
                    queue.thread, queue.ending = None, False
                    return False
                queue.asleep = not queue.tasks and clock.monotonic() >= queue.nap_until
                queue.wake.wait(None if queue.asleep else NAP)
                queue.asleep = False
        return True

    def _run(self, queue: Queue, deadline: float) -> bool:
        """Run what is queued now, and not what is queued meanwhile; `queue.turn` is held."""
        queue.runner = threading.get_ident()
        try:
            for _ in range(len(queue.tasks)):
                if clock.monotonic() >= deadline:
                    return False
                self._run_one(queue)
            return True
        finally:
            queue.runner = None

    def _run_one(self, queue: Queue) -> None:
        try:
            with queue.lock:
                queue.running = 1
                task = queue.tasks.popleft()
            task()
        except Exception as error:
            # A time-out ends the test, as it does elsewhere; the SDK's worker would hide it.
            if _is_of_a_signal(error):
                raise
            logger.error("Failed processing job", exc_info=True)
        finally:
            with queue.lock:
                queue.running = 0
                queue.finished += 1
                queue.done.notify_all()


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()
_in_fork = False


def _forget_inherited() -> None:
    global _in_fork
    _in_fork = True
    for worker in list(_workers):
        worker.forget_inherited()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_inherited)


def _has_room() -> bool:
    """Whether the caller has not recursed so deep that sending might fail, and lose what is sent."""
    room = sys.getrecursionlimit() - ROOM
    if sys.version_info < (3, 12):
        room //= 2  # calls of C functions count too there, and are no frames
    try:
        sys._getframe(max(0, room))
    except ValueError:  # there is no such frame
        return True
    return False


def _is_of_a_signal(error: BaseException) -> bool:
    """Whether the handler of a signal raised *error*."""
    handlers = {
        getattr(handler, "__code__", None)
        for number in signal.valid_signals()
        if callable(handler := signal.getsignal(number))
    }
    return any(frame.f_code in handlers for frame, _ in traceback.walk_tb(error.__traceback__))
