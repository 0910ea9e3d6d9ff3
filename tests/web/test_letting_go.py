"""What the API has read of a store is let go of when the store evicts it."""

from __future__ import annotations

import gc
import weakref

import pytest

from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.store import Store
from pytest_sentryintegration.web.reading import Kept
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem


def send(store: Store, inbox: str, count: int) -> None:
    for _ in range(count):
        envelope = RawEnvelope({}, (RawItem({"type": "event"}, b'{"message":"x"}'),))
        store.add(inbox, project_id="1", envelope=envelope)


@pytest.mark.parametrize("closes", [False, True], ids=["open", "closed"])
def test_what_was_evicted_is_let_go_of_where_nobody_asks_for_its_inbox_again(closes: bool) -> None:
    store = Store(limit=10)
    kept = Kept(store)
    for inbox in ("a", "b"):
        store.open(inbox, expires=True)
    send(store, "a", 10)
    event = weakref.ref(kept.contents("a").events[0])
    contents = weakref.ref(kept.contents("a"))

    send(store, "b", 10)
    if closes:
        store.close("a")
    kept.contents("b")
    gc.collect()

    assert event() is None
    assert (contents() is None) is closes


def test_an_inbox_that_was_closed_empty_is_let_go_of() -> None:
    store = Store(limit=10)
    kept = Kept(store)
    for inbox in ("a", "b"):
        store.open(inbox, expires=True)
    contents = weakref.ref(kept.contents("a"))

    store.close("a")
    kept.contents("b")
    gc.collect()

    assert contents() is None


def test_an_inbox_that_nobody_asks_for_is_read_again_only_where_something_was_evicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store(limit=10)
    kept = Kept(store)
    for inbox in ("a", "b"):
        store.open(inbox, expires=True)
    other, asked = kept.contents("a"), kept.contents("b")
    updated: list[Contents] = []
    monkeypatch.setattr(Contents, "update", lambda contents: updated.append(contents))

    kept.contents("b")
    assert updated == [asked]
    send(store, "b", 11)
    kept.contents("b")
    assert other in updated
