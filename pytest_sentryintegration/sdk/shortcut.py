"""What the SDK's worker has queued, sent by the thread that waits for it: a test's own.

To wake the worker's thread, hand it the queue and wait for it is a sixth of what a test costs. The worker
stays, and sends what nobody waits for; a hundredth of a second later than it would without this.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sentry_sdk.utils import logger

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk import ownership

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
        if self._asleep or self._wanted:
            super().notify(n)

    @contextmanager
    def worker_wanted(self) -> Iterator[None]:
        """Have the worker do at once what is queued inside."""
        with self:
            self._wanted += 1
        try:
            yield
        finally:
            with self:
                self._wanted -= 1


class Shortcut:
    """Runs the tasks of a queue in the calling thread, in their order.

    Args:
        queue: of the SDK's worker.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.bell = queue.not_empty = Bell(queue.mutex)
        """What wakes the worker."""
        self._pid = os.getpid()
        self._turn = threading.RLock()

    @property
    def turn(self) -> Any:
        """The lock under which a thread sends, or what one thread has captured would overtake itself."""
        if self._pid != os.getpid():
            # A fork: whichever thread held it is not there.
            self._pid, self._turn = os.getpid(), threading.RLock()
        return self._turn

    def run(self) -> bool:
        """Run what is queued, unless another thread is at it.

        Returns:
            Whether everything that was queued before the call is done.
        """
        if not _has_room():
            return False
        turn = self.turn
        if not turn.acquire(blocking=False):
            return False
        tasks: deque[Callable[[], Any]] = deque()
        try:
            if not self._take(tasks):
                return False
            if tasks:
                # The worker's thread is in no test and in no span either.
                ownership.in_no_context(self._run, tasks)
            return True
        finally:
            if tasks:
                self._put_back(tasks)
            turn.release()

    def after_others(self, task: Callable[[], Any]) -> Callable[[], Any]:
        """Return a task for the worker that comes after what other threads are at."""

        def run() -> None:
            with self.turn:
                task()

        return run

    def _take(self, tasks: deque[Callable[[], Any]]) -> bool:
        """Move everything from the queue to *tasks*; none of it while the worker is at a task."""
        queue = self._queue
        with queue.mutex:
            queued = queue.queue
            # It ends by a task that cannot be called.
            if queue.unfinished_tasks != len(queued) or not all(map(callable, queued)):
                return False
            tasks.extend(queued)
            queued.clear()
        return True

    def _run(self, tasks: deque[Callable[[], Any]]) -> None:
        while tasks:
            task = tasks.popleft()
            try:
                task()
            except Exception:
                logger.error("Failed processing job", exc_info=True)  # as the worker
            finally:
                self._queue.task_done()

    def _put_back(self, tasks: deque[Callable[[], Any]]) -> None:
        """Leave the rest to the worker: a signal (a test's timeout, Ctrl-C) ended this."""
        with self._queue.mutex:
            self._queue.queue.extendleft(reversed(tasks))
            self.bell.notify()


def _has_room() -> bool:
    """Whether the caller has not recursed so deep that sending might fail, and lose what is sent."""
    try:
        sys._getframe(max(0, sys.getrecursionlimit() - ROOM))
    except ValueError:  # there is no such frame
        return True
    return False
