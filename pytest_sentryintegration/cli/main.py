"""``sentryintegration COMMAND``: which command it is, and what its exit code says."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from pytest_sentryintegration.cli import BY_SIGNAL, DONE, WRONG_USE, Terminated
from pytest_sentryintegration.cli.commands import SUMMARIES, find_command
from pytest_sentryintegration.cli.options import Command, WrongUse, nearest


def main(line: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        line: the command and what follows; ``None`` for those of this process.

    Returns:
        0 done, 1 a thing waited for did not come, 2 wrong use, 3 a condition on what was captured is not met;
        128 and the number of a signal that ended it.

    >>> main(["serv"])
    2
    """
    words = list(sys.argv[1:] if line is None else line)
    # Closed (>&-).
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal may know no box lines; a lone surrogate has no UTF-8.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if words[:1] in ([], ["-h"], ["--help"]):
        try:
            return _run(None, words)
        except WrongUse as error:
            return _wrong(str(error))
    name = words[0]
    try:
        command = find_command(name)
    except ImportError as error:
        return _wrong(f"{error.name} is not installed: pip install 'sentryintegration[pytest]'")
    if command is None:
        kind = "a command comes first, not the option" if name.startswith("-") else "there is no command"
        return _wrong(f"{kind} {name!r}{nearest(name, SUMMARIES)}")
    try:
        return _run(command, words[1:])
    except WrongUse as error:
        return _wrong(str(error), f" {name}")


def _run(command: Command | None, words: Sequence[str]) -> int:
    """Run a command, or write the help of all of them; flush standard output."""
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        if command is None:
            (sys.stdout if words else sys.stderr).write(_help())
            code = DONE if words else WRONG_USE
        else:
            try:
                code = command.run(command.parse(words))
            except SystemExit as stop:  # the help of the command
                code = stop.code if isinstance(stop.code, int) else DONE
        sys.stdout.flush()
        return code
    except Terminated:
        return BY_SIGNAL + signal.SIGTERM
    except KeyboardInterrupt:
        return BY_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        _leave_stdout()  # `show DIR | head`
        return BY_SIGNAL + 13
    except OSError as error:
        # Windows has no EDQUOT.
        if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            raise
        _leave_stdout()
        raise WrongUse(f"standard output cannot be written: {error.strerror}") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave_stdout() -> None:
    # The interpreter would fail once more when it flushes it at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _help() -> str:
    width = max(map(len, SUMMARIES))
    lines = [f"  {name:{width}}  {summary}" for name, summary in SUMMARIES.items()]
    return "\n".join(
        [
            "usage: sentryintegration COMMAND ...",
            "",
            "A fake Sentry for suites in any language, for scripts and for looking.",
            "",
            *lines,
            "",
            "sentryintegration COMMAND --help tells more. Each option can also be given by an",
            "environment variable. Exit codes: 0 done, 1 a thing waited for did not come,",
            "2 wrong use, 3 a condition on what was captured is not met.",
            "",
        ]
    )


def _wrong(text: str, command: str = "") -> int:
    help_of = f"sentryintegration{command} --help"
    sys.stderr.write(f"sentryintegration{command}: {text}\n(see {help_of})\n")
    return WRONG_USE
