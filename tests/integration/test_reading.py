"""What a small mistake in a test is answered with."""

from __future__ import annotations

import pytest

import sentryintegration
from pytest_sentryintegration import SentryEvents, span
from tests.integration.conftest import Run


def send() -> None:
    with sentryintegration.start_transaction(name="checkout", op="http.server"):
        with sentryintegration.start_transaction(op="db.query", description="SELECT 1"):
            pass
        sentryintegration.capture_message("receipt", attachments=[("receipt.txt", "1.99")])


def test_a_transaction_and_a_trace_stand_for_their_tree(sentry_events: SentryEvents) -> None:
    send()

    assert sentry_events.transactions.find("checkout") == span("http.server", span("db.query", "SELECT 1"))
    assert sentry_events.traces.find() == span("http.server", span("db.query", "SELECT 1"))
    assert sentry_events.transactions.find("checkout") != span("http.server")


def test_a_trace_without_one_root_is_a_miss_of_find_not_an_error(sentry_events: SentryEvents) -> None:
    with sentryintegration.start_transaction(name="a", op="x") as first:
        pass
    with sentryintegration.start_transaction(name="b", op="x", trace_id=first.trace_id):
        pass

    with pytest.raises(AssertionError, match=r"(?s)Expected one trace.*2 roots"):
        sentry_events.traces.find(tree=span("x"), timeout=0)


def test_a_filename_that_did_not_come_is_answered_with_those_that_did(sentry_events: SentryEvents) -> None:
    send()

    with pytest.raises(KeyError, match=r"no attachment is named 'recipe.txt'; there came: 'receipt.txt'"):
        sentry_events.messages.find("receipt").attachments["recipe.txt"]


def test_a_wrong_marker_is_said_without_the_plugins_insides(run: Run) -> None:
    result = run(test_it="import pytest\n@pytest.mark.sentry(alow=[])\ndef test_it(sentry_events): pass")

    result.assert_outcomes(errors=1)
    assert len(result.outlines) < 20


def test_integrations_that_an_init_disables_are_off_also_when_an_earlier_one_had_them(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk
            from sentry_sdk.integrations.stdlib import StdlibIntegration

            def test_first(sentry_events):
                assert sentry_sdk.get_client().get_integration(StdlibIntegration)

            def test_disabled(sentry_events):
                sentry_sdk.init("https://key@example.com/1", disabled_integrations=[StdlibIntegration()])
                assert sentry_sdk.get_client().get_integration(StdlibIntegration) is None
        """
    )

    result.assert_outcomes(passed=2)
