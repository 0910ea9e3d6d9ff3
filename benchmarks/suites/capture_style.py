"""The same test as with pytest-sentry-capture 0.2: a fixture with a client in scopes of its own.

As documented, each test starts without context and client, all transactions are sampled, reading neither
flushes nor consumes, and the fixture closes its client and puts the scopes back, the global one too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from capturing import Collecting, work
from sentry_sdk import scope


class Capture:
    def __init__(self, transport: Collecting, client: Any) -> None:
        self.transport = transport
        self.flush = client.flush

    def get_events(self) -> Iterator[Any]:
        return (event for envelope in self.transport.envelopes if (event := envelope.get_event()))

    def get_transactions(self) -> Iterator[Any]:
        envelopes = self.transport.envelopes
        return (sent for envelope in envelopes if (sent := envelope.get_transaction_event()))


@pytest.fixture
def clean_scopes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(scope, "_global_scope", None)
    isolated = scope.Scope(ty=scope.ScopeType.ISOLATION)
    with scope.use_isolation_scope(isolated), scope.use_scope(scope.Scope(ty=scope.ScopeType.CURRENT)):
        yield


@pytest.fixture
def sentry_capture(clean_scopes: None) -> Iterator[Capture]:
    transport = Collecting()
    client = sentry_sdk.Client(transport=transport, traces_sample_rate=1.0)
    sentry_sdk.get_global_scope().set_client(client)
    yield Capture(transport, client)
    client.close()


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_reports(number: int, sentry_capture: Capture) -> None:
    work()
    sentry_capture.flush()
    (message,) = sentry_capture.get_events()
    assert (message["message"], message["level"]) == ("Spec failed", "warning")
    (transaction,) = sentry_capture.get_transactions()
    assert transaction["transaction"] == "checkout"
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    (child,) = transaction["spans"]
    assert (child["op"], child["description"]) == ("db.query", "SELECT * FROM cart")
