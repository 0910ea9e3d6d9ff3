"""How other processes report into an inbox: what they are told, and how a test starts them."""

from __future__ import annotations

import subprocess
from typing import Any

from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.views import seconds
from pytest_sentryintegration.processes.child import ChildProcess
from pytest_sentryintegration.processes.readiness import START, Ready, awaited_output, wait_until_ready
from pytest_sentryintegration.processes.running import run_to_end

__unittest = True  # hides the frames of this module in unittest's tracebacks


class OtherProcesses:
    """What `SentryEvents` has for processes other than this one."""

    _reader: Reader

    @property
    def dsn(self) -> str:
        """A DSN that reports into this inbox, for another process."""
        return self._reader.source.dsn()

    @property
    def env(self) -> dict[str, str]:
        """A complete environment for another process, in which its SDK reports into this inbox."""
        return self._reader.source.env()

    @property
    def url(self) -> str:
        """The URL of the fake Sentry."""
        return self._reader.source.url()

    def run(
        self,
        args: Any,
        *,
        input: Any = None,
        timeout: float | None = 60.0,
        check: bool = False,
        capture_output: bool = True,
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command that reports into this inbox, wait for its end, and return its exit code and output.

        What it writes is shown in the report of the test where that fails. What it has started and left
        running ends with the test.

        Args:
            args: The command, as `subprocess.run` takes it.
            input: What it reads from its input.
            timeout: Seconds after which it is ended; ``None`` for never.
            check: Whether another exit code than 0 is an error.
            capture_output: Taken for the sake of `subprocess.run`: what is not redirected is captured.
            options: Those of `subprocess.Popen`. ``env`` is laid over the environment of this inbox; the
                output is text, unless ``text=False``.

        Raises:
            subprocess.TimeoutExpired: The time was over.
            subprocess.CalledProcessError: It failed, and *check* is set.
            OSError: It cannot be started.
            ValueError: Both *input* and ``stdin`` are given.

        >>> import sys
        >>> program = "import sentry_sdk; sentry_sdk.init(); sentry_sdk.capture_message('out of tea')"
        >>> sentry_events.run([sys.executable, "-c", program], check=True).returncode
        0
        >>> sentry_events.messages.find("out of tea").level
        'info'
        """
        __tracebackhide__ = True
        limit = None if timeout is None else seconds("timeout", timeout)
        if input is not None:
            if options.get("stdin") is not None:
                raise ValueError("a command reads its input from input= or from stdin=, got both")
            options["stdin"] = subprocess.PIPE
        for stream in ("stdout", "stderr"):
            # What is not redirected is read anyway.
            if options.get(stream) == subprocess.PIPE:
                del options[stream]
        process = self._reader.source.start(args, options, everything=True)
        return run_to_end(process, options=options, content=input, timeout=limit, check=check)

    def popen(
        self, args: Any, *, ready: Ready | None = None, timeout: float = START, **options: Any
    ) -> ChildProcess:
        """Start a process that reports into this inbox, and ends with the test.

        While it runs, `find` and `wait` go on waiting, for 30 seconds at most, unless they are given a
        ``timeout``. A service that does not end by itself says when it is *ready*; it is not waited for.

        Args:
            args: The command, as `subprocess.Popen` takes it.
            ready: A text or pattern in its output, or a port that it listens on.
            timeout: Seconds that it may take until it is ready.
            options: Those of `subprocess.Popen`. ``env`` is laid over the environment of this inbox; what is
                not redirected is captured (``output``); streams are text, unless ``text=False``.

        Raises:
            AssertionError: It ended before it was ready, or the time was over; shows the end of its output.
            OSError: It cannot be started.
            TypeError: *ready* is none of those.
            ValueError: *ready* can never come: it is no port, or a text where the output is redirected.

        >>> import sys
        >>> worker = sentry_events.popen([sys.executable, "-c", "print('waiting')"], ready="waiting")
        >>> worker.wait()
        0
        """
        __tracebackhide__ = True
        process = self._reader.source.start(args, options, awaited=awaited_output(ready, options))
        wait_until_ready(process, ready, timeout)
        return process
