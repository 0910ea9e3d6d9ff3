"""What the fake Sentry spends on so many senders at once, each with a connection of its own.

Run by ``python benchmarks/growth.py senders``. All connect, then all send, then all are answered, twice;
every envelope has to be kept. The processor's time is the server's, which runs in a process of its own. A
machine has fewer ports than 100,000, and a process may have fewer files open: more than `TOGETHER` come in
waves.
"""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from bars import Bar, Spent, now
from curves import SIZES, Curve

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS

TOGETHER = 10_000
SPARE = 200
"""Files that a process has open besides its connections."""
LEAST = 10_000
"""How many senders a size is measured with, where that is more than the size itself."""
ENVELOPES = 2
"""How many each of them sends, one after the other over its connection."""


def serve() -> None:
    """Serve; on each line of standard input, say what is kept and what that took, and forget it."""
    allow_files()
    with FakeSentry() as sentry:
        print(sentry.port, flush=True)
        for _ in sys.stdin:
            entries = sentry.store.since(STRAYS)
            kept = sum(hasattr(entry, "envelope") for entry in entries)
            refused, spent = len(entries) - kept, now().processor
            entries.clear()
            sentry.store.clear(STRAYS)
            # Cleared outside of the measured time, or clearing would count for the next size.
            print(json.dumps([kept, refused, spent, now().processor]), flush=True)


def allow_files() -> int:
    """Raise the limit of open files as far as needed and allowed; return how many senders there can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = TOGETHER + SPARE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted - SPARE


class Server:
    """The serving process, as the senders see it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._ask: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout
        self.port = int(self._answers.readline())
        self._spent = 0.0
        self.kept()

    def kept(self) -> tuple[int, int, float]:
        """Return how many envelopes were kept and refused since the last time, and the server's time."""
        print("kept?", file=self._ask, flush=True)
        kept, refused, spent, now_spent = json.loads(self._answers.readline())
        since, self._spent = spent - self._spent, now_spent
        return kept, refused, since

    def spend(self, senders: int, together: int) -> Spent:
        """Let *senders* send, so many at once; return the wall's time and the server's processor's."""
        before = now()
        for first in range(0, senders, together):
            wave(self.port, min(together, senders - first))
        wall = (now() - before).wall
        kept, refused, processor = self.kept()
        assert (kept, refused) == (senders * ENVELOPES, 0), (kept, refused)
        return Spent(wall, processor)


@contextmanager
def server() -> Iterator[Server]:
    """Run the fake Sentry."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.communicate()


def wave(port: int, senders: int) -> None:
    """Connect so many, and let all send before any answer is read."""
    connections = []
    try:
        for _ in range(senders):
            connections.append(socket.create_connection(("127.0.0.1", port), timeout=60))
        for turn in range(ENVELOPES):
            # The server closes the connection after the last answer: so the sender's port is free at once.
            request = _request(last=turn == ENVELOPES - 1)
            for connection in connections:
                connection.sendall(request)
            for connection in connections:
                _read_answer(connection)
    finally:
        for connection in connections:
            connection.close()


def _read_answer(connection: socket.socket) -> None:
    data = connection.recv(65536)
    while not data.endswith(b"}"):
        more = connection.recv(65536)
        assert more, data
        data += more
    assert data.startswith(b"HTTP/1.1 200"), data


def _request(last: bool) -> bytes:
    payload = b'{"message":"Spec failed"}'
    body = b'{}\n{"type":"event","length":%d}\n%s\n' % (len(payload), payload)
    auth = b"Sentry sentry_key=%s, sentry_version=7, sentry_client=sentry.python/2.75.0" % (b"5e27be7a" * 4)
    ending = b"connection: close\r\n" if last else b""
    head = b"POST /api/1/envelope/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n" % len(body)
    return b"%sx-sentry-auth: %s\r\n%s\r\n%s" % (head, auth, ending, body)


def measure(rounds: int) -> list[Bar]:
    """Return the rows of the curve."""
    together = allow_files()
    curve = Curve(f"concurrent senders of {ENVELOPES} envelopes")
    with server() as serving:
        serving.spend(SIZES[0], together)
        for _ in range(rounds):
            for size in SIZES:
                senders = max(size, LEAST)
                spent = serving.spend(senders, min(size, together))
                curve.add(size, spent, senders)
                if size > together:
                    curve.labels[size] = f" ({together:,} at once)"
    return curve.bars()


if __name__ == "__main__":
    assert sys.argv[1:] == ["serve"], "run benchmarks/growth.py senders"
    serve()
