"""Traces through aiohttp and grpc, client and server: sound ones are never accused."""

from __future__ import annotations

import importlib
from concurrent import futures
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration.inbox.events import SentryEvents
from sentryintegration import start_transaction
from tests.clients.conftest import missing

pytestmark = [
    pytest.mark.clients,
    pytest.mark.parametrize("further", [{}, {"trace_lifecycle": "stream"}], ids=["static", "streamed"]),
]


def imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(name.partition(".")[0])


def init(name: str, integration: str, further: dict[str, Any]) -> None:
    made = getattr(imported(f"sentry_sdk.integrations.{name}"), integration)()
    sentry_sdk.init(
        "http://app@sentry.invalid/1",
        traces_sample_rate=1.0,
        release="app@1",
        integrations=[made],
        **further,
    )


@pytest.mark.asyncio
async def test_aiohttp_called_by_aiohttp_is_continuous(
    sentry_events: SentryEvents, further: dict[str, Any]
) -> None:
    aiohttp, web = imported("aiohttp"), imported("aiohttp.web")
    init("aiohttp", "AioHttpIntegration", further)

    async def stock(request: Any) -> Any:
        return web.Response(text="plenty")

    app = web.Application()
    app.router.add_get("/stock/{number}", stock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    with start_transaction(name="checkout", op="task") as checkout:
        async with aiohttp.ClientSession() as session:
            await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/stock/3")
    await runner.cleanup()

    trace = await sentry_events.traces.find_async(checkout.trace_id, complete=True, timeout=5)

    assert [span.op for span in trace.tree.walk()] == ["task", "http.client", "http.server"]
    trace.assert_continuous()


def test_grpc_called_by_grpc_is_continuous(sentry_events: SentryEvents, further: dict[str, Any]) -> None:
    grpc = imported("grpc")
    init("grpc", "GRPCIntegration", further)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    asked = grpc.unary_unary_rpc_method_handler(lambda request, context: b"plenty")
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Stock", {"Ask": asked}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with (
        start_transaction(name="checkout", op="task") as checkout,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        assert channel.unary_unary("/shop.Stock/Ask")(b"tea") == b"plenty"
    server.stop(1).wait()

    trace = sentry_events.traces.find(checkout.trace_id, complete=True, timeout=5)

    assert [span.op for span in trace.tree.walk()] == ["task", "grpc.client", "grpc.server"]
    trace.assert_continuous()
