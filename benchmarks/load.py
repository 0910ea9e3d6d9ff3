"""A minute under load: what ``serve --limit`` keeps and counts, its memory, and what outlives ``kill -9``.

Run ``python benchmarks/load.py [SECONDS LIMIT]``. Four processes send numbered messages of 2 KB, over a
connection each, as fast as they are answered; meanwhile the captured API is asked what there is. At the end
each message that was answered 200 has to be there, or to be counted as evicted, and what is there has to be
the newest. The same with ``--data``: there the server is killed at a random moment, and started again.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bars import MISSED, Bar, clean_environment, table
from posting import receive

SECONDS = 60.0
LIMIT = 10_000
SENDERS = 4
PADDING = "x" * 1900
GROWTH = 1.1
"""How many times the memory of the second quarter the last quarter may take."""
LONG_ENOUGH = 20.0
"""Seconds below which the limit may not be reached in the first quarter, so that memory says nothing."""


def send(port: int, sender: int, answer: Any) -> None:
    """Send until the connection ends; answer how many messages were answered 200."""
    count = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            event = json.dumps({"message": f"{sender}-{count}", "extra": {"padding": PADDING}}).encode()
            body = b'{}\n{"type":"event","length":%d}\n%b\n' % (len(event), event)
            head = f"POST /api/1/envelope/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
            try:
                connection.sendall(head.encode() + body)
                receive(connection)
            except (ConnectionError, RuntimeError) as error:
                if "answered" in str(error):
                    raise  # with another status than 200
                break
            count += 1
    answer.put((sender, count))


class Serving:
    """``serve`` in a process of its own."""

    def __init__(self, limit: int, data: Path | None) -> None:
        command = [sys.executable, "-m", "pytest_sentryintegration", "serve", "--port", "0", "--quiet"]
        options = ["--limit", str(limit), *(["--data", str(data)] if data is not None else [])]
        self.process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, text=True, env=clean_environment()
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2].partition("/")[0])

    def get(self, path: str) -> Any:
        """Ask the captured API."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return json.load(answer)

    def memory(self) -> float:
        """Return the MB that it takes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found is not None
        return int(found[1]) / 1024

    def kill(self) -> None:
        """End it as nothing else does."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def sending(port: int) -> Iterator[dict[int, int]]:
    """Send until the block ends, which has to end the server; the numbers of answers are there afterwards."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    processes = [context.Process(target=send, args=(port, sender, answer)) for sender in range(SENDERS)]
    answered: dict[int, int] = {}
    for process in processes:
        process.start()
    yield answered
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError("a message was answered with another status than 200")
        sender, count = answer.get()
        answered[sender] = count


def load(seconds: float, limit: int, data: Path | None) -> list[Bar]:
    """Send for so long, and return what became of it."""
    what = f"{seconds:g} s under load, --limit {limit:,}{' --data FILE' if data is not None else ''}"
    serving = Serving(limit, data)
    memory: list[float] = []
    if data is not None:
        seconds *= random.uniform(0.75, 1)
    end = time.monotonic() + seconds
    kept: dict[str, Any] = {}
    with sending(serving.port) as answered:
        while time.monotonic() < end:
            time.sleep(min(0.5, seconds / 20))
            kept = serving.get("/api/captured/")
            memory.append(serving.memory())
            assert kept["counts"]["events"] <= limit, kept
        if data is None:
            # Stopped and asked, or what came last would end with the process.
            listed = stop(serving)
        else:
            serving.kill()
    if data is not None:
        serving = Serving(limit, data)
        listed = (serving.get("/api/captured/"), serving.get("/api/captured/messages"))
        serving.kill()
    counts, messages = listed
    lost, wrong = compare(answered, counts["evicted"], [item["text"] for item in messages["items"]])
    total = sum(answered.values())
    quarter = len(memory) // 4
    grown = statistics.median(memory[-quarter:]) / statistics.median(memory[quarter : 2 * quarter])
    long_enough = seconds >= LONG_ENOUGH
    return [
        Bar(f"{what}: lost of {total:,} that were answered 200", str(lost), "0", lost == 0),
        Bar(f"{what}: kept that are not the newest, or twice", str(wrong), "0", wrong == 0),
        Bar(f"{what}: evicted, kept", f"{counts['evicted']:,}, {counts['counts']['events']:,}"),
        Bar(
            f"{what}: memory, last quarter against second",
            f"{grown:.2f} ({max(memory):.0f} MB at most)",
            f"<= {GROWTH}",
            grown <= GROWTH if long_enough else None,
        ),
    ]


def stop(serving: Serving) -> tuple[Any, Any]:
    """Cut the senders off by a fault, ask what there is, and end the server."""
    fault = json.dumps({"disconnect": {}}).encode()
    put = urllib.request.Request(f"http://127.0.0.1:{serving.port}/api/faults", fault, method="PUT")
    urllib.request.urlopen(put, timeout=60).close()
    time.sleep(0.5)
    listed = (serving.get("/api/captured/"), serving.get("/api/captured/messages"))
    serving.kill()
    return listed


def compare(answered: dict[int, int], evicted: int, texts: list[str]) -> tuple[int, int]:
    """Return how many messages are lost, and how many are there that should not be, or twice.

    What was being answered when the connection ended may be there too: at most one a sender.
    """
    numbers: dict[int, list[int]] = {sender: [] for sender in answered}
    for text in texts:
        by, number = text.split("-")
        numbers[int(by)].append(int(number))
    lost = wrong = 0
    for sender, count in answered.items():
        kept = numbers[sender]
        expected = range(kept[0] if kept else count, max(count, min(count + 1, len(kept) and kept[-1] + 1)))
        lost += len(set(range(expected.start, count)) - set(kept))
        wrong += len(kept) - len(set(kept) & set(expected))
    total = sum(answered.values())
    # The oldest of all are evicted, so what is not kept has to be counted.
    lost += max(0, total - evicted - len(texts) - lost)
    wrong += max(0, evicted + len(texts) - total - len(answered) - wrong)
    return lost, wrong


def measure(seconds: float = SECONDS, limit: int = LIMIT) -> list[Bar]:
    """Measure in memory, and in a file with ``kill -9``."""
    with TemporaryDirectory() as folder:
        return [*load(seconds, limit, None), *load(seconds, limit, Path(folder) / "sentry.db")]


if __name__ == "__main__":
    bars = measure(*(float(sys.argv[1]), int(sys.argv[2])) if sys.argv[1:] else ())
    print(table(bars))
    sys.exit(MISSED if any(bar.met is False for bar in bars) else 0)
