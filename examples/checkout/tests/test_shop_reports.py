"""What the shop reports: its messages, its errors, and what it must not tell."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from flask.testing import FlaskClient
from shop.payments import PaymentsUnavailable

from pytest_sentryintegration import SentryEvents


def test_a_declined_payment_is_a_warning_with_the_order(
    shop: FlaskClient, sentry_events: SentryEvents
) -> None:
    assert shop.post("/checkout/samovar").status_code == 402

    event = sentry_events.messages.find(
        "Payment declined: over the limit", level="warning", tags={"product": "samovar", "region": "eu-1"}
    )
    assert event.attachments["order.json"].json == {
        "number": 1,
        "product": "samovar",
        "cents": 89900,
        "state": "new",
    }
    assert event.attachments["answer.json"].json == {"reason": "over the limit", "limit": 50_000}
    assert event.release == "shop@1.4.0"
    assert not sentry_events.errors


def test_a_sold_teapot_is_no_news(shop: FlaskClient, sentry_events: SentryEvents) -> None:
    assert shop.post("/checkout/teapot").status_code == 201

    assert not sentry_events.events


def test_an_unreachable_service_is_reported_without_its_password(
    start_shop: Callable[[str], FlaskClient], sentry_events: SentryEvents
) -> None:
    shop = start_shop("http://shop:tr4vel-kettle@127.0.0.1:9")

    assert shop.post("/checkout/tea").status_code == 503

    event = sentry_events.errors.find(PaymentsUnavailable)
    assert event.exception.value.startswith("no answer from http://[hidden]@127.0.0.1:9: ")
    for item in sentry_events.items:
        assert b"tr4vel-kettle" not in item.payload
        assert b64encode(b"shop:tr4vel-kettle") not in item.payload


def test_an_unknown_product_is_an_error_of_the_request(
    shop: FlaskClient, sentry_events: SentryEvents
) -> None:
    assert shop.post("/checkout/unicorn").status_code == 500

    event = sentry_events.errors.find("no product is named 'unicorn'", exception=...)
    assert event.request["url"] == "http://localhost/checkout/unicorn"
    assert event.exception.frames[-1].function == "place"
