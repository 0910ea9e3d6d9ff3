"""Starts the services once, for all tests; each test opens the page anew."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from gateway import HEADERS, Gateway, PageServer, running
from sentry_sdk.consts import DEFAULT_OPTIONS

HERE = Path(__file__).parent
LIFECYCLE = "stream" if DEFAULT_OPTIONS.get("trace_lifecycle") == "stream" else "static"
QUEUE = tempfile.mkdtemp(prefix="parcels-")
OURS = {"TRACE_LIFECYCLE": LIFECYCLE, "FLUSH_EVERY": "0.2", "PARCELS_QUEUE": QUEUE}
WORKER = (*("-m", "celery", "-A", "parcels", "worker"), "--pool=solo", "--loglevel=ERROR")

Buy = Callable[..., dict[str, str]]
Replace = Callable[..., None]


@pytest.fixture
def sentry_options() -> dict[str, Any]:
    """This process has no service: what it asks for over HTTP is nothing to trace."""
    return {"default_integrations": False}


@pytest.fixture(scope="session")
def start(sentry_server: Any) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a service that lives as long as the run, and reports into the test that runs."""
    started: list[subprocess.Popen[str]] = []

    def start_service(*command: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, cwd=HERE, env={**sentry_server.env, **OURS, **env}, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start_service
    for process in started:
        # Not asked to: a Celery worker takes seconds, and what it would report now is of no test.
        process.kill()
        process.communicate(timeout=20)
    shutil.rmtree(QUEUE)


def port_of(line: str) -> int:
    found = re.search(r"listening on (\d+)", line)
    assert found is not None, line
    return int(found[1])


@pytest.fixture(scope="session")
def services(start: Callable[..., subprocess.Popen[str]]) -> Iterator[tuple[Gateway, Gateway, int]]:
    """The gateways before the API and before the stock, and the port of the stock."""
    start(sys.executable, *WORKER)
    stock = start(sys.executable, "stock.py")
    with running(Gateway()) as to_stock, running(Gateway()) as to_api:
        api = start("node", "api.mjs", STOCK_URL=to_stock.url)
        stock_port = port_of(stock.stdout.readline())
        to_api.to = port_of(api.stdout.readline())
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
def replace_stock(sentry_events: Any, to_stock: Gateway) -> Replace:
    """Has the API call another service in place of the stock, for one test."""

    def start_another(script: str, **env: str) -> None:
        ours = {**sentry_events.env, **OURS, "STOCK_PORT": str(to_stock.to), **env}
        command, ready = [sys.executable, script], re.compile(r"listening on \d+\n")
        another = sentry_events.popen(command, ready=ready, cwd=HERE, env=ours)
        to_stock.to = port_of(another.output)

    return start_another


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    target = tmp_path_factory.mktemp("page") / "page.js"
    esbuild = HERE / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ("--bundle", "--format=esm", "--log-level=error", f"--outfile={target}")
    subprocess.run(["node", str(esbuild), "page.js", *options], cwd=HERE, check=True)
    with running(PageServer(target.read_bytes())) as server:
        yield server


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A browser without windows, for all tests; the address of what opens and closes its pages."""
    program = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome")))
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server")
    options += ("--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update")
    options += ("--remote-debugging-port=0", f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    with subprocess.Popen([program, *options], stderr=subprocess.PIPE, text=True) as process:
        lines = iter(process.stderr or ())
        listening = next(filter(None, (re.search(r"listening on ws://([\d.:]+)", line) for line in lines)))
        # Read to its end: a browser that waits for a reader does nothing else.
        reader = threading.Thread(target=list, args=(lines,), daemon=True)
        reader.start()
        yield f"http://{listening[1]}/json"
        process.terminate()
        reader.join()


@pytest.fixture
def buy(browser: str, page: PageServer, to_api: Gateway, to_stock: Gateway) -> Buy:
    """Opens the page in a browser, which orders a kettle; returns what the page says of it."""

    def open_page(**query: str) -> dict[str, str]:
        known = {"dsn": os.environ["SENTRY_DSN"], "api": to_api.url, "lifecycle": LIFECYCLE}
        address = quote(f"{page.url}/?{urlencode({**known, **query})}", safe="")
        with urlopen(Request(f"{browser}/new?{address}", method="PUT")) as opened:
            tab = json.load(opened)["id"]
        said = page.done.get(timeout=60)
        urlopen(f"{browser}/close/{tab}").close()
        return said

    return open_page
