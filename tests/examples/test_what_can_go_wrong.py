"""What the pages say of the SDK and of frameworks under "What can go wrong", and no example shows."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import flask
import pytest
import sentry_sdk
from fastapi import FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient
from sentry_sdk.integrations.asyncio import AsyncioIntegration
from sentry_sdk.integrations.flask import FlaskIntegration

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import start_transaction

# Where lines are counted, `os._exit` writes them first, which gives the SDK's thread its turn.
pytestmark = pytest.mark.uncounted


def flask_shop() -> flask.Flask:
    app = flask.Flask("shop")

    @app.get("/price/<tea>")
    def price(tea: str) -> str:
        return {"green": "4.50"}[tea]

    return app


def test_flask_names_a_transaction_after_the_rule_where_it_is_told_so(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(traces_sample_rate=1.0, integrations=[FlaskIntegration(transaction_style="url")])

    flask_shop().test_client().get("/price/green")

    assert [transaction.name for transaction in sentry_events.transactions] == ["/price/<tea>"]


def test_what_flask_lets_through_while_testing_is_reported_all_the_same(sentry_events: SentryEvents) -> None:
    sentry_sdk.init()
    app = flask_shop()
    app.testing = True

    with pytest.raises(KeyError):
        app.test_client().get("/price/blue")

    sentry_events.errors.find(KeyError)


def test_what_an_error_handler_of_flask_answers_is_not_reported(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(traces_sample_rate=1.0)
    app = flask_shop()
    app.register_error_handler(KeyError, lambda error: ("no such tea", 404))

    assert app.test_client().get("/price/blue").status_code == 404
    assert (len(sentry_events.transactions), len(sentry_events)) == (1, 0)


def test_fastapi_reports_an_http_exception_from_500_on(sentry_events: SentryEvents) -> None:
    sentry_sdk.init()
    app = FastAPI()

    @app.get("/{status}")
    def fail(status: int) -> None:
        raise HTTPException(status)

    async def ask() -> list[int]:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as client:
            return [(await client.get(f"/{status}")).status_code for status in (404, 503)]

    assert asyncio.run(ask()) == [404, 503]
    assert [error.exception.type for error in sentry_events.errors] == ["HTTPException"]
    assert sentry_events.errors[0].transaction == "/{status}"


def failing_app() -> FastAPI:
    sentry_sdk.init(traces_sample_rate=1.0)
    app = FastAPI()

    @app.get("/price/{tea}")
    def price(tea: str) -> str:
        with start_transaction(op="db.query"):
            return {"green": "4.50"}[tea]

    return app


def test_fastapis_own_client_gives_the_same_tree(sentry_events: SentryEvents) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer releases want httpx2 for it
        from fastapi.testclient import TestClient

    with TestClient(failing_app()) as client:
        assert client.get("/price/green").json() == "4.50"

    request = sentry_events.transactions.find("/price/{tea}")
    assert request.tree == span("http.server", span("db.query"))


def test_an_exception_of_fastapi_reaches_the_test_unless_the_transport_keeps_it(
    sentry_events: SentryEvents,
) -> None:
    async def ask(**options: Any) -> int:
        transport = ASGITransport(failing_app(), **options)
        async with AsyncClient(transport=transport, base_url="http://shop") as client:
            return (await client.get("/price/blue")).status_code

    assert asyncio.run(ask(raise_app_exceptions=False)) == 500
    with pytest.raises(KeyError):
        asyncio.run(ask())
    assert [error.exception.type for error in sentry_events.errors] == ["KeyError"] * 2


def test_errors_of_tasks_that_nobody_awaits_are_reported_by_the_integration_alone(
    sentry_events: SentryEvents,
) -> None:
    async def fails() -> None:
        raise ValueError("out of tea")

    async def serve(**options: Any) -> int:
        sentry_sdk.init(**options)
        task = asyncio.ensure_future(fails())
        await asyncio.wait([task])
        task.exception()  # else asyncio tells of it
        return len(sentry_events.errors)

    assert asyncio.run(serve()) == 0
    assert asyncio.run(serve(integrations=[AsyncioIntegration()])) == 1


def test_a_command_that_ends_at_once_loses_what_is_queued(sentry_events: SentryEvents) -> None:
    program = "import os, sys, sentry_sdk; sentry_sdk.init(); {}; sentry_sdk.capture_message('late'); {}"
    # So that no other thread, such as the SDK's, has its turn before the end.
    at_once = program.format("sys.setswitchinterval(60)", "os._exit(0)")

    # Without env= it inherits the DSN, too.
    subprocess.run([sys.executable, "-c", program.format("pass", "pass")], check=True)
    subprocess.run([sys.executable, "-c", at_once], check=True)

    assert len(sentry_events.messages.wait(1, "late")) == 1


FAILING = """
    from django.test import SimpleTestCase

    class First(SimpleTestCase):
        def test_it(self): raise ValueError("first")

    class Second(SimpleTestCase):
        def test_it(self): raise ValueError("second")
"""


@pytest.mark.skipif(
    multiprocessing.get_all_start_methods()[0] != "fork", reason="Django starts its processes in another way"
)
def test_djangos_parallel_runner_ends_by_a_failing_test_without_tblib(
    tmp_path: Path, sentry_events: SentryEvents
) -> None:
    (tmp_path / "plain_settings.py").write_text("SECRET_KEY = 'only for the example'")
    (tmp_path / "test_failing.py").write_text(textwrap.dedent(FAILING))
    (tmp_path / "tblib.py").write_text("raise ImportError")  # as where it is not installed
    options = ("--settings=plain_settings", "--parallel=2")

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "django", "test", *options],
        cwd=tmp_path,
        env={**sentry_events.env, "HIDDEN_PACKAGES": ""},
        capture_output=True,
        text=True,
    )

    assert "cannot pickle 'traceback' object" in done.stderr


def test_the_sdk_keeps_a_thousand_spans_of_a_transaction_and_counts_the_others(
    sentry_events: SentryEvents,
) -> None:
    with start_transaction(name="many", op="task"):
        for _ in range(1003):
            with start_transaction(op="step"):
                pass

    assert len(sentry_events.transactions.find("many").spans) == 1000
    lost = [lost for report in sentry_events.client_reports for lost in report.discarded]
    assert [(one.category, one.quantity) for one in lost] == [("span", 3)]


@pytest.mark.sentry(trace_lifecycle="stream")
def test_streamed_spans_have_no_limit(sentry_events: SentryEvents) -> None:
    with start_transaction(name="many", op="task"):
        for _ in range(1003):
            with start_transaction(op="step"):
                pass

    assert len(sentry_events.transactions.find("many").spans) == 1003
