"""The client of the payments service."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from sentryintegration import start_transaction, trace_headers
from shop.orders import Order


class Declined(Exception):
    """The card was not charged."""

    def __init__(self, reason: str, answer: dict[str, Any]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = answer


class PaymentsUnavailable(Exception):
    """The payments service does not answer as it should."""


class Payments:
    """Charges cards at the service that *url* names, credentials included: ``http://user:password@host``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port}/charges"
        self.authorization = f"Basic {b64encode(f'{parts.username}:{parts.password}'.encode()).decode()}"

    def charge(self, order: Order) -> None:
        """Charge an order.

        Raises:
            Declined: The service refused.
            PaymentsUnavailable: The service could not be asked.
        """
        headers = {"Content-Type": "application/json", "Authorization": self.authorization}
        body = json.dumps({"order": order.number, "cents": order.cents}).encode()
        with start_transaction(op="payment", description="card") as payment:
            request = Request(self.endpoint, body, {**headers, **trace_headers()})
            try:
                with urlopen(request, timeout=5) as response:
                    response.read()
                return
            except HTTPError as error:
                payment.set_status(error.code)
                answer = json.load(error)
            except URLError as error:
                raise PaymentsUnavailable(f"no answer from {self.url}: {error.reason}") from error
        raise Declined(answer["reason"], answer)
