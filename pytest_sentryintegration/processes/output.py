"""What a process that a test started writes, and what it is called."""

from __future__ import annotations

import contextlib
import contextvars
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Any, Final

__all__ = ["KEPT", "Output", "command_name", "start_thread"]

KEPT: Final = 64 * 1024
"""Bytes of output that are kept of a process that goes on writing."""


# Bound at import: a test may freeze the clock.
_now = time.perf_counter


class Output:
    """What a process writes to one or both of its streams, read by threads as it comes."""

    def __init__(self, kept: int | None, awaited: re.Pattern[str] | None) -> None:
        self._kept = kept
        self._awaited = awaited
        self._chunks: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._left_out = False
        self._lock = threading.Lock()
        self._readers: list[threading.Thread] = []
        self.found = threading.Event()
        """Set when what is awaited was written."""

    def read(self, stream: str, pipe: IO[Any]) -> None:
        """Read *pipe* until its end, in a thread."""
        self._readers.append(start_thread(self._read, stream, pipe))

    def _read(self, stream: str, pipe: IO[Any]) -> None:
        with pipe, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(pipe.fileno(), KEPT):
                with self._lock:
                    self._chunks.append((stream, chunk))
                    self._size += len(chunk)
                    while self._kept is not None and self._size - len(self._chunks[0][1]) >= self._kept:
                        self._size -= len(self._chunks.popleft()[1])
                        self._left_out = True
                # With each piece, since a flood soon pushes it out of what is kept.
                awaited = None if self.found.is_set() else self._awaited
                if awaited is not None and awaited.search(self.text()):
                    self.found.set()

    def join(self, timeout: float) -> None:
        """Wait until all is read: not for ever, since what the process started may hold its streams."""
        deadline = _now() + timeout
        for reader in self._readers:
            reader.join(max(0.0, deadline - _now()))

    @property
    def is_open(self) -> bool:
        """Whether something may still write to a stream."""
        return any(reader.is_alive() for reader in self._readers)

    def bytes(self, *streams: str) -> bytes:
        """Return what was written to these streams, all of them where none is given; in order of arrival."""
        with self._lock:
            return b"".join(chunk for stream, chunk in self._chunks if not streams or stream in streams)

    def text(self) -> str:
        """Return the end of what was written."""
        written = self.bytes()
        left_out = "... " if self._left_out or len(written) > KEPT else ""
        return left_out + written[-KEPT:].decode("utf-8", "replace")


def command_name(args: Any) -> str:
    """Return what a command runs, in a word or two.

    >>> command_name(["/usr/bin/python3.12", "-u", "services/worker.py"]), command_name("node api.mjs")
    ('worker.py', 'api.mjs')
    """
    if isinstance(args, str | bytes | os.PathLike):
        words = os.fsdecode(args).split(None, 1) if isinstance(args, str) else [os.fsdecode(args)]
    else:
        words = [os.fsdecode(word) for word in args]
    if not words:
        return ""
    program = os.path.basename(words[0])
    if re.match(r"(python|pypy|node|uv|ruby|php|java)", program):
        for position, word in enumerate(words[1:], 1):
            if word == "-m" and position + 1 < len(words):
                return f"-m {words[position + 1]}"
            if word in ("-c", "-e"):
                break
            if not word.startswith("-"):
                return os.path.basename(word)
    return program


def start_thread(function: Callable[..., None], *args: Any) -> threading.Thread:
    """Run a function in a thread of its own, which keeps nothing of a test."""
    thread = threading.Thread(target=function, args=args, name="sentryintegration.process", daemon=True)
    # In an empty context: it must not keep the scopes of a test.
    contextvars.Context().run(thread.start)
    return thread
