"""Sound traces of ordinary situations, through real libraries, in both span modes: none is accused."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fastapi
import flask
import httpx
import pytest
import requests
import sentry_sdk

from pytest_sentryintegration import SentryEvents, Trace
from sentryintegration import set_task_transaction, start_transaction, trace_headers
from tests.integration.test_continuous_apps import LIFECYCLES, app_options, flask_app, found, serving

pytestmark = pytest.mark.uncounted

__all__ = ["app_options"]  # a fixture


def check(sentry_events: SentryEvents, trace_id: str, *ops: str) -> Trace:
    trace = found(sentry_events, trace_id)
    assert sorted(str(span.op) for span in trace.spans) == sorted(ops)
    trace.assert_continuous()
    return trace


@pytest.fixture
def url(sentry_events: SentryEvents, app_options: dict[str, Any]) -> Iterator[str]:
    sentry_sdk.init(**app_options)
    with serving(flask_app()) as address:
        yield address


CALLS = ("http.client", "http.server")


def test_threads_of_a_pool_that_call_the_same_address_at_once(sentry_events: SentryEvents, url: str) -> None:
    def call(number: int) -> None:
        with set_task_transaction(checkout):
            httpx.get(f"{url}/stock/{number % 2}")

    with ThreadPoolExecutor(3) as pool, start_transaction(name="checkout", op="task") as checkout:
        list(pool.map(call, range(6)))

    check(sentry_events, checkout.trace_id, "task", *CALLS * 6)


def test_a_thread_of_its_own(sentry_events: SentryEvents, url: str) -> None:
    with start_transaction(name="checkout", op="task") as checkout:
        thread = threading.Thread(target=requests.get, args=(f"{url}/stock/1",))
        thread.start()
        thread.join()

    check(sentry_events, checkout.trace_id, "task", *CALLS)


@pytest.mark.asyncio
async def test_tasks_that_call_the_same_address_at_once(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    app = fastapi.FastAPI()

    @app.get("/stock")
    async def stock() -> str:
        await asyncio.sleep(0)
        return "plenty"

    with start_transaction(name="checkout", op="task") as checkout:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            await asyncio.gather(*(client.get("http://shop.example/stock") for _ in range(5)))

    trace = found(sentry_events, checkout.trace_id)
    assert [span.op for span in trace.spans].count("http.server") == 5
    trace.assert_continuous()


def test_a_redirect(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    sentry_sdk.init(**app_options)
    app = flask_app()
    app.add_url_rule("/old", view_func=lambda: flask.redirect("/stock/1"))
    with serving(app) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/old", follow_redirects=True)

    # The SDK makes one span of both requests.
    check(sentry_events, checkout.trace_id, "task", *CALLS, "http.server")


def test_a_request_that_fails_and_is_tried_again(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    tries: list[int] = []

    def fail_once() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("not now")

    with serving(flask_app(fail_once)) as url, start_transaction(name="checkout", op="task") as checkout:
        statuses = [httpx.get(f"{url}/stock/1").status_code for _ in range(2)]

    trace = check(sentry_events, checkout.trace_id, "task", *CALLS * 2)
    assert (statuses, [event.text for event in trace.events]) == ([500, 200], ["not now"])


def test_a_prepared_request_that_is_sent_twice(sentry_events: SentryEvents, url: str) -> None:
    # https://github.com/getsentry/sentry-python/issues/3709
    with start_transaction(name="checkout", op="task") as checkout, httpx.Client() as client:
        request = client.build_request("GET", f"{url}/stock/1")
        for _ in range(2):
            client.send(request)

    check(sentry_events, checkout.trace_id, "task", *CALLS * 2)


def test_baggage_of_the_application_beside_sentrys(sentry_events: SentryEvents, url: str) -> None:
    # https://github.com/getsentry/sentry-python/issues/2190
    with start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/1", headers={"baGGage": "customer=7"})

    check(sentry_events, checkout.trace_id, "task", *CALLS)


def test_a_response_that_is_streamed(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    # https://github.com/getsentry/sentry-python/issues/3736
    sentry_sdk.init(**app_options)
    app = flask.Flask("shop")

    @app.get("/stock")
    def stock() -> Any:
        def lines() -> Iterator[str]:
            for number in range(3):
                with start_transaction(op="line"):
                    yield f"{number}\n"

        return flask.Response(lines())

    with serving(app) as url, start_transaction(name="checkout", op="task") as checkout:
        requests.get(f"{url}/stock", timeout=10)

    check(sentry_events, checkout.trace_id, "task", *CALLS, *["line"] * 3)


def test_work_that_goes_on_after_the_answer(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    sentry_sdk.init(**app_options)
    jobs: list[threading.Thread] = []

    def mail(headers: dict[str, str]) -> None:
        with start_transaction(name="mail", op="queue.process", headers=headers):
            pass

    def begin() -> None:
        jobs.append(threading.Thread(target=mail, args=(trace_headers(),)))

    with serving(flask_app(begin)) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/1")
    jobs[0].start()
    jobs[0].join()

    check(sentry_events, checkout.trace_id, "task", *CALLS, "queue.process")


def test_a_caller_that_is_not_sampled_has_no_trace_and_accuses_nobody(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**{**app_options, "traces_sample_rate": 0.0})
    reporting = flask_app(lambda: sentry_sdk.capture_message("sold out", level="error"))
    with serving(reporting) as url, start_transaction(name="checkout", op="task"):
        httpx.get(f"{url}/stock/1")

    sentry_events.find("sold out", timeout=5)
    assert (list(sentry_events.traces), list(sentry_events.transactions)) == ([], [])


def test_traces_one_after_the_other_that_call_the_same_address(sentry_events: SentryEvents, url: str) -> None:
    ids = []
    for _ in range(3):
        with start_transaction(name="checkout", op="task") as checkout:
            httpx.get(f"{url}/stock/1")
        ids.append(checkout.trace_id)

    for trace_id in ids:
        check(sentry_events, trace_id, "task", *CALLS)


def test_a_client_that_is_not_instrumented_calls_the_same_address_meanwhile(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)

    def call_once_more(environ: Any, start_response: Any) -> Any:
        if "HTTP_SENTRY_TRACE" in environ:
            called.append(app.test_client().get(environ["PATH_INFO"], base_url=url).status_code)
        return app(environ, start_response)

    called: list[int] = []
    app = flask_app()
    with serving(call_once_more) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/1")

    check(sentry_events, checkout.trace_id, "task", *CALLS)
    assert (called, len(sentry_events.traces)) == ([200], 2)


def test_links_between_traces(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    sentry_sdk.init(**app_options)
    link = {"trace_id": "c" * 32, "span_id": "d" * 16, "sampled": True}

    def linked(sender: Callable[..., Any]) -> str:
        with sender(name="checkout", op="task") as checkout:
            checkout.set_data("links", json.dumps([link]))
        return str(checkout.trace_id)

    one, other = linked(start_transaction), linked(start_transaction)

    check(sentry_events, one, "task")
    check(sentry_events, other, "task")


JOB = """
import json, sys, sentry_sdk, sentryintegration
options = json.loads(sys.argv[2])
sentry_sdk.init(traces_sample_rate=1.0, server_name="worker", release="worker@1", **options)
with sentryintegration.start_transaction(name="job", op="queue.process", headers=json.loads(sys.argv[1])):
    with sentryintegration.start_transaction(op="db.query"):
        pass
"""


@pytest.mark.skipif(len(LIFECYCLES) < 2, reason="this SDK has one span mode")
def test_services_of_both_span_modes(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    other = {} if "trace_lifecycle" in app_options else {"trace_lifecycle": "stream"}
    sentry_sdk.init(**app_options, default_integrations=False)
    with start_transaction(name="checkout", op="task") as checkout:
        arguments = [json.dumps(trace_headers()), json.dumps(other)]
        sentry_events.run([sys.executable, "-c", JOB, *arguments], check=True)

    trace = check(sentry_events, checkout.trace_id, "task", "queue.process", "db.query")
    assert trace.services[-1] == "worker"
