"""How many envelopes a second the fake Sentry takes in, beside Kent 2.2 and three other servers.

Run ``python benchmarks/ingest.py [ROUNDS]``. Each server runs in a process of its own and is sent gzip error
envelopes over 4 connections, each from a process of its own, in turn with the others; all that it answers
with 200 has to be kept and readable (of Kent, which keeps the last 100, these, and Spotlight's last 500).
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from bars import Bar, table
from posting import SECONDS, rate
from servers import NotInstalled, Server, kent, own, spotlight

ROUNDS = 5
LEAST, AIM = 5.0, 10.0
WARM_UP = 1.0
"""Seconds; Node and the specializing interpreters start slowly."""

OTHERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "Kent 2.2": kent,
    "Spotlight 4.11": spotlight,
    "a bare werkzeug server": lambda: own("werkzeug"),
    "a bare asyncio server": lambda: own("asyncio"),
}
BARS = {"Kent 2.2": f">= {LEAST:g} times (aim {AIM:g})"}


def once(server: Server, seconds: float = SECONDS) -> float:
    """Return how many envelopes a second a server takes in."""
    count, result = rate(server.port, seconds)
    server.check(count)
    return result


def measure(rounds: int = ROUNDS) -> list[Bar]:
    """Measure all servers in turn; the bar is not measured where Kent cannot be installed."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(own(name)) for name in ("ours", "ours in a file")}
        for name, start in OTHERS.items():
            try:
                servers[name] = stack.enter_context(start())
            except NotInstalled as error:
                print(f"{name} is left out: {error}")
        for server in servers.values():
            once(server, WARM_UP)
        rates: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(rounds):
            for name, server in servers.items():
                rates[name].append(once(server))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    return [*(_bar(name, medians) for name in OTHERS), _bar("Kent 2.2", medians, "ours in a file")]


def _bar(name: str, medians: dict[str, float], own_name: str = "ours") -> Bar:
    what, bar, ours = f"ingest, against {name}", BARS.get(name, ""), medians[own_name]
    if own_name != "ours":
        what, bar = f"ingest with --data FILE, against {name}", f">= {LEAST:g} times"
    if name not in medians:
        return Bar(what, f"{ours:.0f}/s alone: not installed", bar, None)
    times = ours / medians[name]
    measured = f"{times:.{1 if times >= 1 else 2}f} times ({ours:.0f}/s of {medians[name]:.0f}/s)"
    return Bar(what, measured, bar, times >= LEAST if bar else None)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
