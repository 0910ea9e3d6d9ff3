"""How many envelopes a second one and two `serve` over one Redis take in, and what one envelope costs whom.

Run ``python benchmarks/replicas.py [ROUNDS]``; it needs ``redis-server`` and the extra ``cluster``. Gzip
error envelopes over 4 connections, each from a process of its own, divided among the replicas. All that is
answered with 200 has to be found at each of them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis
from posting import CONNECTIONS, SECONDS, post, requests

ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def processor_time(pid: int) -> float:
    """Return the seconds of a processor that a process has used."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def running(command: list[str], ready: Any) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while not ready():
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").close()
    except OSError:
        return False
    return True


def send(ports: list[int]) -> tuple[int, float]:
    """Post over 4 connections, divided among the ports; return how many were accepted, and a second."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    messages = [requests(connection) for connection in range(CONNECTIONS)]
    started = time.monotonic()
    senders = [
        context.Process(target=post, args=(ports[place % len(ports)], each, SECONDS, answer))
        for place, each in enumerate(messages)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
        if sender.exitcode:
            raise RuntimeError("a request was not accepted")
    count = sum(answer.get() for _ in senders)
    return count, count / (time.monotonic() - started)


def kept(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/captured/") as answer:
        return int(json.load(answer)["counts"]["envelopes"])


def once(fsync: str, replicas: int, taking: int) -> dict[str, float]:
    """Measure so many replicas, of which some take what is sent."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        port = free_port()
        client = redis.Redis(port=port)
        durable = ["--appendonly", "no" if fsync == "no" else "yes", "--appendfsync", fsync]
        command = [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
            "--save",
            "",
            *durable,
        ]

        def is_there() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        server = stack.enter_context(running(command, is_there))
        serving: list[tuple[int, int]] = []
        for _ in range(replicas):
            own = free_port()
            program = [
                sys.executable,
                "-m",
                "pytest_sentryintegration",
                "serve",
                "--quiet",
                "--limit",
                "1000000",
            ]
            program += ["--port", str(own), "--data", f"redis://127.0.0.1:{port}/0"]
            process = stack.enter_context(running(program, lambda own=own: answers(own)))
            serving.append((own, process.pid))
        ports = [own for own, _ in serving[:taking]]
        send(ports)  # warm
        before = [processor_time(pid) for _, pid in (*serving, (0, server.pid))]
        count, rate = send(ports)
        for own, _ in serving:
            # Answered when it has read all that there is, and read nothing into objects.
            urllib.request.urlopen(f"http://127.0.0.1:{own}/api/faults").close()
        used = [
            (processor_time(pid) - start) / count * 1e6
            for (_, pid), start in zip((*serving, (0, server.pid)), before, strict=True)
        ]
        first, *others = {kept(own) for own in [own for own, _ in serving]}
        assert not others
        assert first >= count
        return {"rate": rate, "first": used[0], "last": used[-2], "redis": used[-1]}


CASES = [("always", 1, 1), ("always", 2, 2), ("always", 2, 1), ("no", 1, 1), ("no", 2, 2)]


def measure(rounds: int) -> None:
    found: dict[tuple[str, int, int], list[dict[str, float]]] = {case: [] for case in CASES}
    for _ in range(rounds):
        for case in CASES:
            found[case].append(once(*case))
    print(
        "| appendfsync | replicas | taking | envelopes/s | µs of the first | of the last | of Redis |",
        flush=True,
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (fsync, replicas, taking), each in found.items():
        rate, *used = (statistics.median(one[name] for one in each) for name in each[0])
        costs = " | ".join(f"{cost:.0f}" for cost in used)
        print(f"| {fsync} | {replicas} | {taking} | {rate:.0f} | {costs} |")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
