import asyncio

import pytest
import sentry_sdk
from async_orders import order, send_receipt
from sentry_sdk.integrations.asyncio import AsyncioIntegration

from pytest_sentryintegration import span

pytestmark = pytest.mark.asyncio


async def test_each_item_is_reserved_inside_the_order(sentry_events):
    await order("tea", "teapot")

    found = await sentry_events.transactions.find_async("order")
    assert found.tree == span("task", span("stock", "tea"), span("stock", "teapot"), unordered=True)


async def test_an_error_of_a_background_task_is_reported(sentry_events):
    sentry_sdk.init(integrations=[AsyncioIntegration()])

    task = asyncio.create_task(send_receipt())
    await asyncio.wait([task])

    error = await sentry_events.errors.find_async(LookupError)
    assert error.exception.value == str(task.exception()) == "no address"
