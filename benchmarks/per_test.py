"""What a test costs that sends a message and a transaction, and looks at them.

Run ``python benchmarks/per_test.py [ROUNDS]``. The same tests run as pytest sessions in turn: with the
fixture, over a socket and in memory; on the floor; with a client a test whose transport only collects,
plainly and as two peers do it. The cost of an empty test is taken off theirs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bars import Bar, Spent, table

TESTS = 100
ROUNDS = 12
PYTEST = (sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")
SUITES = Path(__file__).parent / "suites"
SLOW = ("in_process", "fillmore", "capture")
IN_PROCESS, FLOOR, AIM = 0.22, 0.9, 0.75
FIXTURE = ("fixture.py", "-p", "pytest_sentryintegration.plugin")
SESSIONS: dict[str, tuple[str, ...]] = {
    "fixture": FIXTURE,
    "memory": (*FIXTURE, "-o", "sentry_transport=memory"),
    "floor": ("floor.py",),
    "in_process": ("in_process.py",),
    "fillmore": ("fillmore_style.py",),
    "capture": ("capture_style.py",),
    "empty": ("empty.py",),
}


def session(name: str, tests: int = TESTS, **environment: str) -> Spent:
    """Run a suite in a process of its own; return what a test costs, in ms."""
    suite, *options = SESSIONS[name]
    with tempfile.NamedTemporaryFile() as times:
        subprocess.run(
            [*PYTEST, "-p", "timing", *options, f"--rootdir={SUITES}", str(SUITES / suite)],
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("SENTRY_")},
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONPATH": os.pathsep.join((str(SUITES), str(SUITES.parent))),
                "BENCHMARK_TESTS": str(tests + 20),
                "BENCHMARK_TIMES": times.name,
                **environment,
            },
            check=True,
            stdout=subprocess.DEVNULL,
        )
        measured: list[tuple[float, float]] = json.load(times)
    walls, processors = zip(*measured, strict=True)
    # The middle of the walls, where what else runs on the machine is most of the longest; but the mean of
    # processor time: what is done in every tenth test belongs to its cost too.
    return Spent(statistics.median(walls) * 1000, statistics.fmean(processors) * 1000)


def measure(rounds: int = ROUNDS) -> list[Bar]:
    """Run the suites in turn; return the two bars, and what else there is to compare."""
    # The SDK's option keep_alive takes TCP_NODELAY away from its sockets.
    keeping = {
        option: min(session("floor", 30, BENCHMARK_KEEP_ALIVE=option).wall for _ in range(2))
        for option in ("", "1")
    }
    faster = min(keeping, key=lambda option: keeping[option])
    print(
        f"floor with the SDK's keep_alive off {keeping['']:.2f} ms, on {keeping['1']:.2f} ms: "
        f"{'on' if faster else 'off'} is used"
    )
    costs: list[dict[str, Spent]] = []
    for number in range(rounds):
        # Side by side, each first every other time: the machine's speed changes within seconds.
        names = ["fixture", "floor", *(name for name in SESSIONS if name not in ("fixture", "floor"))]
        if number % 2:
            names[:2] = "floor", "fixture"
        spent = {
            name: session(name, TESTS if name in SLOW else 3 * TESTS, BENCHMARK_KEEP_ALIVE=faster)
            for name in names
        }
        empty = spent.pop("empty")
        costs.append({name: each - empty for name, each in spent.items()})
    return [
        _bar("a test, against an in-process transport", costs, "fixture", "in_process", IN_PROCESS),
        _bar("a test, against the floor", costs, "fixture", "floor", FLOOR, f" (aim {AIM})"),
        _bar("a test, against fillmore's way", costs, "fixture", "fillmore"),
        _bar("a test, against pytest-sentry-capture's way", costs, "fixture", "capture"),
        _bar("a test in memory, against an in-process transport", costs, "memory", "in_process"),
    ]


def _bar(
    what: str, costs: list[dict[str, Spent]], ours: str, other: str, most: float | None = None, aim: str = ""
) -> Bar:
    # Of the two in each round: how fast the machine is changes from one minute to the next. In all suites
    # what takes time is computing, so the processor's is what they cost; the wall shows who else computes.
    ratio = statistics.median(each[ours].processor / each[other].processor for each in costs)
    walls = statistics.median(each[ours].wall / each[other].wall for each in costs)
    mine, theirs = (statistics.median(each[name].processor for each in costs) for name in (ours, other))
    measured = f"{ratio:.2f} ({mine:.2f} of {theirs:.2f} ms of processor; wall {walls:.2f})"
    if most is None:
        return Bar(what, measured, "", None)
    return Bar(what, measured, f"<= {most}{aim}", ratio <= most)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
