"""Transactions and spans: starting, finishing, and handing them to other threads and tasks."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, TypeAlias, TypeVar, overload

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration import _repair
from sentryintegration._backends import UNLABELED, Backend, backend_of, is_absent, tracing_enabled
from sentryintegration._fields import sync_fields
from sentryintegration._guard import failed, guarded, log, repaired, shown
from sentryintegration._headers import Remote, incoming, outgoing
from sentryintegration._ledger import Ledger, is_off, ledger_of, switch_off
from sentryintegration._nesting import (
    Mark,
    Node,
    Tree,
    after,
    copy_tracing,
    finish,
    mark_of,
    put_mark,
    tree_of,
)

T = TypeVar("T")

Tags: TypeAlias = "Mapping[str, Any] | Iterable[tuple[str, Any]]"
Headers: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"


class Auto:
    """The type of :data:`AUTO`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "AUTO"


AUTO: Final = Auto()
"""Given as ``trace_id``, and its default: the trace id follows from where the transaction starts."""


class Handle:
    """A transaction or span that :func:`start_transaction` started.

    A context manager, and active from the start also without ``with``. An exception inside sets the
    status and goes on. Where the transaction is suppressed, not sampled, or nobody initialised Sentry,
    a handle does the same without effect. Handles may be passed to any thread or task.
    """

    __slots__ = ("__weakref__", "_ids", "_node")

    def __init__(self, node: Node | None) -> None:
        self._node = node
        self._ids: tuple[str, str] | None = None

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        finish_with(self, error)

    def __del__(self) -> None:
        node = self._node
        if node is None or node.done or sys.is_finalizing():
            return
        if node.is_root:
            node.dropped = True
            return
        try:
            finish(node)
        except Exception:
            failed("finishing a span that nobody holds")

    def __repr__(self) -> str:
        return f"<Handle {self.name!r} trace_id={self.trace_id} span_id={self.span_id}>"

    @guarded(lambda: None)
    def set_tag(self, key: str, value: object) -> None:
        """Set a tag of this transaction or span; ``release``, ``environment``, ``dist`` set the field."""
        if self._node is not None:
            _apply_tags(self._node, [(key, value)])

    @guarded(lambda: None)
    def set_data(self, key: str, value: object) -> None:
        """Set a datum of this transaction or span: anything that JSON holds; the rest becomes text."""
        node = self._node
        if node is not None:
            for name, item in _repair.pairs_of_data([(key, value)]).items():
                node.tree.backend.set_data(node.span, name, item)

    @guarded(lambda: None)
    def set_status(self, status: str | int) -> None:
        """Set the status: one of Sentry's words (``"ok"``, ``"not_found"``, ...) or an HTTP status code."""
        node = self._node
        if node is not None:
            node.tree.backend.set_status(node.span, _repair.status(status))

    @property
    def name(self) -> str:
        """The name of the transaction, or the description of the span; assignable."""
        node = self._node
        return "" if node is None else node.tree.backend.name_of(node.span, root=node.is_root)

    @name.setter
    @guarded(lambda: None)
    def name(self, name: str) -> None:
        node = self._node
        if node is None:
            return
        limit = _repair.NAME_LIMIT if node.is_root else _repair.DESCRIPTION_LIMIT
        valid = _repair.line(name, limit) or UNLABELED
        node.tree.backend.rename(node.span, valid, root=node.is_root)
        if node.is_root and not node.done:
            node.scope._transaction = valid

    @property
    def trace_id(self) -> str:
        """The trace id, 32 hexadecimal digits."""
        return self._identifiers()[0]

    @property
    def span_id(self) -> str:
        """The span id, 16 hexadecimal digits."""
        return self._identifiers()[1]

    def _identifiers(self) -> tuple[str, str]:
        if self._ids is None:
            node = self._node
            if node is not None:
                self._ids = (node.span.trace_id, node.span.span_id)
            else:
                self._ids = (uuid.uuid4().hex, uuid.uuid4().hex[16:])
        return self._ids

    @guarded(dict)
    def headers(self) -> dict[str, str]:
        """Return the headers by which another process continues this trace under this span."""
        node = self._node
        if node is None:
            return {}
        return _headers_of(node.tree.backend, node.span, suppressed=node.tree.suppressed)


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

    With a name it is a new transaction; without, while a span is active, a child of that. What was active
    before is active again when it finishes.

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
        data: A mapping of what JSON holds.
        trace_id: 32 hexadecimal digits or a ``UUID``, to start a transaction in that trace; ``None``
            suppresses tracing in this transaction and all that it contains.
        parent_span_id: 16 hexadecimal digits: the span, of another process say, that this one is under.
        headers: Those of an incoming request, whose trace the transaction continues.
    """
    __tracebackhide__ = True
    given = (name, op, description, tags, data, trace_id, parent_span_id, headers)
    if func is None:
        return start(*given)
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

    ``sentry-trace`` and ``traceparent``, and ``baggage`` where there is something to say; empty when nobody
    initialised Sentry.

    >>> with start_transaction(name="caller"):
    ...     headers = trace_headers()
    """
    client = sentry_sdk.get_client()
    if is_absent(client):
        return {}
    backend = backend_of(client)
    scope = sentry_sdk.get_current_scope()
    active = backend.active(scope)
    if active is not None:
        mark = mark_of(scope)
        tree = tree_of(active, mark.node if mark is not None else None, backend)
        headers = _headers_of(backend, active, suppressed=tree is not None and tree.suppressed)
        if headers:
            return headers
    headers = dict(scope.iter_trace_propagation_headers())
    return outgoing(headers["sentry-trace"], headers.get("baggage")) if "sentry-trace" in headers else {}


