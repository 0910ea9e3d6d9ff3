"""Dumps of a suite of many tests, as `--sentry-dump` would have written them, to make a report of."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pytest_sentryintegration.report.manifest import Manifest
from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.wire.envelope import parse_envelope

FAILING = 100
"""Of so many tests one fails."""
BEGIN = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
WORDS = ["cart", "order", "price", "stock", "refund", "card", "limit", "region", "token", "user", "basket"]


def write(folder: Path, tests: int) -> int:
    """Write a dump of tests that each sent an error and a transaction; return the bytes of its envelopes."""
    manifest = Manifest(folder)
    chance = random.Random(7)
    size = 0
    for number in range(tests):
        failed = number % FAILING == FAILING // 2
        name = f"tests/test_{WORDS[number % 11]}.py::Test{number % 97}::test_{WORDS[number % 7]}_{number}"
        sent = list(_sent(number, chance))
        about: dict[str, Any] = {"duration": chance.random() / 50}
        if failed:
            about["failure"] = _failure(number)
            differs = {
                "path": "level",
                "expected": "'fatal'",
                "got": "'error'",
                "text": "level: expected 'fatal'",
            }
            about["nearest"] = [
                {"number": sent[0].number, "label": f"ValueError: 'no {number}'", "differences": [differs]}
            ]
        manifest.begin(name)
        manifest.add(name, "failed" if failed else "passed", sent, **about)
    size = sum(path.stat().st_size for path in folder.glob("*.envelope"))
    return size


def _sent(number: int, chance: random.Random) -> Iterator[Arrival]:
    at = BEGIN + timedelta(milliseconds=20 * number)
    trace, root, inner = (
        f"{chance.getrandbits(128):032x}",
        f"{chance.getrandbits(64):016x}",
        f"{chance.getrandbits(64):016x}",
    )
    common = {
        "event_id": "",
        "release": "shop@1.4.0",
        "environment": "ci",
        "server_name": "runner-3",
        "platform": "python",
        "sdk": {
            "name": "sentry.python",
            "version": "2.75.0",
            "packages": [{"name": "pypi:sentry-sdk", "version": "2.75.0"}],
        },
        "modules": {f"package-{each}": f"{each}.{each % 7}.{each % 5}" for each in range(40)},
        "tags": {"graph": f"g{number % 50}", "region": WORDS[number % 5], "order": str(number)},
        "user": {"id": str(chance.randrange(10_000))},
    }
    contexts = {
        "runtime": {
            "name": "CPython",
            "version": "3.12.4",
            "build": "3.12.4 (main, Jun  8 2026, 18:00:00) [GCC 13.2.0]",
        },
        "trace": {"trace_id": trace, "span_id": inner, "parent_span_id": root, "op": "db.query"},
    }
    frames = [
        {
            "filename": f"shop/{WORDS[(number + place) % 11]}.py",
            "module": f"shop.{WORDS[(number + place) % 11]}",
            "function": f"{WORDS[place]}_of_{WORDS[(number * 3 + place) % 11]}",
            "lineno": chance.randrange(1, 900),
            "pre_context": [f"    {WORDS[(number + each) % 11]} = rates[{each}]" for each in range(5)],
            "context_line": f"    total += {WORDS[number % 11]}.price * {WORDS[(number + place) % 11]}",
            "post_context": [f"    return {WORDS[(number + each) % 11]}" for each in range(5)],
            "vars": {
                "price": repr(chance.random()),
                "order": str(number),
                "card": repr(f"visa-{chance.randrange(99)}"),
            },
            "in_app": place > 2,
        }
        for place in range(8)
    ]
    crumbs = [
        {
            "type": "http",
            "category": "httplib",
            "timestamp": at.isoformat(),
            "data": {"url": f"http://stock/{number}/{each}", "status_code": 200},
        }
        for each in range(5)
    ]
    error = {
        **common,
        "event_id": f"{chance.getrandbits(128):032x}",
        "timestamp": at.isoformat(),
        "level": "error",
        "transaction": "shop.place",
        "contexts": contexts,
        "exception": {
            "values": [{"type": "ValueError", "value": f"no {number}", "stacktrace": {"frames": frames}}]
        },
        "breadcrumbs": {"values": crumbs},
        "extra": {"sys.argv": ["pytest", "-n", "4"], "attempt": number % 3},
    }
    yield _arrival(number * 2 + 1, at, "event", error)
    start = at.timestamp()
    spans = [
        {
            "trace_id": trace,
            "span_id": inner if each == 0 else f"{chance.getrandbits(64):016x}",
            "parent_span_id": root,
            "op": ("db.query", "http.client", "cache.get")[each % 3],
            "description": f"SELECT * FROM {WORDS[(number + each) % 11]} WHERE id = {number}",
            "start_timestamp": start + each / 1000,
            "timestamp": start + each / 1000 + chance.random() / 1000,
            "data": {"db.system": "postgresql", "server.address": f"db-{number % 4}"},
            "status": "ok",
        }
        for each in range(6)
    ]
    transaction = {
        **common,
        "type": "transaction",
        "event_id": f"{chance.getrandbits(128):032x}",
        "transaction": "shop.place",
        "transaction_info": {"source": "route"},
        "contexts": {
            "trace": {"trace_id": trace, "span_id": root, "op": "http.server", "status": "ok"},
            "runtime": contexts["runtime"],
        },
        "start_timestamp": start,
        "timestamp": start + 0.009,
        "spans": spans,
    }
    yield _arrival(number * 2 + 2, at, "transaction", transaction)


def _arrival(number: int, at: datetime, kind: str, payload: dict[str, Any]) -> Arrival:
    header = {"event_id": payload["event_id"], "sent_at": at.isoformat()}
    body = b"\n".join(json.dumps(line).encode() for line in (header, {"type": kind}, payload))
    return Arrival(number, "", at, "1", "a" * 32, "sentry.python/2.75.0", parse_envelope(body))


def _failure(number: int) -> str:
    lines = [f"    def test_{number}(shop, sentry_events):"]
    lines += [f"        shop.{word}({number})" for word in WORDS]
    lines += [">       sentry_events.errors.find(ValueError, level='fatal')"]
    lines += [
        f"E       AssertionError: Expected one error {number}, level 'fatal'",
        "E         nearest: level: expected 'fatal', got 'error'",
    ]
    return "\n".join([*lines, "", f"tests/test_cart.py:{number}: AssertionError"])
