"""The same test with the fixture `sentry_events`: real HTTP, an inbox a test."""

from __future__ import annotations

import os

import pytest
from capturing import work

from pytest_sentryintegration import SentryEvents, span


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_reports(number: int, sentry_events: SentryEvents) -> None:
    work()
    assert sentry_events.messages.find("Spec failed").level == "warning"
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("http.server", span("db.query", "SELECT * FROM cart"))
