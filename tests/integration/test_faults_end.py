"""A fault ends with its test, and so does what it holds up."""

from __future__ import annotations

import pytest
import sentry_sdk

from pytest_sentryintegration import capture
from pytest_sentryintegration.sdk import draining


@pytest.mark.parametrize("transport", ["http", "memory"])
def test_what_a_delay_holds_up_is_answered_when_its_capture_ends(transport: str) -> None:
    with capture(transport=transport, max_breadcrumbs=3) as first:
        first.faults.delay(3600)
        sentry_sdk.capture_message("delayed")
    with capture(transport=transport, max_breadcrumbs=3) as second:
        sentry_sdk.capture_message("next")
        assert draining.drain([sentry_sdk.get_client()]) == []
        assert [event.message for event in second] == ["next"]

    assert [event.message for event in first] == ["delayed"]


def test_what_a_fault_lost_is_reported_in_its_own_capture() -> None:
    with capture() as events:
        events.faults.status(503)
        sentry_sdk.capture_message("lost")

    assert not events
    assert [report.discarded[0].reason for report in events.client_reports] == ["network_error"]
