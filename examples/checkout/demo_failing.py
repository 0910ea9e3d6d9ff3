"""Shown by ``make demo``: how a test fails. Both are wrong about the shop on purpose."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from pytest_sentryintegration import SentryEvents, span


def test_a_declined_payment_is_an_error(shop: FlaskClient, sentry_events: SentryEvents) -> None:
    shop.post("/checkout/samovar")

    sentry_events.messages.find(re.compile("^Payment declined"), level="error", tags={"product": "teapot"})


def test_a_declined_payment_is_charged(shop: FlaskClient, sentry_events: SentryEvents) -> None:
    shop.post("/checkout/samovar")

    payment = sentry_events.spans.find("risk.check").parent
    assert payment == span("http.server", span("risk.check"), span("bank.charge", "card"))
