"""Transactions and spans: starting, finishing, and handing them to other threads and tasks."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeAlias, TypeVar, overload

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration._finishing import divide
from sentryintegration._guard import failed, guarded, repaired, shown
from sentryintegration._handles import Handle, finish_with, headers_of
from sentryintegration._headers import outgoing
from sentryintegration._ledger import ledger_of
from sentryintegration._nesting import Mark, Node, copy_tracing, mark_of, put_mark, tree_of
from sentryintegration._sdk import is_absent
from sentryintegration._starting import AUTO, Auto, start

T = TypeVar("T")

Tags: TypeAlias = "Mapping[str, Any] | Iterable[tuple[str, Any]]"
Headers: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"


@overload
def start_transaction(
    func: None = None,
    /,
    *,
    name: str = "",
    op: str | None = None,
    description: str | None = None,
    tags: Tags | None = None,
    data: Mapping[str, Any] | None = None,
    trace_id: str | uuid.UUID | Auto | None = AUTO,
    parent_span_id: str | None = None,
    headers: Headers | None = None,
) -> Handle: ...


@overload
def start_transaction(
    func: Callable[[Handle], T],
    /,
    *,
    name: str = "",
    op: str | None = None,
    description: str | None = None,
    tags: Tags | None = None,
    data: Mapping[str, Any] | None = None,
    trace_id: str | uuid.UUID | Auto | None = AUTO,
    parent_span_id: str | None = None,
    headers: Headers | None = None,
) -> T: ...


def start_transaction(
    func: Callable[[Handle], Any] | None = None,
    /,
    *,
    name: str = "",
    op: str | None = None,
    description: str | None = None,
    tags: Tags | None = None,
    data: Mapping[str, Any] | None = None,
    trace_id: str | uuid.UUID | Auto | None = AUTO,
    parent_span_id: str | None = None,
    headers: Headers | None = None,
) -> Any:
    """Start a transaction, or a span inside the active one.

    With a name it is a new transaction; without, while a span is active, a child of that; without either, a
    transaction named by its description or op. What was active before is active again when it finishes.

    A transaction is sent when its last open span has finished, so that spans may outlive it. A framework's
    transaction, or one of plain ``sentry_sdk``, waits for nothing: a span that outlives it is sent as a
    transaction of the same trace, with what is below it. :func:`close` and the exit of the interpreter send
    what is open; a forked process sends only what it started itself. A span whose handle is dropped
    unfinished is finished at that moment.

    There are limits. The SDK keeps ``max_spans`` of a transaction (1,000 by default, in ``_experiments``).
    30 seconds after its end a transaction is sent with what is finished, and what is open goes on as with a
    framework's. Spans of the SDK's integrations are not waited for: those that are open when their
    transaction is sent are lost.

    >>> with start_transaction(name="checkout", op="http.server") as transaction:
    ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
    ...         rows = 3
    ...     transaction.set_data("rows", rows)
    >>> start_transaction(lambda transaction: 6 * 7, name="nightly", op="task")
    42

    Args:
        func: Called with the handle; its value is returned. Awaitable when it is a coroutine function.
        name: The name of a new transaction, up to 200 characters.
        op: What kind of operation it is, such as ``"db.query"``, up to 128 characters.
        description: What exactly is done, up to 8,192 characters.
        tags: A mapping or pairs; of this transaction or span alone.
        data: A mapping; its values are JSON data.
        trace_id: 32 hexadecimal digits or a ``UUID``, to start a transaction in that trace; ``None``
            suppresses tracing in this transaction and all that it contains.
        parent_span_id: 16 hexadecimal digits: the span, of another process say, that this one is under.
        headers: The headers of an incoming request, whose trace the transaction continues.
    """
    __tracebackhide__ = True
    if func is None:
        return start(name, op, description, tags, data, trace_id, parent_span_id, headers)
    given = (name, op, description, tags, data, trace_id, parent_span_id, headers)
    if not callable(func):
        repaired("start_transaction was given %s, which cannot be called", shown(func))
        return start(func if isinstance(func, str) and not name else name, *given[1:])
    if inspect.iscoroutinefunction(func):
        return _run_async(func, given)
    with start(*given) as handle:
        return func(handle)


async def _run_async(func: Callable[[Handle], Awaitable[T]], given: tuple[Any, ...]) -> T:
    __tracebackhide__ = True
    with start(*given) as handle:
        return await func(handle)


def finish_transaction(t: Handle | None) -> None:
    """Finish a transaction or span, from any thread or task; a second time it has no effect.

    A transaction is sent when its last open span has finished, and keeps its own end time.

    >>> t = start_transaction(name="MyApp", op="lifetime")
    >>> finish_transaction(t)
    >>> finish_transaction(None)
    """
    finish_with(t, None)


def set_task_transaction(t: Handle | None) -> AbstractContextManager[None]:
    """Make *t* the parent of what is started in the calling thread or asyncio task.

    Once *t* is sent, a start there continues its trace as a new transaction. The value is a context
    manager that undoes it, for threads of a pool, which serve others next:

    >>> t = start_transaction(name="MyApp", op="lifetime")
    >>> def work():
    ...     with set_task_transaction(t), start_transaction(op="work"):
    ...         pass
    >>> finish_transaction(t)
    """
    if isinstance(t, Handle):
        node = t._node
        if node is not None:
            try:
                return _adopt(node)
            except Exception:
                failed("set_task_transaction")
    elif t is not None:
        repaired("set_task_transaction was given %s, which is no transaction", shown(t))
    return _Undo(None, None)


@guarded(dict)
def trace_headers() -> dict[str, str]:
    """Return the headers by which an outgoing request continues the active trace.

    ``sentry-trace``, ``traceparent`` and, if it is not empty, ``baggage``. No headers when Sentry is not
    initialised.

    >>> with start_transaction(name="caller"):
    ...     headers = trace_headers()
    """
    client = sentry_sdk.get_client()
    if is_absent(client):
        return {}
    scope = sentry_sdk.get_current_scope()
    ledger = ledger_of(client)
    backend = ledger.backend if ledger is not None else None
    active = backend.active(scope) if backend is not None else None
    if backend is not None and active is not None:
        mark = mark_of(scope)
        tree = tree_of(active, mark.node if mark is not None else None, backend)
        headers = headers_of(backend, active, suppressed=tree is not None and tree.suppressed)
        if headers:
            return headers
    headers = dict(getattr(scope, "iter_trace_propagation_headers", dict)())
    return outgoing(headers["sentry-trace"], headers.get("baggage")) if "sentry-trace" in headers else {}


def _adopt(node: Node) -> AbstractContextManager[None]:
    previous = sentry_sdk.get_current_scope()
    scope = previous.fork()
    with node.tree.lock:
        divide(node.tree)
    tree = node.tree
    if tree.is_over() and not (tree.suppressed and not tree.sent):
        scope._span = None
        scope._transaction = None
        scope._transaction_info = {}
        put_mark(scope, Mark(None, (tree, node.span), explicit=True))
    else:
        copy_tracing(scope, node.scope, Mark(node, explicit=True))
        scope._span = node.span
        scope._propagation_context = node.scope._propagation_context
    Scope.set_current_scope(scope)
    return _Undo(scope, previous)


class _Undo(AbstractContextManager[None]):
    """Makes the scope current that was so before :func:`set_task_transaction`."""

    __slots__ = ("_previous", "_scope")

    def __init__(self, scope: Any, previous: Any) -> None:
        self._scope = scope
        self._previous = previous

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc_info: object) -> None:
        if self._previous is not None:
            try:
                Scope.set_current_scope(self._previous)
            except Exception:
                failed("set_task_transaction")
