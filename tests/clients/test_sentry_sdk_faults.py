"""What sentry-sdk itself does about each fault: what it sends again, mutes (for how long), and reports."""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
import sentry_sdk
import time_machine
from sentry_sdk import logger

from pytest_sentryintegration import capture
from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import PROGRAMS, Run, types

pytestmark = pytest.mark.uncounted


@pytest.fixture
def sentry_events(sentry_events: SentryEvents) -> SentryEvents:
    """Let each test's application make a client of its own."""
    sentry_sdk.init(traces_sample_rate=1.0, enable_logs=True)
    return sentry_events


def discarded(sentry_events: SentryEvents) -> dict[tuple[str, str], int]:
    """Add up what the SDK reports as not sent, by reason and category."""
    total: Counter[tuple[str, str]] = Counter()
    for report in sentry_events.client_reports:
        for reason, category, quantity in report.discarded:
            total[reason, category] += quantity
    return dict(total)


def messages(sentry_events: SentryEvents) -> list[str | None]:
    return [event.message for event in sentry_events]


def in_(seconds: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(timezone.utc) + timedelta(seconds=seconds), tick=True)


def send_error(text: str) -> None:
    sentry_sdk.capture_message(text, "error")
    sentry_sdk.flush()


def send_transaction(name: str) -> None:
    with sentry_sdk.start_transaction(name=name), sentry_sdk.start_span(op="db"):
        pass
    sentry_sdk.flush()


