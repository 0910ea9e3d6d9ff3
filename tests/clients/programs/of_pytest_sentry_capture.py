"""What a test with pytest-sentry-capture says; ``ROWS`` has the expressions."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk import logger


@pytest.mark.parametrize("code", json.loads(os.environ["ROWS"]))
def test_what_stands_in_the_table_finds_what_was_sent(sentry_capture: Any, code: str) -> None:
    with sentry_sdk.start_transaction(name="checkout", op="task"), sentry_sdk.start_span(op="db.query"):
        pass
    sentry_sdk.add_breadcrumb(message="added a teapot")
    sentry_sdk.capture_exception(ValueError("no card"))
    sentry_sdk.get_client().options["enable_logs"] = True
    logger.info("paid")
    sentry_capture.flush()

    found = eval(code, {"sentry_capture": sentry_capture})

    assert found if isinstance(found, dict | str) else list(found)


def test_a_transaction_that_is_not_there_is_an_error(sentry_capture: Any) -> None:
    with pytest.raises(LookupError):
        sentry_capture.find_transaction_by_name("checkout")


def test_of_two_transactions_the_first_is_found(sentry_capture: Any) -> None:
    for number in (1, 2):
        with sentry_sdk.start_transaction(name="checkout") as transaction:
            transaction.set_tag("number", number)

    assert sentry_capture.find_transaction_by_name("checkout")["tags"]["number"] == 1
