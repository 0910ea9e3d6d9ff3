"""What a test costs that sends a message and a transaction, and asserts on both.

Run ``python benchmarks/per_test.py [ROUNDS]``. The same tests run as pytest sessions: with the fixture, over
a socket and in memory; on the floor, also without compression; with a client a test whose transport only
collects, plainly and as two peers do it, and with one for all tests. In each round all sessions are alive at
the same time: one runs 25 tests while the others wait, so that a machine whose speed changes within seconds
changes it for all of them. The cost of an empty test is taken off theirs.
"""

from __future__ import annotations

import json
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bars import Bar, Spent, clean_environment, table

TESTS = 300
TURN = 25
"""Tests in a row: many beside the first, which finds cold caches, few beside changes of speed."""
ROUNDS = 5
CLOSE_ROUNDS = 25
"""Of the fixture and the floor alone, which are close: each process is fast or slow by itself."""
PATIENCE = 120.0
"""Seconds that a turn may take."""
PYTEST = (sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")
SUITES = Path(__file__).parent / "suites"
IN_PROCESS, FLOOR, AIM = 0.22, 0.9, 0.75
FIXTURE = ("fixture.py", "-p", "pytest_sentryintegration.plugin")
SESSIONS: dict[str, tuple[str, ...]] = {
    "fixture": FIXTURE,
    "floor": ("floor.py",),
    "floor_plain": ("floor.py",),
    "memory": (*FIXTURE, "-o", "sentry_transport=memory"),
    "in_process": ("in_process.py",),
    "kept_client": ("in_process.py",),
    "fillmore": ("fillmore_style.py",),
    "capture": ("capture_style.py",),
    "empty": ("empty.py",),
}
ENVIRONMENT = {"floor_plain": {"BENCHMARK_PLAIN": "1"}, "kept_client": {"BENCHMARK_KEPT": "1"}}


class Session:
    """A suite in a process of its own, which runs `TURN` tests at a time.

    Raises:
        RuntimeError: A test of it failed, or it ended early, or took too long.
    """

    def __init__(self, name: str, tests: int, folder: str, stack: ExitStack, **environment: str) -> None:
        suite, *options = SESSIONS[name]
        self.name = name
        self._tests = tests
        self._times = Path(folder, f"{name}.json")
        self._ready, ready = os.pipe()
        go, self._go = os.pipe()
        self._process = stack.enter_context(
            subprocess.Popen(
                [*PYTEST, "-p", "timing", *options, f"--rootdir={SUITES}", str(SUITES / suite)],
                env=clean_environment(
                    PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
                    PYTHONPATH=os.pathsep.join((str(SUITES), str(SUITES.parent))),
                    BENCHMARK_TESTS=str(tests + TURN),
                    BENCHMARK_TURN=str(TURN),
                    BENCHMARK_TIMES=str(self._times),
                    BENCHMARK_READY=str(ready),
                    BENCHMARK_GO=str(go),
                    **ENVIRONMENT.get(name, {}),
                    **environment,
                ),
                pass_fds=(ready, go),
                stdout=sys.stderr,
            )
        )
        os.close(ready)
        os.close(go)
        # If this process fails, the suite's process reads the end of the pipe, and ends.
        stack.callback(os.close, self._ready)
        stack.callback(os.close, self._go)
        if not self._wait():
            raise RuntimeError(f"the suite {name} ended before its first test")

    def _wait(self) -> bool:
        """Wait until it is ready for its next turn; return whether there is one."""
        if not select.select([self._ready], [], [], PATIENCE)[0]:
            self._process.kill()
            raise RuntimeError(f"the suite {self.name} took more than {PATIENCE:g} s for {TURN} tests")
        return bool(os.read(self._ready, 1))

    def run(self) -> bool:
        """Run its next tests; return whether there are more."""
        os.write(self._go, b".")
        return self._wait()

    def spent(self) -> Spent:
        """Return what one of its tests cost, in ms."""
        if self._process.wait():
            raise RuntimeError(f"the suite {self.name} failed")
        measured: list[tuple[float, float]] = json.loads(self._times.read_text())
        if len(measured) != self._tests:
            raise RuntimeError(f"the suite {self.name} ran {len(measured)} of {self._tests} tests")
        walls, processors = zip(*measured, strict=True)
        # Of elapsed times the median: the longest ones show what else runs on the machine. Of processor times
        # the mean: work that is done in every tenth test is a part of what a test costs.
        return Spent(statistics.median(walls) * 1000, statistics.fmean(processors) * 1000)


def in_turns(names: Sequence[str], tests: int, **environment: str) -> dict[str, Spent]:
    """Run the sessions of these names beside each other; return what a test of each costs, in ms."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sessions = [Session(name, tests, folder, stack, **environment) for name in names]
        running = sessions.copy()
        order = random.Random(len(names))
        while running:
            # In another order each time: what a suite leaves in the processor's caches may slow the next.
            order.shuffle(running)
            running = [each for each in running if each.run()]
        return {each.name: each.spent() for each in sessions}


def measure(rounds: int = ROUNDS) -> list[Bar]:
    """Run the suites in turns; return the two bars, and what else there is to compare."""
    # The SDK's option keep_alive takes TCP_NODELAY away from its sockets.
    keeping = {option: in_turns(["floor"], 50, BENCHMARK_KEEP_ALIVE=option)["floor"] for option in ("", "1")}
    faster = min(keeping, key=lambda option: keeping[option].wall)
    print(
        f"floor with the SDK's keep_alive off {keeping[''].wall:.2f} ms, on {keeping['1'].wall:.2f} ms: "
        f"{'on' if faster else 'off'} is used"
    )
    costs = _costs(list(SESSIONS), rounds, faster)
    close = _costs(["fixture", "floor", "empty"], rounds * CLOSE_ROUNDS // ROUNDS, faster)
    return [
        _bar("a test, against an in-process transport", costs, "fixture", "in_process", IN_PROCESS),
        _bar("a test, against the floor", close, "fixture", "floor", FLOOR, f" (aim {AIM})"),
        _bar("a test, against the floor without compression", costs, "fixture", "floor_plain"),
        _bar("a test, against fillmore's way", costs, "fixture", "fillmore"),
        _bar("a test, against pytest-sentry-capture's way", costs, "fixture", "capture"),
        _bar("a test, against one in-process client for all", costs, "fixture", "kept_client"),
        _bar("a test in memory, against an in-process transport", costs, "memory", "in_process"),
    ]


def _costs(names: Sequence[str], rounds: int, keep_alive: str) -> list[dict[str, Spent]]:
    """Return, for each round, what a test of each suite costs more than an empty one."""
    costs = []
    for _ in range(rounds):
        spent = in_turns(names, TESTS, BENCHMARK_KEEP_ALIVE=keep_alive)
        empty = spent.pop("empty")
        costs.append({name: each - empty for name, each in spent.items()})
    return costs


def _bar(
    what: str, costs: list[dict[str, Spent]], ours: str, other: str, most: float | None = None, aim: str = ""
) -> Bar:
    # The ratio within a round, since the speed of the machine changes from one minute to the next; of
    # processor time, since all suites compute and none waits. Elapsed time shows what else runs.
    ordered = sorted(costs, key=lambda each: each[ours].processor / each[other].processor)
    ratios = [each[ours].processor / each[other].processor for each in ordered]
    middle = ordered[len(ordered) // 2]
    mine, theirs = middle[ours].processor, middle[other].processor
    ratio = mine / theirs
    walls = statistics.median(each[ours].wall / each[other].wall for each in costs)
    measured = (
        f"{ratio:.2f} ({mine:.2f} of {theirs:.2f} ms of processor; {len(costs)} rounds {ratios[0]:.2f} to "
        f"{ratios[-1]:.2f}; wall {walls:.2f})"
    )
    if most is None:
        return Bar(what, measured, "", None)
    return Bar(what, measured, f"<= {most}{aim}", ratio <= most)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
