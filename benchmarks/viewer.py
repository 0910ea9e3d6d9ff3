"""The viewer with 10,000 events, in the system's Chromium: first list, filter, scrolling, memory.

Run ``python benchmarks/viewer.py``; needs the packages of ``viewer/`` (``npm ci``) and Chromium.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from pathlib import Path

from bars import Bar, table

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web

EVENTS = 10_000
ROUNDS = 3
VIEWER = Path(__file__).parents[1] / "viewer"


def measure() -> list[Bar]:
    """Open the viewer on a server that was sent much, and return the medians."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or not (VIEWER / "node_modules").is_dir():
        raise RuntimeError("the viewer is measured in Chromium, with the packages of viewer/package.json")
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
            f"{longest:.0f} ms ({middle['long']:.0f} tasks over 50 ms), median of {ROUNDS}",
            "<= 50 ms",
            longest <= 50,
        ),
        Bar(f"{what}: memory of the page's JavaScript", f"{middle['memory']:.0f} MB"),
    ]


if __name__ == "__main__":
    print(table(measure()))
