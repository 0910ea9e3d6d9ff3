"""A sender whose clock is wrong: frozen by a test, or in another time zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.verdict.builders import NOW, RECEIVED, event, judged, span, transaction


def sent(moment: datetime) -> dict[str, Any]:
    return {"sent_at": moment.isoformat().replace("+00:00", "Z")}


@pytest.mark.parametrize("year", [1971, 2020, 2035])
def test_a_frozen_clock_is_not_judged_as_stale(year: int) -> None:
    frozen = datetime(year, 1, 1, tzinfo=timezone.utc)
    then = frozen.timestamp()
    crumbs = {"values": [{"timestamp": then - 1, "message": "a"}]}

    verdict = judged("event", event(timestamp=then, breadcrumbs=crumbs), headers=sent(frozen))

    assert verdict.outcome == "accepted"
    assert verdict.stored["timestamp"] == pytest.approx(NOW)
    assert verdict.stored["breadcrumbs"]["values"][0]["timestamp"] == pytest.approx(NOW - 1)


def test_a_frozen_transaction_is_kept() -> None:
    frozen = datetime(2020, 1, 1, tzinfo=timezone.utc)
    then = frozen.timestamp()
    spans = [span(start_timestamp=then - 0.5, timestamp="2020-01-01T00:00:00Z")]

    body = transaction(start_timestamp=then - 1, timestamp=then, spans=spans)

    assert judged("transaction", body, headers=sent(frozen)).outcome == "accepted"
    assert judged("transaction", body).reason == "past_timestamp"


def test_a_stale_event_stays_stale_where_the_clock_is_right() -> None:
    stale = event(timestamp=NOW - 91 * 86400)

    assert judged("event", stale, headers=sent(RECEIVED)).reason == "past_timestamp"


def test_an_hour_of_drift_is_corrected_and_50_minutes_are_not() -> None:
    hour, less = RECEIVED - timedelta(hours=1), RECEIVED - timedelta(minutes=50)

    corrected = judged("event", event(timestamp=hour.timestamp()), headers=sent(hour))
    left = judged("event", event(timestamp=less.timestamp()), headers=sent(less))

    assert corrected.stored["timestamp"] == pytest.approx(NOW)
    assert left.stored["timestamp"] == pytest.approx(NOW - 3000)
    assert (corrected.outcome, left.outcome) == ("accepted", "accepted")


@pytest.mark.parametrize("sent_at", ["soon", "", 5, None])
def test_an_unreadable_sent_at_corrects_nothing(sent_at: object) -> None:
    verdict = judged("event", event(timestamp=NOW - 91 * 86400), headers={"sent_at": sent_at})

    assert verdict.reason == "past_timestamp"


def test_a_loss_in_a_drifted_event_is_still_named_as_it_was_sent() -> None:
    frozen = datetime(2020, 1, 1, tzinfo=timezone.utc)

    verdict = judged("event", event(timestamp=frozen.timestamp(), level="warn"), headers=sent(frozen))

    assert [(found.path, found.sent) for found in verdict.findings] == [("level", "warn")]
