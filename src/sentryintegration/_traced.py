"""The decorator ``traced``: a span around each call of a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration._guard import failed, repaired, shown
from sentryintegration._handles import Handle, finish_with
from sentryintegration._starting import AUTO, start
from sentryintegration._tracing import Tags

P = ParamSpec("P")
R = TypeVar("R")


@overload
def traced(func: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def traced(
    func: str | None = None,
    /,
    *,
    name: str = "",
    op: str | None = None,
    description: str | None = None,
    tags: Tags | None = None,
    data: Mapping[str, Any] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def traced(
    func: Any = None,
    /,
    *,
    name: str = "",
    op: str | None = None,
    description: str | None = None,
    tags: Tags | None = None,
    data: Mapping[str, Any] | None = None,
) -> Any:
    """Put a span around each call of a function, coroutine function, generator or async generator.

    Without a name it is a child span described by the function's qualified name; with one, each call is a
    transaction of that name. A generator's span lasts from its first step to its end, and is active inside
    the generator only.

    >>> @traced
    ... def load(number):
    ...     return number * 2
    >>> load(4)
    8
    >>> @traced(op="db.query")
    ... def query():
    ...     yield 1
    >>> list(query())
    [1]

    Args:
        func: What is decorated; a method, ``staticmethod`` or ``classmethod`` too. A text is the name.
        name: As for `start_transaction`.
        op: As for `start_transaction`.
        description: As for `start_transaction`; by default the qualified name of the function.
        tags: As for `start_transaction`; of each span.
        data: As for `start_transaction`; of each span.
    """

    def decorate(function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(decorate(function.__func__))
        if not callable(function) or isinstance(function, type):
            repaired("traced was given %s, which is no function and is left as it is", shown(function))
            return function
        label = description or getattr(function, "__qualname__", None) or shown(function)
        return _wrapped(function, lambda: start(name, op, label, tags, data, AUTO, None, None))

    if isinstance(func, str):
        name = name or func
        return decorate
    return decorate if func is None else decorate(func)


def _wrapped(function: Any, begin: Callable[[], Handle]) -> Any:
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def in_async_generator(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            span = _Suspended(begin)
            generator = function(*args, **kwargs)
            try:
                with span:
                    value = await generator.__anext__()
                while True:
                    try:
                        sent = yield value
                    except GeneratorExit:
                        with span:
                            await generator.aclose()
                        raise
                    except BaseException as error:
                        with span:
                            value = await generator.athrow(error)
                    else:
                        with span:
                            value = await generator.asend(sent)
            except StopAsyncIteration:
                pass
            except BaseException as error:
                span.error = error
                raise
            finally:
                span.finish()

        return in_async_generator
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def in_generator(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            span = _Suspended(begin)
            generator = function(*args, **kwargs)
            try:
                with span:
                    value = next(generator)
                while True:
                    try:
                        sent = yield value
                    except GeneratorExit:
                        with span:
                            generator.close()
                        raise
                    except BaseException as error:
                        with span:
                            value = generator.throw(error)
                    else:
                        with span:
                            value = generator.send(sent)
            except StopIteration as stop:
                return stop.value
            except BaseException as error:
                span.error = error
                raise
            finally:
                span.finish()

        return in_generator
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):

        @functools.wraps(function)
        async def in_coroutine(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            with begin():
                return await function(*args, **kwargs)

        return in_coroutine

    @functools.wraps(function)
    def in_function(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with begin():
            return function(*args, **kwargs)

    return in_function


class _Suspended:
    """A span that is active during the steps of a generator, but not in the code that iterates over it."""

    __slots__ = ("_handle", "_inside", "_outside", "error")

    def __init__(self, begin: Callable[[], Handle]) -> None:
        outside = _current()
        self._handle = begin()
        self._inside = _current()
        self._outside = outside
        self.error: BaseException | None = None
        _make_current(outside)

    def __enter__(self) -> None:
        self._outside = _current()
        _make_current(self._inside)

    def __exit__(self, *exc_info: object) -> None:
        self._inside = _current()
        _make_current(self._outside)

    def finish(self) -> None:
        """Finish the span; the current scope of the code that iterates stays current."""
        outside = _current()
        finish_with(self._handle, self.error)
        _make_current(outside)


def _current() -> Any:
    try:
        return sentry_sdk.get_current_scope()
    except Exception:
        failed("reading the current scope")
        return None


def _make_current(scope: Any) -> None:
    if scope is not None:
        Scope.set_current_scope(scope)
