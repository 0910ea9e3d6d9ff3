"""Section 6: the fake fails as Sentry does, and the application stays up."""

from __future__ import annotations

import time

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import STREAMED, envelope, event, post, request, root


def test_a_rate_limit_is_answered_as_sentry_answers_it(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("error", seconds=30)
    answer = post(sentry_events.dsn, event("hello"))
    assert answer.status == 429
    assert answer.headers["x-sentry-rate-limits"].startswith("30:error:organization")
    assert len(sentry_events.messages) == 0


def test_a_limited_category_is_muted_and_the_rest_still_arrives(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("error")
    for _ in range(3):
        sentry_sdk.capture_message("hello")
        assert len(sentry_events.messages) == 0
    with root("checkout"):
        pass
    assert sentry_events.transactions.find("checkout")
    lost = [one for report in sentry_events.client_reports for one in report.discarded]
    assert [(one.reason, one.category) for one in lost if one.category == "error"][:1] == [
        ("ratelimit_backoff", "error")
    ]


def test_the_scope_of_a_rate_limit_can_be_chosen(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("error", "transaction", seconds=5, scope="project")
    answer = post(sentry_events.dsn, event("hello"))
    limits = answer.headers["x-sentry-rate-limits"]
    assert "error;transaction" in limits or "transaction;error" in limits
    assert ":project" in limits


def test_a_status_is_answered_so_many_times(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(503, times=2)
    assert [post(sentry_events.dsn, event(f"number {n}")).status for n in range(3)] == [503, 503, 200]
    assert [seen.message for seen in sentry_events.messages] == ["number 2"]


def test_what_a_status_refused_is_listed_with_its_bytes(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500)
    body = envelope(event("hello"))
    assert request(sentry_events.dsn, "envelope", body).status == 500
    refused = sentry_events.refused.find(status=500)
    assert refused.body == body


def test_the_application_stays_up_and_says_what_it_lost(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500, times=1)
    sentry_sdk.capture_message("lost")
    assert len(sentry_events.messages) == 0
    sentry_sdk.capture_message("kept")
    assert [seen.message for seen in sentry_events.messages] == ["kept"]
    lost = [one for report in sentry_events.client_reports for one in report.discarded]
    assert any(one.category == "error" and one.quantity == 1 for one in lost)


def test_clear_ends_every_fault(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500)
    sentry_events.faults.delay(3)
    sentry_events.faults.clear()
    begin = time.monotonic()
    assert post(sentry_events.dsn, event("hello")).status == 200
    assert time.monotonic() - begin < 1


def test_a_delay_makes_the_answer_late(sentry_events: SentryEvents) -> None:
    sentry_events.faults.delay(0.3)
    begin = time.monotonic()
    assert post(sentry_events.dsn, event("hello")).status == 200
    assert time.monotonic() - begin >= 0.3
    assert sentry_events.messages.find("hello")


def test_a_connection_that_dies_does_not_take_the_application_with_it(sentry_events: SentryEvents) -> None:
    sentry_events.faults.disconnect(times=1)
    sentry_sdk.capture_message("while it died")
    len(sentry_events.messages)
    sentry_sdk.capture_message("afterwards")
    assert sentry_events.messages.find("afterwards")


def test_a_connection_dies_in_the_middle_of_its_answer(sentry_events: SentryEvents) -> None:
    import contextlib

    sentry_events.faults.disconnect(times=1)
    answered = b""
    with contextlib.suppress(OSError, IndexError, ValueError):
        answered = post(sentry_events.dsn, event("hello")).body
    assert b'"id"' not in answered or not answered.endswith(b"}")


def test_an_answer_can_be_truncated(sentry_events: SentryEvents) -> None:
    sentry_events.faults.truncate()
    sentry_sdk.capture_message("hello")
    len(sentry_events.messages)
    sentry_events.faults.clear()
    sentry_sdk.capture_message("afterwards")
    assert sentry_events.messages.find("afterwards")


def test_faults_set_in_one_test_are_gone_in_the_next(sentry_events: SentryEvents) -> None:
    assert post(sentry_events.dsn, event("hello")).status == 200
    sentry_events.faults.status(500)


def test_and_so_are_those_of_the_test_before(sentry_events: SentryEvents) -> None:
    assert post(sentry_events.dsn, event("hello")).status == 200
    sentry_events.faults.status(500)


def test_the_transactions_of_a_limited_category_are_muted_in_every_mode(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("span" if STREAMED else "transaction")
    for _ in range(2):
        with root("checkout"):
            pass
        assert len(sentry_events.transactions) == 0
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find("hello")


def test_a_fault_can_be_for_one_item_type(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500, item_type="event")
    assert post(sentry_events.dsn, event("hello")).status == 500
    assert post(sentry_events.dsn, ({"type": "profile"}, {})).status == 200


@pytest.mark.sentry(transport="memory")
def test_faults_work_without_a_socket_too(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(500, times=1)
    sentry_sdk.capture_message("lost")
    assert len(sentry_events.messages) == 0
    assert sentry_events.refused.find(status=500)
    sentry_events.faults.rate_limit("error")
    for _ in range(2):
        sentry_sdk.capture_message("muted")
        assert len(sentry_events.messages) == 0


@pytest.mark.sentry(transport="memory")
@pytest.mark.parametrize("fault", ["disconnect", "truncate"])
def test_broken_connections_are_played_without_a_socket_too(sentry_events: SentryEvents, fault: str) -> None:
    getattr(sentry_events.faults, fault)(times=1)
    sentry_sdk.capture_message("while it broke")
    len(sentry_events.messages)
    sentry_sdk.capture_message("afterwards")
    assert sentry_events.messages.find("afterwards")
