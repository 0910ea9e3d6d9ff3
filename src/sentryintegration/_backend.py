"""What the facade needs of a tracing API; a backend has no state, all it knows is in scopes and spans."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, ClassVar

from sentryintegration._headers import Remote, outgoing
from sentryintegration._internals import Part

UNLABELED = "<unlabeled transaction>"


class Backend:
    """What the facade needs of a tracing API.

    Spans that will be sent are started with an id. The SDK makes one when it is first asked for it: of
    threads that start children at once, each would get another, and the children of all but one no parent.
    """

    needs: Part
    """What it needs of the SDK beyond documented calls."""

    holds_root: ClassVar[bool]
    """Whether a transaction has to wait for its spans, since they are sent inside it."""

    scope_attribute: ClassVar[str]
    """Where a span keeps the scope that it was started on."""

    def active(self, scope: Any) -> Any:
        """Return the active span of *scope*, or ``None``."""
        raise NotImplementedError

    def root_of(self, span: Any) -> Any:
        """Return the transaction or segment that *span* belongs to; ``None`` for an orphan."""
        raise NotImplementedError

    def is_over(self, span: Any) -> bool:
        """Say whether a child of *span* would be lost, since its transaction is finished."""
        raise NotImplementedError

    def start_root(
        self,
        scope: Any,
        name: str,
        op: str | None,
        description: str | None,
        remote: Remote | None,
        data: Any,
        *,
        traced: bool,
    ) -> Any:
        """Start a transaction on *scope* and activate it there; not *traced* where tracing is off."""
        raise NotImplementedError

    def start_suppressed(self, scope: Any, name: str) -> Any:
        """Start a transaction on *scope* that is never sent, nor anything inside it."""
        raise NotImplementedError

    def start_child(self, scope: Any, parent: Any, op: str | None, description: str | None) -> Any:
        """Start a child of *parent* on *scope* and activate it there."""
        raise NotImplementedError

    def set_tag(self, span: Any, key: str, value: str) -> None:
        """Set a tag of a span."""
        raise NotImplementedError

    def set_data(self, span: Any, key: str, value: Any) -> None:
        """Set a datum of a span."""
        raise NotImplementedError

    def set_status(self, span: Any, status: str) -> None:
        """Set the status of a span, one of Sentry's words."""
        raise NotImplementedError

    def rename(self, span: Any, name: str, *, root: bool) -> None:
        """Give a transaction another name, or a child another description."""
        raise NotImplementedError

    def name_of(self, span: Any, *, root: bool) -> str:
        """Return the name of a transaction, or the description of a child."""
        raise NotImplementedError

    def finish(self, span: Any, scope: Any, end: datetime | None = None) -> None:
        """Finish a span, and send it where it is sent by itself."""
        raise NotImplementedError

    def is_busy(self) -> bool:
        """Say whether this thread is where the SDK drops what is finished now, without a word."""
        return False

    def send(self, span: Any, scope: Any, isolation: Any, took: int) -> None:
        """Finish a transaction that waited for its spans, with the scopes under which it ran.

        *took* is in nanoseconds.
        """
        raise NotImplementedError

    def put_back_instead(self, scope: Any, old: Any, new: Any) -> None:
        """Have the SDK's spans that were entered inside *old* on *scope* put back *new* when they end."""
        raise NotImplementedError

    def promote(self, span: Any, scope: Any, name: str) -> Any:
        """Make a transaction of an open span whose own transaction was sent without it."""
        raise NotImplementedError

    def move(self, span: Any, scope: Any, root: Any) -> Any:
        """Make an open span part of the transaction *root*, below the span that it is below now."""
        raise NotImplementedError

    def tags(self, span: Any) -> dict[str, str]:
        """Return the tags of a span."""
        raise NotImplementedError

    def sampled(self, span: Any) -> bool | None:
        """Return the sampling decision that *span* is under."""
        raise NotImplementedError

    def headers(self, span: Any) -> dict[str, str]:
        """Return the headers that make *span* the parent in another process."""
        items = {}
        for name, value in span._iter_headers() if hasattr(span, "_iter_headers") else span.iter_headers():
            items[name] = value
        return outgoing(items["sentry-trace"], items.get("baggage")) if "sentry-trace" in items else {}

    def remote_of(self, span: Any) -> Remote:
        """Return what continues the trace of *span* in a transaction of its own."""
        return Remote(span.trace_id, span.span_id, self.sampled(span), self.headers(span).get("baggage"))


def new_trace_id() -> str:
    """Return an id for a trace; the SDK makes it by way of a UUID, in eight times the time.

    Not from `random`, which applications seed.
    """
    return os.urandom(16).hex()


def new_span_id() -> str:
    """Return an id for a span, as :func:`new_trace_id`."""
    return os.urandom(8).hex()


def sentry_trace(remote: Remote) -> str:
    """Return the ``sentry-trace`` header of a trace with a parent."""
    flag = "" if remote.sampled is None else f"-{int(remote.sampled)}"
    return f"{remote.trace_id}-{remote.parent_span_id}{flag}"
