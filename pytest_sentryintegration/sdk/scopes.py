"""Each test starts from forks of the application's scopes as they were; afterwards these are back."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any, Final

from sentry_sdk import scope as sdk_scope
from sentry_sdk.scope import Scope

from pytest_sentryintegration.sdk.ownership import OwnedScope, Owner


@dataclass(frozen=True)
class Saved:
    """The three scopes of the calling context, as they were."""

    globe: Scope | None
    isolation: Scope | None
    current: Scope | None
    processors: tuple[Any, ...]


def save() -> Saved:
    """Take note of the scopes of the calling context."""
    return Saved(
        sdk_scope._global_scope,
        sdk_scope._isolation_scope.get(),
        sdk_scope._current_scope.get(),
        tuple(_global_processors()),
    )


def restore(saved: Saved) -> None:
    """Put back what `save` noted of the process."""
    _entered[:] = [scopes for scopes in _entered if scopes.before is not saved]
    _follow()
    sdk_scope._global_scope = saved.globe
    # The SDK's integrations register theirs once a process: those stay.
    processors = _global_processors()
    if tuple(processors) == saved.processors:
        return
    processors[:] = [
        *saved.processors,
        *(
            processor
            for processor in processors
            if processor not in saved.processors
            and getattr(processor, "__module__", "").startswith("sentry_sdk.")
        ),
    ]


def _global_processors() -> list[Any]:
    return getattr(sdk_scope, "global_event_processors", [])


def restore_context(saved: Saved) -> None:
    """Put back what `save` noted of the calling context."""
    sdk_scope._isolation_scope.set(saved.isolation)
    sdk_scope._current_scope.set(saved.current)


@dataclass(frozen=True)
class TestScopes:
    """The scopes of one test: forks of the application's."""

    __test__ = False  # not a test class, whatever its name says to pytest

    before: Saved
    globe: Scope
    isolation: Scope
    current: Scope

    def enter(self) -> None:
        """Make them the scopes of the calling context, and of those that have the application's."""
        _entered.append(self)
        _follow()
        sdk_scope._global_scope = self.globe
        self.enter_context()

    def enter_context(self) -> None:
        """Make the isolation and the current one those of the calling context."""
        sdk_scope._isolation_scope.set(self.isolation)
        sdk_scope._current_scope.set(self.current)


def fork(saved: Saved, owner: Owner) -> TestScopes:
    """Fork the saved scopes for *owner*, whose the isolation scope and its forks will be.

    Tags, breadcrumbs, processors and clients stay. The trace does not: each test begins one of
    its own, also where ``SENTRY_TRACE`` of the environment had given the process one.
    """
    # A scope that does not exist yet is made by the SDK, in an empty context.
    globe = (saved.globe or Scope.get_global_scope()).fork()
    isolation = OwnedScope.fork_of(saved.isolation or Context().run(Scope.get_isolation_scope), owner)
    isolation.set_new_propagation_context()
    current = (saved.current or Context().run(Scope.get_current_scope)).fork()
    if hasattr(current, "_propagation_context"):
        current._propagation_context = None
    return TestScopes(saved, globe, isolation, current)


class _Followed:
    """One of the SDK's context variables; in contexts that have the application's scope, the test's.

    Such a context was copied before the test: `unittest.IsolatedAsyncioTestCase` copies its when it is made.
    What the test set there would stay for good, and what it set elsewhere would be missing.

    Args:
        variable: the SDK's.
    """

    def __init__(self, variable: ContextVar[Scope | None]) -> None:
        self.variable = variable
        self.set, self.reset = variable.set, variable.reset
        self.get: Callable[..., Scope | None] = variable.get

    def follow(self, application: Scope | None, test: Scope) -> None:
        """Return *test* in contexts that have the scope *application*."""
        get = self.variable.get

        def follow(*default: Any) -> Scope | None:  # called some 80 times a test
            scope = get(*default)
            return test if scope is application else scope

        if application is not None:
            self.get = follow

    def leave(self) -> None:
        """Return what each context has, as no test runs."""
        self.get = self.variable.get


_entered: list[TestScopes] = []


def _follow() -> None:
    variables: dict[str, Any] = {
        "isolation": sdk_scope._isolation_scope,
        "current": sdk_scope._current_scope,
    }
    for name, variable in variables.items():
        if isinstance(variable, _Followed):
            variable.leave()
            if _entered:
                variable.follow(getattr(_entered[0].before, name), getattr(_entered[-1], name))


def follow_contexts() -> Callable[[], None]:
    """Let contexts that were copied before a test have its scopes; returns what undoes it."""
    variables = sdk_scope._isolation_scope, sdk_scope._current_scope
    sdk_scope._isolation_scope, sdk_scope._current_scope = map(_Followed, variables)

    def undo() -> None:
        sdk_scope._isolation_scope, sdk_scope._current_scope = variables

    return undo


def drop_foreign_clients(scopes: TestScopes, is_redirected: Callable[[Any], bool]) -> None:
    """Unbind clients that would keep events from the test.

    pytest-sentry binds a client of its own to the isolation scope of each test; it would shadow
    the application's, which init binds to the global scope.
    """
    for scope in (scopes.isolation, scopes.current):
        if scope.client.is_active() and not is_redirected(scope.client):
            scope.set_client(None)


_ASYNC: Final = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def entering(function: Callable[..., Any], scopes: TestScopes) -> Callable[..., Any]:
    """Wrap a coroutine function or async generator (a test, a fixture) so that it runs inside *scopes*.

    A runner that lives longer than one test keeps the context that it was made in, and with it
    the scopes of an earlier test, or none. Any other function is returned as it is.
    """
    if type(function) is FunctionType and not function.__code__.co_flags & _ASYNC and not vars(function):
        # Nearly every test; to ask `inspect` costs a hundredth of what the plugin adds to it.
        return function
    if inspect.ismethod(function):
        # It stays a method, because runners bind it to the instance of the running test.
        entered = entering(function.__func__, scopes)
        return function if entered is function.__func__ else MethodType(entered, function.__self__)
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def generate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            generator = function(*args, **kwargs)
            with _inside(scopes):
                value = await generator.__anext__()
            yield value
            with _inside(scopes):
                async for value in generator:
                    yield value

        return generate
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            with _inside(scopes):
                return await function(*args, **kwargs)

        return run
    return function


@contextmanager
def _inside(scopes: TestScopes) -> Iterator[None]:
    isolation, current = sdk_scope._isolation_scope.get(), sdk_scope._current_scope.get()
    scopes.enter_context()
    try:
        yield
    finally:
        sdk_scope._isolation_scope.set(isolation)
        sdk_scope._current_scope.set(current)
