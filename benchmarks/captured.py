"""How soon the captured API answers who waits, and what it costs ingest.

Run ``python benchmarks/captured.py [ROUNDS]``. A long poll is timed from the last byte of an envelope to the
last byte of the answer; ingest is compared with and without the web room and a reader of the stream.
"""

from __future__ import annotations

import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bars import Bar, table
from ingest import WARM_UP, once
from posting import request
from servers import Server, own

ROUNDS = 5
POLLS = 200
WAITING = 100
ANSWERED = 5.0
"""Milliseconds that the median of long polls may take."""
SHARE = 0.95
"""How much of ingest is left beside a reader."""


class Connection:
    """One kept connection to the server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def get(self, target: str) -> None:
        self.send(f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())

    def answer(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._file.readline()
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = self._file.read(length)
        assert head.startswith(b"HTTP/1.1 200"), head + body
        return body


def poll(port: int, rounds: int = POLLS) -> float:
    """Return the milliseconds that a long poll takes, the median."""
    reader, sender = Connection(port), Connection(port)
    taken = []
    for number in range(1, rounds + 1):
        reader.get(f"/api/captured/errors?wait=20&after={number - 1}&limit=1")
        time.sleep(0.02)  # it waits by now
        envelope = request(number)
        started = time.perf_counter()
        sender.send(envelope)
        reader.answer()
        taken.append(time.perf_counter() - started)
        sender.answer()
    return statistics.median(taken) * 1000


def poll_at_once(port: int, count: int = WAITING) -> float:
    """Return the milliseconds after which all of many waiting clients are answered."""
    readers = [Connection(port) for _ in range(count)]
    sender = Connection(port)
    taken = []
    for number in range(1, 11):
        for reader in readers:
            reader.get(f"/api/captured/errors?wait=20&after={number - 1}&limit=1")
        time.sleep(0.3)
        envelope = request(number)
        started = time.perf_counter()
        sender.send(envelope)
        for reader in readers:
            reader.answer()
        taken.append(time.perf_counter() - started)
        sender.answer()
    return statistics.median(taken) * 1000


@contextmanager
def streaming(port: int) -> Iterator[None]:
    """Read the stream meanwhile."""
    stream = Connection(port)
    stream.get("/api/captured/stream")

    def read() -> None:
        while stream._socket.recv(1 << 16):
            pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield
    stream._socket.shutdown(socket.SHUT_RDWR)
    thread.join()


def measure(rounds: int = ROUNDS) -> list[Bar]:
    """Measure polls, then ingest in turns."""
    with own("captured") as server:
        single = poll(server.port)
        server.check(POLLS)
    with own("captured") as server:
        many = poll_at_once(server.port)
    return [
        Bar(
            "a long poll, from the envelope to the answer",
            f"{single:.1f} ms",
            f"<= {ANSWERED:g} ms",
            single <= ANSWERED,
        ),
        Bar(f"{WAITING} long polls at once, until all are answered", f"{many:.0f} ms"),
        *_ingest(rounds),
    ]


def _ingest(rounds: int) -> list[Bar]:
    with own("ours") as alone, own("captured") as present, own("captured") as read:
        first = {"present": Connection(present.port), "read": Connection(read.port)}
        for connection in first.values():
            connection.get("/api/captured/")  # imports the room
            connection.answer()
        servers: dict[str, Server] = {"alone": alone, "present": present, "read": read}
        rates: dict[str, list[float]] = {name: [] for name in servers}
        for server in servers.values():
            once(server, WARM_UP)
        for _ in range(rounds):
            rates["alone"].append(once(alone))
            rates["present"].append(once(present))
            with streaming(read.port):
                rates["read"].append(once(read))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    return [
        _share("ingest with the web room present", medians["present"], medians["alone"]),
        _share("ingest beside a reader of the stream", medians["read"], medians["alone"]),
    ]


def _share(what: str, rate: float, alone: float) -> Bar:
    share = rate / alone
    return Bar(
        what, f"{share:.2f} times ({rate:.0f}/s of {alone:.0f}/s)", f">= {SHARE:g} times", share >= SHARE
    )


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
