"""The floor: one client for all tests, the SDK's own transport, a server that only keeps bytes, a flush.

Nothing keeps the tests apart, and each reads no more than it asserts on.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import threading
from typing import Any

import pytest
import sentry_sdk
from capturing import work

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
received: list[bytes] = []


def payload(body: bytes) -> Any:
    """Return the first item's payload; the SDK compresses with brotli where that is installed."""
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    elif not body.startswith(b"{"):
        import brotli

        body = brotli.decompress(body)
    return json.loads(body.split(b"\n", 3)[2])


class Bare(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length:")[2].split()[0]):
            received.append(body)
            self.data = b""
            self.transport.write(ANSWER)


def serve() -> int:
    """Serve in a thread, as a fake that a test can look into does; returns the port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Bare, "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    port: int = server.sockets[0].getsockname()[1]
    return port


sentry_sdk.init(
    f"http://key@127.0.0.1:{serve()}/1",
    traces_sample_rate=1.0,
    keep_alive=bool(os.environ.get("BENCHMARK_KEEP_ALIVE")),
)


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_reports(number: int) -> None:
    received.clear()
    work()
    sentry_sdk.flush()
    message, transaction = map(payload, received)
    assert (message["message"], message["level"]) == ("Spec failed", "warning")
    assert transaction["transaction"] == "checkout"
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    (child,) = transaction["spans"]
    assert (child["op"], child["description"]) == ("db.query", "SELECT * FROM cart")
