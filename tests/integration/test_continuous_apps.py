"""Traces through real frameworks and clients: sound ones are never accused, broken ones are."""

from __future__ import annotations

import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import fastapi
import flask
import httpx
import pytest
import requests
import sentry_sdk
from sentry_sdk.consts import DEFAULT_OPTIONS

from pytest_sentryintegration import SentryEvents, Trace
from sentryintegration import start_transaction, trace_headers
from tests.conftest import find_frameworks_of

pytestmark = pytest.mark.uncounted

STREAM = os.environ.get("SENTRYINTEGRATION_TEST_MODE") == "stream"
IS_STATIC = hasattr(sentry_sdk, "start_transaction")
STREAMS = ["stream"] if "trace_lifecycle" in DEFAULT_OPTIONS else []
LIFECYCLES = STREAMS if STREAM or not IS_STATIC else ["static", *STREAMS]

CLIENTS: dict[str, Callable[[str], Any]] = {
    "httpx": httpx.get,
    "requests": requests.get,
    "urllib": lambda url: urllib.request.urlopen(url).read(),
}


@pytest.fixture(params=LIFECYCLES)
def app_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = {
        "dsn": "http://app@sentry.invalid/1",
        "traces_sample_rate": 1.0,
        "release": "app@1",
    }
    if request.param == "stream" and sentry_sdk.VERSION[0] == "2":
        options["trace_lifecycle"] = "stream"
    return options


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve a WSGI application, and yield its URL."""
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def flask_app(call: Callable[[], Any] = bool) -> flask.Flask:
    app = flask.Flask("shop")

    @app.get("/stock/<int:number>")
    def stock(number: int) -> str:
        call()
        return "plenty"

    return app


def found(sentry_events: SentryEvents, trace_id: str) -> Trace:
    sentry_events._reader.source.quiet = 0.01
    return sentry_events.traces.find(trace_id, complete=True, timeout=5)


@pytest.mark.parametrize("client", CLIENTS)
def test_flask_called_by_a_client_is_continuous(
    client: str, sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    with serving(flask_app()) as url, start_transaction(name="checkout", op="task") as checkout:
        CLIENTS[client](f"{url}/stock/3?colour=green")

    trace = found(sentry_events, checkout.trace_id)

    assert [span.op for span in trace.tree.walk()] == ["task", "http.client", "http.server"]
    trace.assert_continuous()


def test_a_chain_of_services_is_continuous(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    sentry_sdk.init(**app_options)
    with (
        serving(flask_app()) as inner_url,
        serving(flask_app(lambda: requests.get(f"{inner_url}/stock/2"))) as outer_url,
        start_transaction(name="checkout", op="task") as checkout,
    ):
        httpx.get(f"{outer_url}/stock/1")
        with start_transaction(op="later"):
            httpx.get(f"{inner_url}/stock/4")

    trace = found(sentry_events, checkout.trace_id)

    assert len(trace.transactions) == 4
    trace.assert_continuous()


@pytest.mark.asyncio
async def test_fastapi_called_by_httpx_is_continuous(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    app = fastapi.FastAPI()

    @app.get("/stock/{number}")
    async def stock(number: int) -> str:
        return "plenty"

    with start_transaction(name="checkout", op="task") as checkout:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            await client.get("http://shop.example/stock/3")

    trace = found(sentry_events, checkout.trace_id)

    assert "http.server" in [span.op for span in trace.spans]
    trace.assert_continuous()


def test_a_trace_that_the_test_begins_is_continued_by_the_application(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    sentry_events._reader.source.quiet = 0.01

    with sentry_events.trace() as trace:
        flask_app().test_client().get("/stock/3", headers=dict(trace.headers))

    assert trace.tree.op == "http.server"
    trace.assert_continuous()


def test_requests_that_continue_nothing_are_continuous_each(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    client = flask_app().test_client()
    client.get("/stock/1")
    client.get("/stock/2")

    traces = sentry_events.traces.wait(2)

    assert [len(trace.transactions) for trace in traces] == [1, 1]
    for trace in traces:
        trace.assert_continuous()


def test_a_service_that_does_not_report_is_not_accused(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    with serving(answer) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(url)

    found(sentry_events, checkout.trace_id).assert_continuous()


def test_a_named_transaction_inside_a_request_is_continuous(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)

    def nested() -> None:
        with start_transaction(name="nested", op="task"), start_transaction(op="inner"):
            pass
        with start_transaction(name="job", op="task", headers=trace_headers()):
            pass

    with serving(flask_app(nested)) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/3")

    found(sentry_events, checkout.trace_id).assert_continuous()


def test_targets_that_leave_out_a_service_are_named_with_the_hop(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options, trace_propagation_targets=["https://other.example"], server_name="shop-1")
    with serving(flask_app()) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/3")

    trace = found(sentry_events, checkout.trace_id)
    with pytest.raises(AssertionError, match="is not continuous, at 1 hop") as caught:
        trace.assert_continuous()

    said = " ".join(str(caught.value).split())
    assert f"From 'shop-1' (http.client 'GET {url}/stock/3') to '" in said
    assert "the request carried no sentry-trace. Look at trace_propagation_targets" in said
    other = next(trace for trace in sentry_events.traces if trace.trace_id != checkout.trace_id)
    assert [broken.kind for broken in other.breaks()] == ["not_continued"]


def without(*names: str) -> Callable[[Any], Any]:
    """Return what makes a proxy of an application that drops headers."""

    def proxied(app: Any) -> Any:
        def proxy(environ: Any, start_response: Any) -> Any:
            return app({key: value for key, value in environ.items() if key not in names}, start_response)

        return proxy

    return proxied


def test_a_proxy_that_drops_baggage_is_named_with_the_hop(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    sentry_sdk.init(**app_options)
    proxied = without("HTTP_BAGGAGE")(flask_app())
    with serving(proxied) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/3")

    trace = found(sentry_events, checkout.trace_id)

    assert [broken.kind for broken in trace.breaks()] == ["baggage_lost"]
    with pytest.raises(AssertionError, match=r"A\s+proxy"):
        trace.assert_continuous()


def test_a_service_that_decides_against_its_caller_is_named(
    sentry_events: SentryEvents, app_options: dict[str, Any]
) -> None:
    def sample(context: dict[str, Any]) -> float:
        return 0.0 if context.get("parent_sampled") or context.get("wsgi_environ") else 1.0

    options = {name: value for name, value in app_options.items() if name != "traces_sample_rate"}
    sentry_sdk.init(**options, traces_sampler=sample)
    app = flask_app(lambda: sentry_sdk.capture_message("sold out", level="error"))
    with serving(app) as url, start_transaction(name="checkout", op="task") as checkout:
        httpx.get(f"{url}/stock/3")

    trace = found(sentry_events, checkout.trace_id)

    assert [broken.kind for broken in trace.breaks()] == ["unsampled"]
    with pytest.raises(AssertionError) as caught:
        trace.assert_continuous()
    said = " ".join(str(caught.value).split())
    assert "it reported 'sold out' in this trace, and not the span in which that happened" in said


DJANGO = """
    import httpx, pytest, sentry_sdk, threading
    from django.conf import settings
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    settings.configure(SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
    import django
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path
    django.setup()
    urlpatterns = [path("stock/<int:number>", lambda request, number: HttpResponse("plenty"))]

    @pytest.mark.parametrize("lifecycle", LIFECYCLES)
    def test_it(sentry_events, lifecycle):
        streamed = lifecycle == "stream" and sentry_sdk.VERSION[0] == "2"
        options = {"trace_lifecycle": "stream"} if streamed else {}
        sentry_sdk.init("http://app@sentry.invalid/1", traces_sample_rate=1.0, release="app@1", **options)
        from sentryintegration import start_transaction
        with make_server("127.0.0.1", 0, get_wsgi_application()) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            with start_transaction(name="checkout", op="task") as checkout:
                httpx.get(f"http://127.0.0.1:{server.server_port}/stock/3")
            server.shutdown()
            thread.join()
        trace = sentry_events.traces.find(checkout.trace_id, complete=True)
        assert [span.op for span in trace.tree.walk()][:3] == ["task", "http.client", "http.server"]
        trace.assert_continuous()
"""


def test_django_is_continuous(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # In a process of its own: Django's settings are those of a process.
    find_frameworks_of([DJANGO], monkeypatch)
    pytester.makepyfile(DJANGO.replace("LIFECYCLES", repr(LIFECYCLES)))

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:django", "-p", "no:asyncio")

    result.assert_outcomes(passed=len(LIFECYCLES))
