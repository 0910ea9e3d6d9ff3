"""The handle of a transaction or span."""

from __future__ import annotations

import asyncio
import gc
import sys
import uuid
from types import TracebackType
from typing import Any

import sentry_sdk

from sentryintegration import _repair
from sentryintegration._backend import UNLABELED, Backend
from sentryintegration._finishing import finish, finish_collected, restore
from sentryintegration._guard import guarded, repaired, shown
from sentryintegration._headers import outgoing
from sentryintegration._internals import tracing_failed
from sentryintegration._nesting import Node
from sentryintegration._sdk import tracing_enabled
from sentryintegration._statuses import status as status_of


class Handle:
    """A transaction or span that :func:`start_transaction` started.

    A context manager, and active from the start also without ``with``. An exception inside sets the status
    (``internal_error``, or ``error`` where spans are streamed) and goes on. Where the transaction is
    suppressed or not sampled, or Sentry is not initialised, a handle does the same without effect. Any thread
    or task may use it.

    >>> with start_transaction(name="checkout", op="http.server") as transaction:
    ...     transaction.name = "/checkout"
    >>> transaction.name, len(transaction.trace_id), len(transaction.span_id)
    ('/checkout', 32, 16)
    """

    __slots__ = ("__weakref__", "_ids", "_label", "_node")

    def __init__(self, node: Node | None, label: str = "") -> None:
        self._node = node
        self._label = label
        """The name, where there is no span that holds it."""
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
        if node.is_root and not node.tree.late:
            node.dropped = True
            return
        try:
            if gc.is_finalized(self):
                # By the garbage collector, which runs amid anything.
                finish_collected(node)
            else:
                finish(node)
        except Exception:
            tracing_failed("finishing a span without references")

    def __repr__(self) -> str:
        return f"<Handle {self.name!r} trace_id={self.trace_id} span_id={self.span_id}>"

    @guarded(lambda: None)
    def set_tag(self, key: str, value: object) -> None:
        """Set a tag of this transaction or span.

        Args:
            key: Its name. ``release``, ``environment`` and ``dist`` set the field itself.
            value: Anything; it is sent as one line of text, of up to 200 characters.

        >>> with start_transaction(name="checkout", op="http.server") as transaction:
        ...     transaction.set_tag("shop", "north")
        """
        if self._node is not None:
            apply_tags(self._node, [(key, value)])

    @guarded(lambda: None)
    def set_data(self, key: str, value: object) -> None:
        """Set a datum *key* of this transaction or span: a *value* that JSON holds; the rest becomes text.

        >>> with start_transaction(name="checkout", op="http.server") as transaction:
        ...     transaction.set_data("rows", 3)
        """
        node = self._node
        if node is not None:
            for name, item in _repair.pairs_of_data([(key, value)]).items():
                node.tree.backend.set_data(node.span, name, item)

    @guarded(lambda: None)
    def set_status(self, status: str | int) -> None:
        """Set the status: one of Sentry's words (``"ok"``, ``"not_found"``, ...) or an HTTP status code.

        >>> with start_transaction(name="checkout", op="http.server") as transaction:
        ...     transaction.set_status(404)
        """
        node = self._node
        if node is not None:
            node.tree.backend.set_status(node.span, status_of(status))

    @property
    def name(self) -> str:
        """The name of the transaction, or the description of the span; assignable."""
        node = self._node
        if node is None:
            return _repair.line(self._label, _repair.NAME_LIMIT) or UNLABELED
        return node.tree.backend.name_of(node.span, root=node.is_root)

    @name.setter
    @guarded(lambda: None)
    def name(self, name: str) -> None:
        node = self._node
        if node is None:
            self._label = _repair.line(name, _repair.NAME_LIMIT)
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
                # The SDK makes those of an unsampled span when asked: for threads that ask at once, others.
                with node.tree.lock:
                    self._ids = (node.span.trace_id, node.span.span_id)
            else:
                self._ids = (uuid.uuid4().hex, uuid.uuid4().hex[16:])
        return self._ids

    @guarded(dict)
    def headers(self) -> dict[str, str]:
        """Return the headers by which another process continues this trace under this span.

        >>> with start_transaction(name="checkout", op="http.server") as transaction:
        ...     headers = transaction.headers()
        >>> headers["sentry-trace"].startswith(transaction.trace_id)
        True
        """
        node = self._node
        if node is None:
            return {}
        self._identifiers()  # the same in all threads, from here on
        return headers_of(node.tree.backend, node.span, suppressed=node.tree.suppressed)


def finish_with(t: Handle | None, error: BaseException | None) -> None:
    """Finish *t* with the status that *error* means; never raises."""
    try:
        if isinstance(t, Handle):
            node = t._node
            if node is None:
                return
            if node.done:
                restore(node)
            else:
                finish(node, None if error is None else _status_of(error))
        elif t is not None:
            repaired("finish_transaction was given %s, which is no transaction", shown(t))
    except Exception:
        tracing_failed("finish_transaction")


def apply_tags(node: Node, given: Any) -> None:
    """Set tags of a span; those that are event fields, of its transaction."""
    tree, backend = node.tree, node.tree.backend
    valid = _repair.tags(given)
    for key, value in valid.tags.items():
        backend.set_tag(node.span, key, value)
    if node.is_root:
        if tree.extra is None:
            tree.extra = valid
        else:
            tree.extra.tags.update(valid.tags)
            tree.extra.fields.update(valid.fields)
    if valid.fields and not backend.holds_root:
        for key, value in valid.fields.items():
            backend.set_tag(node.span, f"sentry.{key}", value)


def headers_of(backend: Backend, span: Any, *, suppressed: bool) -> dict[str, str]:
    """Return the headers by which another process continues *span*."""
    headers = backend.headers(span)
    if suppressed or not headers or tracing_enabled(sentry_sdk.get_client().options):
        return headers
    # With tracing off nothing is decided: another process may sample this trace.
    flags = ("sentry-sampled=", "sentry-sample_rate=", "sentry-sample_rand=")
    items = [item for item in headers.get("baggage", "").split(",") if not item.startswith(flags)]
    return outgoing(f"{span.trace_id}-{span.span_id}", ",".join(items))


def _status_of(error: BaseException) -> str | None:
    if isinstance(error, GeneratorExit):
        return None
    if isinstance(error, SystemExit) and not error.code:
        return None
    if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt)):
        return "cancelled"
    return "internal_error"
