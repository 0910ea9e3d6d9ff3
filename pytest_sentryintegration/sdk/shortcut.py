"""What the SDK's worker has queued, sent by the thread that waits for it: a test's own.

To wake the worker's thread, hand it the queue and wait for it is about a seventh of what a test costs. The
worker stays, and sends what nobody waits for; a hundredth of a second later than it would without this.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sentry_sdk.utils import logger

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk.locks import lock_by_process

ROOM = 250
"""Python frames that must be left: sending takes about thirty, JSON and a logger that is in debug more."""

NAP = 0.01
"""Seconds after which a worker that has something to do finds it by itself."""

LINGER = 1.0
"""Seconds after the last task in which the worker naps; then it sleeps until it is woken."""


class Bell(threading.Condition):
    """The queue's `not_empty`: it lets a worker that naps nap on when something is queued.

    Args:
        lock: the queue's.
    """

    def __init__(self, lock: Any) -> None:
        super().__init__(lock)
        self._pid = os.getpid()
        self._asleep = False
        self._nap_until = 0.0
        self._wanted = 0

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until something is queued, or for a nap: the worker looks into the queue then."""
        if timeout is not None:
            return super().wait(timeout)
        if clock.monotonic() < self._nap_until:
            return super().wait(NAP)
        self._asleep = True
        try:
            return super().wait()
        finally:
            self._asleep = False

    def notify(self, n: int = 1) -> None:
        """Wake the worker where it sleeps, or somebody wants it."""
        self._nap_until = clock.monotonic() + LINGER
        if self._pid != os.getpid():
            # In a fork nobody looks, and the parent's worker, which is not there, would be the first to hear.
            self.notify_all()
        elif self._asleep or self._wanted:
            super().notify(n)

    def notify_all(self) -> None:
        """Wake everybody who waits."""
        super().notify(len(self._waiters))  # type: ignore[attr-defined]

    @contextmanager
    def worker_wanted(self) -> Iterator[None]:
        """Have the worker do at once what is queued, and what will be inside."""
        with self:
            self._wanted += 1
            super().notify()
        try:
            yield
        finally:
            with self:
                self._wanted -= 1


class Shortcut:
    """Runs the tasks of a queue in the calling thread, in their order.

    That may be the main one, where a signal's handler, and the finaliser of garbage in any thread, can come
    between any two steps: raise, capture, flush, fork.

    Args:
        queue: of the SDK's worker.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.bell = queue.not_empty = Bell(queue.mutex)
        """What wakes the worker."""
        self._turn = lock_by_process()
        self._runner: threading.Thread | None = None
        self._interrupt: BaseException | None = None

    @property
    def turn(self) -> Any:
        """The lock under which a thread sends, or what one thread has captured would overtake itself."""
        return self._turn()

    def runs_in(self, thread: threading.Thread) -> bool:
        """Whether *thread* is at it: it cannot wait for itself."""
        return self._runner is thread

    def run(self, deadline: float) -> bool:
        """Run what is queued, unless another thread is at it.

        Args:
            deadline: of `clock.monotonic`; no task begins after it.

        Returns:
            Whether everything that was queued before the call is done.
        """
        if not _has_room():
            return False
        turn = self.turn
        if not turn.acquire(blocking=False):
            return False
        tasks: deque[Callable[[], Any]] = deque()
        before = self._runner
        try:
            if not self._take(tasks):
                return False
            self._runner = threading.current_thread()
            self._run(tasks, deadline)
            return not tasks
        finally:
            self._runner = before
            if tasks:
                self._put_back(tasks)
            turn.release()

    def after_others(self, task: Callable[[], Any]) -> Callable[[], Any]:
        """Return a task for the worker that comes after what other threads are at."""

        def run() -> None:
            with self.turn:
                task()

        return run

    @contextmanager
    def noting_interrupts(self) -> Iterator[None]:
        """Note what ends a test (a timeout, Ctrl-C): the SDK swallows every error in its tasks."""
        try:
            yield
        except BaseException as error:
            if self.runs_in(threading.current_thread()) and (
                not isinstance(error, Exception) or _is_of_a_signal(error)
            ):
                self._interrupt = error
            raise

    def _take(self, tasks: deque[Callable[[], Any]]) -> bool:
        """Move everything from the queue to *tasks*; none of it while the worker is at a task."""
        queue = self._queue
        with queue.mutex:
            queued = queue.queue
            if queue.unfinished_tasks != len(queued):
                return False
            # One by one: a finaliser may queue something meanwhile. A worker's end cannot be called.
            while queued and callable(queued[0]):
                tasks.append(queued.popleft())
            return not queued

    def _run(self, tasks: deque[Callable[[], Any]], deadline: float) -> None:
        while tasks and clock.monotonic() < deadline:
            task = tasks.popleft()
            try:
                task()
            except Exception:
                logger.error("Failed processing job", exc_info=True)  # as the worker
            finally:
                self._done()
            if self._interrupt is not None:
                error, self._interrupt = self._interrupt, None
                raise error

    def _done(self) -> None:
        # Not task_done(): what is queued between its reading and its writing would not be counted.
        queue = self._queue
        with queue.mutex:
            queue.unfinished_tasks -= 1
            if not queue.unfinished_tasks:
                queue.all_tasks_done.notify_all()

    def _put_back(self, tasks: deque[Callable[[], Any]]) -> None:
        """Leave the rest to the worker."""
        with self._queue.mutex:
            self._queue.queue.extendleft(reversed(tasks))
            self.bell.notify()


def _has_room() -> bool:
    """Whether the caller has not recursed so deep that sending might fail, and lose what is sent."""
    room = sys.getrecursionlimit() - ROOM
    if sys.version_info < (3, 12):
        room //= 2  # calls of C are counted too, and cannot be seen
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
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False
