"""Which span is inside which: nodes on scopes, trees that wait for their last open span.

A start forks the current scope, activates its span on the fork and makes the fork current, so that what
was current before stays as it was and can be current again. The fork carries a :class:`Mark`, by which
the next start finds the node; threads and tasks that copy the scope copy the mark with it.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta
from typing import Any

from sentry_sdk import Scope

from sentryintegration import _repair
from sentryintegration._backend import UNLABELED, Backend
from sentryintegration._fitting import fit_transaction
from sentryintegration._headers import Remote
from sentryintegration._internals import tracing_failed
from sentryintegration._static import Static


class Tree:
    """One transaction and the spans under it that are open.

    A *borrowed* tree is one of a framework or of plain ``sentry_sdk``: the facade put spans into it, and
    does not decide when it is sent.
    """

    borrowed = False
    suppressed = False
    distributed = False
    sent = False
    started = 0
    """When it started, by the clock that is never set: in nanoseconds."""
    ended: datetime | None = None
    top: Node | None = None
    baggage: str | None = None
    isolation: Any = None
    extra: _repair.Tags | None = None
    """Tags and fields that belong to the transaction, and win over those of scopes."""

    def __init__(self, backend: Backend, root: Any, ledger: Any, name: str) -> None:
        self.backend = backend
        self.root = root
        self.ledger = ledger
        self.first_name = name
        self.lock = threading.RLock()
        self.open: set[Node] = set()
        self.pid: int = ledger.pid
        if backend.holds_root:
            # Only where a transaction waits for its spans can another request be served when it is sent.
            self.isolation = Scope.get_isolation_scope()

    @property
    def over(self) -> bool:
        """Whether a child started now would be lost."""
        if self.borrowed:
            return self.backend.is_over(self.root)
        return self.sent or self.pid != os.getpid()


class Node:
    """One span that the facade started."""

    __slots__ = ("__weakref__", "done", "dropped", "is_root", "outer", "previous", "scope", "span", "tree")

    def __init__(self, tree: Tree, span: Any, scope: Any, previous: Any, outer: Node | None) -> None:
        self.tree = tree
        self.span = span
        self.scope = scope
        self.previous = previous
        self.outer = outer
        self.is_root = span is tree.root and not tree.borrowed
        self.done = False
        self.dropped = False

    def before(self) -> Any:
        """Return the scope that was current before, past those whose spans are finished by now."""
        scope, outer = self.previous, self.outer
        while outer is not None and outer.done:
            scope, outer = outer.previous, outer.outer
        return scope

    def shorten(self) -> None:
        """Forget finished spans between this one and what was current before: the chain must not grow."""
        while self.outer is not None and self.outer.done:
            self.previous, self.outer = self.outer.previous, self.outer.outer

    def __del__(self) -> None:
        if not self.done and self.is_root:
            try:
                finish(self)
            except Exception:
                tracing_failed("finishing a transaction that nobody holds")


class Mark:
    """An event processor that says which node a scope belongs to, and changes only what must be."""

    __slots__ = ("after", "explicit", "node")

    def __init__(self, node: Node | None, after: Remote | None = None, *, explicit: bool = False) -> None:
        self.node = node
        self.after = after
        """What a start on this scope continues, where the tree that it was in is sent."""
        self.explicit = explicit

    def __call__(self, event: Any, hint: Any) -> Any:
        """Apply what belongs to the transaction over what belongs to scopes."""
        tree = self.node.tree if self.node is not None else None
        if tree is None or tree.borrowed:
            return event
        if event.get("type") == "transaction":
            trace = event.get("contexts", {}).get("trace") or {}
            if trace.get("span_id") == tree.root.span_id:
                fit_transaction(event)
                if tree.extra is not None:
                    event.setdefault("tags", {}).update(tree.extra.tags)
                    event.update(tree.extra.fields)
        elif event.get("transaction") == tree.first_name:
            if tree.sent:
                event.pop("transaction", None)
            else:
                event["transaction"] = tree.backend.name_of(tree.root, root=True)
        return event


def mark_of(scope: Any) -> Mark | None:
    """Return the mark on *scope*."""
    for processor in scope._event_processors:
        if type(processor) is Mark:
            return processor
    return None


def put_mark(scope: Any, mark: Mark | None) -> None:
    """Put *mark* on *scope* in place of the one that is there."""
    processors = scope._event_processors
    if processors and type(processors[0]) is Mark:
        others = processors[1:]
    else:
        others = [processor for processor in processors if type(processor) is not Mark]
    scope._event_processors = others if mark is None else [mark, *others]


def tree_of(span: Any, node: Node | None, backend: Backend) -> Tree | None:
    """Return the tree that *span* belongs to, looked for from *node* outwards."""
    root = backend.root_of(span)
    while node is not None:
        if node.tree.root is root:
            return node.tree
        node = node.outer
    return None


def copy_tracing(scope: Any, source: Any) -> None:
    """Make the active span and the transaction's name on *scope* those of *source*."""
    scope._span = source._span
    scope._transaction = source._transaction
    scope._transaction_info = dict(source._transaction_info)


