"""Starts the services once, for all tests; each test opens the page anew."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from gateway import HEADERS, PATIENCE, Gateway, PageServer, running
from sentry_sdk.consts import DEFAULT_OPTIONS

HERE = Path(__file__).parent
LIFECYCLE = "stream" if DEFAULT_OPTIONS.get("trace_lifecycle") == "stream" else "static"
WORKER = (*("-m", "celery", "-A", "parcels", "worker"), "--pool=solo", "--loglevel=ERROR")

Buy = Callable[..., dict[str, str]]
Replace = Callable[..., Any]


@pytest.fixture
def sentry_options() -> dict[str, Any]:
    """This process has no service: what it asks for over HTTP is nothing to trace."""
    return {"default_integrations": False}


@contextmanager
def started(*command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, text=True, start_new_session=True, **options)
    try:
        yield process
    finally:
        # Not asked to: a Celery worker takes seconds, and what it would report now is of no test.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def wait_for(stream: IO[str] | None, pattern: str) -> str:
    """Wait for a line of a process, and read all others too: who waits for a reader does nothing else."""
    assert stream is not None
    found: queue.Queue[str] = queue.Queue()

    def read(lines: IO[str]) -> None:
        for line in lines:
            if (match := re.search(pattern, line)) is not None:
                found.put(match[1])
        found.put("")

    threading.Thread(target=read, args=(stream,), daemon=True).start()
    line = found.get(timeout=PATIENCE)
    assert line, f"it ended, and had not written {pattern}"
    return line


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What our services read of their environment, beside the DSN."""
    folder = tmp_path_factory.mktemp("parcels")
    return {"TRACE_LIFECYCLE": LIFECYCLE, "FLUSH_EVERY": "0.2", "PARCELS_QUEUE": str(folder)}


@pytest.fixture(scope="session")
def services(sentry_server: Any, ours: dict[str, str]) -> Iterator[tuple[Gateway, Gateway, int]]:
    """The gateways before the API and before the stock, and the port of the stock.

    The services live as long as the run, and report into the test that runs.
    """
    with ExitStack() as stack:

        def start(ready: str, *command: str, **env: str) -> str:
            environment = {**sentry_server.env, **ours, **env}
            service = started(*command, cwd=HERE, env=environment, stdout=subprocess.PIPE)
            return wait_for(stack.enter_context(service).stdout, ready)

        to_stock, to_api = (stack.enter_context(running(Gateway())) for _ in range(2))
        # First: it makes the queue, in a file that is no place for two writers.
        start("(ready)", sys.executable, *WORKER)
        stock_port = int(start(r"listening on (\d+)", sys.executable, "stock.py"))
        to_api.to = int(start(r"listening on (\d+)", "node", "api.mjs", STOCK_URL=to_stock.url))
        yield to_api, to_stock, stock_port


@pytest.fixture
def to_api(services: tuple[Gateway, Gateway, int]) -> Gateway:
    """The gateway between the page and the API."""
    services[0].drops, services[0].allowed = set(), HEADERS
    return services[0]


@pytest.fixture
def to_stock(services: tuple[Gateway, Gateway, int]) -> Gateway:
    """The gateway between the API and the stock."""
    services[1].drops, services[1].to = set(), services[2]
    return services[1]


@pytest.fixture
def replace_stock(sentry_events: Any, to_stock: Gateway, ours: dict[str, str]) -> Replace:
    """Has the API call another service in place of the stock, for one test; returns its process."""

    def start_another(script: str, **env: str) -> Any:
        environment = {**sentry_events.env, **ours, "STOCK_PORT": str(to_stock.to), **env}
        command, ready = [sys.executable, script], re.compile(r"listening on \d+\n")
        another = sentry_events.popen(command, ready=ready, timeout=PATIENCE, cwd=HERE, env=environment)
        found = re.search(r"listening on (\d+)", another.output)
        assert found is not None
        to_stock.to = int(found[1])
        return another

    return start_another


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    target = tmp_path_factory.mktemp("page") / "page.js"
    esbuild = HERE / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ("--bundle", "--format=esm", "--log-level=error", f"--outfile={target}")
    subprocess.run(["node", str(esbuild), "page.js", *options], cwd=HERE, check=True, timeout=PATIENCE)
    with running(PageServer(target.read_bytes())) as server:
        yield server


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A browser without windows, for all tests; the address of what opens and closes its pages."""
    # The first by its path: Debian's program of that name is a script that ends while its browser goes on.
    shell = "/usr/lib/chromium/chromium-headless-shell"
    names = (shell, "chromium", "chromium-browser", "google-chrome", "chrome")
    program = next((name for name in names if shutil.which(name)), "chromium")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server")
    options += ("--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update")
    options += ("--remote-debugging-port=0", f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    with started(program, *options, stderr=subprocess.PIPE) as process:
        address = wait_for(process.stderr, r"listening on ws://([\d.:]+)")
        yield f"http://{address}/json"


@pytest.fixture
def buy(browser: str, page: PageServer, to_api: Gateway, to_stock: Gateway) -> Buy:
    """Opens the page in a browser, which orders a kettle; returns what the page says of it."""

    def open_page(**query: str) -> dict[str, str]:
        order = uuid.uuid4().hex
        known = {"dsn": os.environ["SENTRY_DSN"], "api": to_api.url, "lifecycle": LIFECYCLE, "order": order}
        address = quote(f"{page.url}/?{urlencode({**known, **query})}", safe="")
        with urlopen(Request(f"{browser}/new?{address}", method="PUT"), timeout=PATIENCE) as opened:
            tab = json.load(opened)["id"]
        try:
            return page.done(order)
        finally:
            urlopen(f"{browser}/close/{tab}", timeout=PATIENCE).close()

    return open_page
