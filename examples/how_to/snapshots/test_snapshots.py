from sentryintegration import Warn, capture_message, start_transaction


def check_out():
    with start_transaction(name="checkout", op="task"):
        with start_transaction(op="db.query", description="SELECT * FROM cart"):
            pass
        capture_message("out of tea", Warn)


def test_a_checkout_sends_the_same_as_ever(sentry_events):
    check_out()

    checkout = sentry_events.transactions.find("checkout")
    assert checkout.tree.outline() == "task  checkout\n└─ db.query  SELECT * FROM cart"
    assert sentry_events.messages.find("out of tea").snapshot() == {
        "id": "event-1",
        "trace_id": "trace-1",
        "span_id": "span-1",
        "level": "warning",
        "message": "out of tea",
        "transaction": "checkout",
        "environment": "production",
    }
