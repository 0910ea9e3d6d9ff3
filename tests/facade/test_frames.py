"""No stack trace contains the facade's own frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from sentryintegration import capture_exception, capture_message, start_transaction, traced


def broken(*_: Any) -> None:
    raise KeyError("lost")


async def broken_coroutine(*_: Any) -> None:
    await asyncio.sleep(0)
    raise KeyError("lost")


@traced
def broken_generator() -> Iterator[int]:
    yield 1
    raise KeyError("lost")


@traced
async def broken_async_generator() -> AsyncIterator[int]:
    yield 1
    raise KeyError("lost")


async def exhaust() -> None:
    async for _ in broken_async_generator():
        pass


@pytest.mark.parametrize(
    "call",
    [
        lambda: start_transaction(broken, name="root"),
        lambda: asyncio.run(start_transaction(broken_coroutine, name="root")),
        lambda: traced(broken)(),
        lambda: asyncio.run(traced(broken_coroutine)()),
        lambda: list(broken_generator()),
        lambda: asyncio.run(exhaust()),
    ],
)
@pytest.mark.parametrize("capture", [capture_exception, sentry_sdk.capture_exception])
def test_not_those_of_an_exception(
    sentry_events: SentryEvents, call: Callable[[], Any], capture: Callable[[BaseException], Any]
) -> None:
    try:
        call()
    except KeyError as error:
        capture(error)

    event = sentry_events.errors.find(KeyError)
    assert str(event.exception.frames[-1].function).startswith("broken")
    assert not [
        frame
        for frame in event.exception.frames
        if "src/sentryintegration" in (frame.raw.get("abs_path") or "")
    ]


@pytest.mark.sentry(attach_stacktrace=True)
def test_not_those_of_a_message(sentry_events: SentryEvents) -> None:
    def work(t: Any) -> None:
        capture_message("facade", attachments=["x"], tags={"a": 1})
        sentry_sdk.capture_message("sdk")

    start_transaction(work, name="root")

    for event in sentry_events.messages:
        [thread] = event.raw["threads"]["values"]
        frames = thread["stacktrace"]["frames"]
        assert (
            frames[-1]["function"] == "test_not_those_of_a_message.<locals>.work"
            or frames[-1]["function"] == "work"
        )
        assert not [frame for frame in frames if "src/sentryintegration" in frame["abs_path"]]
