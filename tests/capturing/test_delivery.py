"""Where what the SDK sends is delivered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_sentryintegration.capturing import delivery
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.settings import Settings


def test_threads_that_deliver_the_first_envelopes_at_once_deliver_to_one_fake_sentry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = threading.Barrier(2)

    def make(**options: Any) -> FakeSentry:
        both.wait(timeout=60)
        return FakeSentry(**options)

    monkeypatch.setattr(delivery, "FakeSentry", make)
    common = delivery.Delivery(Settings(transport="memory"))
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(common.post, None, "/api/1/envelope/", {}, b"{}")

    assert common.fake.store.strays == 2


def test_what_comes_late_is_for_the_fake_sentry_that_has_its_inbox() -> None:
    first, second = (delivery.Delivery(Settings(transport="memory")) for _ in range(2))
    kept = first.fake
    kept.store.open("t1", "")
    first.close()

    second.post(Owner("t1", fake=kept), "/api/1/envelope/", {}, b"{}")

    assert [len(fake.store.since("t1")) for fake in (kept, second.fake)] == [1, 0]