def finish(node: Node, status: str | None = None) -> None:
    """Finish the span of *node*, send its tree if that is complete, and go back to what was before."""
    tree, foreign = node.tree, False
    try:
        if tree.pid != os.getpid():
            foreign = node.done = True
            return
        with tree.lock:
            if node.done:
                return
            node.done = True
            tree.open.discard(node)
            complete = _finish_span(node, status)
        if complete:
            send(tree)
    finally:
        restore(node)
        if not node.is_root:
            _detach(node, _living(node), None)
        elif foreign:
            _detach(node, node.before(), None)


def _finish_span(node: Node, status: str | None) -> bool:
    """Finish one span, under the lock of its tree; say whether the tree can be sent now."""
    tree, backend = node.tree, node.tree.backend
    if status is not None:
        backend.set_status(node.span, status)
    if isinstance(backend, Static) and not tree.borrowed:
        if node.is_root:
            tree.ended = _now(tree)
        elif tree.sent and node.span.sampled:
            _send_alone(node, backend)
        else:
            backend.finish(node.span, node.scope)
    else:
        backend.finish(node.span, node.scope)
    if not backend.holds_root:
        # When it ends, a streamed span puts the one before it back on its scope, be that alive or not. It is
        # a parent still until its tree is sent; then _detach decides what comes after it.
        node.scope._span = node.span
    if tree.borrowed or tree.sent:
        return False
    if tree.open:
        if node.is_root:
            tree.ledger.hold(tree)
        return False
    tree.sent = True
    return True


def after(tree: Tree, span: Any) -> Remote | None:
    """Return what continues the trace of *span* once its tree is sent.

    Nothing does after a suppressed transaction, and the decision against a sampled-out one is its own.
    """
    if tree.suppressed:
        return None
    sampled = tree.backend.sampled(span)
    if not sampled:
        # Not its span id: nobody will ever see that span, and the SDK makes an id only when it is asked.
        return Remote(span.trace_id)
    # As Remote(...) makes it, in a fourth of the time: this is done at the end of every transaction.
    return tuple.__new__(Remote, (span.trace_id, span.span_id, sampled, tree.baggage))


def expire(tree: Tree) -> None:
    """Send a tree without the spans that are still open; those continue its trace on their own."""
    with tree.lock:
        if tree.sent:
            return
        tree.sent = True
    send(tree)


def end_all(tree: Tree) -> None:
    """Finish every open span of a tree, the transaction last, which sends it."""
    with tree.lock:
        nodes = sorted(tree.open, key=lambda node: node.is_root)
    for node in nodes:
        finish(node)


def send(tree: Tree) -> None:
    """Send a tree that is marked as sent, and take it off the scope that was its own."""
    node = tree.top
    if node is None:
        return
    if isinstance(tree.backend, Static) and not tree.suppressed:
        if tree.ended is None:
            tree.ended = _now(tree)
        if node.span.sampled:
            with _Scopes(node.scope, tree.isolation):
                tree.backend.finish(node.span, node.scope, tree.ended)
        else:
            tree.backend.count_unsampled()
    tree.top = None
    tree.ledger.forget(tree)
    if node.done:
        _detach(node, node.before(), after(tree, node.span))


def _send_alone(node: Node, backend: Static) -> None:
    """Send a child whose transaction went out before it, as a transaction that continues the trace."""
    span = node.span
    backend.finish(span, node.scope)
    transaction = backend.alone(span, node.scope, span.description or span.op or UNLABELED)
    with _Scopes(node.scope, node.tree.isolation):
        backend.finish(transaction, node.scope, span.timestamp)


def _now(tree: Tree) -> datetime:
    """Return the time by which a transaction ends if it ends now: as the SDK measures it."""
    elapsed = time.perf_counter_ns() - tree.started
    return tree.root.start_timestamp + timedelta(microseconds=elapsed / 1000)  # type: ignore[no-any-return]


class _Scopes:
    """Makes two scopes current for the length of a ``with``."""

    __slots__ = ("_current", "_isolation", "_scope", "_was_isolation")

    def __init__(self, scope: Any, isolation: Any) -> None:
        self._scope = scope
        self._isolation = isolation

    def __enter__(self) -> None:
        self._current = Scope.get_current_scope()
        self._was_isolation = Scope.get_isolation_scope()
        Scope.set_current_scope(self._scope)
        Scope.set_isolation_scope(self._isolation)

    def __exit__(self, *exc_info: object) -> None:
        Scope.set_current_scope(self._current)
        Scope.set_isolation_scope(self._was_isolation)


def restore(node: Node) -> None:
    """Make current again what was before *node*, where that is still current."""
    if Scope.get_current_scope() is node.scope:
        Scope.set_current_scope(node.before())


def _living(node: Node) -> Any:
    """Return the scope outside *node* whose span can still have children."""
    scope, outer = node.previous, node.outer
    while outer is not None and outer.done and (not outer.is_root or outer.tree.over):
        scope, outer = outer.previous, outer.outer
    return scope


def _detach(node: Node, source: Any, continued: Remote | None) -> None:
    """Make the scope of a finished span like *source*: tasks may share it, and may not find a dead span."""
    scope = node.scope
    span = scope._span
    if span is not None and span is not node.span and span is not source._span:
        return
    if not node.tree.backend.holds_root:
        # A streamed root refers to itself: with its scope it would wait for the collector of garbage.
        node.span._scope = source
    copy_tracing(scope, source)
    mark = mark_of(source)
    put_mark(scope, mark if continued is None else Mark(mark.node if mark else None, continued))
