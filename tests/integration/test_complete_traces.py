"""Complete traces of this process: what its SDK and the facade have not sent yet is waited for."""

from __future__ import annotations

import threading

import pytest

import sentryintegration
from pytest_sentryintegration import SentryEvents
from sentryintegration import finish_transaction, start_transaction, trace_headers

OPEN = "is not finished, so it is not sent yet"


@pytest.fixture(autouse=True)
def quick(sentry_events: SentryEvents) -> None:
    sentry_events._reader.source.quiet = 0.01


def test_a_transaction_that_is_open_in_this_process_is_owed(sentry_events: SentryEvents) -> None:
    with start_transaction(name="checkout", op="task") as checkout:
        with start_transaction(name="mail", headers=trace_headers()):
            pass

        with pytest.raises(AssertionError, match="owes span") as caught:
            sentry_events.traces.find(checkout.trace_id, complete=True, timeout=0.02)

    assert f"Transaction 'checkout' {OPEN}" in str(caught.value).replace("\n  ", " ")
    assert len(sentry_events.traces.find(checkout.trace_id, complete=True).spans) == 2


def test_a_span_that_outlives_its_transaction_is_waited_for(sentry_events: SentryEvents) -> None:
    with start_transaction(name="checkout", op="task") as checkout:
        sent = start_transaction(name="mail", headers=trace_headers())
        finish_transaction(sent)
        late = start_transaction(op="late")
    thread = threading.Timer(0.05, finish_transaction, [late])
    thread.start()

    trace = sentry_events.traces.find(checkout.trace_id, complete=True)

    thread.join()
    assert trace.tree.find("late").parent == trace.tree


def test_an_open_transaction_of_another_trace_is_not_waited_for(sentry_events: SentryEvents) -> None:
    with start_transaction(name="checkout", op="task") as checkout:
        pass
    other = start_transaction(name="other", op="task")

    sentry_events.traces.find(checkout.trace_id, complete=True)

    finish_transaction(other)


def test_a_complete_trace_is_found_after_the_last_transaction_is_sent(sentry_events: SentryEvents) -> None:
    with start_transaction(name="one") as one:
        pass
    sentryintegration.flush()

    sentry_events.traces.find(one.trace_id, complete=True).assert_complete()
