"""The web application."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from flask import Flask
from flask.typing import ResponseReturnValue

from sentryintegration import Attachment, Warn, capture_exception, capture_message, start_transaction
from shop import reporting
from shop.orders import Orders
from shop.payments import Declined, Payments, PaymentsUnavailable
from shop.receipts import send_receipt


def create_app(database: Path, payments_url: str) -> Flask:
    """Return the shop, ready to be served."""
    reporting.start()
    app = Flask("shop")
    orders = Orders(database)
    payments = Payments(payments_url)
    receipts = ThreadPoolExecutor(max_workers=2, thread_name_prefix="receipts")
    app.extensions["orders"] = orders
    app.extensions["receipts"] = receipts

    @app.post("/checkout/<product>")
    def buy(product: str) -> ResponseReturnValue:
        with start_transaction(name="checkout", op="shop.checkout", tags={"product": product}) as transaction:
            order = orders.place(product)
            transaction.set_data("order", order.number)
            try:
                payments.charge(order)
            except Declined as declined:
                orders.mark(order.number, "declined")
                transaction.set_status("failed_precondition")
                capture_message(
                    f"Payment declined: {declined.reason}",
                    Warn,
                    tags={"product": product, "reason": declined.reason},
                    attachments=[Attachment(asdict(order), "order.json"), ("answer.json", declined.answer)],
                )
                return {"error": declined.reason}, 402
            except PaymentsUnavailable as error:
                capture_exception(error)
                return {"error": "try again later"}, 503
            orders.mark(order.number, "paid")
            receipts.submit(send_receipt, orders, order.number, transaction)
        return {"order": order.number}, 201

    return app
