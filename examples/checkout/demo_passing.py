"""Shown by ``make demo``: what a test finds in its inbox after two visits to the shop."""

# ruff: noqa: T201

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from pytest_sentryintegration import SentryEvents


def test_two_visitors(
    start_shop: Callable[[str], FlaskClient], payments_process_url: str, sentry_events: SentryEvents
) -> None:
    shop = start_shop(payments_process_url)
    shop.post("/checkout/teapot")
    shop.post("/checkout/samovar")

    declined = sentry_events.messages.find(level="warning")
    print(f"\n\n{declined.level}: {declined.message}")
    print(f"  release {declined.release}, tags {dict(declined.tags)}")
    for attachment in declined.attachments.values():
        print(f"  {attachment.filename}: {attachment.text}")

    sold = sentry_events.spans.find("task").trace_id
    sentry_events.spans.find("bank.charge", timeout=10)
    print(f"\n{sentry_events.traces.find(sold).tree}\n")
