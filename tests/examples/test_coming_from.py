"""The tables of docs/coming-from.md are run where they are Python: what stands in them is true."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from sentryintegration import Warn, capture_exception, capture_message, start_transaction
from tests.examples.pages import DOCS

PAGE = (DOCS / "coming-from.md").read_text(encoding="utf-8")
TABLE = re.compile(r"^\| (.*) \|$", re.MULTILINE)
ROWS = [row.split(" | ") for row in TABLE.findall(PAGE)]
OURS = [
    code
    for row in ROWS
    for code in re.findall(r"`([^`]+)`", row[-1])
    if code.startswith(("sentry_events", "str(transaction"))
]
THEIRS = [code for row in ROWS for code in re.findall(r"`(events\[[^`]+)`", row[0])]


def rows_of(heading: str) -> list[list[str]]:
    """Return the rows of the table under that heading, each with its cells."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [row.split(" | ") for row in TABLE.findall(section)][1:]


def pay() -> None:
    """Send what the tables ask for."""
    with start_transaction(name="checkout", op="task"), start_transaction(op="db.query"):
        pass
    capture_message("Payment declined", Warn)
    sentry_sdk.add_breadcrumb(message="added a teapot")
    capture_exception(ValueError("no card"), tags={"card": "visa"})


def test_the_tables_have_code_of_both_sides() -> None:
    assert (len(OURS) > 12, len(THEIRS)) == (True, 3)


def test_what_is_written_here_finds_what_was_sent(sentry_events: SentryEvents) -> None:
    pay()
    names = {"sentry_events": sentry_events, "transaction": sentry_events.transactions.find("checkout")}

    found = {code: eval(code, {**names}) for code in OURS}

    assert found["sentry_events.errors.find(ValueError).exception.value"] == "no card"
    assert found["sentry_events[0].message"] == "Payment declined"
    assert "db.query" in found["str(transaction.tree)"]
    empty = {code for code, value in found.items() if not isinstance(value, str) and value is None}
    assert empty == set()


FILLMORE = """
import sentry_sdk
from fillmore.test import diff_structure


def test_the_client_of_the_application_is_used_again(sentry_helper):
    sentry_sdk.init("https://key@sentry.example/1", release="shop@1")
    with sentry_helper.reuse() as client:
        sentry_sdk.capture_message("out of tea")
        assert client.envelope_payloads[0]["release"] == "shop@1"
        client.reset()
        assert client.envelope_payloads == []


def test_options_are_those_of_init(sentry_helper):
    with sentry_helper.init(release="shop@2") as client:
        sentry_sdk.capture_message("out of tea")
        payload = client.envelope_payloads[0]
    assert diff_structure(payload, {**payload, "level": "error"}) != []
"""


def test_what_is_written_today_with_fillmore_holds(pytester: pytest.Pytester) -> None:
    calls = [name for row in rows_of("fillmore") for name in re.findall(r"`[\w.]*?(\w+)\(", row[0])]
    pytester.makepyfile(FILLMORE)

    result = pytester.runpytest_subprocess(
        "-p", "no:sentryintegration", "-p", "no:randomly", "-p", "no:asyncio"
    )

    assert [name for name in calls if f"{name}(" not in FILLMORE] == []
    result.assert_outcomes(passed=2)


@pytest.mark.usefixtures("sentry_events")
def test_what_is_written_today_with_a_transport_that_is_a_list_holds() -> None:
    events: list[Any] = []
    with pytest.warns(DeprecationWarning, match="Function transports"):
        client = sentry_sdk.Client("https://key@sentry.example/1", transport=events.append)
    with sentry_sdk.new_scope() as scope:
        scope.set_client(client)
        sentry_sdk.set_tag("card", "visa")
        sentry_sdk.capture_exception(ValueError("no card"))
    client.close(timeout=0)

    conditions = [code for code in THEIRS if "==" in code]
    assert [eval(code, {"events": events}) for code in conditions] == [True, True]
