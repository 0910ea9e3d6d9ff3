"""What the shop's traces look like: over both services, and into the thread pool."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from pytest_sentryintegration import SentryEvents, span

RECEIPT = span(
    "task",
    "send receipt",
    span("db.query", "SELECT number, product, cents, state FROM orders WHERE number = ?"),
    span("template.render", "receipt.txt"),
    span("db.query", "UPDATE orders SET state = ? WHERE number = ?"),
)


def test_a_checkout_is_one_trace_over_both_services_and_the_pool(
    shop: FlaskClient, sentry_events: SentryEvents
) -> None:
    shop.post("/checkout/teapot")

    sentry_events.spans.find("task")
    sentry_events.spans.find("bank.charge")
    assert sentry_events.traces.find().tree == span(
        "http.server",
        span(
            "shop.checkout",
            span("db.query", "SELECT cents FROM products WHERE name = ?"),
            span("db.query", lambda sql: sql.startswith("INSERT INTO orders")),
            span(
                "payment",
                "card",
                span("http.client"),
                span("http.server", span("risk.check"), span("bank.charge", "card")),
            ),
            span("db.query", "UPDATE orders SET state = ? WHERE number = ?"),
            RECEIPT,
        ),
    )


def test_the_trace_goes_on_in_another_process(
    start_shop: Callable[[str], FlaskClient], payments_process_url: str, sentry_events: SentryEvents
) -> None:
    start_shop(payments_process_url).post("/checkout/teapot")

    payment = sentry_events.transactions.find(op="http.server", release="payments@2.0.1", timeout=10)
    checkout = sentry_events.transactions.find("checkout", release="shop@1.4.0")
    assert payment.trace_id == checkout.trace_id
    assert sentry_events.traces.find().tree == span(
        "http.server",
        span(
            "shop.checkout",
            ...,
            span("payment", "card", ..., span("http.server", span("risk.check"), ...)),
            ...,
        ),
    )


def test_a_declined_payment_leaves_no_receipt(shop: FlaskClient, sentry_events: SentryEvents) -> None:
    shop.post("/checkout/samovar")

    checkout = sentry_events.transactions.find("checkout", tags={"product": "samovar"})
    assert checkout.status != "ok"
    assert checkout.tree.find("payment").status == checkout.tree.find("http.client").status
    sentry_events.spans.none("task")
