"""What an event loop reports of a task, a callback, a `gather` or an async generator belongs to its test.

asyncio logs an error that nobody waited for when the task is collected, and the error of a callback in the
context in which the loop runs: both may happen while a later test runs. An async generator that was left
unfinished runs to its end in a task that the loop makes once the generator is collected.

A plain future has a context only while it has callbacks; one without belongs to the test that closed its
loop, or to the running one. A note of who made each future would take 1 µs more, and to make one takes
0.6 µs.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from typing import Any, Final

from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.stacklevels import uncounted

_CLOSED_IN: Final = "_sentryintegration_closed_in"
"""The attribute in which a loop has the context in which it was closed."""


def _call_exception_handler(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap the method by which a loop reports errors: the context of the caller may be another test's."""

    @uncounted
    @functools.wraps(original)
    def call_exception_handler(self: Any, context: dict[str, Any]) -> None:
        __tracebackhide__ = True
        current = ownership.current()
        for made_in in (_context_of(context), vars(self).get(_CLOSED_IN)):
            # A copy, since one cannot enter a context twice.
            copied = made_in.copy() if made_in is not None else copy_context()
            if copied.run(ownership.by_context) not in (None, current):
                copied.run(original, self, context)
                return
        original(self, context)

    return call_exception_handler


def _close(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``close``: tasks of `unittest.IsolatedAsyncioTestCase` have a context from before the test."""

    @uncounted
    @functools.wraps(original)
    def close(self: Any) -> None:
        __tracebackhide__ = True
        if ownership.current() is not None and not self.is_closed():
            vars(self)[_CLOSED_IN] = copy_context()
        original(self)

    return close


def _asyncgen_finalizer_hook(original: Callable[..., None]) -> property:
    """Wrap what is called when an async generator is collected unfinished, and makes the task that closes it.

    A generator keeps the hook that the loop gave to Python when it began to run: so the hook has the context
    of the test. A note beside the generator does not last: its weak references go before the hook is called.

    While that run of the loop lasts, the context is that of the place of collection, as without the plugin.
    It is mostly the task that left the generator, with its variables and scopes; and the loop may have been
    started by another test.
    """

    def finalizer_hook(self: Any) -> Callable[[Any], None]:
        hook = functools.partial(original, self)
        if ownership.current() is None:
            return hook
        begun_in = copy_context()

        def finalize(generator: Any) -> None:
            if sys.get_asyncgen_hooks().finalizer is finalize:
                hook(generator)
            else:
                begun_in.copy().run(hook, generator)

        return finalize

    return property(finalizer_hook)


def _context_of(context: Mapping[str, Any]) -> Context | None:
    """Return the context in which the task, future or handle of a report was made, as far as it has one."""
    for name in ("task", "future", "handle"):
        thing = context.get(name)
        if thing is not None:
            # The future of a gather has no context, and keeps its tasks.
            found = (_held_by(each) for each in (thing, *(getattr(thing, "_children", None) or ())))
            return next((each for each in found if each is not None), None)
    return None


def _held_by(thing: Any) -> Context | None:
    get_context = getattr(thing, "get_context", None)
    if get_context is not None:  # Python 3.12 and newer
        found: Context | None = get_context()
        return found
    held = [getattr(thing, "_context", None), *gc.get_referents(thing)]
    return next((each for each in held if isinstance(each, Context)), None)


def wraps() -> list[tuple[Any, str, Callable[..., Any]]]:
    """Return what to wrap, with its wrapper: in the loops of asyncio, and of uvloop where it is imported."""
    loops = asyncio.BaseEventLoop, getattr(sys.modules.get("uvloop"), "Loop", None)
    named: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("call_exception_handler", _call_exception_handler),
        ("close", _close),
        ("_asyncgen_finalizer_hook", _asyncgen_finalizer_hook),
    )
    return [(loop, name, wrap) for loop in loops for name, wrap in named if hasattr(loop, name)]
