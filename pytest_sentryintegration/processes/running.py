"""A command that a test runs to its end, as `subprocess.run` does."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping
from typing import Any

from pytest_sentryintegration.processes.child import ChildProcess, end_all
from pytest_sentryintegration.processes.output import start_thread

__all__ = ["run_to_end"]


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
        _feed(process, content)
    in_time = process.exited.wait(timeout)
    if not in_time:
        end_all([process])
    process.finish_reading()
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
    written = process.streams.bytes(stream)
    if not options.get("text", options.get("universal_newlines", True)):
        return written
    encoding, errors = options.get("encoding") or "utf-8", options.get("errors") or "replace"
    return written.decode(encoding, errors).replace("\r\n", "\n")


def _feed(process: ChildProcess, content: Any) -> None:
    """Write *content*, where there is any, to its input in a thread, and close that."""
    pipe = process.stdin
    assert pipe is not None

    def write() -> None:
        with contextlib.suppress(OSError, ValueError), pipe:
            if content:
                pipe.write(content)

    process.stdin = None
    start_thread(write)
