"""The open transactions of a client of the SDK, so that none is forgotten.

The ledger is an attribute of the client, and is freed with it.
"""

from __future__ import annotations

import atexit
import contextvars
import heapq
import itertools
import sys
import threading
import time
import weakref
from typing import Any

from sentry_sdk import Scope

from sentryintegration import _process
from sentryintegration._backend import Backend
from sentryintegration._finishing import divide, end_all, expire, finish_collected
from sentryintegration._internals import MARKS, tracing_failed
from sentryintegration._nesting import Node, Tree
from sentryintegration._sdk import is_absent
from sentryintegration._static import STATIC, TRACING
from sentryintegration._streaming import STREAM, V3

PATIENCE = 30.0
"""Seconds that a finished transaction waits for its open spans."""

ATTRIBUTE = "_sentryintegration_ledger"


class Ledger:
    """The open transactions of one client, and those that wait for spans."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        """The tracing API that the client works with."""
        # Weak, so that a transaction without references is finished. A WeakSet is slower.
        self._trees: dict[int, weakref.ref[Tree]] = {}
        self._borrowed: dict[str, dict[int, weakref.ref[Tree]]] = {}
        """By the span id of the framework's transaction."""
        self._id_lock = threading.Lock()
        self.pid = _process.pid
        self._held: list[tuple[float, int, weakref.ref[Tree]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        atexit.register(_at_exit, weakref.ref(self))

    def keep(self, tree: Tree) -> None:
        """Take note of *tree*, which is open from now on."""
        if not tree.borrowed:
            self._trees[id(tree)] = weakref.ref(tree)
            return
        span_id = self.id_of(tree.root)
        self._borrowed.setdefault(span_id, {})[id(tree)] = weakref.ref(tree)
        if self.backend.holds_root:
            _watch_transactions()

    def id_of(self, span: Any) -> str:
        """Return the id of a span of the framework.

        The SDK makes it when it is first asked for: of two threads that start a child at once, each would get
        another id, and one of the children no parent.
        """
        with self._id_lock:
            return span.span_id  # type: ignore[no-any-return]

    def forget(self, tree: Tree) -> None:
        """Take note that nothing is open in *tree* any more."""
        if not tree.borrowed:
            self._trees.pop(id(tree), None)
            return
        span_id = tree.root.span_id
        trees = self._borrowed.get(span_id, {})
        trees.pop(id(tree), None)
        if not trees:
            removed = self._borrowed.pop(span_id, None)
            if removed:
                # Another thread added one meanwhile. A lock here would be waited for by finalisers.
                self._borrowed.setdefault(span_id, {}).update(removed)

    def _open(self) -> list[Tree]:
        references = list(self._trees.values())
        for trees in list(self._borrowed.values()):
            references += list(trees.values())
        return [tree for reference in references if (tree := reference()) is not None]

    def framework_sent(self, span_id: str, spans: list[Any]) -> None:
        """Make transactions of the spans that were open when a framework's transaction was sent."""
        references = list(self._borrowed.get(span_id, {}).values())
        trees = [tree for reference in references if (tree := reference()) is not None]
        there = {span_id, *(span["span_id"] for span in spans)} if trees else set()
        for tree in trees:
            there.update(node.span.span_id for node in list(tree.open))
        for tree in trees:
            with tree.lock:
                divide(tree, there)

    def hold(self, tree: Tree) -> None:
        """Have *tree* sent once :data:`PATIENCE` is over, whatever is open in it then."""
        with self._changed:
            heapq.heappush(self._held, (time.monotonic() + PATIENCE, next(self._order), weakref.ref(tree)))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name="sentryintegration.overdue", daemon=True
                )
                try:
                    # In an empty context: the thread must not keep the caller's scopes.
                    contextvars.Context().run(self._thread.start)
                except RuntimeError:
                    # The interpreter is shutting down: `_at_exit` sends what is open.
                    self._thread = None
            else:
                self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while self._held and _is_settled(self._held[0][2]):
                    heapq.heappop(self._held)
                if not self._held:
                    self._thread = None
                    return
                remaining = self._held[0][0] - time.monotonic()
                if remaining > 0:
                    self._changed.wait(min(remaining, 1.0))
                    continue
                tree = heapq.heappop(self._held)[2]()
            if tree is not None:
                try:
                    expire(tree)
                except Exception:
                    tracing_failed("sending an overdue transaction")

    def end_all(self) -> None:
        """Finish and send everything that is open."""
        if self.pid != _process.pid:
            return
        for tree in self._open():
            try:
                end_all(tree)
            except Exception:
                tracing_failed("finishing an open transaction")

    def abandoned(self, node: Node) -> None:
        """Finish a transaction that has no references any more."""
        try:
            finish_collected(node)
        except Exception:
            tracing_failed("finishing a transaction without references")

    def adopt(self, other: Ledger) -> None:
        """Take over the open transactions of another client's ledger, whose thread then ends."""
        trees = other._open()
        with other._changed:
            other._held.clear()
            other._changed.notify()
        for tree in trees:
            tree.ledger = self
            self.keep(tree)
            if tree.sent:
                # Another thread sent it meanwhile, and may have called `forget` before `keep`.
                self.forget(tree)
            elif tree.ended is not None:
                self.hold(tree)


class Watch:
    """An event processor on the global scope, by which the facade sees a framework's transaction go out."""

    __slots__ = ()

    def __call__(self, event: Any, hint: Any) -> Any:
        """Leave the event as it is."""
        ledger = existing_ledger(Scope.get_client()) if event.get("type") == "transaction" else None
        if ledger is not None:
            try:
                ledger.framework_sent(event["contexts"]["trace"]["span_id"], event["spans"])
            except Exception:
                tracing_failed("keeping spans that outlive their transaction")
        return event


def _watch_transactions() -> None:
    scope = Scope.get_global_scope()
    for processor in scope._event_processors:
        if type(processor) is Watch:
            return
    scope._event_processors = [*scope._event_processors, Watch()]


def backend_of(client: Any) -> Backend:
    """Return the tracing API that *client* works with."""
    if TRACING is None:
        return V3
    options = client.options
    lifecycle = options.get("trace_lifecycle") or (options.get("_experiments") or {}).get("trace_lifecycle")
    return STREAM if lifecycle == "stream" else STATIC


def ledger_of(client: Any) -> Ledger | None:
    """Return the ledger of *client*, in a forked process a new one; ``None`` where tracing is impossible."""
    ledger = client.__dict__.get(ATTRIBUTE)
    if ledger is None or ledger.pid != _process.pid:
        if is_absent(client):
            return None
        backend = backend_of(client)
        if not (MARKS.usable and backend.needs.usable):
            return None
        ledger = Ledger(backend)
        client.__dict__[ATTRIBUTE] = ledger
        if sys.version_info >= (3, 12):
            start_threads(client)
    return ledger  # type: ignore[no-any-return]


def existing_ledger(client: Any) -> Ledger | None:
    """Return the ledger of *client* if it has one."""
    return getattr(client, "__dict__", {}).get(ATTRIBUTE)


def start_threads(client: Any) -> None:
    """Start the threads by which *client* sends, before there is anything to send.

    Started by the first capture, the worker would inherit the span that is active then, and put the SDK's own
    requests into it (a DSN with a port is not recognised as Sentry's). From Python 3.12 on, threads cannot be
    started any more when the exit of the interpreter sends what is open.
    """
    worker: Any = getattr(getattr(client, "transport", None), "_worker", None)
    if type(worker).__name__ == "BackgroundWorker" and hasattr(worker, "start"):
        contextvars.Context().run(worker.start)
    batcher: Any = getattr(client, "span_batcher", None)
    if hasattr(batcher, "_ensure_thread"):
        contextvars.Context().run(batcher._ensure_thread)


def _is_settled(reference: weakref.ref[Tree]) -> bool:
    tree = reference()
    return tree is None or tree.sent


def _at_exit(reference: weakref.ref[Ledger]) -> None:
    ledger = reference()
    if ledger is not None:
        ledger.end_all()