def start(
    name: Any,
    op: Any,
    description: Any,
    tags: Any,
    data: Any,
    trace_id: Any,
    parent_span_id: Any,
    headers: Any,
) -> Handle:
    """Start what :func:`start_transaction` describes; never raises."""
    try:
        client = sentry_sdk.get_client()
        if is_absent(client):
            return Handle(None)
        if is_off():
            return Handle(None)
        ledger = ledger_of(client)
        wanted = _Wanted(name, op, description, data, trace_id, parent_span_id, headers)
    except Exception:
        failed("start_transaction")
        return Handle(None)
    try:
        node = _start(client, ledger, wanted)
    except Exception as error:
        _after_failure(error)
        return Handle(None)
    if tags is not None:
        try:
            _apply_tags(node, tags)
        except Exception:
            failed("setting tags")
    return Handle(node)


def finish_with(t: Handle | None, error: BaseException | None) -> None:
    """Finish *t* with the status that *error* means; never raises."""
    try:
        if isinstance(t, Handle):
            node = t._node
            if node is not None and not node.done:
                finish(node, _status_of(error))
        elif t is not None:
            repaired("finish_transaction was given %s, which is no transaction", shown(t))
    except Exception:
        failed("finish_transaction")


class _Wanted:
    """The arguments of a start, made valid."""

    __slots__ = ("data", "description", "forced", "name", "op", "remote", "suppressed")

    def __init__(
        self,
        name: Any,
        op: Any,
        description: Any,
        data: Any,
        trace_id: Any,
        parent_span_id: Any,
        headers: Any,
    ) -> None:
        self.name = _repair.line(name, _repair.NAME_LIMIT) if name is not None else ""
        self.op = _repair.line(op, _repair.OP_LIMIT) or None if op is not None else None
        self.description = None
        if description is not None:
            self.description = _repair.text(description, _repair.DESCRIPTION_LIMIT) or None
        self.data = _repair.pairs_of_data(data) if data is not None else {}
        self.suppressed = trace_id is None
        self.remote = None if self.suppressed else _explicit(trace_id, parent_span_id, headers)
        self.forced = bool(self.name) or headers is not None or self.remote is not None

    @property
    def label(self) -> str:
        """The name of a transaction: its own, or what else is known of it."""
        if self.name:
            return self.name
        return _repair.line(self.description or self.op or "", _repair.NAME_LIMIT) or UNLABELED


def _explicit(trace_id: Any, parent_span_id: Any, headers: Any) -> Remote | None:
    """Return the trace that a call names; explicit ids win over headers."""
    remote = incoming(headers) if headers is not None else None
    if parent_span_id is not None:
        parent = _repair.span_id(parent_span_id)
        if parent is None:
            trace_id, remote = AUTO, None
        elif remote is not None:
            remote = remote._replace(parent_span_id=parent)
        else:
            remote = Remote(None, parent)
        remote = remote or Remote()
    if not isinstance(trace_id, Auto):
        valid = _repair.trace_id(trace_id)
        if valid is None:
            return Remote()
        if remote is None or remote.trace_id != valid:
            explicit_parent = remote.parent_span_id if remote and parent_span_id is not None else None
            return Remote(valid, explicit_parent)
    return remote


