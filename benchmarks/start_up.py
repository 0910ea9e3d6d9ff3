"""What the installed plugin costs a run that does not use it.

Run ``python benchmarks/start_up.py [REPETITIONS]``. pytest runs one empty test, with the plugin and with ``-p
no:sentryintegration`` in turn; the other plugins that happen to be installed are blocked in both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from bars import Bar, Spent, of_children, table

REPETITIONS = 40
MOST = 10.0
PYTEST = (sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")
PLUGIN = "sentryintegration"
# What is installed is compiled, and what pytest rewrites is so after the first run.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
IMPORT = """
import sys, time
import pytest, _pytest.config, unittest, difflib, dataclasses  # as every run of pytest
started = time.process_time()
import pytest_sentryintegration.plugin
print(time.process_time() - started)
assert not {"sentry_sdk", "werkzeug", "sentryintegration"} & set(sys.modules)
"""


def run(folder: str, *blocked: str) -> Spent:
    """Run pytest on an empty test; return what it took, in seconds."""
    before = of_children()
    subprocess.run(
        [*PYTEST, folder, *(argument for name in blocked for argument in ("-p", f"no:{name}"))],
        check=True,
        stdout=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    return of_children() - before


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Run both in turn and return the bar."""
    others = {point.name for point in entry_points(group="pytest11")} - {PLUGIN}
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("def test_empty():\n    pass\n")
        run(folder, *others)
        run(folder, *others, PLUGIN)
        for number in range(repetitions):
            # Each goes first every other time.
            if number % 2:
                without = run(folder, *others, PLUGIN)
                costs.append((run(folder, *others), without))
            else:
                costs.append((run(folder, *others), run(folder, *others, PLUGIN)))
    imports = [
        float(
            subprocess.run(
                [sys.executable, "-c", IMPORT], check=True, capture_output=True, env=ENVIRONMENT
            ).stdout
        )
        for _ in range(max(repetitions // 3, 3))
    ]
    alone = _undisturbed([unused.processor for _, unused in costs])
    processor = _undisturbed([used.processor for used, _ in costs]) - alone
    measured = f"{processor:.1f} ms of pytest's {alone:.0f} ms (import {_undisturbed(imports):.1f} ms)"
    return [Bar("start-up of the unused plugin", measured, f"<= {MOST:g} ms", processor <= MOST)]


def _undisturbed(seconds: list[float]) -> float:
    """Return the fastest, in ms.

    Starting up computes the same each time: the differences between runs, which are ten times what is looked
    for where the speed of the machine changes, are not the plugin's.
    """
    return min(seconds) * 1000


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
