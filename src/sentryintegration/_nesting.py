"""Which span is inside which: nodes on scopes, and the trees that they are in.

A start forks the current scope, activates its span on the fork and makes the fork current, so that what
was current before stays as it was and can be current again. The fork carries a :class:`Mark`, by which
the next start finds the node; threads and tasks that copy the scope copy the mark with it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection
from typing import Any

from sentry_sdk import Scope

from sentryintegration import _process, _repair
from sentryintegration._backend import Backend
from sentryintegration._fitting import fit_transaction

# `threading.RLock` is a function of Python, 0.5 µs of each transaction.
RLock = type(threading.RLock())


class Tree:
    """One transaction and the spans under it that are open.

    A *borrowed* tree is one of a framework or of plain ``sentry_sdk``: the facade put spans into it, and
    does not decide when it is sent.
    """

    borrowed = False
    suppressed = False
    distributed = False
    sent = False
    late = False
    """Whether its root was a span whose own transaction was sent without it."""
    ended: int | None = None
    """By ``perf_counter_ns``, where the transaction waits for its spans."""
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
        self.lock = RLock()
        self.open: set[Node] = set()
        self.pid: int = ledger.pid
        if backend.holds_root:
            # A transaction that waits for spans may be sent during another request.
            self.isolation = Scope.get_isolation_scope()

    def is_over(self) -> bool:
        """Say whether a child started now would be lost."""
        if self.borrowed:
            return self.backend.is_over(self.root)
        return self.sent or self.pid != _process.pid

    def __del__(self) -> None:
        if self.top is not None and not self.top.done:
            self.ledger.abandoned(self.top)


class Node:
    """One span that the facade started."""

    # Defaults of the class, not set in `__init__`: one is made for each span.
    is_root = False
    started: int | None = None
    """By ``perf_counter_ns``, where the SDK does not measure how long the span takes."""
    shared = False
    """Whether its scope may still be current somewhere after its end."""
    done = False
    dropped = False
    followers: Collection[weakref.ref[Node]] = ()
    """Finished nodes whose scopes show this one's span, and may still be current somewhere."""

    def __init__(self, tree: Tree, span: Any, scope: Any, previous: Any, outer: Node | None) -> None:
        self.tree = tree
        self.span = span
        self.scope = scope
        self.previous = previous
        """The scope that was current before."""
        self.outer = outer
        """The node of that scope, if it is one of the facade's."""
        self.thread = threading.get_ident()

    def before(self) -> Any:
        """Return the scope that was current before, leaving out those of finished spans."""
        scope, outer = self.previous, self.outer
        while outer is not None and outer.done:
            scope, outer = outer.previous, outer.outer
        return scope

    def surrounding(self) -> Any:
        """As :meth:`before`, but with finished transactions that wait for spans: they are still parents."""
        return self.outwards(True)[0]

    def outwards(self, waiting: bool) -> tuple[Any, Node | None]:
        """Return the scope of :meth:`surrounding`, or without *waiting* of :meth:`before`, and its node."""
        scope, outer = self.previous, self.outer
        while outer is not None and outer.done and (not waiting or outer.is_over()):
            scope, outer = outer.previous, outer.outer
        return scope, outer

    def is_over(self) -> bool:
        """Say whether it is finished and no parent any more; a transaction that waits for spans is one."""
        return self.done and (not self.is_root or self.tree.is_over())

    def add_follower(self, left: Node) -> None:
        """Add *left* to the followers, until its scope is gone.

        Not in a WeakSet: while a thread iterates over that, no other may add.
        """
        followers: set[weakref.ref[Node]] = self.__dict__.setdefault("followers", set())
        followers.add(weakref.ref(left, followers.discard))

    def living_followers(self) -> list[Node]:
        """Return the followers whose scopes are not gone."""
        # Not `tuple`: on Python 3.11 it may run the garbage collector amid the set, which then removes some.
        return [left for reference in list(self.followers) if (left := reference()) is not None]


class Mark:
    """An event processor that knows the node of its scope, and completes events with its transaction."""

    __slots__ = ("after", "explicit", "node", "own")

    def __init__(
        self,
        node: Node | None,
        after: tuple[Tree, Any] | None = None,
        explicit: bool = False,
        own: Node | None = None,
    ) -> None:
        self.node = node
        self.after = after
        """The tree that this scope was in, which is sent, and its span: what a start here continues."""
        self.explicit = explicit
        self.own = own
        """The finished node whose scope this is, kept as long as the scope for :attr:`Node.followers`."""

    def __call__(self, event: Any, hint: Any) -> Any:
        """Set the transaction's name, tags and fields, over those of scopes."""
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
    if mark is not None and processors and type(processors[0]) is Mark:
        processors[0] = mark
    else:
        others = [processor for processor in processors if type(processor) is not Mark] if processors else []
        scope._event_processors = others if mark is None else [mark, *others]


def tree_of(span: Any, node: Node | None, backend: Backend) -> Tree | None:
    """Return the tree that *span* belongs to, looked for from *node* outwards."""
    root = backend.root_of(span)
    while node is not None:
        if node.tree.root is root:
            return node.tree
        node = node.outer
    return None


def copy_tracing(scope: Any, source: Any, mark: Mark | None) -> None:
    """Make the active span and the transaction's name on *scope* those of *source*, and put *mark* on it."""
    scope._span = source._span
    scope._transaction = source._transaction
    scope._transaction_info = source._transaction_info.copy()
    put_mark(scope, mark)
