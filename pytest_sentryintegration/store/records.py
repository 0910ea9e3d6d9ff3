"""The records of a stream that several stores share: entries, and what changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple

from pytest_sentryintegration import clock
from pytest_sentryintegration.store.entries import Arrival, Entry, RefusedRequest
from pytest_sentryintegration.store.inboxes import Inbox
from pytest_sentryintegration.store.memory import STRAYS
from pytest_sentryintegration.store.packing import unpack

__all__ = ["Record", "entry_of", "name_of", "number_of", "placed", "read_record", "text_of"]


class Record(NamedTuple):
    """One record: an entry, or a change."""

    number: int
    inbox: str
    """The inbox that the entry is in; ``""`` where the one that it was for is not open."""
    entry: bytes | None
    """What `packing.pack` made of it."""
    change: dict[str, Any]
    """What changed: ``{"open": [name, test, expires]}``, ``{"close": name}``, ``{"clear": names}`` (``None``
    for all), ``{"faults": [inbox, faults]}``."""


def read_record(name: bytes, fields: Any) -> Record:
    """Return a record as Redis gives it: its id, and its fields."""
    known = dict(fields or {})
    change = known.get(b"change")
    if change is not None:
        return Record(number_of(name), "", None, json.loads(change))
    # Of a record of another program there is no entry either: it cannot be read, and is said to be there.
    return Record(number_of(name), text_of(known.get(b"inbox", b"")), known.get(b"entry", b""), {})


def entry_of(record: Record) -> Entry | None:
    """Return the entry of a record; one that cannot be read is a refused request, which says so."""
    if record.entry is None:
        return None
    try:
        return unpack(record.number, record.entry)
    except ValueError as error:
        reason = f"a record of the stream in Redis is not as it was written: {error}"
        return RefusedRequest(record.number, STRAYS, clock.now(), 500, reason, "POST", "/", (), record.entry)


def placed(entry: Entry, box: Inbox) -> Entry:
    """Return the entry as one of *box*: who took it in may not have known where it belongs."""
    if isinstance(entry, Arrival) and (entry.inbox, entry.test) != (box.name, box.test):
        return replace(entry, inbox=box.name, test=box.test)
    if entry.inbox != box.name:
        return replace(entry, inbox=box.name)
    return entry


def number_of(name: bytes) -> int:
    """Return the number of the record with that id: ``0-7`` is 7."""
    return int(name.partition(b"-")[2])


def name_of(text: str) -> bytes:
    """Return a name as Redis holds it; it may have lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def text_of(name: bytes) -> str:
    """Return what `name_of` made a name of."""
    return name.decode("utf-8", "surrogatepass")