def _start(client: Any, ledger: Ledger, wanted: _Wanted) -> Node:
    backend = backend_of(client)
    current = sentry_sdk.get_current_scope()
    mark = mark_of(current)
    outer = mark.node if mark is not None else None
    if outer is not None:
        outer.shorten()
        if outer.dropped and wanted.forced and current is outer.scope and len(outer.tree.open) == 1:
            finish(outer)
            return _start(client, ledger, wanted)
    active = backend.active(current)
    tree = tree_of(active, outer, backend) if active is not None else None
    scope = current.fork()
    within = outer if outer is not None and current is outer.scope else None

    forced = wanted.forced or wanted.suppressed
    if tree is None and active is not None and not forced and not backend.is_over(active):
        tree = Tree(backend, backend.root_of(active), ledger, borrowed=True)
    node = None
    if tree is not None and (tree.suppressed or not forced):
        with tree.lock:
            if not tree.over or (tree.suppressed and not tree.sent):
                description = wanted.description or (wanted.name or None)
                span = backend.start_child(scope, active, wanted.op, description)
                node = Node(tree, span, scope, current, within)
                tree.open.add(node)
        if node is not None:
            for key, value in wanted.data.items():
                backend.set_data(node.span, key, value)
    if node is None:
        remote = None
        if wanted.suppressed:
            root = backend.start_suppressed(scope, wanted.label)
        else:
            sync_fields(client)
            remote = wanted.remote or _continued(backend, current, mark, active, tree, named=wanted.forced)
            root = backend.start_root(scope, wanted.label, wanted.op, wanted.description, remote, wanted.data)
        distributed = active is not None if tree is None else tree.distributed
        tree = Tree(backend, root, ledger)
        tree.suppressed = wanted.suppressed
        tree.distributed = distributed
        tree.first_name = wanted.label
        tree.baggage = remote.baggage if remote is not None else None
        node = tree.top = Node(tree, root, scope, current, within)
        tree.open.add(node)
        ledger.trees.add(tree)
    put_mark(scope, Mark(node))
    Scope.set_current_scope(scope)
    return node


def _continued(
    backend: Backend, current: Any, mark: Mark | None, active: Any, tree: Tree | None, *, named: bool
) -> Remote | None:
    """Return the trace that a new transaction continues without being told; ``None`` for one of its own."""
    if active is None:
        if mark is not None and mark.after is not None and (mark.explicit or not named):
            return mark.after
        context = current.get_active_propagation_context()
        if context.parent_span_id is None:
            return None
        baggage = context.baggage.serialize() if getattr(context, "baggage", None) is not None else None
        return Remote(context.trace_id, context.parent_span_id, context.parent_sampled, baggage)
    if tree is None:
        return backend.remote_of(active) if backend.root_of(active) is not None else None
    if tree.distributed:
        return backend.remote_of(active)
    if tree.over and (not named or (mark is not None and mark.explicit)):
        return after(tree, active)
    return None


def _adopt(node: Node) -> AbstractContextManager[None]:
    previous = sentry_sdk.get_current_scope()
    scope = previous.fork()
    tree = node.tree
    if tree.over and not (tree.suppressed and not tree.sent):
        scope._span = None
        scope._transaction = None
        scope._transaction_info = {}
        put_mark(scope, Mark(None, after(tree, node.span), explicit=True))
    else:
        copy_tracing(scope, node.scope)
        scope._span = node.span
        scope._propagation_context = node.scope._propagation_context
        put_mark(scope, Mark(node, explicit=True))
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


def _apply_tags(node: Node, given: Any) -> None:
    tree, backend = node.tree, node.tree.backend
    valid = _repair.tags(given)
    for key, value in valid.tags.items():
        backend.set_tag(node.span, key, value)
    if node.is_root:
        tree.tags.update(valid.tags)
        tree.fields.update(valid.fields)
    if valid.fields and not backend.holds_root:
        for key, value in valid.fields.items():
            backend.set_tag(node.span, f"sentry.{key}", value)


def _headers_of(backend: Backend, span: Any, *, suppressed: bool) -> dict[str, str]:
    headers = backend.headers(span)
    if suppressed or not headers or tracing_enabled(sentry_sdk.get_client().options):
        return headers
    # With tracing off nothing is decided: another process may sample this trace.
    flags = ("sentry-sampled=", "sentry-sample_rate=", "sentry-sample_rand=")
    items = [item for item in headers.get("baggage", "").split(",") if not item.startswith(flags)]
    return outgoing(f"{span.trace_id}-{span.span_id}", ",".join(items))


def _status_of(error: BaseException | None) -> str | None:
    if error is None or isinstance(error, GeneratorExit):
        return None
    if isinstance(error, SystemExit) and not error.code:
        return None
    if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt)):
        return "cancelled"
    return "internal_error"


def _after_failure(error: Exception) -> None:
    """After a failure because the SDK lacks what the facade needs, leave tracing alone from now on."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    ours = frame is not None and frame.tb_frame.f_globals.get("__name__", "").startswith("sentryintegration.")
    if not ours or not isinstance(error, (AttributeError, TypeError, ImportError, NameError)):
        failed("start_transaction")
        return
    if os.environ.get("SENTRYINTEGRATION_RAISE"):
        raise error
    switch_off()
    log(
        logging.ERROR,
        "tracing is off: sentry-sdk %s lacks what it needs (%s)",
        sentry_sdk.VERSION,
        shown(error),
    )
