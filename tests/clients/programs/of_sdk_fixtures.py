"""What a test with the fixtures of sentry-sdk's own tests says: they stand in the sources of the SDK."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from sentry_sdk import logger


def test_an_event_and_its_spans(sentry_init: Any, capture_events: Any, render_span_tree: Any) -> None:
    sentry_init(traces_sample_rate=1.0)
    events = capture_events()
    sentry_sdk.capture_message("out of tea")
    with sentry_sdk.start_transaction(name="checkout", op="task"), sentry_sdk.start_span(op="db.query"):
        pass

    assert events[0]["message"] == "out of tea"
    root = {**events[1]["contexts"]["trace"], "description": None}
    assert 'op="db.query"' in render_span_tree(events[1]["spans"], root)


def test_envelopes(sentry_init: Any, capture_envelopes: Any) -> None:
    sentry_init()
    envelopes = capture_envelopes()
    sentry_sdk.capture_message("out of tea")

    assert len(envelopes) == 1


def test_items(sentry_init: Any, capture_items: Any) -> None:
    sentry_init(enable_logs=True)
    logs = capture_items("log")
    logger.warning("the tea is cold")
    sentry_sdk.flush()

    assert [log.payload["body"] for log in logs] == ["the tea is cold"]


def test_losses(sentry_init: Any, capture_record_lost_event_calls: Any) -> None:
    sentry_init(before_send=lambda event, hint: None)
    lost = capture_record_lost_event_calls()
    sentry_sdk.capture_message("out of tea")

    assert [reason for reason, *_ in lost] == ["before_send"]
