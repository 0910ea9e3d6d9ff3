"""The floor: one client for all tests, the SDK's own transport, a server that only keeps bytes, a flush.

Nothing keeps the tests apart, and each reads no more than it asserts on. ``BENCHMARK_PLAIN``: nothing is
compressed either.
"""

from __future__ import annotations

import gzip
import json
import os
from typing import Any

import pytest
import sentry_sdk
from bare import serve_with_asyncio
from capturing import work

received: list[bytes] = []


def payload(body: bytes) -> Any:
    """Return the first item's payload; the SDK compresses with brotli where that is installed."""
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    elif not body.startswith(b'{"'):
        import brotli  # type: ignore[import-untyped]

        body = brotli.decompress(body)
    return json.loads(body.split(b"\n", 3)[2])


sentry_sdk.init(
    f"http://key@127.0.0.1:{serve_with_asyncio(received)}/1",
    traces_sample_rate=1.0,
    keep_alive=bool(os.environ.get("BENCHMARK_KEEP_ALIVE")),
    _experiments={"transport_compression_level": 0} if os.environ.get("BENCHMARK_PLAIN") else {},
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
