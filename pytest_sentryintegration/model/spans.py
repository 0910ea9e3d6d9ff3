"""Spans and the transactions that they make up: one model for every way in which they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.matching import differences
from pytest_sentryintegration.model.drawing import draw, one_line
from pytest_sentryintegration.model.events import Attachment, attachments_of
from pytest_sentryintegration.model.every import assert_every
from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.linking import Forest, Registry
from pytest_sentryintegration.model.parts import Part, read_once
from pytest_sentryintegration.model.recorded import RecordedSegment, RecordedSpan
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.sent_spans import root_record
from pytest_sentryintegration.model.snapshots import span_snapshot, transaction_snapshot

__all__ = [
    "NotOneSpan",
    "Span",
    "Transaction",
    "segment_transaction",
    "span_of",
    "transaction_of",
]

_ANY: Any = object()


class NotOneSpan(AssertionError, ValueError):
    """Exactly one span was asked for, and there is none or there are several.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     pass
    >>> sentry_events.transactions.find("checkout").tree.find("db.query")
    Traceback (most recent call last):
    pytest_sentryintegration.model.spans.NotOneSpan: expected one span matching op='db.query' below ...
    """


@dataclass(frozen=True, eq=False, repr=False)
class Span(RecordedSpan):
    """One timed operation, in the tree of its trace.

    There are two reaches: what `Transaction` gives stops at nested transactions, what `Trace` and the inbox
    give does not. Both are the same span, and equal.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
    ...         pass
    >>> query = sentry_events.spans.find("db.query")
    >>> query.description, query.parent.op
    ('SELECT * FROM cart', 'http.server')
    """

    # There may be 100,000 of them, which no dict each makes a third cheaper.
    __slots__ = ("_record", "_whole")

    _record: Record
    _whole: bool

    @property
    def children(self) -> tuple[Span, ...]:
        """The spans directly below, by start time, those of the same start as they were recorded."""
        record, whole = self._record, self._whole
        _forest(record).update()
        shown: tuple[Span, ...] | None = record.whole_children if whole else record.own_children
        if shown is None:
            below = record.children or ()
            shown = tuple([span_of(child, whole) for child in below if whole or not child.is_segment])
            if whole:
                record.whole_children = shown
            else:
                record.own_children = shown
        return shown

    @property
    def parent(self) -> Span | Any:
        """The span directly above; ``None`` where that is missing, or above a transaction's own tree."""
        record = self._record
        _forest(record).update()
        if record.parent is None or (record.is_segment and not self._whole):
            return None
        return span_of(record.parent, self._whole)

    @property
    def transaction(self) -> Transaction | Any:
        """The transaction that it belongs to; ``None`` where that has not come."""
        record = self._record
        segment = _forest(record).segment_of(record)
        return None if segment is None else segment.transaction

    def walk(self) -> Iterator[Span]:
        """Yield the span itself and all below it, depth first.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
        ...         pass
        >>> [span.op for span in sentry_events.transactions.find("checkout").tree.walk()]
        ['http.server', 'db.query']
        """
        stack = [self]
        while stack:
            span = stack.pop()
            yield span
            stack.extend(reversed(span.children))

    def find(self, op: Any = _ANY, **criteria: Any) -> Span:
        """Return the one span below this one that matches.

        Args:
            op: A criterion for the op: text, a compiled pattern, a callable, ...
            criteria: Criteria for further attributes, by name.

        Raises:
            NotOneSpan: None matches, or several do; an `AssertionError`.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
        ...         pass
        >>> sentry_events.transactions.find("checkout").tree.find("db.query").description
        'SELECT * FROM cart'
        """
        if op is not _ANY:
            criteria["op"] = op
        found = [span for span in self.walk() if span is not self and not differences(span, criteria)]
        if len(found) == 1:
            return found[0]
        asked = ", ".join(f"{name}={value!r}" for name, value in criteria.items()) or "anything"
        count = f"{len(found)} spans match" if found else "no span matches"
        raise NotOneSpan(f"expected one span matching {asked} below this one, {count}:\n{self}")

    def outline(self) -> str:
        """Draw the tree without what varies from run to run: no durations, no ids.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
        ...         pass
        >>> print(sentry_events.transactions.find("checkout").tree.outline())
        http.server  checkout
        └─ db.query  SELECT * FROM cart
        """
        return draw(self, durations=False)

    def snapshot(self) -> dict[str, Any]:
        """Return the tree as plain data that is equal on every run and machine; see `snapshots`.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> sentry_events.spans.find("http.server").snapshot()["op"]
        'http.server'
        """
        return span_snapshot(self)

    def __str__(self) -> str:
        """Draw the tree with box lines and durations."""
        return draw(self, durations=True)

    def __eq__(self, other: object) -> bool:
        """Return whether *other* is the same recorded span; a pattern decides for itself."""
        if not isinstance(other, Span):
            return NotImplemented
        mine, its = self._record, other._record
        return mine is its or (
            mine.key == its.key and mine.span_id == its.span_id and mine.trace_id == its.trace_id
        )

    def __hash__(self) -> int:
        return hash((self._record.key, self._record.span_id))

    def __repr__(self) -> str:
        shown = " ".join(one_line(part) for part in (self.op, self.description) if part)
        return f"<Span {shown[:100]}>"


