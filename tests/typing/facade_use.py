"""What an application writes on the facade: type checkers find no error, and infer each type."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

import sentryintegration
from sentryintegration import (
    AUTO,
    Attachment,
    Error,
    Handle,
    Info,
    Level,
    Warn,
    capture_exception,
    capture_message,
    close,
    finish_transaction,
    flush,
    init,
    set_tag,
    set_task_transaction,
    start_transaction,
    trace_headers,
    traced,
)


def setting_up() -> None:
    init()
    init(
        "https://key@host/1", traces_sample_rate=1.0, release="1", environment="e", debug=False, dry_mode=True
    )
    init(traces_sampler=lambda context: 0.5, max_breadcrumbs=10)
    set_tag("region", 3)
    sentryintegration.set_tag("release", "1.0")
    assert_type(flush(), bool)
    assert_type(close(timeout=1), bool)


def capturing(data: dict[str, object]) -> None:
    assert_type(capture_message("text"), str | None)
    capture_message("text", Warn, tags={"a": 1}, attachments=[data, "text", b"bytes", Path("file")])
    capture_message("text", "warn", tags=[("a", "b")], attachments=(Attachment(b"x", "name"), ("name", data)))
    capture_message("text", logging.WARNING)
    try:
        raise KeyError
    except KeyError as error:
        assert_type(capture_exception(error, level=Error), str | None)
        capture_exception()
        capture_exception([error, ValueError()])
    assert_type(Level("warn"), Level)
    text: str = Info
    capture_message(text, Info)


def tracing() -> None:
    with start_transaction(name="checkout", op="http.server", tags=[("url", "/")], data={"a": [1]}) as t:
        assert_type(t, Handle)
        t.set_tag("a", 1)
        t.set_data("rows", 3)
        t.set_status("ok")
        t.set_status(404)
        assert_type(t.name, str)
        t.name = "other"
        assert_type(t.trace_id, str)
        assert_type(t.headers(), dict[str, str])
    start_transaction(trace_id=None)
    start_transaction(trace_id=uuid.uuid4(), parent_span_id="b" * 16)
    start_transaction(trace_id=AUTO, headers={"sentry-trace": ""})
    finish_transaction(t)
    finish_transaction(None)
    with set_task_transaction(t):
        assert_type(trace_headers(), dict[str, str])


def work(t: Handle) -> int:
    return len(t.trace_id)


async def work_async(t: Handle) -> int:
    return len(t.trace_id)


async def calling() -> None:
    assert_type(start_transaction(work, name="nightly"), int)
    assert_type(start_transaction(lambda t: t.name), str)
    assert_type(await start_transaction(work_async, name="nightly"), int)


@traced
def plain(a: int, *, b: str) -> float:
    return a + len(b)


@traced(name="job", op="task", tags={"a": 1})
async def coroutine(a: int) -> str:
    return str(a)


@traced(op="gen")
def generator() -> Iterator[int]:
    yield 1


@traced
async def async_generator() -> AsyncIterator[int]:
    yield 1


def tracing_functions() -> None:
    assert_type(plain(1, b=""), float)
    running: Coroutine[Any, Any, str] = coroutine(1)
    assert_type(asyncio.run(running), str)
    assert_type(asyncio.run(coroutine(1)), str)
    assert_type(generator(), Iterator[int])
    assert_type(async_generator(), AsyncIterator[int])
