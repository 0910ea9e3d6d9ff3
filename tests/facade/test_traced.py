"""The decorator on each kind of function."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any

import pytest

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import Handle, start_transaction, traced

HERE = "test_traced"


@traced
def plain(number: int) -> int:
    """Doubles."""
    with start_transaction(op="inside"):
        return number * 2


@traced(op="db")
async def coroutine() -> int:
    await asyncio.sleep(0)
    with start_transaction(op="inside"):
        return 1


@traced(op="gen")
def generator() -> Generator[int, str, str]:
    with start_transaction(op="inside"):
        received = yield 1
    yield len(received)
    return "end"


@traced(op="agen")
async def async_generator() -> AsyncIterator[int]:
    with start_transaction(op="inside"):
        yield 1
    await asyncio.sleep(0)
    yield 2


class Things:
    @traced(op="method")
    def method(self) -> str:
        return "method"

    @traced(op="class")
    @classmethod
    def of_class(cls) -> str:
        return cls.__name__

    @traced(op="static")
    @staticmethod
    def static() -> str:
        return "static"


@pytest.fixture
def root(sentry_events: SentryEvents) -> Iterator[Handle]:
    with start_transaction(name="root", op="root") as handle:
        yield handle


def tree(sentry_events: SentryEvents) -> Any:
    return sentry_events.transactions.find("root").tree


def test_a_function(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"):
        assert plain(4) == 8

    assert tree(sentry_events) == span("root", span(..., "plain", span("inside")))
    assert (plain.__name__, plain.__doc__) == ("plain", "Doubles.")


def test_a_coroutine_function(sentry_events: SentryEvents) -> None:
    async def main() -> None:
        with start_transaction(name="root", op="root"):
            assert sum(await asyncio.gather(coroutine(), coroutine())) == 2

    asyncio.run(main())

    one = span("db", "coroutine", span("inside"))
    assert tree(sentry_events) == span("root", one, one)
    assert inspect.iscoroutinefunction(coroutine)


def test_a_generator_is_active_inside_only(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"):
        steps = generator()
        assert next(steps) == 1
        with start_transaction(op="between"):
            assert steps.send("four") == 4
        with pytest.raises(StopIteration) as stop:
            next(steps)
        assert stop.value.value == "end"
        with start_transaction(op="after"):
            pass

    assert tree(sentry_events) == span(
        "root", span("gen", "generator", span("inside")), span("between"), span("after"), unordered=True
    )
    assert inspect.isgeneratorfunction(generator)


def test_an_async_generator_is_active_inside_only(sentry_events: SentryEvents) -> None:
    async def main() -> None:
        with start_transaction(name="root", op="root"):
            async for _ in async_generator():
                with start_transaction(op="between"):
                    await asyncio.sleep(0)

    asyncio.run(main())

    assert tree(sentry_events) == span(
        "root", span("agen", span("inside")), span("between"), span("between"), unordered=True
    )
    assert inspect.isasyncgenfunction(async_generator)


@pytest.mark.parametrize("end", ["thrown", "closed"])
def test_an_async_generator_that_is_left_early_is_finished(sentry_events: SentryEvents, end: str) -> None:
    @traced(op="agen")
    async def catching() -> AsyncGenerator[str, None]:
        try:
            yield "first"
        except KeyError:
            yield "caught"

    async def main() -> list[str]:
        with start_transaction(name="root", op="root"):
            steps = catching()
            came = [await steps.__anext__()]
            if end == "thrown":
                came.append(await steps.athrow(KeyError()))
            await steps.aclose()
        return came

    assert asyncio.run(main()) == ["first", "caught"][: 2 if end == "thrown" else 1]
    assert tree(sentry_events) == span("root", span("agen"))


def test_methods_of_each_kind(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"):
        assert (Things().method(), Things.of_class(), Things.static()) == ("method", "Things", "static")

    assert tree(sentry_events) == span(
        "root",
        span("method", "Things.method"),
        span("class", "Things.of_class"),
        span("static", "Things.static"),
    )


def test_a_partial_and_a_callable_object(sentry_events: SentryEvents) -> None:
    class Callable:
        async def __call__(self) -> int:
            return 2

    with start_transaction(name="root", op="root"):
        assert traced(partial(int, "3"))() == 3
        assert asyncio.run(traced(Callable())()) == 2

    assert len(tree(sentry_events).children) == 2


def test_a_name_makes_each_call_a_transaction(sentry_events: SentryEvents) -> None:
    @traced(name="job", op="task")
    def job() -> None:
        pass

    with start_transaction(name="root", op="root"):
        job()

    assert sentry_events.transactions.find("job").op == "task"
    assert tree(sentry_events) == span("root")


def test_a_name_may_be_given_without_its_keyword(sentry_events: SentryEvents, records: list[Any]) -> None:
    @traced("nightly")
    def job() -> int:
        return 7

    assert job() == 7
    assert sentry_events.transactions.find().name == "nightly"
    assert records == []


def test_an_exception_goes_on_and_sets_the_status(sentry_events: SentryEvents, failed: str) -> None:
    @traced(op="broken")
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("lost")

    with start_transaction(name="root", op="root"), pytest.raises(KeyError):
        list(broken())

    assert tree(sentry_events) == span("root", span("broken", description=..., status=failed))


def test_an_exception_thrown_into_a_generator_arrives_there(sentry_events: SentryEvents) -> None:
    @traced(op="gen")
    def catching() -> Iterator[str]:
        try:
            yield "first"
        except KeyError:
            yield "caught"

    steps = catching()
    next(steps)
    assert isinstance(steps, Generator)
    assert steps.throw(KeyError()) == "caught"


def test_a_generator_closed_early_is_finished(sentry_events: SentryEvents) -> None:
    closed = threading.Event()

    @traced(op="gen")
    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    with start_transaction(name="root", op="root"):
        for _ in endless():
            break

    assert closed.is_set()
    assert tree(sentry_events) == span("root", span("gen", description=..., status="ok"))


@pytest.mark.parametrize("given", [42, int])
def test_what_is_no_function_is_left_as_it_is(given: Any, records: list[Any]) -> None:
    assert traced(given) is given
    assert len(records) == 1