@dataclass(frozen=True, eq=False, repr=False)
class Transaction(RecordedSegment, Part):
    """What one service did for one request or task: a transaction event, or a segment of other spans.

    Of a segment, `item` and `envelope` are those of its root span.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
    ...         pass
    >>> transaction = sentry_events.transactions.find("checkout")
    >>> transaction.op, transaction.spans
    ('http.server', (<Span db.query SELECT * FROM cart>,))
    """

    _registry: Registry
    _segment: Record | None = None
    """The root of a segment; ``None`` for a transaction event."""

    @lazy
    def _record(self) -> Record:
        record = self._segment or root_record(self.item)
        record.transaction = self
        return record

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its spans by start time, without the root; a nested transaction's spans are that one's.

        What was sent with it counts, also where its parent is missing and the tree cannot show it.
        """
        root = self._linked()
        members = _forest(root).members(root)
        return tuple(span_of(record, False) for record in members if record is not root)

    @property
    def tree(self) -> Span:
        """Its root span, with all that is below it; nested transactions are left out (see `Trace.tree`)."""
        return span_of(self._linked(), False)

    @lazy
    def attachments(self) -> dict[str, Attachment]:
        """What was attached, by filename; a second one of the same name is ``"name (2)"``."""
        return attachments_of(self.item)

    def every(self, op: Any = ..., **criteria: Any) -> None:
        """Fail unless every span of it, the root too, meets the criteria.

        Args:
            op: A criterion for the op: the others are passed over. Every span where it is not given.
            criteria: What attributes are expected to be, by name, as in `find`.

        Raises:
            AssertionError: Spans differ, which it names; or none has *op*.
            TypeError: There are no criteria, or one names an unknown field.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
        ...         pass
        >>> transaction = sentry_events.transactions.find("checkout")
        >>> transaction.every("db.query", duration=lambda seconds: seconds < 60)
        """
        __tracebackhide__ = True
        assert_every(f"transaction {self.name!r}", (self.tree, *self.spans), op, criteria)

    def snapshot(self) -> dict[str, Any]:
        """Return it and its tree as plain data that is equal on every run and machine; see `snapshots`.

        >>> with start_transaction(name="checkout", op="http.server"):
        ...     pass
        >>> sentry_events.transactions.find("checkout").snapshot()["name"]
        'checkout'
        """
        return transaction_snapshot(self)

    def _linked(self) -> Record:
        self._registry.all_records()
        return self._record

    def __repr__(self) -> str:
        return f"<Transaction {self.name!r} {self.op}>"


def span_of(record: Record, whole: bool) -> Span:
    """Return the span that shows *record*, in one of the two reaches; asked again, the same object."""
    shown: Span | None = record.whole if whole else record.within
    if shown is None:
        shown = Span(record, whole)
        if whole:
            record.whole = shown
        else:
            record.within = shown
    return shown


def transaction_of(item: Item, registry: Registry) -> Transaction:
    """Return the transaction of a transaction item; asked again, the same object."""
    return read_once(item, lambda item: Transaction(item, registry))


def segment_transaction(record: Record, registry: Registry) -> Transaction:
    """Return the transaction that begins at *record*, a segment; asked again, the same object."""
    if record.transaction is None:
        record.transaction = Transaction(record.item, registry, record)
    made: Transaction = record.transaction
    return made


def _forest(record: Record) -> Forest:
    forest: Forest | None = record.forest
    if forest is None:
        raise RuntimeError("a span outside an inbox has no relations")
    return forest
