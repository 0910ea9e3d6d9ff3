"""Which record is the parent of which, where ids come twice or in a circle too."""

from __future__ import annotations

from pytest_sentryintegration.model.records import Record

__all__ = ["Parents", "cut_cycles"]


class Parents:
    """The parents of records, found by span id.

    A forked process sends an open transaction twice, with the same ids: what came together belongs together.
    A client whose connection broke sends an envelope again, of which the first may have arrived: the same
    spans with the same content. Those are kept apart, so that the tree is that of the first.
    """

    def __init__(self, records: list[Record]) -> None:
        self.again: dict[Record, Record] = {}
        """What was delivered again, with what was delivered first."""
        self.first = {record.span_id: record for record in reversed(records) if record.span_id is not None}
        self.nearer: dict[tuple[str, int], Record] = {}
        self.doubled: set[str] = set()
        if len(self.first) != len(records):
            self._find_doubled(records)

    def _find_doubled(self, records: list[Record]) -> None:
        for record in records:
            if record.span_id is not None and self.first[record.span_id] is not record:
                self.doubled.add(record.span_id)
        for record in records:
            if record.span_id in self.doubled:
                for place in (record.item, record.item.envelope):
                    self.nearer.setdefault((record.span_id, id(place)), record)
        self._find_delivered_again(records)

    def _find_delivered_again(self, records: list[Record]) -> None:
        first: dict[tuple[object, ...], Record] = {}
        for record in records:
            if record.span_id not in self.doubled:
                continue
            # Not by the span alone: a fork's transaction is another one, and may hold the same spans.
            within = record.root and self.again.get(record.root, record.root)
            content = repr(record.raw) if within is None else record.position
            known = first.setdefault((record.span_id, within, content), record)
            if known.item.envelope is not record.item.envelope:
                self.again[record] = known

    def of(self, record: Record) -> Record | None:
        """Return the parent of *record*, ``None`` where it is not here."""
        wanted = record.parent_span_id
        if wanted is None:
            return None
        if self.doubled and wanted in self.doubled:
            for place in (record.item, record.item.envelope):
                near = self.nearer.get((wanted, id(place)))
                if near is not None:
                    return near if record in self.again else self.again.get(near, near)
        return self.first.get(wanted)


def cut_cycles(records: list[Record]) -> None:
    """Take its parent from one record of each circle: the first that was recorded."""
    for record in records:
        record.visited = 0
    for walk, start in enumerate(records, 1):
        at: Record | None = start
        while at is not None and not at.visited:
            at.visited = walk
            at = at.parent
        if at is not None and at.visited == walk:
            _cut_cycle(at)


def _cut_cycle(member: Record) -> None:
    first, record = member, member.parent
    while record is not None and record is not member:
        if record.key < first.key:
            first = record
        record = record.parent
    first.parent = None
