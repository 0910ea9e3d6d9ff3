from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import freezegun
import pytest

from tests.words.inboxes import Held, Received


@contextmanager
def meanwhile(*actions: Callable[[], Any]) -> Iterator[None]:
    """Do these things, one after the other, in another thread."""

    def act() -> None:
        for action in actions:
            time.sleep(0.01)
            action()

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_find_waits_for_what_another_process_sends() -> None:
    received = Received(timeout=10)

    with meanwhile(lambda: received.message("other"), lambda: received.message("one")):
        assert received.events.find("one").message == "one"


def test_find_returns_as_soon_as_there_is_one() -> None:
    received = Received(timeout=60)
    received.message("one")

    assert received.events.find().message == "one"


def test_find_fails_at_once_on_several() -> None:
    received = Received(timeout=60)
    received.message("one")
    received.message("one")

    with pytest.raises(AssertionError, match="2 of 2 events matched"):
        received.events.find("one")


def test_wait_returns_all_that_match() -> None:
    received = Received(timeout=10)
    received.message("one")
    received.message("two")
    received.message("one")

    assert [event.message for event in received.events.wait(1, "one")] == ["one", "one"]
    assert received.events.wait(0, "none of them") == ()


def test_wait_takes_its_timeout_by_position_and_by_name() -> None:
    received = Received(timeout=60)

    with pytest.raises(AssertionError, match="; no message arrived"):
        received.events.messages.wait(2, "one", 0.01)
    with pytest.raises(AssertionError, match="; no message arrived"):
        received.events.messages.wait(2, "one", timeout=0.01)


def test_wait_needs_a_number_first() -> None:
    with pytest.raises(TypeError, match=r"how many to wait for comes first, as in wait\(1, 'one'\)"):
        Received().events.wait("one")  # type: ignore[arg-type]


def test_none_fails_on_what_comes_within_its_time() -> None:
    received = Received()

    with meanwhile(lambda: received.message("one")), pytest.raises(AssertionError) as caught:
        received.events.none("one", within=10)

    assert str(caught.value).splitlines() == [
        "Expected no event matching text='one' within 10.0 s; 1 of 1 event matched:",
        "  1. 'one'",
    ]


def test_none_passes_when_its_time_is_over() -> None:
    Received().events.none("one", within=0.01)


def test_a_wait_sees_what_this_process_sends_later() -> None:
    received = Held(timeout=10)

    with meanwhile(lambda: received.held.append("batched")):
        assert received.events.find("batched").message == "batched"


def test_a_drain_that_failed_is_not_tried_again_in_one_wait() -> None:
    drains: list[int] = []

    def drain() -> list[str]:
        drains.append(1)
        return ["stuck"]

    received = Received(timeout=0.6, drain=drain)

    with pytest.raises(AssertionError, match="- stuck"):
        received.events.find()
    assert len(drains) == 1


def test_waiting_uses_real_time_under_a_frozen_clock() -> None:
    received = Received(timeout=0.05)

    with freezegun.freeze_time("2020-01-01"), pytest.raises(AssertionError, match="within"):
        received.events.find("one")


def test_a_criterion_that_raises_ends_the_wait() -> None:
    received = Received(timeout=60)
    received.message("one")

    with pytest.raises(Exception, match="raised ZeroDivisionError: division by zero; it was given 'error'"):
        received.events.find(level=lambda level: 1 / 0)


def test_the_helpers_are_hidden_from_tracebacks(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        from pytest_sentryintegration.inbox.events import SentryEvents
        from pytest_sentryintegration.inbox.reader import Reader
        from pytest_sentryintegration.inbox.source import StoredInbox
        from pytest_sentryintegration.store import Store

        def test_it():
            inbox = StoredInbox(Store(), "strays")
            inbox.timeout = 0
            SentryEvents(Reader(inbox)).errors.find(ValueError)
    """)
    output = pytester.runpytest("-p", "no:randomly", "-p", "no:asyncio").stdout.str()

    assert "def find" not in output
    assert (
        "E       AssertionError: Expected one error matching exception=ValueError; no error arrived."
        in output
    )


@pytest.mark.asyncio
async def test_find_async_lets_the_loop_run() -> None:
    received = Received(timeout=10)

    async def send() -> None:
        await asyncio.sleep(0.01)
        received.message("one")

    sending = asyncio.create_task(send())
    assert (await received.events.find_async("one")).message == "one"
    await sending


@pytest.mark.asyncio
async def test_wait_async_lets_the_loop_run() -> None:
    received = Received(timeout=10)

    async def send() -> None:
        for text in ("one", "two"):
            await asyncio.sleep(0.01)
            received.message(text)

    sending = asyncio.create_task(send())
    assert len(await received.events.wait_async(2)) == 2
    await sending


@pytest.mark.asyncio
async def test_find_async_fails_as_find_does() -> None:
    received = Received(timeout=0.01)

    with pytest.raises(AssertionError, match="Expected one log matching"):
        await received.events.logs.find_async("x")


@pytest.mark.asyncio
async def test_a_drain_of_find_async_sees_the_context_of_the_test() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outside")
    seen: list[tuple[str, bool]] = []
    loop_thread = threading.current_thread()

    def drain() -> list[str]:
        seen.append((variable.get(), threading.current_thread() is loop_thread))
        return []

    received = Received(drain=drain)
    received.message("one")
    variable.set("inside")
    await received.events.find_async("one")

    assert seen == [("inside", False)]


@pytest.mark.asyncio
async def test_find_async_can_be_cancelled() -> None:
    received = Received(timeout=60)

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(received.events.find_async("one"), 0.02)


def test_many_arrivals_do_not_make_a_wait_search_for_each() -> None:
    received = Received(timeout=30)
    searches: list[int] = []
    containing = received.contents.events.containing

    def slow(needle: bytes) -> Any:
        searches.append(1)
        time.sleep(0.02)
        return containing(needle)

    received.contents.events.containing = slow  # type: ignore[method-assign]
    numbers = [lambda number=number: received.message(str(number)) for number in range(20)]

    with meanwhile(*numbers, lambda: received.message("end")):
        received.events.find("end")
    assert len(searches) < 15
