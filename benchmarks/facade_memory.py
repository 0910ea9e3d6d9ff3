"""100,000 captures against a server that never answers: what memory the facade and the SDK's queue hold.

Run with ``python benchmarks/facade_memory.py [stream] [count]``. Fails above 20 MB.
"""

from __future__ import annotations

import resource
import socket
import sys
import time
from typing import Any

from bars import MISSED

import sentryintegration as facade

LIMIT = 20_000_000
COUNT = next((int(argument) for argument in sys.argv if argument.isdecimal()), 100_000)
UNIT = 1 if sys.platform == "darwin" else 1024


def used() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def capture(count: int) -> None:
    for number in range(count):
        facade.capture_message("x" * 1000, facade.Error, tags={"n": number}, attachments=[b"y" * 1000])
        with facade.start_transaction(name="root"), facade.start_transaction(op="child"):
            pass


def main() -> int:
    options: dict[str, Any] = {"trace_lifecycle": "stream"} if "stream" in sys.argv else {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        dsn = f"http://key@127.0.0.1:{server.getsockname()[1]}/1"
        facade.init(dsn, traces_sample_rate=1.0, default_integrations=False, shutdown_timeout=0, **options)
        capture(COUNT // 50)
        before, start = used(), time.perf_counter()
        capture(COUNT)
        grown, taken = used() - before, time.perf_counter() - start
        print(f"{COUNT} captures and transactions in {taken:.1f} s: {grown / 1e6:.1f} MB more")
        facade.close(0)
    return MISSED if grown > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
