"""What a run of so many tests costs, each of which sends one message: time, and memory at its peak.

Run by ``python benchmarks/growth.py tests``. Every run is a pytest process of its own. The same number of
empty tests shows what of the memory is pytest's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bars import Bar, Spent, clean_environment, of_children
from curves import MOST, SIZES, Curve

FIXTURE = "pytest_sentryintegration.plugin"
SENDING = """
import pytest, sentry_sdk

@pytest.mark.parametrize("number", range({}))
def test_sends(number, sentry_events):
    sentry_sdk.capture_message("Spec failed")
    assert len(sentry_events.messages) == 1
"""
EMPTY = """
import pytest

@pytest.mark.parametrize("number", range({}))
def test_nothing(number):
    pass
"""
# Prints the peak of this process.
MEMORY = """
import resource, sys

def pytest_sessionfinish(session):
    assert not session.testsfailed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("peak", peak if sys.platform == "darwin" else peak * 1024)
"""


def run(suite: str, tests: int) -> tuple[Spent, int]:
    """Run so many tests; return what the process took, and its peak of memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(MEMORY)
        Path(folder, "test_suite.py").write_text(suite.format(tests))
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-c", os.devnull, "-p", "no:cacheprovider"]
        before = of_children()
        done = subprocess.run(
            [*command, "-p", FIXTURE, f"--rootdir={folder}", folder],
            env=clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        spent = of_children() - before
    assert f"{tests} passed" in done.stdout, done.stdout[-1000:]
    return spent, int(done.stdout.rpartition("peak ")[2].split()[0])


def measure(rounds: int, whole: bool = False) -> list[Bar]:
    """Return the rows of the curve; the largest size, which takes minutes, is run where *whole*, once."""
    curve = Curve("tests in a run, each sending a message")
    peaks: dict[int, list[int]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size in SIZES[:-1]:
            spent, peak = run(SENDING, size)
            curve.add(size, spent, size)
            peaks[size].append(peak)
    rows = curve.bars()
    last = f"{curve.what}: {SIZES[-1]:,}"
    if whole:
        # The size before runs again, so that both are measured in one round.
        step = Curve(curve.what, labels={SIZES[-1]: ", run once"})
        for size in SIZES[-2:]:
            spent, peak = run(SENDING, size)
            step.add(size, spent, size)
            peaks[size].append(peak)
        rows.append(step.bars()[-1])
    else:
        rows.append(Bar(last, "left out: takes minutes, and runs with --all", f"exponent <= {MOST}", None))
    steps = [(1_000, 10_000), *([(10_000, 100_000)] if whole else [])]
    return rows + [_memory(smaller, larger, peaks) for smaller, larger in steps]


def _memory(smaller: int, larger: int, peaks: dict[int, list[int]]) -> Bar:
    sending = statistics.median(peaks[larger]) - statistics.median(peaks[smaller])
    empty = run(EMPTY, larger)[1] - run(EMPTY, smaller)[1]
    more = larger - smaller
    return Bar(
        f"memory of a run that grows from {smaller:,} tests to {larger:,}",
        f"{sending / more:,.0f} bytes a test at the peak (tests that are empty: {empty / more:,.0f})",
    )
