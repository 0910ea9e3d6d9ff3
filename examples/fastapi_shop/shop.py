"""A shop in FastAPI, which initialises Sentry when it is made."""

from __future__ import annotations

import sentry_sdk
from fastapi import FastAPI, HTTPException

from sentryintegration import Warn, capture_message, start_transaction

PRICES = {"teapot": 4_900, "samovar": 89_900}
LIMIT = 50_000


def create_app() -> FastAPI:
    sentry_sdk.init(release="fastapi-shop@2.0", traces_sample_rate=1.0)
    app = FastAPI()

    @app.post("/buy/{product}")
    async def buy(product: str) -> dict[str, int]:
        price = PRICES[product]
        with start_transaction(op="payment", description="card"):
            if price > LIMIT:
                capture_message("Payment declined", Warn, tags={"product": product})
                raise HTTPException(402)
        return {"price": price}

    return app
