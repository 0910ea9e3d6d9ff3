"""What was answered 200 is there after ``kill -9``, however little time passed."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.store.file import File
from pytest_sentryintegration.store.held import HeldStore

SERVING = """
import sys, threading
from pytest_sentryintegration import FakeSentry

sentry = FakeSentry(data=sys.argv[1])
print(sentry.port, flush=True)
threading.Event().wait()
"""
PADDING = "x" * 3000


class Sender(threading.Thread):
    """Sends numbered envelopes over one connection until it breaks; lists those that were answered 200."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__()
        self.sent = name
        self.answered: list[str] = []
        self._connection = socket.create_connection(("127.0.0.1", port))

    def run(self) -> None:
        with self._connection as connection:
            for number in range(1_000_000):
                text = f"{self.sent}-{number}"
                body = f'{{}}\n{{"type":"event"}}\n{{"message":"{text}","extra":"{PADDING}"}}'.encode()
                head = f"POST /api/1/envelope/ HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
                try:
                    connection.sendall(head.encode() + body)
                    answer = b""
                    while not answer.endswith(b"}"):
                        received = connection.recv(4096)
                        if not received:
                            return
                        answer += received
                except OSError:
                    return
                assert answer.startswith(b"HTTP/1.1 200 "), answer
                self.answered.append(text)


def survives(path: Path, kills: int) -> None:
    """Kill a process that serves, again and again, and hold what its file has against what it answered."""
    answered: list[str] = []
    chance = random.Random(kills)
    for turn in range(kills):
        command = [sys.executable, "-c", SERVING, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            senders = [Sender(port, f"{turn}-{place}") for place in range(3)]
            for sender in senders:
                sender.start()
            senders[0].join(chance.uniform(0.01, 0.15))
            process.kill()
            for sender in senders:
                sender.join()
                answered += sender.answered
        kept = messages(path)
        assert set(answered) <= set(kept), f"lost after kill {turn + 1}"
        assert len(kept) == len(set(kept))
        # What was being answered when it was killed may be there too, at most one a sender.
        assert len(kept) <= len(answered) + 3 * (turn + 1)
    assert len(answered) > kills


def messages(path: Path) -> list[str]:
    store = HeldStore(File(path))
    entries = store.since(None)
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    store.end()
    return [
        entry.envelope.items[0].payload.decode().split('"')[3]
        for entry in entries
        if isinstance(entry, Arrival)
    ]


def test_what_was_answered_survives_three_kills(tmp_path: Path) -> None:
    survives(tmp_path / "sentry.db", 3)


@pytest.mark.clients
def test_what_was_answered_survives_twenty_kills(tmp_path: Path) -> None:
    survives(tmp_path / "sentry.db", 20)
