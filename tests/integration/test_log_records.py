"""What becomes of log records, by the release of the SDK; the pages on logging and telemetry say so."""

from __future__ import annotations

import logging

import pytest
import sentry_sdk
import sentry_sdk.logger
from sentry_sdk import utils
from sentry_sdk.integrations.logging import LoggingIntegration

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import V3

log = logging.getLogger("tea.shelf")


@pytest.mark.parametrize(("level", "events"), [(None, not V3), (logging.ERROR, True)])
def test_a_record_is_an_event_of_sentry_sdk_2_and_of_3_where_it_has_a_level(
    level: int | None, events: bool, sentry_events: SentryEvents
) -> None:
    integrations = [] if level is None else [LoggingIntegration(event_level=level)]
    sentry_sdk.init(integrations=integrations)

    log.error("the shelf is empty")

    assert len(sentry_events.messages.where("the shelf is empty")) == int(events)


@pytest.mark.skipif(V3, reason="its logging integration has an option of its own")
@pytest.mark.parametrize("enabled", [False, True])
def test_records_from_info_on_are_logs_where_they_are_enabled(
    enabled: bool, sentry_events: SentryEvents, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, log.name)
    sentry_sdk.init(enable_logs=enabled)

    log.debug("a look at the shelf")
    log.info("the shelf is full")
    sentry_sdk.logger.info("said without logging")

    always = not hasattr(utils, "has_logs_enabled")
    assert [each.body for each in sentry_events.logs] == [
        *(["the shelf is full"] if enabled else []),
        *(["said without logging"] if enabled or always else []),
    ]


@pytest.mark.skipif(V3, reason="makes no events of records")
def test_a_text_that_is_logged_as_an_error_and_captured_is_two_events(sentry_events: SentryEvents) -> None:
    sentry_sdk.init()

    log.error("the shelf is empty")
    sentry_sdk.capture_message("the shelf is empty", level="error")

    assert [event.logger for event in sentry_events.messages] == ["tea.shelf", None]
