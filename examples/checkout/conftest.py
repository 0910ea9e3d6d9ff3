"""The shop and the payments service, as every test of the example uses them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from payments.app import create_app as create_payments
from shop.app import create_app as create_shop
from werkzeug.serving import make_server

from pytest_sentryintegration import SentryEvents

HERE = Path(__file__).parent
CREDENTIALS = "shop:tr4vel-kettle"


@pytest.fixture
def payments_url() -> Iterator[str]:
    """The payments service, in a thread of this process."""
    server = make_server("127.0.0.1", 0, create_payments(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://{CREDENTIALS}@127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def payments_process_url(sentry_events: SentryEvents) -> Iterator[str]:
    """The payments service in a process of its own, which reports to the same fake Sentry."""
    with subprocess.Popen(
        [sys.executable, "-m", "payments"], cwd=HERE, env=sentry_events.env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://{CREDENTIALS}@127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


@pytest.fixture
def start_shop(sentry_events: SentryEvents, tmp_path: Path) -> Iterator[Callable[[str], FlaskClient]]:
    """Start the shop with a payments service, and have a client of it.

    The shop initialises Sentry from the environment, so `sentry_events` is there first.
    """
    started: list[Flask] = []

    def start(payments_url: str) -> FlaskClient:
        started.append(create_shop(tmp_path / "shop.db", payments_url))
        return started[-1].test_client()

    yield start
    for app in started:
        app.extensions["receipts"].shutdown()


@pytest.fixture
def shop(start_shop: Callable[[str], FlaskClient], payments_url: str) -> FlaskClient:
    """A client of the shop, which is paid by a service in this process."""
    return start_shop(payments_url)
