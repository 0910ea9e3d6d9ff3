"""How many envelopes a second the fake Sentry takes in, beside Kent 2.2.

Run ``python benchmarks/ingest.py [REPETITIONS]``. Each server runs in a process of its own and is sent gzip
error envelopes over 4 connections, each from a process of its own; all that it answers with 200 has to be
kept and readable (of Kent, which keeps the last 100, these).
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bars import Bar, table

from pytest_sentryintegration.fake_sentry import FakeSentry
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.store import STRAYS

KENT = "kent==2.2.0"
SIZE = 2048
"""Bytes of a body on the wire."""
CONNECTIONS = 4
REPETITIONS = 5
SECONDS = 2.0
LEAST, AIM = 5.0, 10.0
KEY = "5e27be7a8d1c4f0e9b3a6c5d2f184e70"


def body(number: int) -> bytes:
    """Return an error envelope that is 2 KB long when compressed."""
    chance = random.Random(number)
    event_id = f"{number:032x}"
    frames: list[dict[str, Any]] = []
    while True:
        value = f"error {number}"
        stack = {"type": "ValueError", "value": value, "stacktrace": {"frames": frames}}
        event = {
            "event_id": event_id,
            "timestamp": time.time(),
            "level": "error",
            "platform": "python",
            "tags": {"number": str(number)},
            "exception": {"values": [stack]},
        }
        payload = json.dumps(event).encode()
        header = b'{"event_id":"%s"}\n{"type":"event","length":%d}\n' % (event_id.encode(), len(payload))
        packed = gzip.compress(header + payload + b"\n")
        if len(packed) >= SIZE:
            return packed
        frames.append(
            {
                "filename": "shop/cart.py",
                "function": f"pay_{chance.randrange(1000)}",
                "module": "shop.cart",
                "lineno": chance.randrange(1000),
                "context_line": f"    total += rates[{chance.random()}]",
                "vars": {"price": repr(chance.random()), "currency": "'EUR'"},
                "in_app": True,
            }
        )


def request(number: int) -> bytes:
    """Return a whole HTTP request."""
    content = body(number)
    auth = f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.python/2.75.0"
    head = (
        f"POST /api/1/envelope/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(content)}\r\n"
        f"content-type: application/x-sentry-envelope\r\ncontent-encoding: gzip\r\n"
        f"x-sentry-auth: {auth}\r\n\r\n"
    )
    return head.encode() + content


def send(port: int, requests: list[bytes], seconds: float, answer: Any) -> None:
    """Send for so many seconds over one connection, made anew where the server ends it; answer how many."""
    connection: socket.socket | None = None
    count = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(requests[count % len(requests)])
        data = connection.recv(65536)
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, rest = data.partition(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise RuntimeError(f"answered {head!r} {rest!r}")
        lower = head.lower()
        missing = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0]) - len(rest)
        while missing > 0:
            missing -= len(connection.recv(65536))
        count += 1
        if b"connection: close" in lower or lower.startswith(b"http/1.0"):
            connection.close()
            connection = None
    answer.put(count)


def rate(port: int, seconds: float = SECONDS) -> tuple[int, float]:
    """Send over 4 connections; return how many were accepted, and how many a second."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    started = time.monotonic()
    senders = [context.Process(target=send, args=(port, requests, seconds, answer)) for requests in _REQUESTS]
    for sender in senders:
        sender.start()
    counts = []
    for sender in senders:
        sender.join()
        if sender.exitcode:
            raise RuntimeError("a request was not accepted")
        counts.append(answer.get())
    return sum(counts), sum(counts) / (time.monotonic() - started)


_REQUESTS = [[request(connection * 25 + number) for number in range(25)] for connection in range(CONNECTIONS)]


def serve() -> None:
    """Serve the fake Sentry; on each line of standard input, say what is kept, and forget it."""
    with FakeSentry() as sentry:
        print(sentry.port, flush=True)
        for _ in sys.stdin:
            entries = sentry.store.since(STRAYS)
            contents = Contents(lambda number, entries=entries: entries if number == 0 else [])  # type: ignore[misc]
            contents.update()
            sample = [
                contents.errors[at].exception.value for at in range(0, len(entries), len(entries) // 10)
            ]
            kept = {"count": len(contents.events), "refused": len(contents.refused), "sample": sample}
            sentry.store.clear(STRAYS)
            print(json.dumps(kept), flush=True)


@contextmanager
def ours() -> Iterator[Callable[[], float]]:
    """Run the fake Sentry; gives a function that measures once, and checks that all is kept and readable."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ask, answers = process.stdin, process.stdout
        assert ask is not None
        assert answers is not None
        port = int(answers.readline())

        def measure() -> float:
            count, result = rate(port)
            print("kept?", file=ask, flush=True)
            kept = json.loads(answers.readline())
            assert (kept["count"], kept["refused"]) == (count, 0), kept
            assert all(value.startswith("error ") for value in kept["sample"]), kept
            return result

        yield measure
        ask.close()


@contextmanager
def kent(folder: str) -> Iterator[Callable[[], float]]:
    """Install and run Kent in *folder*; gives a function that measures once."""
    python = Path(folder) / "kent" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
    quiet = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", KENT]
    subprocess.run(quiet, check=True, stderr=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python.with_name("kent-server")), "run", "-h", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)

            def measure() -> float:
                count, result = rate(port)
                listed = _get(port, "/api/eventlist/")["events"]
                assert len(listed) == min(count, 100), len(listed)
                sample = _get(port, f"/api/event/{listed[-1]['event_id']}")
                assert "error " in json.dumps(sample), sample
                return result

            yield measure
        finally:
            process.terminate()


def _get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return json.load(answer)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Measure both in turn and return the bar; it is not measured where Kent cannot be installed."""
    what = "ingest, against Kent 2.2"
    bar = f">= {LEAST:g} times (aim {AIM:g})"
    with tempfile.TemporaryDirectory() as folder, ours() as our:
        try:
            with kent(folder) as their:
                our()
                their()
                rates = [(our(), their()) for _ in range(repetitions)]
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"Kent is left out: {error}")
            alone = statistics.median(our() for _ in range(repetitions))
            return [Bar(what, f"{alone:.0f}/s", bar, None)]
    mine, kents = (statistics.median(column) for column in zip(*rates, strict=True))
    times = mine / kents
    return [Bar(what, f"{times:.1f} times ({mine:.0f}/s, Kent {kents:.0f}/s)", bar, times >= LEAST)]


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
