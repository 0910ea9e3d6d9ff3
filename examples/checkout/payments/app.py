"""The web application. The SDK's Flask integration continues the trace of whoever asks."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from sentryintegration import start_transaction


def create_app(limit_cents: int = 50_000) -> Flask:
    """Return the service; it declines what costs more than the limit."""
    app = Flask("payments")

    @app.post("/charges")
    def charge() -> ResponseReturnValue:
        wanted = request.get_json()
        with start_transaction(op="risk.check", description="limit"):
            declined = wanted["cents"] > limit_cents
        if declined:
            return {"reason": "over the limit", "limit": limit_cents}, 402
        with start_transaction(op="bank.charge", description="card"):
            return {"charged": wanted["cents"]}

    return app
