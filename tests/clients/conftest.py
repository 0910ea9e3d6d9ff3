"""Where the real clients are installed, and how one is run; ``nox -s clients`` installs them.

``SENTRYINTEGRATION_CLIENTS`` names the folder of the clients that are Python packages, an environment each.
With ``SENTRYINTEGRATION_REQUIRE_CLIENTS=1`` a client that is not installed is a failure instead of a skip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pytest_sentryintegration.inbox.events import SentryEvents

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
NODE = HERE / "node"
SECONDS = 90

Run = Callable[..., dict[str, Any]]
"""Runs a program to its end and returns what it reports as sent: the JSON of its last line."""


def missing(client: str) -> NoReturn:
    reason = f"{client} is not installed; nox -s clients installs it"
    if os.environ.get("SENTRYINTEGRATION_REQUIRE_CLIENTS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def installed(client: str, program: str = "python") -> Path:
    """Return a program of the environment of a client that is a Python package."""
    folder = os.environ.get("SENTRYINTEGRATION_CLIENTS", str(HERE.parents[1] / ".nox" / "installed-clients"))
    scripts = Path(folder, client, "Scripts" if os.name == "nt" else "bin")
    found = shutil.which(program, path=str(scripts))
    return Path(found) if found is not None else missing(client)


def node() -> str:
    """Return the program ``node``, where the packages of npm are installed too."""
    found = shutil.which("node")
    if found is None or not (NODE / "node_modules").is_dir():
        missing("@sentry/node")
    return found


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    missing("chromium")


def types(sentry_events: SentryEvents) -> Counter[str]:
    """Count what arrived by item type."""
    return Counter(item.type for item in sentry_events.items)


@pytest.fixture
def run(sentry_events: SentryEvents) -> Run:
    def run_program(*command: Any, **env: str) -> dict[str, Any]:
        finished = subprocess.run(
            [str(part) for part in command],
            env={**sentry_events.env, **env},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        lines = finished.stdout.splitlines()
        try:
            said: dict[str, Any] = json.loads(lines[-1])
        except (IndexError, ValueError):
            said = {"output": finished.stdout}
        return said

    return run_program
