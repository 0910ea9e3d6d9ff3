"""Waiting until a process that a test starts is ready: words in its output, or a port."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from pytest_sentryintegration.processes.child import INTERVAL, ChildProcess

__all__ = ["START", "Ready", "awaited_output", "wait_until_ready"]

START: Final = 30.0
"""Seconds that a process may take until it is ready."""

Ready: TypeAlias = "str | re.Pattern[str] | int"
"""A text or pattern in the output of a process, or a port that it listens on."""

# Bound at import: a test may freeze the clock or replace time.sleep.
_now = time.perf_counter


def awaited_output(ready: Any, options: Mapping[str, Any]) -> re.Pattern[str] | None:
    r"""Return what is looked for in the output of a process that is started with these options.

    Raises:
        TypeError: *ready* is no `Ready`.
        ValueError: It is no port, empty, or looked for in output that the caller has redirected.

    >>> awaited_output("kettle on?", {}), awaited_output(8000, {})
    (re.compile('kettle\\ on\\?'), None)
    """
    is_bytes = isinstance(ready, re.Pattern) and isinstance(ready.pattern, bytes)
    if isinstance(ready, bool) or is_bytes or not isinstance(ready, str | re.Pattern | int | None):
        raise TypeError(f"ready is a text, a pattern of text or a port, got {ready!r}")
    if isinstance(ready, int) and not 0 < ready < 65536:
        raise ValueError(f"a port is a number from 1 to 65535, got ready={ready}")
    if ready is None or isinstance(ready, int):
        return None
    if ready == "":
        raise ValueError("ready is a text of one character or more: every output has the empty one")
    if all(options.get(stream) is not None for stream in ("stdout", "stderr")):
        raise ValueError(
            f"ready={ready!r} cannot be found, as stdout and stderr are redirected: leave one of them out, "
            "or give the port on which the process listens"
        )
    return re.compile(re.escape(ready)) if isinstance(ready, str) else ready


def wait_until_ready(process: ChildProcess, ready: Ready | None, timeout: float) -> None:
    """Wait until *process* has written what is awaited, or listens on the port, where either is given.

    Args:
        process: Where *ready* is a text or a pattern, started with that of `awaited_output`.
        ready: What it is waited for.
        timeout: Seconds that it may take.

    Raises:
        AssertionError: It has ended, or the time is over; shows the end of its output.
    """
    __tracebackhide__ = True
    if ready is None:
        return
    deadline = _now() + timeout
    while not _is_ready(process, ready):
        ended = process.is_over
        if (ended and not _is_ready(process, ready)) or _now() >= deadline:
            late = f"ready within {timeout:g} s"
            how = process.ending() if ended else f"is not {late}"
            if process.exited.is_set() and not ended:
                how = f"{process.ending()}, and nothing that it started is {late}"
            text = ready.pattern if isinstance(ready, re.Pattern) else ready
            what = f"port {ready}" if isinstance(ready, int) else f"{text!r} in its output"
            written = process.output.rstrip()
            shown = f"; its output ended with\n{written[-2000:]}" if written else "; it wrote nothing"
            raise AssertionError(f"process {process.pid} (`{process.name}`) {how}, waiting for {what}{shown}")
    process.awaits_end = False


def _is_ready(process: ChildProcess, ready: Ready) -> bool:
    found = process.streams.found
    if not isinstance(ready, int):
        return found.wait(INTERVAL)
    try:
        socket.create_connection(("127.0.0.1", ready), timeout=1).close()
    except OSError:
        found.wait(INTERVAL)  # which no output sets
        return False
    return True
