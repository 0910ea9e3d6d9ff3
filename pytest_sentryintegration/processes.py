"""Processes that a test starts: their output is kept, and they end with the test, and their own with them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from pytest_sentryintegration.process_output import KEPT, Output, command_name, start_thread

__all__ = ["MARK", "ChildProcess", "Ready", "command_name", "end_all", "run_to_end"]

MARK: Final = "SENTRYINTEGRATION_STARTED_BY"
"""The variable by which a process is known that has left its session, as daemons do.

Its value begins with that of the process that has started it, where that was started by a test itself.
"""
START: Final = 30.0
"""Seconds that a process may take until it is ready."""
_READING: Final = 2.0
"""Seconds after the end of a process for which its output is read: what it started may hold its streams."""
_INTERVAL: Final = 0.02
"""Seconds between two looks at what cannot be waited for."""

grace = 2.0
"""Seconds from asking a process to end (SIGTERM) to ending it (SIGKILL)."""

Ready: TypeAlias = "str | re.Pattern[str] | int"
"""What a process is waited for: a text or pattern in its output, or a port that it listens on."""

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
        ready: What `wait_until_ready` waits for.

    Raises:
        OSError: The command cannot be started.
        TypeError: *ready* is none of those.
        ValueError: *ready* is no port, empty, or looked for in output that the caller has redirected.

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
        ready: Ready | None = None,
    ) -> None:
        merged = dict(options)
        if not {"text", "encoding", "errors", "universal_newlines"} & merged.keys():
            merged["text"] = True
        if os.name == "posix" and not {"start_new_session", "process_group"} & merged.keys():
            merged["start_new_session"] = True
        ours = [name for name in ("stdout", "stderr") if merged.get(name) is None]
        _check_ready(ready, is_read=bool(ours))
        for name in ours:
            merged[name] = subprocess.PIPE
        self.exited = threading.Event()
        """Set when it has ended."""
        self._ended = 0.0
        self.awaits_end = True
        """Whether it is expected to end by itself: a service that says when it is ready is not."""
        self._ready = ready
        awaited = re.compile(re.escape(ready)) if isinstance(ready, str) else ready
        self._output = Output(
            None if everything else KEPT, awaited if isinstance(awaited, re.Pattern) else None
        )
        self._mark = f"{MARK}={env[MARK]}" if MARK in env else None
        super().__init__(args, env=dict(env), **merged)
        for name in ours:
            pipe: IO[Any] = getattr(self, name)
            # Gone from here: communicate() would read it too.
            setattr(self, name, None)
            self._output.read(name, pipe)
        start_thread(self._watch)

    @property
    def output(self) -> str:
        """The end of what it has written so far to the streams that the caller did not redirect."""
        if self.exited.is_set():
            self._output.join(self._ended + _READING - _now())
        return self._output.text()

    @property
    def name(self) -> str:
        """What it runs, in a word or two: ``worker.py``, ``-m celery``, ``node``.

        >>> command_name(["/usr/bin/python3.12", "-u", "services/worker.py", "--fast"])
        'worker.py'
        """
        return command_name(self.args)

    def bytes_of(self, stream: str) -> bytes:
        """Return what it wrote to *stream*: ``"stdout"`` or ``"stderr"``.

        >>> import sys
        >>> process = sentry_events.popen([sys.executable, "-c", "print('kettle on')"])
        >>> process.wait_for_output(30)
        >>> process.bytes_of("stdout").strip()
        b'kettle on'
        """
        return self._output.bytes(stream)

    def wait_for_output(self, timeout: float) -> None:
        """Wait until what it wrote is read; at most *timeout* seconds: what it started may go on writing.

        >>> import sys
        >>> process = sentry_events.popen([sys.executable, "-c", "print('kettle on')"])
        >>> process.wait_for_output(30)
        >>> process.output.strip()
        'kettle on'
        """
        self._output.join(timeout)

    def feed(self, content: Any) -> None:
        r"""Write *content*, where there is any, to its input in a thread, and close that.

        >>> import subprocess, sys
        >>> process = sentry_events.popen([sys.executable, "-c", "print(input())"], stdin=subprocess.PIPE)
        >>> process.feed("three teas\n")
        >>> process.wait_for_output(30)
        >>> process.output.strip()
        'three teas'
        """
        pipe = self.stdin
        assert pipe is not None

        def write() -> None:
            with contextlib.suppress(OSError, ValueError), pipe:
                if content:
                    pipe.write(content)

        self.stdin = None
        start_thread(write)

    def wait_until_ready(self, timeout: float = START) -> None:
        """Wait until it has written what is awaited, or listens on the port, where either is set.

        Args:
            timeout: Seconds that it may take.

        Raises:
            AssertionError: It has ended, or the time is over; shows the end of its output.

        >>> import os, sys
        >>> command = [sys.executable, "-c", "print('kettle on')"]
        >>> process = ChildProcess(command, os.environ, {}, ready="kettle on")
        >>> process.wait_until_ready()
        >>> process.end()
        """
        __tracebackhide__ = True
        ready = self._ready
        if ready is None:
            return
        is_ready = self._listens(ready) if isinstance(ready, int) else self._has_written
        text = ready.pattern if isinstance(ready, re.Pattern) else ready
        what = f"port {ready}" if isinstance(ready, int) else f"{text!r} in its output"
        deadline = _now() + timeout
        while not is_ready():
            ended = self._is_over()
            if (ended and not is_ready()) or _now() >= deadline:
                late = f"ready within {timeout:g} s"
                how = self.ending() if ended else f"is not {late}"
                if self.exited.is_set() and not ended:
                    how = f"{self.ending()}, and nothing that it started is {late}"
                written = self.output.rstrip()
                shown = f"; its output ended with\n{written[-2000:]}" if written else "; it wrote nothing"
                raise AssertionError(f"process {self.pid} (`{self.name}`) {how}, waiting for {what}{shown}")
        self.awaits_end = False

    def _is_over(self) -> bool:
        """Whether it has ended, and nothing that it started, such as a daemon, can become ready instead."""
        if not self.exited.is_set() or not self._output.is_open:
            return self.exited.is_set()
        return self.poll() != 0 and _now() >= self._ended + _READING

    def _has_written(self) -> bool:
        return self._output.found.wait(_INTERVAL)

    def _listens(self, port: int) -> Callable[[], bool]:
        def is_ready() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                self._output.found.wait(_INTERVAL)  # which no output sets
                return False
            return True

        return is_ready

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
            threading.Event().wait(_INTERVAL)
        if not self.exited.is_set():
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self.exited.wait(grace)
        self.poll()
        self._output.join(0.2)
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
                self.exited.wait(_INTERVAL)
        self._ended = _now()
        self.exited.set()


def _check_ready(ready: Any, *, is_read: bool) -> None:
    is_bytes = isinstance(ready, re.Pattern) and isinstance(ready.pattern, bytes)
    if isinstance(ready, bool) or is_bytes or not isinstance(ready, str | re.Pattern | int | None):
        raise TypeError(f"ready is a text, a pattern of text or a port, got {ready!r}")
    if isinstance(ready, int) and not 0 < ready < 65536:
        raise ValueError(f"a port is a number from 1 to 65535, got ready={ready}")
    if ready == "":
        raise ValueError("ready is a text of one character or more: every output has the empty one")
    if isinstance(ready, str | re.Pattern) and not is_read:
        raise ValueError(
            f"ready={ready!r} cannot be found, as stdout and stderr are redirected: leave one of them out, "
            "or give the port on which the process listens"
        )


def run_to_end(
    process: ChildProcess, *, options: Mapping[str, Any], content: Any, timeout: float | None, check: bool
) -> subprocess.CompletedProcess[Any]:
    """Wait until *process* has ended, and return what `subprocess.run` returns, with its output.

    Args:
        process: What was started, with all of its output kept.
        options: Those that it was started with.
        content: What it reads from its input; ``None`` for nothing.
        timeout: Seconds after which it is ended.
        check: Whether another exit code than 0 is an error.

    Raises:
        subprocess.TimeoutExpired: The time was over.
        subprocess.CalledProcessError: It failed, and *check* is set.
    """
    __tracebackhide__ = True
    if process.stdin is not None:
        process.feed(content)
    in_time = process.exited.wait(timeout)
    if not in_time:
        end_all([process])
    process.wait_for_output(_READING)
    output = [_decoded(process, stream, options) for stream in ("stdout", "stderr")]
    if timeout is not None and not in_time:
        raise subprocess.TimeoutExpired(process.args, timeout, *output)
    done = subprocess.CompletedProcess(process.args, process.poll() or 0, *output)
    if check:
        done.check_returncode()
    return done


def _decoded(process: ChildProcess, stream: str, options: Mapping[str, Any]) -> Any:
    if options.get(stream) is not None:
        return None
    written = process.bytes_of(stream)
    if not options.get("text", options.get("universal_newlines", True)):
        return written
    encoding, errors = options.get("encoding") or "utf-8", options.get("errors") or "replace"
    return written.decode(encoding, errors).replace("\r\n", "\n")


def end_all(processes: Iterable[ChildProcess]) -> None:
    """End these processes: ask them to, and after `grace` seconds end what is left."""
    started = list(processes)
    for process in started:
        process.ask_to_end()
    deadline = _now() + grace
    for process in started:
        process.exited.wait(max(deadline - _now(), 0))
        process.end()
