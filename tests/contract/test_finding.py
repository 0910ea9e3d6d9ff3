"""Section 4: find, where, wait and none, now and while the loop runs."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, span
from tests.contract.sending import child, event, fail, post, root
from tests.integration.conftest import Run


def later(seconds: float, dsn: str, *texts: str) -> threading.Timer:
    """Post events after *seconds*, as another process would."""
    timer = threading.Timer(seconds, lambda: [post(dsn, event(text)) for text in texts])
    timer.start()
    return timer


def test_find_returns_exactly_one(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("b", level="warning")
    assert sentry_events.messages.find("b").level == "warning"
    assert sentry_events.messages.find(level="warning").message == "b"


def test_find_without_criteria_returns_the_only_one(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    assert sentry_events.messages.find().message == "a"


def test_find_of_none_is_an_assertion_error(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    with pytest.raises(AssertionError, match="Expected one message"):
        sentry_events.messages.find("b", timeout=0)


def test_find_of_several_is_an_assertion_error_that_says_how_many(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("a")
    with pytest.raises(AssertionError, match=r"Expected one message.*2"):
        sentry_events.messages.find("a", timeout=0)


def test_find_of_several_does_not_wait(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("a")
    begin = time.monotonic()
    with pytest.raises(AssertionError):
        sentry_events.messages.find("a", timeout=5)
    assert time.monotonic() - begin < 2


def test_find_waits_for_what_other_processes_send(sentry_events: SentryEvents) -> None:
    timer = later(0.2, sentry_events.dsn, "late")
    assert sentry_events.messages.find("late").message == "late"
    timer.join()


def test_find_waits_only_as_long_as_it_is_told(sentry_events: SentryEvents) -> None:
    begin = time.monotonic()
    with pytest.raises(AssertionError, match=r"within 0\.2 s"):
        sentry_events.messages.find("never", timeout=0.2)
    assert 0.2 <= time.monotonic() - begin < 0.9


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, "1", True])
def test_a_time_that_nobody_can_wait_is_an_error_that_shows_it(
    sentry_events: SentryEvents, seconds: Any
) -> None:
    view = sentry_events.messages
    with pytest.raises((TypeError, ValueError), match=r"timeout.*nan|timeout.*inf|-1|'1'|True"):
        view.find("never", timeout=seconds)
    with pytest.raises((TypeError, ValueError), match="timeout"):
        view.wait(1, "never", timeout=seconds)
    with pytest.raises((TypeError, ValueError), match="within"):
        view.none("never", within=seconds)


def test_where_returns_all_matches_as_a_tuple_at_once(sentry_events: SentryEvents) -> None:
    for text in ("a", "b", "a"):
        sentry_sdk.capture_message(text)
    found = sentry_events.messages.where("a")
    assert isinstance(found, tuple)
    assert [seen.message for seen in found] == ["a", "a"]
    begin = time.monotonic()
    assert sentry_events.messages.where("c") == ()
    assert time.monotonic() - begin < 0.5


def test_wait_returns_a_tuple_once_that_many_match(sentry_events: SentryEvents) -> None:
    timer = later(0.1, sentry_events.dsn, "a", "b", "a")
    found = sentry_events.messages.wait(2, "a")
    assert isinstance(found, tuple)
    assert [seen.message for seen in found] == ["a", "a"]
    timer.join()


def test_wait_returns_more_where_more_match(sentry_events: SentryEvents) -> None:
    for _ in range(3):
        sentry_sdk.capture_message("a")
    assert len(sentry_events.messages.wait(2, "a")) == 3


def test_wait_fails_once_its_time_is_over(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    with pytest.raises(AssertionError, match=r"(?s)2 messages.*within 0\.1 s"):
        sentry_events.messages.wait(2, "a", timeout=0.1)


def test_none_passes_where_none_matches(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_events.messages.none("b")


def test_none_fails_where_one_matches_and_shows_it(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("the secret word", level="warning")
    with pytest.raises(AssertionError, match=r"(?s)[Nn]o message.*the secret word"):
        sentry_events.messages.none(level="warning")


def test_none_within_fails_as_soon_as_one_comes(sentry_events: SentryEvents) -> None:
    timer = later(0.1, sentry_events.dsn, "late")
    begin = time.monotonic()
    with pytest.raises(AssertionError):
        sentry_events.messages.none("late", within=5)
    assert time.monotonic() - begin < 2
    timer.join()


def test_none_within_waits_that_long(sentry_events: SentryEvents) -> None:
    begin = time.monotonic()
    sentry_events.messages.none("never", within=0.2)
    assert 0.2 <= time.monotonic() - begin < 0.9


@pytest.mark.asyncio
async def test_find_async_lets_the_loop_run_while_it_waits(sentry_events: SentryEvents) -> None:
    async def work() -> None:
        await asyncio.sleep(0.05)
        sentry_sdk.capture_message("from a task")

    task = asyncio.create_task(work())
    found = await sentry_events.messages.find_async("from a task")
    assert found.message == "from a task"
    await task


@pytest.mark.asyncio
async def test_wait_async_lets_the_loop_run_while_it_waits(sentry_events: SentryEvents) -> None:
    async def work(text: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        sentry_sdk.capture_message(text)

    tasks = [asyncio.create_task(work("a", 0.05)), asyncio.create_task(work("a", 0.1))]
    found = await sentry_events.messages.wait_async(2, "a")
    assert [seen.message for seen in found] == ["a", "a"]
    await asyncio.gather(*tasks)


@pytest.mark.asyncio
async def test_find_async_fails_as_find_does(sentry_events: SentryEvents) -> None:
    with pytest.raises(AssertionError, match=r"Expected one message.*within 0\.1 s"):
        await sentry_events.messages.find_async("never", timeout=0.1)


@pytest.mark.asyncio
async def test_a_coroutine_runs_inside_the_scopes_of_its_test(sentry_events: SentryEvents) -> None:
    sentry_sdk.set_tag("of", "the coroutine")
    await asyncio.to_thread(sentry_sdk.capture_message, "from a thread")
    assert sentry_events.messages.find("from a thread").tags["of"] == "the coroutine"


@pytest.mark.parametrize(
    ("noun", "wrong", "nearest"),
    [
        ("messages", "levl", "level"),
        ("errors", "exeption", "exception"),
        ("transactions", "nmae", "name"),
        ("spans", "descripton", "description"),
        ("traces", "trace", "trace_id"),
        ("logs", "bodi", "body"),
        ("attachments", "file_name", "filename"),
        ("refused", "stauts", "status"),
        ("items", "tipe", "type"),
    ],
)
def test_an_unknown_criterion_is_a_type_error_that_names_the_nearest(
    sentry_events: SentryEvents, noun: str, wrong: str, nearest: str
) -> None:
    view: Any = getattr(sentry_events, noun)
    for ask in (view.find, view.where, view.none):
        with pytest.raises(TypeError, match=rf"{wrong}.*\b{nearest}\b"):
            ask(**{wrong: 1})
    with pytest.raises(TypeError, match=rf"{wrong}.*\b{nearest}\b"):
        view.wait(1, **{wrong: 1})


@pytest.mark.asyncio
async def test_an_unknown_criterion_is_a_type_error_of_the_async_ones_too(
    sentry_events: SentryEvents,
) -> None:
    with pytest.raises(TypeError, match="level"):
        await sentry_events.messages.find_async(levl="warning")
    with pytest.raises(TypeError, match="level"):
        await sentry_events.messages.wait_async(1, levl="warning")


def test_the_first_argument_is_positional_only(sentry_events: SentryEvents) -> None:
    view: Any = sentry_events.messages
    with pytest.raises(TypeError):
        view.find(main="a")


def test_each_noun_is_asked_by_its_own_first_criterion(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    fail(ValueError("oh"))
    with root("checkout", "http.server"), child("db.query", "SELECT 1"):
        pass
    trace = sentry_events.traces.where()[-1]
    assert sentry_events.events.find("oh").exception
    assert sentry_events.errors.find(ValueError) is sentry_events.errors.find("oh")
    assert sentry_events.transactions.find("checkout").op == "http.server"
    assert sentry_events.spans.find("db.query").description == "SELECT 1"
    assert sentry_events.traces.find(trace.trace_id) is trace
    assert len(sentry_events.items.where("event")) == 2


def test_envelopes_are_asked_by_the_type_of_an_item(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("a"), ({"type": "attachment", "filename": "a.txt"}, b"a"))
    post(sentry_events.dsn, event("b"))
    assert len(sentry_events.envelopes.where("event")) == 2
    assert len(sentry_events.envelopes.find("attachment").items) == 2


def test_a_tree_can_be_a_criterion(sentry_events: SentryEvents) -> None:
    for table in ("cart", "user"):
        with root("checkout", "task"), child("db", table):
            pass
    found = sentry_events.transactions.find("checkout", tree=span("task", span("db", "user")))
    assert found is sentry_events.transactions[1]


def test_the_ini_sets_how_long_find_waits(run: Run) -> None:
    test_it = """
        import time, pytest
        def test_short(sentry_events):
            begin = time.monotonic()
            with pytest.raises(AssertionError, match="within 0.1 s"):
                sentry_events.messages.find("never")
            assert time.monotonic() - begin < 0.9
        """
    run(ini="sentry_timeout = 0.1", test_it=test_it).assert_outcomes(passed=1)
