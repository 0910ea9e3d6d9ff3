"""The same test as with fillmore 2.2: a helper whose ``init()`` makes a client and replaces its transport.

As documented, it takes what a client takes, starts without breadcrumbs and envelopes, and lists payloads.
Nothing is closed, and the client stays the global one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
import sentry_sdk
from capturing import Collecting, work


class Helper:
    def __init__(self) -> None:
        self.transport = Collecting()

    @property
    def envelope_payloads(self) -> list[Any]:
        items = [item for envelope in self.transport.envelopes for item in envelope.items]
        return [payload for item in items if (payload := item.payload.json)]

    @contextmanager
    def init(self, **options: Any) -> Iterator[Helper]:
        client = sentry_sdk.Client(**options)
        scope = sentry_sdk.get_global_scope()
        scope.set_client(client)
        scope.clear_breadcrumbs()
        self.transport.envelopes.clear()
        with mock.patch.object(client, "transport", self.transport):
            yield self


@pytest.fixture
def helper() -> Helper:
    return Helper()


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_reports(number: int, helper: Helper) -> None:
    with helper.init(dsn="https://key@sentry.invalid/1", traces_sample_rate=1.0) as captured:
        work()
        message, transaction = captured.envelope_payloads
    assert (message["message"], message["level"]) == ("Spec failed", "warning")
    assert transaction["transaction"] == "checkout"
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    (child,) = transaction["spans"]
    assert (child["op"], child["description"]) == ("db.query", "SELECT * FROM cart")
