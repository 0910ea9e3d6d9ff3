"""What the tests of every suite send: a message, and a transaction with one span."""

from __future__ import annotations

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport


class Collecting(Transport):
    """Keeps envelopes in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)


def work() -> None:
    sentry_sdk.capture_message("Spec failed", level="warning")
    with (
        sentry_sdk.start_transaction(op="http.server", name="checkout"),
        sentry_sdk.start_span(op="db.query", name="SELECT * FROM cart"),
    ):
        pass
