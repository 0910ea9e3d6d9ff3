"""Measures the bars side by side, and prints a table: what, measured, bar, met or not.

Run ``python benchmarks/run.py [NAME]...``, with names of `PARTS` for these alone. It always ends with exit
status 0: the table is the result. Takes about four minutes on two cores.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import inboxes
import ingest
import per_test
import start_up
import trees
from bars import Bar, table


def facade() -> list[Bar]:
    """Compare the facade with plain sentry_sdk, call by call."""
    output, _ = _script("facade.py")
    said = re.findall(r"^(.+?) +([\d.]+) +([\d.]+) +([\d.]+) +(ok|MISSED)$", output, re.MULTILINE)
    missed = [f"{what} {ours} of {bar} µs" for what, _, ours, bar, verdict in said if verdict != "ok"]
    measured = f"{len(said) - len(missed)} of {len(said)} calls" + "".join(f"; {each}" for each in missed)
    return [Bar("the facade, against plain sentry_sdk", measured, "<= 1.1 times + 10 µs", not missed)]


def verdict() -> list[Bar]:
    """Judge what a test sends."""
    output, status = _script("verdict.py")
    last = output.splitlines()[-1]
    measured = re.search(r"([\d.]+ ms)", last)
    return [
        Bar(
            "the verdict on an error and a transaction",
            f"{measured.group(1) if measured else last} of processor",
            "<= 2 ms a test",
            status == 0,
        )
    ]


def _script(name: str) -> tuple[str, int]:
    command = [sys.executable, str(Path(__file__).with_name(name))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"{name} ended with exit status {done.returncode}")
    return done.stdout, done.returncode


PARTS: dict[str, Callable[[], list[Bar]]] = {
    "per_test": per_test.measure,
    "ingest": ingest.measure,
    "start_up": start_up.measure,
    "facade": facade,
    "trees": trees.measure,
    "inboxes": inboxes.measure,
    "verdict": verdict,
}


def main() -> None:
    """Measure the parts that are named, all by default, and print the table."""
    unknown = set(sys.argv[1:]) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    bars: list[Bar] = []
    for name in sys.argv[1:] or PARTS:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        try:
            bars += PARTS[name]()
        except Exception as error:
            traceback.print_exc()
            bars.append(Bar(name, f"{type(error).__name__}: {error}"[:100], "", None))
        print(f"({time.monotonic() - started:.0f} s)\n")
    print(table(bars))


if __name__ == "__main__":
    main()
