"""Items that hold spans: transactions, streamed spans and those of OTLP, read when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_sentryintegration.model.items import Envelopes, Item
from pytest_sentryintegration.model.linking import Registry
from pytest_sentryintegration.model.otlp import read_otlp_spans
from pytest_sentryintegration.model.parts import read_once
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.sent_spans import read_span_item, read_transaction
from pytest_sentryintegration.model.spans import Transaction, segment_transaction, transaction_of
from pytest_sentryintegration.store import Arrival

Place = tuple[Arrival, int]
"""An arrival, and the index of one of its items."""


def read_trace_item(envelopes: Envelopes, place: Place, registry: Registry) -> Iterator[Record]:
    """Yield the spans that are in the item at *place*, each with its transaction where it has one."""
    item = envelopes.of(place[0]).items[place[1]]
    if item.type == "transaction":
        if item._is_object:
            yield from read_transaction(transaction_of(item, registry)._record)
        return
    for record in read_once(item, _sent_records):
        if record.is_segment:
            segment_transaction(record, registry)
        yield record


def read_transactions(item: Item, registry: Registry) -> Iterator[Transaction]:
    """Yield the transactions of an item: those that were sent as such, and segments of sent spans."""
    if item.type == "transaction":
        if item._is_object:
            yield transaction_of(item, registry)
        return
    for record in read_once(item, _sent_records):
        if record.is_segment:
            yield segment_transaction(record, registry)


def _sent_records(item: Item) -> list[Record]:
    return list(read_otlp_spans(item) if item.type == "integration" else read_span_item(item))
