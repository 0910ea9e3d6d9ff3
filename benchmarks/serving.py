"""Runs one server in this process: ``python benchmarks/serving.py NAME``, one of `SERVERS`.

Writes its port; then, for each line on standard input, writes what is kept as JSON, and forgets it.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bare

from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS
from pytest_sentryintegration.web.app import Web

Running = tuple[int, Callable[[], dict[str, Any]]]
"""A port, and what tells how many bodies are kept and what some of them say, and forgets them."""


@contextmanager
def in_a_file() -> Iterator[Running]:
    """Run the fake Sentry as ``serve --data FILE`` does; nothing is evicted while it is measured."""
    with TemporaryDirectory() as folder, ours(data=Path(folder) / "sentry.db") as running:
        yield running


@contextmanager
def ours(web: Callable[[FakeSentry], Web] | None = None, data: Path | None = None) -> Iterator[Running]:
    """Run the fake Sentry; what it keeps is read as tests read it."""
    with FakeSentry(web=web, data=data) as sentry:

        def kept() -> dict[str, Any]:
            entries = sentry.store.since(STRAYS)
            contents = Contents(lambda number: entries if number == 0 else [])
            contents.update()
            some = [
                error.exception.value if error.exception else None
                for error in contents.errors[:: _step(len(entries))]
            ]
            sentry.store.clear(STRAYS)
            return {"count": len(contents.events), "refused": len(contents.refused), "some": some}

        yield sentry.port, kept


@contextmanager
def only_keeping(serve: Callable[[list[bytes]], int]) -> Iterator[Running]:
    """Run a server that only keeps bytes."""
    bodies: list[bytes] = []

    def kept() -> dict[str, Any]:
        events = [
            json.loads(gzip.decompress(body).split(b"\n", 3)[2]) for body in bodies[:: _step(len(bodies))]
        ]
        count = len(bodies)
        bodies.clear()
        some = [event["exception"]["values"][0]["value"] for event in events]
        return {"count": count, "refused": 0, "some": some}

    yield serve(bodies), kept


def _step(count: int) -> int:
    return max(count // 10, 1)


SERVERS: dict[str, Callable[[], AbstractContextManager[Running]]] = {
    "ours": ours,
    "captured": lambda: ours(Web),
    "ours in a file": in_a_file,
    "werkzeug": lambda: only_keeping(bare.serve_with_werkzeug),
    "asyncio": lambda: only_keeping(bare.serve_with_asyncio),
}


def main(name: str) -> None:
    """Run the server of this name until standard input ends."""
    with SERVERS[name]() as (port, kept):
        print(port, flush=True)
        for _ in sys.stdin:
            print(json.dumps(kept()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
