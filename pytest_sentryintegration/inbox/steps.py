"""Work in steps that may block: run one after the other, or in a thread while an asyncio loop goes on."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

__unittest = True  # hides the frames of this module in unittest's tracebacks

R = TypeVar("R")

Step: TypeAlias = Callable[[], Any]
"""Something that may block."""

# Bound now, so that a test that replaces time.sleep does not make waits spin.
_sleep = time.sleep


def pause(seconds: float) -> None:
    """Sleep for so many seconds of real time; not at all for the shortest times."""
    if seconds > 0.001:
        _sleep(seconds)


def run(steps: Generator[Step, Any, R]) -> R:
    """Call each step that *steps* yields, send it what the step returned, and return its result."""
    __tracebackhide__ = True
    result: Any = None
    try:
        while True:
            result = steps.send(result)()
    except StopIteration as stop:
        value: R = stop.value
        return value


async def run_async(steps: Generator[Step, Any, R]) -> R:
    """Do what `run` does, each step in a thread of the loop's executor: the loop never waits.

    No clock of the loop is asked, as that may be frozen.
    """
    __tracebackhide__ = True
    loop = asyncio.get_running_loop()
    result: Any = None
    try:
        while True:
            step = steps.send(result)
            result = await loop.run_in_executor(None, contextvars.copy_context().run, step)
    except StopIteration as stop:
        value: R = stop.value
        return value
