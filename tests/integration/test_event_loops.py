"""What an event loop reports of tasks, gathers and callbacks belongs to the test that made them."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration

from pytest_sentryintegration import SentryEvents, capture
from tests.integration.conftest import Run

DSN = "https://key@example.com/1"


async def fail(text: str = "of the first test") -> None:
    raise ValueError(text)


def in_two_tests(
    begin: Callable[[list[Any]], object], end: Callable[[], object] = gc.collect
) -> SentryEvents:
    """Run *begin* in one test and *end* in the next; return the first, for what comes late."""
    kept: list[Any] = []
    with capture() as first:
        sentry_sdk.init(DSN, integrations=[LoggingIntegration(event_level=logging.ERROR)])
        sentry_sdk.set_tag("test", "first")
        begin(kept)
        assert not first
    with capture() as second:
        sentry_sdk.init(DSN, integrations=[LoggingIntegration(event_level=logging.ERROR)])
        sentry_sdk.set_tag("test", "second")
        kept.clear()
        end()
        assert not second
        sentry_sdk.capture_message("its own")
        assert second.messages.find().tags["test"] == "second"
    return first


def test_a_task_whose_loop_is_closed_belongs_to_its_test() -> None:
    async def main(kept: list[Any]) -> None:
        kept.append(asyncio.create_task(fail()))
        await asyncio.sleep(0)

    first = in_two_tests(lambda kept: asyncio.run(main(kept)))

    assert first.errors.find(ValueError).tags["test"] == "first"


@pytest.fixture
def loop() -> Any:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_a_task_of_a_loop_that_serves_many_tests_belongs_to_its_test(loop: asyncio.AbstractEventLoop) -> None:
    async def main(kept: list[Any]) -> None:
        kept.append(asyncio.create_task(fail()))
        await asyncio.sleep(0)

    first = in_two_tests(
        lambda kept: loop.run_until_complete(main(kept)),
        lambda: (loop.run_until_complete(asyncio.sleep(0)), gc.collect()),
    )

    assert first.errors.find("of the first test").tags["test"] == "first"


def test_a_callback_that_fails_in_a_later_test_belongs_to_the_one_that_asked_for_it(
    loop: asyncio.AbstractEventLoop,
) -> None:
    def boom() -> None:
        raise ValueError("in a callback")

    async def main(kept: list[Any]) -> None:
        asyncio.get_running_loop().call_later(0.001, boom)

    first = in_two_tests(
        lambda kept: loop.run_until_complete(main(kept)),
        lambda: loop.run_until_complete(asyncio.sleep(0.05)),
    )

    assert first.errors.find("in a callback").tags["test"] == "first"


def test_the_future_of_a_gather_belongs_to_the_test_of_its_tasks(loop: asyncio.AbstractEventLoop) -> None:
    async def main(kept: list[Any]) -> None:
        kept.append(asyncio.gather(fail("gathered"), asyncio.sleep(0)))
        await asyncio.sleep(0.001)

    first = in_two_tests(
        lambda kept: loop.run_until_complete(main(kept)),
        lambda: (loop.run_until_complete(asyncio.sleep(0)), gc.collect()),
    )

    assert first.errors.find("gathered").tags["test"] == "first"


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_an_async_generator_that_is_collected_unfinished_ends_in_the_test_that_began_it(
    loop: asyncio.AbstractEventLoop, in_a_cycle: bool
) -> None:
    async def generator(holder: list[Any] | None) -> AsyncIterator[list[Any] | None]:
        try:
            yield holder
        finally:
            await asyncio.sleep(0)
            sentry_sdk.capture_message("the generator ended")
            raise ValueError("and failed")

    async def main(kept: list[Any]) -> None:
        holder: list[Any] = []
        holder.append(generator(holder if in_a_cycle else None))
        await anext(holder[0])
        kept.append(holder)

    async def turn() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    first = in_two_tests(
        lambda kept: loop.run_until_complete(main(kept)),
        lambda: (gc.collect(), loop.run_until_complete(turn()), gc.collect()),
    )

    assert first.messages.find("the generator ended")
    assert first.errors.find(ValueError)
    assert {event.tags["test"] for event in first} == {"first"}


_request: ContextVar[str] = ContextVar("request", default="none")


async def leave_a_generator(seen: list[str]) -> None:
    async def generator() -> AsyncIterator[None]:
        try:
            yield
            yield
        finally:
            seen.append(_request.get())
            sentry_sdk.capture_message("the generator ended")

    _request.set("r1")
    with sentry_sdk.isolation_scope() as scope:
        scope.set_tag("request", "r1")
        async for _ in generator():
            break
        for _ in range(20):
            await asyncio.sleep(0)


def test_an_async_generator_that_its_task_leaves_ends_in_the_context_of_the_task(
    sentry_events: SentryEvents,
) -> None:
    seen: list[str] = []
    sentry_sdk.init(DSN)
    asyncio.run(leave_a_generator(seen))

    assert seen == ["r1"]
    assert sentry_events.messages.find("the generator ended").tags["request"] == "r1"


def test_an_async_generator_in_a_loop_that_an_earlier_test_started_belongs_to_its_own_test(
    loop: asyncio.AbstractEventLoop,
) -> None:
    seen: list[str] = []
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    with capture() as first:
        thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    with capture() as second:
        sentry_sdk.init(DSN)
        asyncio.run_coroutine_threadsafe(leave_a_generator(seen), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    assert second.messages.find("the generator ended")
    assert seen == ["r1"]
    assert not first


def test_a_future_without_a_context_belongs_to_the_test_that_closed_its_loop() -> None:
    async def main(kept: list[Any]) -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("in a future"))
        kept.append(future)

    first = in_two_tests(lambda kept: asyncio.run(main(kept)))

    assert first.errors.find("in a future").tags["test"] == "first"


def test_a_future_without_a_context_of_a_loop_that_lives_on_belongs_to_the_running_test(
    loop: asyncio.AbstractEventLoop,
) -> None:
    # As docs/limits.md says: what would be nearer the truth costs more than the future.
    with capture() as first:
        future = loop.create_future()
        future.set_exception(ValueError("in a future"))
    with capture() as second:
        sentry_sdk.init(DSN, integrations=[LoggingIntegration(event_level=logging.ERROR)])
        del future
        gc.collect()
        assert second.errors.find("in a future")
    assert not first


def test_what_is_collected_in_its_own_test_belongs_to_it(sentry_events: SentryEvents) -> None:
    async def main() -> None:
        asyncio.create_task(fail("at once"))  # noqa: RUF006
        await asyncio.sleep(0)

    sentry_sdk.init(DSN, integrations=[LoggingIntegration(event_level=logging.ERROR)])
    asyncio.run(main())
    gc.collect()

    assert sentry_events.errors.find("at once")


def test_a_task_of_an_isolated_asyncio_case_belongs_to_its_test(run: Run) -> None:
    result = run(
        test_it="""
            import asyncio, gc, unittest, pytest, sentry_sdk
            from sentry_sdk.integrations.logging import LoggingIntegration
            kept = []

            async def fail(): raise ValueError("of test_a")

            @pytest.mark.usefixtures("sentry_events")
            class Case(unittest.IsolatedAsyncioTestCase):
                def setUp(self):
                    sentry_sdk.init(integrations=[LoggingIntegration(event_level="ERROR")])
                async def test_a(self):
                    kept.append(asyncio.create_task(fail()))
                    await asyncio.sleep(0)
                async def test_b(self):
                    kept.clear()
                    gc.collect()
                    assert not self.sentry_events
        """,
    )

    result.assert_outcomes(passed=2)
    # sentry-sdk 3 sends the record as a log, too.
    result.stdout.fnmatch_lines(["Sentry: * came after *:", "  error *of test_a* of *::test_a*"])
    result.stdout.no_fnmatch_line("* of *::test_b*")


def test_the_own_handler_of_a_loop_is_called_as_ever(sentry_events: SentryEvents) -> None:
    said: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: said.append(context["message"])
        )
        asyncio.create_task(fail())  # noqa: RUF006
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(main())

    assert said == ["Task exception was never retrieved"]
    assert not sentry_events
