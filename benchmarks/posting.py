"""Posts gzip error envelopes over 4 connections at once, each from a process of its own, and counts them."""

from __future__ import annotations

import functools
import gzip
import json
import multiprocessing
import random
import socket
import time
from typing import Any

SIZE = 2048
"""Bytes of a body on the wire."""
CONNECTIONS = 4
SECONDS = 2.0
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


@functools.cache
def requests(connection: int) -> list[bytes]:
    """Return what one connection sends, over and over."""
    return [request(connection * 25 + number) for number in range(25)]


def receive(connection: socket.socket) -> bytes:
    """Read one answer to its end and return its head, in lower case; it has to say 200."""
    data = _more(connection)
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, rest = data.partition(b"\r\n\r\n")
    lower = head.lower()
    if not lower.startswith((b"http/1.1 200", b"http/1.0 200")):
        raise RuntimeError(f"answered {head!r} {rest!r}")
    if b"transfer-encoding: chunked" in lower:
        while not rest.endswith(b"0\r\n\r\n"):
            rest += _more(connection)
    else:
        missing = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0]) - len(rest)
        while missing > 0:
            missing -= len(_more(connection))
    return lower


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise RuntimeError("the connection ended before the answer did")
    return data


def post(port: int, messages: list[bytes], seconds: float, answer: Any) -> None:
    """Post for so many seconds over one connection, made anew where the server ends it; answer how many."""
    connection: socket.socket | None = None
    count = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(messages[count % len(messages)])
        head = receive(connection)
        count += 1
        if b"connection: close" in head or head.startswith(b"http/1.0"):
            connection.close()
            connection = None
    answer.put(count)


def rate(port: int, seconds: float = SECONDS) -> tuple[int, float]:
    """Post over 4 connections; return how many were accepted, and how many a second."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    messages = [requests(connection) for connection in range(CONNECTIONS)]
    started = time.monotonic()
    processes = [context.Process(target=post, args=(port, each, seconds, answer)) for each in messages]
    for process in processes:
        process.start()
    counts = []
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError("a request was not accepted")
        counts.append(answer.get())
    return sum(counts), sum(counts) / (time.monotonic() - started)
