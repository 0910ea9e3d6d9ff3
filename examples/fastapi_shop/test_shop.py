"""The shop's reports and traces."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient
from shop import create_app

from pytest_sentryintegration import SentryEvents, span


@pytest.fixture
async def client(sentry_events: SentryEvents) -> AsyncIterator[AsyncClient]:
    """A client of a shop that was made while `sentry_events` was there, so that it has a DSN."""
    transport = ASGITransport(create_app(), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


async def test_the_payment_is_inside_the_request(client: AsyncClient, sentry_events: SentryEvents) -> None:
    assert (await client.post("/buy/teapot")).json() == {"price": 4_900}

    request = await sentry_events.transactions.find_async("/buy/{product}")
    assert request.tree == span("http.server", span("payment", "card"))
    assert request.release == "fastapi-shop@2.0"
    assert not sentry_events.events


async def test_a_declined_payment_is_a_warning_of_its_span(
    client: AsyncClient, sentry_events: SentryEvents
) -> None:
    assert (await client.post("/buy/samovar")).status_code == 402

    declined = await sentry_events.messages.find_async(
        "Payment declined", level="warning", tags={"product": "samovar"}
    )
    payment = await sentry_events.spans.find_async("payment")
    assert (declined.trace_id, declined.span_id) == (payment.trace_id, payment.span_id)
    sentry_events.errors.none()


async def test_an_unknown_product_is_an_error(client: AsyncClient, sentry_events: SentryEvents) -> None:
    assert (await client.post("/buy/unicorn")).status_code == 500

    error = await sentry_events.errors.find_async(KeyError)
    assert (error.transaction, error.exception.value) == ("/buy/{product}", "'unicorn'")
