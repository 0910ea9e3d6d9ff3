"""The background job that sends receipts."""

from __future__ import annotations

from sentryintegration import Handle, capture_exception, set_task_transaction, start_transaction
from shop.orders import Orders


def send_receipt(orders: Orders, number: int, checkout: Handle) -> None:
    """Send the receipt of an order; runs in a thread of the pool, inside the trace of its *checkout*."""
    with set_task_transaction(checkout), start_transaction(op="task", description="send receipt"):
        try:
            order = orders.read(number)
            with start_transaction(op="template.render", description="receipt.txt"):
                receipt = f"{order.product}: {order.cents / 100:.2f} EUR"
            orders.mark(number, f"receipt sent: {receipt}")
        except Exception as error:
            capture_exception(error, tags={"order": number})
