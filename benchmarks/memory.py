"""What memory a stored envelope takes: at most 1.5 times its bytes and 1 KB, before anything is read.

Run ``python benchmarks/memory.py [COUNT]``. The fake Sentry runs in a process of its own and is sent gzip
envelopes over a socket, with the headers that an SDK sends. What counts is by how much that process grew,
and again in another process what Python says that it allocated (`tracemalloc`): the larger of the two has to
meet the bar. An envelope's bytes are those of the request's body, decoded; headers of HTTP do not count.
"""

from __future__ import annotations

import functools
import gzip
import json
import random
import resource
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bars import Bar, table
from posting import KEY, body, receive

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS

COUNT = 20_000
WARM_UP = 200
"""Sent and kept before: what they take is not counted, nor can what they free be used again."""
TIMES, EXTRA = 1.5, 1024
MANY = 1_000_000
"""Numbers above it are all of the same length."""


@dataclass(frozen=True)
class Kind:
    """What is stored, how often, how it is made (a number in, an envelope out), and a text of one of them."""

    what: str
    part: int
    """It is stored that many times less often than others: 20,000 of the largest would be 2 GB."""
    make: Callable[[int], bytes]
    text: str


@dataclass(frozen=True)
class Grown:
    """Bytes an envelope: how long it is, and by how much the process grew."""

    wire: float
    decoded: float
    stored: float
    found: float
    read: float


def message(number: int) -> bytes:
    """Return a small one."""
    payload: dict[str, Any] = {
        "message": f"order {MANY + number}",
        "level": "warning",
        "timestamp": "2026-01-05T10:00:00.000000Z",
        "platform": "python",
        "tags": {"shop": "tea"},
    }
    return _envelope(number, payload)


def error(number: int) -> bytes:
    """Return an error with its stack: 2 KB on the wire."""
    # 100 different stacks; each event has its own id and text.
    known = MANY + number % 100
    template = _decoded(known).replace(b"%032x" % known, _event_id(number).encode())
    return template.replace(b"%d" % known, b"%d" % (MANY + number))


@functools.cache
def _decoded(number: int) -> bytes:
    return gzip.decompress(body(number))


def with_attachment(number: int) -> bytes:
    """Return a message with an attachment that does not compress."""
    attachment = random.Random(number).randbytes(100_000)
    header = b'{"type":"attachment","length":100000,"filename":"basket.bin"}'
    return b"%s%s\n%s\n" % (message(number), header, attachment)


def _event_id(number: int) -> str:
    return random.Random(number).randbytes(16).hex()


def _envelope(number: int, payload: dict[str, Any]) -> bytes:
    event_id = _event_id(number)
    data = json.dumps({"event_id": event_id, **payload}, separators=(",", ":")).encode()
    header = b'{"event_id":"%s"}\n{"type":"event","length":%d}\n'
    return b"%s%s\n" % (header % (event_id.encode(), len(data)), data)


KINDS = (
    Kind("a message", 1, message, f"order {MANY + WARM_UP}"),
    Kind("an error", 1, error, f"error {MANY + WARM_UP}"),
    Kind("a message with an attachment of 100 KB", 10, with_attachment, f"order {MANY + WARM_UP}"),
)


def hold(traced: bool) -> None:
    """Serve; on each line of standard input, do what it says and print how large this process is.

    The line ``find TEXT`` looks for one event, ``read`` reads a field of every event.
    """
    with FakeSentry() as sentry:
        print(sentry.port, flush=True)
        sentry_events = SentryEvents(Reader(StoredInbox(sentry.store, STRAYS)))
        for line in sys.stdin:
            if line == "start\n" and traced:
                tracemalloc.start()
            if line.startswith("find "):
                assert sentry_events.events.find(line[5:-1]).id == _event_id(WARM_UP)
            if line == "read\n":
                assert all(event.tags for event in sentry_events.events)
            print(tracemalloc.get_traced_memory()[0] if traced else _resident(), flush=True)


def _resident() -> int:
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize()
    # The peak, on systems that do not say what is used now.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def holding(traced: bool) -> Iterator[tuple[int, Callable[[str], int]]]:
    """Run the fake Sentry; gives its port, and a function that asks for its size."""
    command = [sys.executable, __file__, "hold", *(["traced"] if traced else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ask, answers = process.stdin, process.stdout
        assert ask is not None
        assert answers is not None

        def size(line: str) -> int:
            print(line, file=ask, flush=True)
            return int(answers.readline())

        yield int(answers.readline()), size
        ask.close()


def grown(kind: Kind, count: int, traced: bool) -> Grown:
    """Store so many and return what each takes."""
    wire = decoded = 0
    with holding(traced) as (port, size), socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before = 0
        for number in range(-WARM_UP, count):
            if number == 0:
                before = size("start")
            envelope = kind.make(number + WARM_UP)
            packed = gzip.compress(envelope)
            if number >= 0:
                wire += len(packed)
                decoded += len(envelope)
            connection.sendall(_head(port, len(packed)) + packed)
            receive(connection)
        sizes = [(size(line) - before) / count for line in ("", f"find {kind.text}", "read")]
    return Grown(wire / count, decoded / count, *sizes)


def _head(port: int, length: int) -> bytes:
    client = "sentry.python/2.75.0"
    return (
        f"POST /api/1/envelope/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: identity\r\n"
        f"Content-Length: {length}\r\nUser-Agent: {client}\r\n"
        f"Content-Type: application/x-sentry-envelope\r\nContent-Encoding: gzip\r\n"
        f"X-Sentry-Auth: Sentry sentry_key={KEY}, sentry_version=7, sentry_client={client}\r\n\r\n"
    ).encode()


def measure(count: int = COUNT) -> list[Bar]:
    """Measure every kind; return its bar, and what it takes once something was looked for."""
    bars = []
    for kind in KINDS:
        process = grown(kind, count // kind.part, traced=False)
        python = grown(kind, count // kind.part, traced=True)
        most = TIMES * process.decoded + EXTRA
        size = f"{process.decoded:,.0f} bytes, {process.wire:,.0f} on the wire"
        bars.append(
            Bar(
                f"memory of {kind.what} ({size}), stored",
                f"{process.stored:,.0f} bytes (allocated {python.stored:,.0f})",
                f"<= {TIMES} times + 1 KB = {most:,.0f}",
                max(process.stored, python.stored) <= most,
            )
        )
        for when, here, there in (
            ("one find", process.found, python.found),
            ("reading all", process.read, python.read),
        ):
            what = f"memory of {kind.what}, after {when}"
            bars.append(Bar(what, f"{here:,.0f} bytes (allocated {there:,.0f})"))
    return bars


if __name__ == "__main__":
    if sys.argv[1:2] == ["hold"]:
        hold("traced" in sys.argv)
    else:
        print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)))
