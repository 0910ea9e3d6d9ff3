"""What the installed plugin costs a run that does not use it.

Run ``python benchmarks/start_up.py [REPETITIONS]``. Two parts: the import of the plugin, in processes of
their own that have imported what every run of pytest has; and what a session on one empty test takes with
the plugin more than with ``-p no:sentryintegration``, in turn in one process. Whole processes cannot be
compared: of pytest's own 220 ms, what is looked for is 2 %, and a machine's speed changes by more than that.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from bars import Bar, table

REPETITIONS = 200
PROCESSES = 15
MOST = 10.0
PLUGIN = "sentryintegration"
# As in daily use: installed packages are compiled, and pytest keeps what it has rewritten.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
IMPORT = """
import sys, time
import pytest, _pytest.config, _pytest.skipping, unittest, difflib, dataclasses  # as every run of pytest
started = time.process_time()
import pytest_sentryintegration.plugin
print(time.process_time() - started)
assert not {"sentry_sdk", "werkzeug", "sentryintegration"} & set(sys.modules)
"""
SESSIONS = """
import contextlib, io, os, sys, time
import pytest

def session(*more):
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["-q", "-c", os.devnull, "-p", "no:cacheprovider", folder, *blocked, *more])
    assert code == 0
    return time.process_time() - started

repetitions, plugin, folder, *others = sys.argv[1:]
blocked = [argument for name in others for argument in ("-p", f"no:{name}")]
without = ["-p", f"no:{plugin}"]
session(), session(*without)
for number in range(int(repetitions)):
    # The order changes every time.
    if number % 2:
        plain = session(*without)
        print(session(), plain)
    else:
        print(session(), session(*without))
assert not {"sentry_sdk", "werkzeug", "sentryintegration"} & set(sys.modules)
"""


def run(script: str, *arguments: str) -> list[list[float]]:
    """Run *script* in a process of its own; return the numbers that it prints, by line."""
    command = [sys.executable, "-c", script, *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout
    return [[float(number) for number in line.split()] for line in said.splitlines()]


def measure(repetitions: int = REPETITIONS) -> list[Bar]:
    """Measure both parts and return the bar."""
    others = {point.name for point in entry_points(group="pytest11")} - {PLUGIN}
    imported = statistics.median(run(IMPORT)[0][0] for _ in range(PROCESSES)) * 1000
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("def test_empty():\n    pass\n")
        costs = run(SESSIONS, str(repetitions), PLUGIN, folder, *sorted(others))
    plain = statistics.median(without for _, without in costs) * 1000
    added = statistics.median(used - without for used, without in costs) * 1000
    measured = (
        f"{imported + added:.1f} ms of processor: import {imported:.1f} ms, session {added:.1f} ms"
        f" more than {plain:.1f} ms"
    )
    return [Bar("start-up of the unused plugin", measured, f"<= {MOST:g} ms", imported + added <= MOST)]


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)))
