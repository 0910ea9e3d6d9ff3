"""Measures the bars side by side, prints them, and writes them into ``docs/benchmarks.md``.

Run ``python benchmarks/run.py [--all] [NAME]...``, with names of `PARTS` for these alone: the figures of the
others stay. Ends with exit status 1 where a part could not be measured; a bar that is not met is a result.
Takes about twenty minutes on two cores; ``--all`` adds what takes minutes by itself.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import captured
import figures
import growth
import inboxes
import ingest
import load
import memory
import per_test
import start_up
import trees
from bars import MISSED, Bar, table

import viewer


def facade() -> list[Bar]:
    """Compare the facade with plain sentry_sdk, call by call, in each way in which the SDK sends spans."""
    modes = ("static", "stream") if version("sentry-sdk").startswith("2.") else ("stream",)
    return [bar for mode in modes for bar in _facade(mode)]


def _facade(mode: str) -> list[Bar]:
    output, status = _script("facade.py", mode)
    said = re.findall(r"^(.+?) +([\d.]+) +([\d.]+) +([\d.]+) +(ok|MISSED)$", output, re.MULTILINE)
    if (status == 0) != all(verdict == "ok" for *_, verdict in said) or len(said) < CALLS_OF_FACADE:
        raise RuntimeError(f"facade.py ended with exit status {status} after {len(said)} rows")
    return [
        Bar(
            f"the facade ({mode}): {what}",
            f"{ours} µs of processor, plain {plain} µs",
            f"<= 1.1 times + 10 µs a call = {most} µs",
            verdict == "ok",
        )
        for what, plain, ours, most, verdict in said
    ]


def facade_memory() -> list[Bar]:
    """Capture against a server that never answers."""
    output, status = _script("facade_memory.py")
    what, measured = output.strip().splitlines()[-1].split(": ")
    return [Bar(f"memory for {what}, to a server that never answers", measured, "<= 20 MB", status == 0)]


def verdict() -> list[Bar]:
    """Judge what a test sends."""
    output, status = _script("verdict.py")
    *_, last = output.splitlines()
    rows = [
        Bar(f"the verdict on: {what}", f"{cost} of processor")
        for what, cost in re.findall(r"^(?!loading)(.+): ([\d.]+ ms)$", output, re.MULTILINE)
    ]
    measured = re.search(r"([\d.]+ ms)", last)
    cost = f"{measured.group(1) if measured else last} of processor"
    return [*rows, Bar("the verdict on an error and a transaction", cost, "<= 2 ms a test", status == 0)]


def _script(name: str, *arguments: str) -> tuple[str, int]:
    command = [sys.executable, str(Path(__file__).with_name(name)), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if done.returncode not in (0, MISSED) or not done.stdout:
        raise RuntimeError(f"{name} ended with exit status {done.returncode}")
    return done.stdout, done.returncode


CALLS_OF_FACADE = 14
"""Rows of the facade's table, in each way of sending spans."""

PARTS: dict[str, Callable[[bool], list[Bar]]] = {
    "per_test": lambda whole: per_test.measure(),
    "ingest": lambda whole: ingest.measure(),
    "captured": lambda whole: captured.measure(),
    "load": lambda whole: load.measure(),
    "start_up": lambda whole: start_up.measure(),
    "facade": lambda whole: facade(),
    "facade_memory": lambda whole: facade_memory(),
    "trees": lambda whole: growth.alone(trees.measure, trees.REPETITIONS),
    "inboxes": lambda whole: growth.alone(inboxes.measure, inboxes.REPETITIONS),
    "verdict": lambda whole: verdict(),
    "memory": lambda whole: memory.measure(),
    "viewer": lambda whole: viewer.measure(),
    "growth": lambda whole: growth.measure(whole=whole),
}
"""What is measured, by name; each is told whether to take its time."""


def main() -> int:
    """Measure the parts that are named, all by default; print the table and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(PARTS)}")
    parser.add_argument("--all", action="store_true", help="also run 100,000 tests")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    whole = arguments.all
    bars: list[Bar] = []
    failed = False
    for name in arguments.names or PARTS:
        print(f"== {name}", flush=True)
        started, commit = time.monotonic(), figures.commit()
        try:
            measured = PARTS[name](whole)
        except Exception as error:
            traceback.print_exc()
            failed = True
            print(f"docs/{figures.PAGE.name} keeps the former figures of {name}")
            bars.append(Bar(name, f"{type(error).__name__}: {error}"[:100], "all of them"))
            continue
        seconds = time.monotonic() - started
        print(f"({seconds:.0f} s)\n")
        bars += measured
        command = " ".join(["python benchmarks/run.py", *(["--all"] if whole else []), name])
        figures.write(name, figures.section(name, command, commit, seconds, measured), list(PARTS))
    print(table(bars))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
