"""What the tests of every suite send: a message, and a transaction with one span."""

from __future__ import annotations

import sentry_sdk


def work() -> None:
    sentry_sdk.capture_message("Spec failed", level="warning")
    with (
        sentry_sdk.start_transaction(op="http.server", name="checkout"),
        sentry_sdk.start_span(op="db.query", name="SELECT * FROM cart"),
    ):
        pass