def test_a_limited_category_is_muted_and_the_rest_goes_on(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("error", seconds=60)
    send_error("refused")
    send_error("muted")
    send_transaction("goes on")

    assert messages(sentry_events) == []
    assert [(refused.status, refused.reason) for refused in sentry_events.refused] == [
        (429, "rate limited by the test: error")
    ]
    assert discarded(sentry_events) == {("ratelimit_backoff", "error"): 1}
    assert [transaction.name for transaction in sentry_events.transactions] == ["goes on"]


def test_a_limit_lasts_as_long_as_it_says(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("error", seconds=90, times=1)
    send_error("refused")
    with in_(88):
        send_error("still muted")
        assert messages(sentry_events) == []
    with in_(92):
        send_error("goes on")
        assert messages(sentry_events) == ["goes on"]
    assert len(sentry_events.refused) == 1


def test_a_limit_on_everything_keeps_the_reports_back_too(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit(seconds=30, times=1)
    send_error("refused")
    send_error("muted")
    send_transaction("muted")
    assert types(sentry_events) == {}

    with in_(32):
        send_error("goes on")
        assert messages(sentry_events) == ["goes on"]
        # A flush makes a client report, which the rate limit holds back too.
        assert discarded(sentry_events) == {("ratelimit_backoff", "internal"): 1}


def test_limited_attachments_are_taken_from_their_events(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("attachment")
    with sentry_sdk.new_scope() as scope:
        scope.add_attachment(bytes=b"12345", filename="a.txt")
        send_error("first")
        send_error("second")

    assert [(event.message, dict(event.attachments)) for event in sentry_events] == [
        ("first", {}),
        ("second", {}),
    ]
    assert [refused.status for refused in sentry_events.refused] == [429]
    assert discarded(sentry_events) == {("ratelimit_backoff", "attachment"): 5}


def test_a_limit_on_transactions_reports_their_spans(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("transaction")
    send_transaction("refused")
    send_transaction("muted")
    send_error("goes on")

    assert types(sentry_events) == {"event": 1, "client_report": 1}
    assert discarded(sentry_events) == {
        ("ratelimit_backoff", "transaction"): 1,
        ("ratelimit_backoff", "span"): 2,
    }


def test_limited_check_ins_are_muted(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("monitor")
    for _ in range(3):
        sentry_sdk.crons.capture_checkin(monitor_slug="nightly", status="ok")
        sentry_sdk.flush()

    assert not sentry_events.check_ins
    assert len(sentry_events.refused) == 1
    assert discarded(sentry_events) == {("ratelimit_backoff", "monitor"): 2}


def test_limited_logs_are_muted(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("log_item")
    for text in ("refused", "muted"):
        logger.info(text)
        sentry_sdk.flush()

    assert not sentry_events.logs
    assert len(sentry_events.refused) == 1
    assert discarded(sentry_events)["ratelimit_backoff", "log_item"] == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "network_error"), (503, "network_error"), (403, "network_error"), (413, "send_error")],
)
def test_an_error_response_is_reported_and_nothing_is_sent_again(
    sentry_events: SentryEvents, status: int, reason: str
) -> None:
    sentry_events.faults.status(status, times=1)
    send_error("lost")
    send_error("next")

    assert [refused.status for refused in sentry_events.refused] == [status]
    assert messages(sentry_events) == ["next"]
    assert discarded(sentry_events) == {(reason, "error"): 1}


def test_429_without_a_word_mutes_everything_for_a_minute(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(429, times=1)
    send_error("refused")
    with in_(58):
        send_error("muted")
        send_transaction("muted")
        assert types(sentry_events) == {}
    with in_(62):
        send_error("goes on")
        assert messages(sentry_events) == ["goes on"]
        assert discarded(sentry_events) == {("ratelimit_backoff", "internal"): 1}


@pytest.mark.parametrize("cut", ["disconnect", "truncate"])
def test_a_broken_answer_is_reported_as_lost_though_it_arrived(sentry_events: SentryEvents, cut: str) -> None:
    getattr(sentry_events.faults, cut)(times=1)
    send_error("arrived")
    send_error("next")

    assert messages(sentry_events) == ["arrived", "next"]
    assert discarded(sentry_events) == {("network_error", "error"): 1}


def test_a_slow_answer_does_not_hold_the_application_up(sentry_events: SentryEvents) -> None:
    sentry_events.faults.delay(1.0, times=1)
    began = time.monotonic()
    sentry_sdk.capture_message("slow", "error")
    sentry_sdk.capture_message("behind it", "error")
    took = time.monotonic() - began

    assert took < 1.0
    assert messages(sentry_events) == ["slow", "behind it"]
    assert time.monotonic() - began >= 1.0
    assert discarded(sentry_events) == {}


def test_a_fault_of_one_item_type_leaves_the_others_alone(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500, item_type="transaction")
    send_error("kept")
    send_transaction("lost")
    send_error("kept too")

    assert messages(sentry_events) == ["kept", "kept too"]
    assert not sentry_events.transactions
    assert discarded(sentry_events) == {("network_error", "transaction"): 1, ("network_error", "span"): 2}


def test_what_is_cleared_has_no_effect(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500)
    sentry_events.faults.clear()
    send_error("kept")

    assert messages(sentry_events) == ["kept"]


def test_faults_and_limits_end_with_their_capture() -> None:
    with capture(max_breadcrumbs=7) as first:
        first.faults.rate_limit()
        send_error("refused")
        assert messages(first) == []
    with capture(max_breadcrumbs=7) as second:
        assert second.faults.active() == []
        send_error("kept")
        assert messages(second) == ["kept"]


@pytest.mark.parametrize(
    ("fault", "arrived", "muted", "lost"),
    [
        ("rate_limit error", 0, {"error": 60}, {("ratelimit_backoff", "error"): 2}),
        ("rate_limit", 0, {"everything": 60}, {}),
        ("status 429", 0, {"everything": 60}, {}),
        ("status 500", 0, {}, {("network_error", "error"): 3}),
        ("status 413", 0, {}, {("send_error", "error"): 3}),
        ("disconnect", 3, {}, {("network_error", "error"): 3}),
        ("truncate", 3, {}, {("network_error", "error"): 3}),
        ("delay 0.1", 3, {}, {}),
    ],
)
def test_a_process_with_the_connection_of_sentry_sdk_reacts_so(
    sentry_events: SentryEvents,
    run: Run,
    fault: str,
    arrived: int,
    muted: dict[str, int],
    lost: dict[tuple[str, str], int],
) -> None:
    kind, *values = fault.split()
    arguments = [
        float(value) if "." in value else int(value) if value.isdigit() else value for value in values
    ]
    getattr(sentry_events.faults, kind)(*arguments, item_type="event")

    said = run(sys.executable, PROGRAMS / "errors_one_by_one.py", 3)

    assert messages(sentry_events) == [f"error {number}" for number in range(arrived)]
    assert {category: round(seconds, -1) for category, seconds in said["muted"].items()} == muted
    assert discarded(sentry_events) == lost
