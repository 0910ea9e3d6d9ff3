"""A process that a test starts: it keeps its output, and ends with the test, and its own with it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from pytest_sentryintegration.processes.output import KEPT, Output, command_name, start_thread

__all__ = ["INTERVAL", "MARK", "ChildProcess", "end_all"]

MARK: Final = "SENTRYINTEGRATION_STARTED_BY"
"""The variable by which a process is known that has left its session, as daemons do.

Its value begins with that of the process that has started it, where that was started by a test itself.
"""
_READING: Final = 2.0
"""Seconds after the end of a process for which its output is read: what it started may hold its streams."""
INTERVAL: Final = 0.02
"""Seconds between two looks at what cannot be waited for."""

grace = 2.0
"""Seconds from asking a process to end (SIGTERM) to ending it (SIGKILL)."""

# Bound at import: a test may freeze the clock or replace time.sleep.
_now = time.perf_counter


class ChildProcess(subprocess.Popen[Any]):
    r"""A process that a test started: a `subprocess.Popen` that keeps its output and ends with the test.

    Streams that the caller does not redirect are read as the process writes, so it never waits for a reader.

    Args:
        args: The command, as `subprocess.Popen` takes it.
        env: Its complete environment.
        options: Those of `subprocess.Popen`. It is made the leader of a session of its own, and its streams
            are text, unless these say otherwise.
        everything: Whether all of the output is kept, and not its end alone.
        awaited: What is looked for in its output, as it comes.

    Raises:
        OSError: The command cannot be started.

    >>> import sys
    >>> process = sentry_events.popen([sys.executable, "-c", "print('kettle on')"], ready="kettle on")
    >>> process.wait()
    0
    >>> process.output
    'kettle on\n'
    """

    def __init__(
        self,
        args: Any,
        env: Mapping[str, str],
        options: Mapping[str, Any],
        *,
        everything: bool = False,
        awaited: re.Pattern[str] | None = None,
    ) -> None:
        merged = dict(options)
        if not {"text", "encoding", "errors", "universal_newlines"} & merged.keys():
            merged["text"] = True
        if os.name == "posix" and not {"start_new_session", "process_group"} & merged.keys():
            merged["start_new_session"] = True
        ours = [name for name in ("stdout", "stderr") if merged.get(name) is None]
        for name in ours:
            merged[name] = subprocess.PIPE
        self.exited = threading.Event()
        """Set when it has ended."""
        self._ended = 0.0
        self.awaits_end = True
        """Whether it is expected to end by itself: a service that says when it is ready is not."""
        self.streams = Output(None if everything else KEPT, awaited)
        """What it writes to the streams that the caller did not redirect, as bytes."""
        self._mark = f"{MARK}={env[MARK]}" if MARK in env else None
        super().__init__(args, env=dict(env), **merged)
        for name in ours:
            pipe: IO[Any] = getattr(self, name)
            # Gone from here: communicate() would read it too.
            setattr(self, name, None)
            self.streams.read(name, pipe)
        start_thread(self._watch)

    @property
    def output(self) -> str:
        """The end of what it has written so far to the streams that the caller did not redirect."""
        # wait() may return a moment before the thread that sets `exited` goes on.
        if self.returncode is not None or self.exited.is_set():
            self.finish_reading()
        return self.streams.text()

    def finish_reading(self) -> None:
        """Wait until what it wrote is read, for two seconds after its end at most, or from now where it runs.

        >>> import sys
        >>> process = sentry_events.popen([sys.executable, "-c", "print('kettle on')"])
        >>> process.wait()
        0
        >>> process.finish_reading()
        >>> process.streams.bytes("stdout").strip()
        b'kettle on'
        """
        now = _now()
        self.streams.join((self._ended or now) + _READING - now)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and nothing that it started, such as a daemon, can become ready instead."""
        if not self.exited.is_set() or not self.streams.is_open:
            return self.exited.is_set()
        return self.poll() != 0 and _now() >= self._ended + _READING

    @property
    def name(self) -> str:
        """What it runs, in a word or two: ``worker.py``, ``-m celery``, ``node``.

        >>> import sys
        >>> sentry_events.popen([sys.executable, "-m", "this"]).name
        '-m this'
        """
        return command_name(self.args)

    def ending(self) -> str:
        """Return how it ended: ``exited with 1``, ``was ended by SIGKILL``.

        >>> import sys
        >>> process = sentry_events.popen([sys.executable, "-c", "raise SystemExit(3)"])
        >>> code = process.wait()
        >>> process.ending()
        'exited with 3'
        """
        code = self.poll()
        if code is None or code >= 0:
            return f"exited with {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"

    def ask_to_end(self) -> None:
        """Ask it and its session to end.

        >>> import subprocess, sys
        >>> process = sentry_events.popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        >>> process.ask_to_end()
        >>> process.exited.wait(30)
        True
        """
        if not self.exited.is_set():
            self._signal(signal.SIGTERM)

    def end(self) -> None:
        """End what is left of it and of all that it started.

        >>> import subprocess, sys
        >>> process = sentry_events.popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        >>> process.end()
        >>> process.exited.is_set()
        True
        """
        deadline = _now() + grace
        # Until none is left: one that is ended takes a moment, in which it may have started another.
        while (left := self._left()) and _now() < deadline:
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            threading.Event().wait(INTERVAL)
        if not self.exited.is_set():
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self.exited.wait(grace)
        self.poll()
        self.streams.join(0.2)
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()

    def _signal(self, number: int) -> None:
        # Until it is waited for, its id is no other's; poll() does that.
        with contextlib.suppress(OSError):
            if os.name == "posix" and os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, number)
            elif os.name == "nt":
                kill = ["taskkill", "/F", "/T", "/PID", str(self.pid)]
                subprocess.run(kill, check=False, capture_output=True)
            else:
                self.send_signal(number)

    def _left(self) -> list[int]:
        """Return the ids of processes that it started and that run, also those that have left its session."""
        if self._mark is None:
            return []
        mark = self._mark.encode()
        found = []
        # Where there is no /proc, daemons are not found.
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                    found.append(int(folder.name))
        return found

    def _watch(self) -> None:
        if hasattr(os, "waitid"):
            with contextlib.suppress(ChildProcessError):
                # Without reaping it: its id stays its own until poll().
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            while self.poll() is None:
                self.exited.wait(INTERVAL)
        self._ended = _now()
        self.exited.set()


def end_all(processes: Iterable[ChildProcess]) -> None:
    """End these processes: ask them to, and after `grace` seconds end what is left."""
    started = list(processes)
    for process in started:
        process.ask_to_end()
    deadline = _now() + grace
    for process in started:
        process.exited.wait(max(deadline - _now(), 0))
        process.end()
