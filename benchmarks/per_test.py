"""What a test costs that sends a message and a transaction, and looks at them.

Run ``python benchmarks/per_test.py [REPETITIONS]``. Four suites of the same tests run as pytest sessions in
turn: with the fixture, on the floor, on an in-process transport with a client a test, and empty tests, whose
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

TESTS = 100
REPETITIONS = 12
PYTEST = (sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")
SUITES = Path(__file__).parent / "suites"
IN_PROCESS, FLOOR, AIM = 0.22, 0.9, 0.75


def session(suite: str, tests: int = TESTS, **environment: str) -> Spent:
    """Run a suite in a process of its own; return what a test costs, in ms."""
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
    # The middle of the walls, where what else runs on the machine is most of the longest; but the mean of
    # processor time: what is done in every tenth test belongs to its cost too.
    return Spent(statistics.median(walls) * 1000, statistics.fmean(processors) * 1000)


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Run the suites in turn, and return the two bars."""
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
    rounds: list[dict[str, Spent]] = []
    for _ in range(repetitions):
        costs = {
            suite: session(suite, BENCHMARK_KEEP_ALIVE=faster)
            for suite in ("fixture", "floor", "in_process", "empty")
        }
        empty = costs.pop("empty")
        rounds.append({suite: spent - empty for suite, spent in costs.items()})
    return [
        _bar("a test, against an in-process transport", rounds, "in_process", IN_PROCESS, ""),
        _bar("a test, against the floor", rounds, "floor", FLOOR, f" (aim {AIM})"),
    ]


def _bar(what: str, rounds: list[dict[str, Spent]], other: str, most: float, aim: str) -> Bar:
    # Of the two in each round: how fast the machine is changes from one minute to the next. In all suites
    # what takes time is computing, so the processor's is what they cost; the wall shows who else computes.
    ratio = statistics.median(each["fixture"].processor / each[other].processor for each in rounds)
    walls = statistics.median(each["fixture"].wall / each[other].wall for each in rounds)
    ours, theirs = (
        statistics.median(each[suite].processor for each in rounds) for suite in ("fixture", other)
    )
    measured = f"{ratio:.2f} ({ours:.2f} of {theirs:.2f} ms of processor; wall {walls:.2f})"
    return Bar(what, measured, f"<= {most}{aim}", ratio <= most)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
