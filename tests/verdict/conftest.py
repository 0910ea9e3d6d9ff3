"""Judging as if Sentry's own code were not installed."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.verdict import relay


@pytest.fixture
def without_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge as where sentry-relay is not installed."""
    monkeypatch.setattr(relay, "_loaded", [relay.RelayMissing(f"not here: {relay.INSTALL}")])
