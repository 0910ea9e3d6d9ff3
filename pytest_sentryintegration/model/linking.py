"""How the spans of a trace are linked: by ids, over all envelopes, projects and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol
from weakref import WeakValueDictionary

from pytest_sentryintegration.garbage import uncollected
from pytest_sentryintegration.model.parents import Parents, cut_cycles
from pytest_sentryintegration.model.records import Record

__all__ = ["Assertions", "Forest", "Registry", "sort_by_start"]


class Assertions(Protocol):
    """What judges traces as a whole and may wait for the rest of them."""

    def complete(self, trace: Any, timeout: float | None) -> None:
        """Wait until *trace* is complete; `AssertionError` where it is not when the time is over."""

    def continuous(self, trace: Any) -> None:
        """Raise an `AssertionError` where *trace* is not continuous."""


_MANY = 1000
"""Spans after which reading goes on without the garbage collector."""


class Forest:
    """The records of one trace id, linked by span ids; from any envelope, project and process."""

    def __init__(self, trace_id: str, registry: Registry) -> None:
        self.trace_id = trace_id
        self.records: list[Record] = []
        self.version = 0
        """Changes whenever links may have changed."""
        self._roots: list[Record] = []
        self._orphans: list[Record] = []
        self._again: Mapping[Record, Record] = {}
        self._registry = registry
        self._linked = 0
        self._first: dict[str, Record] = {}
        self._members: dict[Record, list[Record]] = {}
        self._members_version = 0

    @property
    def assertions(self) -> Assertions | None:
        """What judges it as a whole; ``None`` outside the inbox of a test."""
        return self._registry.assertions

    @property
    def given(self) -> Mapping[str, Mapping[str, Any]]:
        """The spans that a test gave to services as parents, by id, with the trace headers that it gave."""
        return self._registry.given.get(self.trace_id, {})

    def siblings(self) -> list[Forest]:
        """Return the other traces of the inbox."""
        return [forest for forest in self._registry.all_forests() if forest is not self and forest.trace_id]

    def update(self) -> None:
        """Take in what has arrived since, and link it."""
        registry = self._registry
        if registry.unread or self._linked != len(self.records):
            with registry.lock:
                registry.read_all()
                if self._linked != len(self.records):
                    self._link()

    @property
    def roots(self) -> list[Record]:
        """The segments that name no parent, in the order in which they were recorded."""
        self.update()
        return self._roots

    @property
    def orphans(self) -> list[Record]:
        """The records whose parent is not here (or which are their own ancestor), as they were recorded."""
        self.update()
        return self._orphans

    def has(self, span_id: str) -> bool:
        """Return whether a span of that id is here."""
        self.update()
        return span_id in self._first or span_id in self.given

    def delivered(self) -> list[Record]:
        """Return the records, each once: without those that were delivered again. Do not change the list."""
        self.update()
        return (
            [record for record in self.records if record not in self._again] if self._again else self.records
        )

    def segment_of(self, record: Record) -> Record | None:
        """Return the segment that *record* belongs to, ``None`` where it is not here."""
        self.update()
        path: list[Record] = []
        at: Record | None = record
        found: Record | None = None
        while at is not None:
            if at.segment_version == self.version:
                found = at.segment
                break
            path.append(at)
            if at.is_segment:
                found = at
                break
            if at.parent is None:
                found = at.root or self._first.get(at.segment_id or "")
                break
            at = at.parent
        for passed in path:
            passed.segment = found
            passed.segment_version = self.version
        return found

    def members(self, segment: Record) -> list[Record]:
        """Return the records that belong to *segment*, itself too, by start."""
        self.update()
        with self._registry.lock:
            if self._members_version != self.version:
                members: dict[Record, list[Record]] = {}
                for record in self.records:
                    owner = self.segment_of(record)
                    if owner is not None and (record not in self._again or owner in self._again):
                        members.setdefault(owner, []).append(record)
                for belonging in members.values():
                    sort_by_start(belonging)
                self._members, self._members_version = members, self.version
            return self._members.get(segment, [])

    def _link(self) -> None:
        # From the beginning each time: a trace is read a few times, and a pass of 100,000 spans takes 0.1 s.
        parents = Parents(self.records)
        for record in self.records:
            record.parent = parents.of(record)
            record.children = record.whole_children = record.own_children = None
        cut_cycles(self.records)
        self._roots, self._orphans = [], []
        self._again = again = parents.again
        heads = {None, *self.given}
        for record in self.records:
            parent = record.parent
            if record in again and parent not in again:
                # Delivered again: linked only to spans that were delivered again with it.
                continue
            if parent is not None:
                if parent.children is None:
                    parent.children = [record]
                else:
                    parent.children.append(record)
            elif record.parent_span_id in heads and record.is_segment:
                self._roots.append(record)
            else:
                self._orphans.append(record)
        for record in self.records:
            if record.children is not None and len(record.children) > 1:
                sort_by_start(record.children)
        self._first = parents.first
        self._linked = len(self.records)
        self.version += 1


class Registry:
    """All records of one inbox: reads what holds spans when it is asked for, trace by trace."""

    def __init__(
        self, lock: AbstractContextManager[Any], read: Callable[[Any, Registry], Iterable[Record]]
    ) -> None:
        self.lock = lock
        self.unread: list[Any] = []
        """What has arrived and was not yet read for spans."""
        self.records: list[Record] = []
        """As they were recorded."""
        self.assertions: Assertions | None = None
        """What judges traces as a whole; ``None`` outside the inbox of a test."""
        self.given: dict[str, dict[str, Mapping[str, Any]]] = {}
        """By trace id, the spans that a test gave to services as their parents, with their trace headers."""
        self.started: WeakValueDictionary[str, Any] = WeakValueDictionary()
        """By trace id, the trace objects of those that a test has begun itself, while they are in use."""
        self._forests: dict[str, Forest] = {}
        self._in_order: list[Forest] = []
        self._read = read

    def all_records(self) -> list[Record]:
        """Read what has come since; return all records in order of arrival. Do not change the list."""
        if self.unread:
            with self.lock:
                self.read_all()
        return self.records

    def all_forests(self) -> list[Forest]:
        """Read what has come since; return all forests in order of arrival. Do not change the list."""
        self.all_records()
        return self._in_order

    def forest(self, trace_id: str) -> Forest:
        """Return the forest of a trace, before anything of it has come, too."""
        with self.lock:
            return self._forests.setdefault(trace_id, Forest(trace_id, self))

    def read_all(self) -> None:
        """Read what has arrived since into records. Callers hold the lock."""
        read, known = 0, len(self.records)
        collector: AbstractContextManager[None] | None = None
        try:
            for source in self.unread:
                read += 1
                for record in self._read(source, self):
                    self._add(record)
                    if len(self.records) - known == _MANY:
                        collector = uncollected()
                        collector.__enter__()
        finally:
            if collector is not None:
                collector.__exit__(None, None, None)
            # At the end: while something is unread, other threads wait for the lock.
            del self.unread[:read]

    def forget(self) -> None:
        """Forget all records. Callers hold the lock, and then have read again what is left of them."""
        for record in self.records:
            record.segment = None
            record.segment_version = 0
        self.unread, self.records, self._forests, self._in_order = [], [], {}, []

    def _add(self, record: Record) -> None:
        # Without a trace id nothing links two requests; only the spans of one item belong together.
        key = record.trace_id or f"{record.key[0]}.{record.key[1]}"
        forest = self._forests.get(key)
        if forest is None:
            forest = self._forests[key] = Forest(record.trace_id, self)
        if not forest.records:
            self._in_order.append(forest)
        record.forest = forest
        forest.records.append(record)
        self.records.append(record)


def sort_by_start(records: list[Record]) -> None:
    """Sort records by their start, those of the same start as they stand; one without a start comes first."""
    keys: list[Any] = [record.started for record in records]
    kinds = set(map(type, keys))
    # Reading times takes longer than all else here; numbers, and texts of one length, compare as they are.
    if kinds == {str}:
        comparable = len(set(map(len, keys))) == 1 and all(key[-1:] == "Z" for key in keys)
    else:
        comparable = kinds <= {int, float}
    if not comparable:
        keys = [_EARLIEST if record.start_seconds is None else record.start_seconds for record in records]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    records[:] = [records[position] for position in order]


_EARLIEST = float("-inf")
