"""Finishing spans: when their transaction is sent, and which scope is current afterwards."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import threading
import time
from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from typing import Any

from sentry_sdk import Scope

from sentryintegration import _process, _repair
from sentryintegration._backend import UNLABELED
from sentryintegration._headers import Remote
from sentryintegration._internals import tracing_failed
from sentryintegration._nesting import Mark, Node, Tree, copy_tracing, mark_of, put_mark


def finish(node: Node, status: str | None = None) -> None:
    """Finish the span of *node*, send its tree if that is complete, and go back to what was before."""
    tree, scope = node.tree, node.scope
    if tree.pid != _process.pid:
        # Started before a fork: only the process that started it sends it.
        node.done = True
        restore(node)
        _leave(node)
        return
    current = Scope.get_current_scope()
    in_use = scope._span is not node.span and _is_in_use(node)
    if (
        in_use
        or current is not scope
        or node.thread != threading.get_ident()
        or asyncio._get_running_loop() is not None
    ):
        # Never set back: two threads may finish it at once.
        node.shared = True
    try:
        with tree.lock:
            if node.done:
                return
            if tree.sent or tree.borrowed:
                divide(tree)
            node.done = True
            complete = _finish_span(node, status)
        if complete:
            send(node.tree)
    finally:
        if current is scope and not in_use:
            Scope.set_current_scope(node.before())
        if not node.is_root:
            _leave(node)
            if current is not scope:
                source, mark = node.surrounding(), mark_of(current)
                is_fork = current._span is node.span or (mark is not None and mark.node is node)
                if is_fork and (mark is None or not mark.explicit):
                    _leave_scope(node, current, source, mark_of(source), [node.span])


def finish_collected(node: Node) -> None:
    """Finish a span in a finalizer that Python may run amid anything, as the garbage collector's.

    In a context of its own. Amid the change of a variable of a context, Python 3.10 and 3.11 crash where the
    same context is changed again; amid a capture, the SDK takes no other.
    """
    context = contextvars.Context()
    context.run(Scope.set_current_scope, node.scope.fork())
    if context.run(node.tree.backend.is_busy):
        # Not by `threading`, whose `start` waits for the thread: a finalizer may wait for nothing.
        _thread.start_new_thread(context.run, (_finish_quietly, node))
    else:
        context.run(finish, node)


def _finish_quietly(node: Node) -> None:
    try:
        finish(node)
    except Exception:
        tracing_failed("finishing a span without references")


def _finish_span(node: Node, status: str | None) -> bool:
    """Finish one span, under the lock of its tree; say whether the tree can be sent now."""
    tree = node.tree
    backend = tree.backend
    tree.open.discard(node)
    if status is not None:
        backend.set_status(node.span, status)
    if node.is_root and backend.holds_root:
        tree.ended = time.perf_counter_ns()
    else:
        backend.finish(node.span, node.scope, None if node.started is None else _end(node))
    if tree.borrowed or tree.sent:
        if not tree.open:
            tree.ledger.forget(tree)
        return False
    if tree.open:
        if node.is_root:
            tree.ledger.hold(tree)
        return False
    tree.sent = True
    return True


def send(tree: Tree) -> None:
    """Send a tree that is marked as sent, and take it off the scope that was its own."""
    node = tree.top
    if node is None:
        return
    if tree.backend.holds_root and not tree.suppressed:
        ended = tree.ended or time.perf_counter_ns()
        tree.backend.send(node.span, node.scope, tree.isolation, ended - (node.started or 0))
    tree.top = None
    tree.ledger.forget(tree)
    if node.done:
        _leave(node, sent=True)


def expire(tree: Tree) -> None:
    """Send a tree without the spans that are still open; those continue its trace on their own."""
    with tree.lock:
        if tree.sent:
            return
        tree.sent = True
        divide(tree)
    send(tree)


def end_all(tree: Tree) -> None:
    """Finish every open span of a tree, the transaction last, which sends it."""
    with tree.lock:
        nodes = sorted(tree.open, key=lambda node: node.is_root)
    for node in nodes:
        finish(node)


def divide(tree: Tree, sent: Collection[str] | None = None) -> None:
    """Make transactions of the open spans of a tree that is sent without them; call it under the tree's lock.

    An open span takes along what is open below it. Streamed spans need nothing: each is sent on its own.
    *sent* are the ids of the spans that were sent or will be, where they are known.
    """
    backend = tree.backend
    if not (tree.sent or (tree.borrowed and backend.is_over(tree.root))) or not backend.holds_root:
        return
    nodes = {node.span.span_id: node for node in tree.open if node.span.sampled}
    if sent is not None:
        _leave_out_lost_parents(nodes, sent, tree.root.span_id)
    for lowest in list(nodes.values()):
        branch: list[Node] = []
        higher: Node | None = lowest
        while higher is not None and higher.tree is tree:
            branch.append(higher)
            higher = nodes.get(higher.span.parent_span_id)
        for one in reversed(branch):
            _move(one, nodes.get(one.span.parent_span_id))
    if not tree.open:
        tree.ledger.forget(tree)


def _leave_out_lost_parents(nodes: dict[str, Node], sent: Collection[str], root_id: str) -> None:
    """Move spans whose parent is lost, one of the SDK that was open, to the span above it or to the root."""
    for node in nodes.values():
        span, parent = node.span, node.previous._span
        if span.parent_span_id not in nodes and span.parent_span_id not in sent:
            known = parent is not None and parent.span_id == span.parent_span_id
            above = parent.parent_span_id if known else None
            span.parent_span_id = above if above in nodes or above in sent else root_id


def _move(node: Node, parent: Node | None) -> None:
    """Move an open span out of its tree: below *parent*, which was moved before, or into a new tree."""
    old, span = node.tree, node.span
    backend = old.backend
    if parent is not None:
        tree = parent.tree
        node.span = backend.move(span, node.scope, tree.root)
    else:
        name = _repair.line(span.description or span.op or UNLABELED, _repair.NAME_LIMIT)
        node.span = backend.promote(span, node.scope, name)
        tree = Tree(backend, node.span, old.ledger, name)
        tree.lock, tree.isolation = old.lock, old.isolation
        tree.distributed, tree.late = old.distributed, True
        tree.baggage = backend.headers(node.span).get("baggage")
        tree.extra = _repair.Tags(backend.tags(span), {})
        tree.top, node.is_root = node, True
        tree.ledger.keep(tree)
    so_far = datetime.now(timezone.utc) - span.start_timestamp
    node.started = time.perf_counter_ns() - int(so_far.total_seconds() * 1e9)
    old.open.discard(node)
    tree.open.add(node)
    node.tree = tree
    if node.scope._span is span:
        node.scope._span = node.span
        node.scope._transaction = tree.first_name


def _end(node: Node) -> datetime:
    """Return the end of a span that ends now, by a clock that is never set back."""
    elapsed = time.perf_counter_ns() - (node.started or 0)
    return node.span.start_timestamp + timedelta(microseconds=elapsed / 1000)  # type: ignore[no-any-return]


def after(tree: Tree, span: Any) -> Remote | None:
    """Return what continues the trace of *span* once its tree is sent.

    Nothing does after a suppressed transaction, and the decision against a sampled-out one is its own.
    """
    if tree.suppressed:
        return None
    sampled = tree.backend.sampled(span)
    if not sampled:
        # Without a parent: that span is never sent, and the SDK makes an id only when it is asked for one.
        return Remote(span.trace_id)
    return Remote(span.trace_id, span.span_id, sampled, tree.baggage)


def restore(node: Node) -> None:
    """Make current again what was before *node*, where its scope is current and shows no other span."""
    if Scope.get_current_scope() is node.scope and not _is_in_use(node):
        Scope.set_current_scope(node.before())


def _is_in_use(node: Node) -> bool:
    """Say whether a span of the SDK that was entered inside *node* is still active on its scope."""
    shown = node.scope._span
    if shown is node.span or shown is None:
        return False
    # A finished node leaves its scope with one of these.
    return shown is not node.before()._span and shown is not node.surrounding()._span


def _leave(node: Node, *, sent: bool = False) -> None:
    """Make the scope of a finished span like the one around it, and with it the scopes that follow the span.

    Other threads and tasks may still have them as their current scope, and must not find a finished span
    there. From now on they follow the span around it.
    """
    _follow_outwards(node, node, sent)
    if node.followers:
        for left in node.living_followers():
            _follow_outwards(left, node, sent)


def _follow_outwards(left: Node, ended: Node, sent: bool) -> None:
    """Make the scope of *left*, which shows the span of *ended*, like the one around it, and follow its node.

    Another thread may finish that node at this moment, and finalizers, which come here too, may wait for no
    lock. So this thread changes the scope and adds the follower first, and looks whether the node is over
    afterwards; the other marks it as over first, and changes the scopes of its followers afterwards. Thus
    one of the two sees what the other did, or both; then both do the same.
    """
    shown = [ended.span]
    while True:
        source, around = ended.outwards(not ended.is_root)
        mark = mark_of(source)
        if sent and not ended.tree.suppressed:
            mark = Mark(mark.node if mark is not None else None, (ended.tree, ended.span))
        followed = None
        if left.shared and mark is not None and mark.node is not None and not mark.node.is_over():
            followed = mark.node
            mark = Mark(followed, mark.after, explicit=mark.explicit, own=left)
        if _leave_scope(ended, left.scope, source, mark, shown):
            # Else a transaction would keep the scopes of its spans until it is sent, 1.7 kB each, and the
            # scope of a streamed one, which refers to itself, would wait for the garbage collector. A sent
            # span is in a mark, and must not keep the scope before, in whose mark may be the sent one before.
            setattr(left.span, ended.tree.backend.scope_attribute, None if sent else source)
        if not left.shared:
            return
        if followed is not None:
            followed.add_follower(left)
        over = [node for node in (followed, around) if node is not None and node.is_over()]
        if not over:
            return
        ended = over[0]
        sent = ended.is_root and ended.tree.sent
        shown.append(ended.span)


def _leave_scope(node: Node, scope: Any, source: Any, mark: Mark | None, shown: Collection[Any]) -> bool:
    """Make *scope*, which shows one of the spans *shown*, like *source*; ``False`` if it shows another."""
    active = scope._span
    if active is None or active is source._span or active in shown:
        copy_tracing(scope, source, mark)
        return True
    # A span of the SDK is active on it. When that ends, it puts back what was there before it.
    backend = node.tree.backend
    for each in shown:
        backend.put_back_instead(scope, each, source._span)
    if backend.root_of(active) is node.tree.root:
        scope._transaction, scope._transaction_info = source._transaction, source._transaction_info
    put_mark(scope, mark)
    return False
