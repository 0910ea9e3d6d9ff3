"""Which test something belongs to: by isolation scope, by thread, else the running one."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import Any

from sentry_sdk import scope as sdk_scope
from sentry_sdk.scope import Scope

from pytest_sentryintegration.sdk.stacklevels import uncounted

_CLIENT = Scope.__dict__["client"]
"""The slot of `Scope` that holds its client."""


@dataclass(eq=False)
class Owner:
    """One test (or one capture): whose inbox it is, and which threads and clients came from it."""

    inbox: str
    test: str = ""
    in_memory: bool = False
    """Whether its telemetry is delivered without a socket."""
    fake: Any = None
    """The fake Sentry that has its inbox; ``None`` for that of the running captures."""
    delivered: int = 0
    """How many requests this process has delivered to its inbox."""
    finished: bool = False
    client: Any = None
    """The client that its late threads report with, once it has finished."""
    threads: dict[int, weakref.ref[threading.Thread]] = field(default_factory=dict)
    at_end: list[Callable[[], None]] = field(default_factory=list)
    """What is called, the last first, when it ends."""
    notes: Any = None
    """The `notes.Noticed` on it, once they have begun."""
    elsewhere: list[tuple[str, str]] = field(default_factory=list)
    """While it ran: (thread, test) of what was captured in another test's inbox."""

    def has_live_threads(self) -> bool:
        """Whether a thread that it started still runs."""
        # A copy, because such a thread may start another one meanwhile.
        threads = [thread for reference in list(self.threads.values()) if (thread := reference()) is not None]
        return any(thread.is_alive() for thread in threads)


class OwnedScope(Scope):
    """An isolation scope that knows whose it is, as do the SDK's copies of it for threads and tasks."""

    __slots__ = ("owner",)

    owner: Owner

    @classmethod
    def fork_of(cls, scope: Scope, owner: Owner) -> OwnedScope:
        """Fork *scope*; the fork, and what is forked of it, belongs to *owner*."""
        fork = scope.fork()
        owned = object.__new__(cls)
        owned.owner = owner
        for name in Scope.__slots__:
            value = getattr(fork, name, owned)
            if value is not owned:
                setattr(owned, name, value)
        return owned

    def __copy__(self) -> Scope:
        copied = super().__copy__()
        copied.owner = self.owner  # type: ignore[attr-defined]
        return copied

    @property
    def client(self) -> Any:
        """Its client; after the test, where the SDK finds none any more, the one that the test had last."""
        client = _CLIENT.__get__(self)
        owner = self.owner
        if owner.finished and owner.client is not None and not client.is_active():
            return owner.client
        return client

    @client.setter
    def client(self, client: Any) -> None:
        _CLIENT.__set__(self, client)


_batch: ContextVar[Owner | None] = ContextVar("sentryintegration_batch")
"""Whose telemetry a batcher is sending just now, from whichever thread."""

_adopted: weakref.WeakKeyDictionary[threading.Thread, Owner] = weakref.WeakKeyDictionary()
_started: weakref.WeakKeyDictionary[threading.Thread, Owner] = weakref.WeakKeyDictionary()
_running: list[Owner] = []


def running() -> Owner | None:
    """Return the owner that captures now: the innermost one."""
    return _running[-1] if _running else None


def by_context() -> Owner | None:
    """Return the owner of what the calling thread captures now, ``None`` for the running one."""
    thread = threading.current_thread()
    adopted = _adopted.get(thread)
    if adopted is not None:
        return adopted
    scope = sdk_scope._isolation_scope.get()
    return scope.owner if isinstance(scope, OwnedScope) else _started.get(thread)


def current() -> Owner | None:
    """Return the owner of what is being captured or sent in the calling thread; ``None`` outside tests."""
    try:
        return _batch.get()
    except LookupError:
        return by_context() or running()


@contextmanager
def sending_for(owner: Owner | None) -> Iterator[None]:
    """Have `current` return *owner* inside, in this thread."""
    token = _batch.set(owner)
    try:
        yield
    finally:
        _batch.reset(token)


@uncounted
def in_no_context(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call *function* outside every scope, span and test: threads that it starts belong to no test."""
    context = Context()
    context.run(_batch.set, None)
    return context.run(function, *args, **kwargs)


def adopt(thread: threading.Thread, owner: Owner) -> None:
    """Let what *thread* captures from now on belong to *owner*, until another adopts it."""
    _adopted[thread] = owner
    owner.threads[id(thread)] = weakref.ref(thread)


def begin(owner: Owner) -> None:
    """Make *owner* the running one; threads are marked from now on."""
    if not _running:
        _mark_threads()
    _running.append(owner)


def end(owner: Owner) -> None:
    """End the running of *owner*, and of every one that began inside it and was not ended."""
    if owner in _running:
        del _running[_running.index(owner) :]
    owner.finished = True
    while owner.at_end:
        owner.at_end.pop()()


def _mark_threads() -> None:
    """Wrap ``Thread.start``, once: a thread belongs to the test that started it."""
    original: Callable[[threading.Thread], None] = threading.Thread.start
    if getattr(original, "_sentryintegration", False):
        return

    @uncounted
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        owner = current()
        if owner is not None:
            _started[self] = owner
            owner.threads[id(self)] = weakref.ref(self)
            _enter_scope(self, owner)
        original(self)

    start._sentryintegration = True  # type: ignore[attr-defined]
    threading.Thread.start = start  # type: ignore[method-assign]


def _enter_scope(thread: threading.Thread, owner: Owner) -> None:
    """Where the SDK would make the thread a new isolation scope, make one that knows its owner."""
    run = getattr(thread.run, "__func__", None)
    bound = thread.run if run is None else None

    # The SDK's threading integration calls an instance's `run` with the thread, `threading` calls it without
    # arguments. `current_thread()` is used because a reference here would keep the thread alive.
    def run_with_scope(*_: object) -> None:
        if sdk_scope._isolation_scope.get() is None:
            sdk_scope._isolation_scope.set(
                OwnedScope.fork_of(Context().run(Scope.get_isolation_scope), owner)
            )
        if run is not None:
            run(threading.current_thread())
        elif bound is not None:
            bound()

    thread.run = run_with_scope  # type: ignore[method-assign]
