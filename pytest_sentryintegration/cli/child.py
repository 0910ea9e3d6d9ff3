"""A command that runs as if a shell ran it: terminal, output, signals and exit code are its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from pytest_sentryintegration.cli import BY_SIGNAL

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126

_FROM_THE_TERMINAL: Final = ("SIGINT", "SIGQUIT")
_HANDED_ON: Final = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", *_FROM_THE_TERMINAL)


class Child:
    """Runs a command once, in the process group and on the terminal of this process.

    Signals that reach this process are handed on. Those that the terminal sends to the whole foreground group
    (Ctrl-C) have reached the command already, and are not.

    Args:
        command: program and arguments.
        environment: the whole of it.

    >>> Child(["true"], dict(os.environ)).run()
    0
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        """Signals that came before the process was there."""
        self.problem = ""
        """Why the command could not be started."""

    def run(self) -> int:
        """Run it to its end and return its exit code as a shell does.

        Returns:
            128 + n where signal n ended it, 127 where the program is not found, 126 where it cannot be run.
        """
        with self._handing_on():
            try:
                self._process = subprocess.Popen(self._program(), env=self._environment)
            except FileNotFoundError:
                self.problem = f"{self._command[0]}: not found"
                return NOT_FOUND
            except OSError as error:
                self.problem = f"{self._command[0]}: {error.strerror}"
                return NOT_EXECUTABLE
            for number in self._early:
                self._process.send_signal(number)
            code = self._process.wait()
        return code if code >= 0 else BY_SIGNAL - code

    def _program(self) -> list[str]:
        if sys.platform != "win32":
            return self._command
        # Windows finds npm.cmd only by its full name.
        return [shutil.which(self._command[0]) or self._command[0], *self._command[1:]]

    @contextmanager
    def _handing_on(self) -> Iterator[None]:
        before: dict[int, Any] = {}
        for name in _HANDED_ON:
            number = getattr(signal, name, None)
            # What is ignored (nohup, a background job) stays ignored, in the command too.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._hand_on)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        if signal.Signals(number).name in _FROM_THE_TERMINAL and _in_foreground():
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)


def _in_foreground() -> bool:
    """Whether this process belongs to the foreground of a terminal."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
