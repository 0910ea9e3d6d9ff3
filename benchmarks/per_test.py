"""What a test costs that sends a message and a transaction, and looks at them.

Run ``python benchmarks/per_test.py [REPETITIONS]``. Four suites of the same tests run as pytest sessions in
turn: with the fixture, on an in-process transport with a client a test, on the floor, and empty tests, whose
cost is taken off the others'.
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

TESTS = 200
REPETITIONS = 7
PYTEST = (sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")
SUITES = Path(__file__).parent / "suites"
IN_PROCESS, FLOOR, AIM = 0.22, 0.9, 0.75


def session(suite: str, tests: int = TESTS, **environment: str) -> Spent:
    """Run a suite in a process of its own; return what a test costs, in ms, the middle of all tests."""
    plugins = ["-p", "timing", *(("-p", "pytest_sentryintegration.plugin") if suite == "fixture" else ())]
    with tempfile.NamedTemporaryFile() as times:
        subprocess.run(
            [*PYTEST, *plugins, f"--rootdir={SUITES}", f"{SUITES / suite}.py"],
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("SENTRY_")},
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONPATH": str(SUITES),
                "BENCHMARK_TESTS": str(tests + 20),
                "BENCHMARK_TIMES": times.name,
                **environment,
            },
            check=True,
            stdout=subprocess.DEVNULL,
        )
        measured: list[tuple[float, float]] = json.load(times)
    walls, processors = zip(*measured, strict=True)
    # The middle of the walls, as what else runs on the machine only ever adds; but the mean of processor
    # time: what is done every tenth test only belongs to its cost too.
    return Spent(statistics.median(walls) * 1000, statistics.fmean(processors) * 1000)


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Run the suites in turn, print what a test costs in each, and return the two bars."""
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
    costs: dict[str, list[Spent]] = {"fixture": [], "in_process": [], "floor": [], "empty": []}
    for _ in range(repetitions):
        for suite, spent in costs.items():
            spent.append(session(suite, BENCHMARK_KEEP_ALIVE=faster if suite == "floor" else ""))
    middle = {
        suite: Spent(
            statistics.median(each.wall for each in spent),
            statistics.median(each.processor for each in spent),
        )
        for suite, spent in costs.items()
    }
    for suite, spent in middle.items():
        print(f"{suite.replace('_', '-')}: {spent.wall:.2f} ms a test, {spent.processor:.2f} ms of processor")
    net = {suite: spent - middle["empty"] for suite, spent in middle.items()}
    return [
        _bar("a test, against an in-process transport", net["fixture"], net["in_process"], IN_PROCESS, ""),
        _bar("a test, against the floor", net["fixture"], net["floor"], FLOOR, f" (aim {AIM})"),
    ]


def _bar(what: str, ours: Spent, theirs: Spent, most: float, aim: str) -> Bar:
    ratio = ours.wall / theirs.wall
    measured = (
        f"{ratio:.2f} ({ours.wall:.2f} of {theirs.wall:.2f} ms; "
        f"processor {ours.processor / theirs.processor:.2f})"
    )
    return Bar(what, measured, f"<= {most}{aim}", ratio <= most)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
