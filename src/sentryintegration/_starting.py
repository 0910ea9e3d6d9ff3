"""Starting a transaction or span: its arguments, its parent, the trace that it continues."""

from __future__ import annotations

import time
from typing import Any, Final

from sentry_sdk import Scope

from sentryintegration import _repair
from sentryintegration._backend import UNLABELED, Backend
from sentryintegration._fields import sync_fields
from sentryintegration._finishing import after, divide, finish
from sentryintegration._guard import failed
from sentryintegration._handles import Handle, apply_tags
from sentryintegration._headers import Remote, incoming
from sentryintegration._internals import is_off, tracing_failed
from sentryintegration._ledger import Ledger, ledger_of
from sentryintegration._nesting import Mark, Node, Tree, mark_of, put_mark, tree_of
from sentryintegration._sdk import tracing_enabled


class Auto:
    """The type of :data:`AUTO`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "AUTO"


AUTO: Final = Auto()
"""Given as ``trace_id``, and its default: the trace id follows from where the transaction starts."""


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
        client = Scope.get_client()
        ledger = ledger_of(client)
        if ledger is None or is_off():
            return _without_effect(name, description, op)
    except Exception:
        tracing_failed("start_transaction")
        return _without_effect(name, description, op)
    try:
        wanted = _Wanted(name, op, description, data, trace_id, parent_span_id, headers)
    except Exception:
        failed("start_transaction")
        return _without_effect(name, description, op)
    try:
        node = _start(client, ledger, wanted)
    except Exception:
        tracing_failed("start_transaction")
        return _without_effect(name, description, op)
    if tags is not None:
        try:
            apply_tags(node, tags)
        except Exception:
            failed("setting tags")
    return Handle(node)


def _without_effect(*labels: Any) -> Handle:
    for label in labels:
        if label is not None:
            text = label.strip() if type(label) is str else _repair.line(label, _repair.NAME_LIMIT)
            if text:
                return Handle(None, text)
    return Handle(None)


class _Wanted:
    """The arguments of a start, made valid."""

    name = ""
    op: str | None = None
    description: str | None = None
    data: dict[str, Any] | None = None
    remote: Remote | None = None
    suppressed = False

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
        if name is not None and (type(name) is not str or name):
            self.name = _repair.line(name, _repair.NAME_LIMIT)
        if op is not None:
            self.op = _repair.line(op, _repair.OP_LIMIT) or None
        if description is not None:
            self.description = _repair.text(description, _repair.DESCRIPTION_LIMIT) or None
        if data is not None:
            self.data = _repair.pairs_of_data(data)
        self.forced = bool(self.name) or headers is not None
        if trace_id is None:
            self.suppressed = True
        elif trace_id is not AUTO or parent_span_id is not None or headers is not None:
            self.remote = _explicit(trace_id, parent_span_id, headers)
            self.forced = self.forced or self.remote is not None

    @property
    def label(self) -> str:
        """The name of a transaction that is given none: its description or op."""
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
    backend = ledger.backend
    current = Scope.get_current_scope()
    mark = mark_of(current)
    if mark is not None and mark.own is not None and current is mark.own.scope:
        surrounding = mark.own.surrounding()
        if current._span is surrounding._span:
            # Its span was finished elsewhere: go back to the scope before it, or such scopes make a chain.
            current = surrounding
            mark = mark_of(current)
    outer = mark.node if mark is not None else None
    if outer is not None:
        while outer.outer is not None and outer.outer.done:
            # Drop finished nodes from the chain of outer ones, which would grow without end.
            outer.previous, outer.outer = outer.outer.previous, outer.outer.outer
        if outer.dropped and wanted.forced and current is outer.scope and len(outer.tree.open) == 1:
            finish(outer)
            return _start(client, ledger, wanted)
        if outer.tree.borrowed:
            with outer.tree.lock:
                divide(outer.tree)
    tree: Tree | None
    if outer is not None and current._span is outer.span and outer.tree.backend is backend:
        active, tree = outer.span, outer.tree
    else:
        active = backend.active(current)
        tree = tree_of(active, outer, backend) if active is not None else None
    forced = wanted.forced or wanted.suppressed
    if tree is None and active is not None and not forced:
        if not backend.is_over(active):
            tree = Tree(backend, backend.root_of(active), ledger, "")
            tree.borrowed = tree.distributed = True
        elif outer is not None and not outer.done and active.span_id == outer.span.span_id:
            # The current scope was forked before that span became a transaction of its own.
            active, tree = outer.span, outer.tree
    scope = current.fork()
    within = outer if outer is not None and current is outer.scope else None
    node = None
    if tree is not None and (tree.suppressed or not forced):
        node = _start_child(tree, active, scope, current, within, wanted)
    if node is None:
        remote = wanted.remote
        if remote is None and not wanted.suppressed:
            remote = _continued(backend, current, mark, active, tree, named=wanted.forced)
        node = _start_root(client, ledger, remote, scope, current, within, wanted)
        if active is not None and (tree is None or tree.distributed):
            node.tree.distributed = True
    put_mark(scope, Mark(node))
    Scope.set_current_scope(scope)
    return node


def _start_child(
    tree: Tree, parent: Any, scope: Any, current: Any, within: Node | None, wanted: _Wanted
) -> Node | None:
    """Start a child of *parent*; ``None`` where its transaction is sent already."""
    backend = tree.backend
    with tree.lock:
        if tree.is_over() and (tree.sent or not tree.suppressed):
            return None
        if tree.borrowed:
            tree.ledger.id_of(parent)
        span = backend.start_child(scope, parent, wanted.op, wanted.description or wanted.name or None)
        node = Node(tree, span, scope, current, within)
        if tree.borrowed and not tree.open:
            tree.ledger.keep(tree)
        tree.open.add(node)
    if wanted.data:
        for key, value in wanted.data.items():
            backend.set_data(span, key, value)
    return node


def _start_root(
    client: Any,
    ledger: Ledger,
    remote: Remote | None,
    scope: Any,
    current: Any,
    within: Node | None,
    wanted: _Wanted,
) -> Node:
    """Start a transaction that continues *remote*, or a trace of its own."""
    backend, label = ledger.backend, wanted.name or wanted.label
    started = time.perf_counter_ns()
    traced = not wanted.suppressed and tracing_enabled(client.options)
    if wanted.suppressed:
        root = backend.start_suppressed(scope, label)
    else:
        sync_fields(client)
        root = backend.start_root(
            scope, label, wanted.op, wanted.description, remote, wanted.data, traced=traced
        )
    tree = Tree(backend, root, ledger, label)
    if wanted.suppressed:
        tree.suppressed = True
    if remote is not None:
        tree.baggage = remote.baggage
    node = tree.top = Node(tree, root, scope, current, within)
    node.is_root = True
    if backend.holds_root:
        node.started = started
    tree.open.add(node)
    if traced:
        # Of the others nothing will be sent, whoever forgets to finish them.
        ledger.keep(tree)
    return node


def _continued(
    backend: Backend, current: Any, mark: Mark | None, active: Any, tree: Tree | None, *, named: bool
) -> Remote | None:
    """Return the trace that a new transaction continues without being told; ``None`` for one of its own."""
    if active is None:
        if mark is not None and mark.after is not None and (mark.explicit or not named):
            remote = after(*mark.after)
            if remote is not None:
                return remote
        # As `get_active_propagation_context`, which looks for the current scope first, for 1 µs more.
        context: Any = current._propagation_context or Scope.get_isolation_scope()._propagation_context
        if context is None or context.parent_span_id is None:
            return None
        baggage = context.baggage.serialize() if getattr(context, "baggage", None) is not None else None
        return Remote(context.trace_id, context.parent_span_id, context.parent_sampled, baggage)
    if tree is None:
        return backend.remote_of(active) if backend.root_of(active) is not None else None
    if tree.distributed:
        return backend.remote_of(active)
    if tree.is_over() and (not named or (mark is not None and mark.explicit)):
        return after(tree, active)
    return None
