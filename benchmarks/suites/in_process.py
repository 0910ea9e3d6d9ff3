"""The same test as other tools do it: a client a test, whose transport collects envelopes in a list.

``BENCHMARK_KEPT``: one client for all tests, which is the least that a test can do, and keeps nothing apart.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import sentry_sdk
from capturing import Collecting, work


def client() -> Collecting:
    """Make a client; return its transport."""
    transport = Collecting()
    sentry_sdk.init("https://key@sentry.invalid/1", transport=transport, traces_sample_rate=1.0)
    return transport


kept = client() if os.environ.get("BENCHMARK_KEPT") else None


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_reports(number: int) -> None:
    transport = kept or client()
    transport.envelopes.clear()
    work()
    (message,) = (event for envelope in transport.envelopes if (event := envelope.get_event()))
    assert (message["message"], message["level"]) == ("Spec failed", "warning")
    (transaction,) = (sent for envelope in transport.envelopes if (sent := envelope.get_transaction_event()))
    assert transaction["transaction"] == "checkout"
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    spans: Any = transaction["spans"]
    (child,) = spans
    assert (child["op"], child["description"]) == ("db.query", "SELECT * FROM cart")
