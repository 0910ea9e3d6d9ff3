"""The viewer with 10,000 events, and a report of 10,000 tests, in the system's Chromium.

Run ``python benchmarks/viewer.py``; needs the packages of ``viewer/`` (``npm ci``) and Chromium.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import dumps
from bars import Bar, table

from pytest_sentryintegration.report.building import build
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web

EVENTS = 10_000
TESTS = 10_000
ROUNDS = 3
VIEWER = Path(__file__).parents[1] / "viewer"


def measure() -> list[Bar]:
    """Open the viewer where much came, make a report of as much, and return the medians.

    In Chromium or Chrome as people use it: the headless shell, in which the tests run, draws less.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("the viewer is measured in Chromium or Chrome: the headless shell is not enough")
    if not (VIEWER / "node_modules").is_dir():
        raise RuntimeError("the packages of viewer/package.json are missing: npm ci --prefix viewer")
    return [*live(chromium), *report(chromium)]


def live(chromium: str) -> list[Bar]:
    """Open the viewer on a server that was sent much: first list, filter, scrolling, memory."""
    with FakeSentry(web=Web) as sentry:
        for number in range(EVENTS):
            event = json.dumps({"message": f"number {number}", "tags": {"graph": "g1"}}).encode()
            body = b'{}\n{"type":"event"}\n' + event
            sentry.receive(f"/api/1/envelope/?sentry_key={'a' * 32}", {}, body)
        command = ["node", str(VIEWER / "test" / "measure.mjs"), chromium, sentry.url, str(ROUNDS)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    middle = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    listed, filtered, longest = middle["listed"], middle["filtered"], middle["longest"]
    what = f"the viewer with {EVENTS:,} events"
    return [
        Bar(f"{what}: the first list", f"{listed:.0f} ms, median of {ROUNDS}", "<= 1000 ms", listed <= 1000),
        Bar(f"{what}: a filter", f"{filtered:.0f} ms, median of {ROUNDS}", "<= 100 ms", filtered <= 100),
        Bar(
            f"{what}: the longest task while scrolling",
            f"{longest:.0f} ms, {middle['processor']:.0f} of processor"
            f" ({middle['long']:.0f} tasks over 50 ms), median of {ROUNDS}",
            "<= 50 ms",
            longest <= 50,
        ),
        Bar(f"{what}: memory of the page's JavaScript", f"{middle['memory']:.0f} MB"),
    ]


def report(chromium: str) -> list[Bar]:
    """Make a report of a dump of many tests, and open it from the disk."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        sent = dumps.write(folder / "dump", TESTS)
        before, processor = time.monotonic(), time.process_time()
        page, lacking = build([folder / "dump"])
        built, processor = time.monotonic() - before, time.process_time() - processor
        (folder / "report.html").write_bytes(page)
        command = [
            "node",
            str(VIEWER / "test" / "report.mjs"),
            chromium,
            (folder / "report.html").as_uri(),
            "many",
        ]
        opened = [json.loads(subprocess.check_output(command, text=True))["listed"] for _ in range(ROUNDS)]
    listed, size = statistics.median(opened), len(page) / 1e6
    what = f"the report of {TESTS:,} tests with {2 * TESTS:,} envelopes of {sent / 1e6:.0f} MB"
    return [
        Bar(f"{what}: made in", f"{built:.1f} s, {processor:.1f} of processor", "<= 10 s", built <= 10),
        Bar(f"{what}: its size", f"{size:.1f} MB; {lacking[0]}", "<= 10 MB", size <= 10),
        Bar(f"{what}: the first list", f"{listed:.0f} ms, median of {ROUNDS}", "<= 2000 ms", listed <= 2000),
    ]


if __name__ == "__main__":
    print(table(measure()))
