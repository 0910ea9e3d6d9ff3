"""Where the real clients are installed, and how one is run; ``nox -s clients`` installs them.

``SENTRYINTEGRATION_CLIENTS`` names the folder of the clients that are Python packages, an environment each.
With ``SENTRYINTEGRATION_REQUIRE_CLIENTS=1`` a client that is not installed is a failure instead of a skip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pytest_sentryintegration.inbox.events import SentryEvents

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
NODE = HERE / "node"
SECONDS = 90
CLIENT = HERE.parents[1] / "clients" / "js"
QUIETLY = ("--no-audit", "--no-fund", "--loglevel=error", "--offline")

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
    """Return the path of Chromium: of its headless shell, where there is one, which takes half of the time.

    Debian's program ``chromium-headless-shell`` is a script that ends while the browser it started goes on;
    so the browser's own path is used.
    """
    shell = "/usr/lib/chromium/chromium-headless-shell"
    for name in (shell, "chromium", "chromium-browser", "google-chrome", "chrome"):
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


def run_in(folder: Path, *command: Any, code: int = 0, seconds: int = SECONDS, **env: str) -> str:
    """Run a command in *folder*, and return what it prints."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="session", autouse=True)
def _browsers_end() -> Iterator[None]:
    """Close the browsers that several tests share."""
    yield
    from tests.clients import driving

    driving.end_all()


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the packed package is installed, and nothing else."""
    node()
    npm = shutil.which("npm") or missing("npm")
    folder = tmp_path_factory.mktemp("package")
    run_in(CLIENT, npm, "pack", "--silent", "--pack-destination", folder)
    (packed,) = folder.glob("*.tgz")
    run_in(folder, npm, "install", *QUIETLY, packed)
    return folder


@pytest.fixture(scope="session")
def project(package: Path) -> Path:
    """Return a folder in which the other packages of npm are installed, too."""
    for installed in (NODE / "node_modules").iterdir():
        target = package / "node_modules" / installed.name
        if not target.exists():
            target.symlink_to(installed)
    return package


def bundle(node: str, script: Path, target: Path) -> None:
    """Make one script of *script* and the packages that it imports."""
    esbuild = NODE / "node_modules" / "esbuild" / "bin" / "esbuild"
    subprocess.run(
        [
            node,
            str(esbuild),
            str(script),
            "--bundle",
            "--format=iife",
            "--log-level=error",
            f"--outfile={target}",
        ],
        check=True,
        timeout=SECONDS,
    )


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a script that sends one of everything with @sentry/browser."""
    target = tmp_path_factory.mktemp("page") / "page.js"
    chromium()
    bundle(node(), NODE / "page.js", target)
    return target


class Silent(SimpleHTTPRequestHandler):
    """Serves files, and says nothing about it."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def shop(project: Path) -> Iterator[str]:
    """Serve a page that reports with @sentry/browser; give its origin."""
    cart = project / "cart" / "7"
    cart.mkdir(parents=True)
    for folder in (project, cart):
        shutil.copy(NODE / "shop.html", folder / "index.html")
    bundle(node(), NODE / "shop.js", project / "shop.js")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(project)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
