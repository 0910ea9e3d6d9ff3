"""Complete traces of this process: what its SDK and the facade have not sent yet is waited for."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
from urllib.parse import urlsplit

import pytest

import sentryintegration
from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.wire.envelope import RawItem
from sentryintegration import finish_transaction, start_transaction, trace_headers
from tests.inbox.test_completeness import spans_of
from tests.model.sent import TRACE

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


def send(dsn: str, envelopes: list[RawItem]) -> None:
    """POST each of them as an envelope of its own."""
    url = urlsplit(dsn)
    inbox, _, project = url.path.rpartition("/")
    for envelope in envelopes:
        header = json.dumps({**envelope.headers, "length": len(envelope.payload)})
        connection = http.client.HTTPConnection("127.0.0.1", url.port or 0, timeout=30)
        connection.request(
            "POST",
            f"{inbox}/api/{project}/envelope/?sentry_key={url.username}",
            b"{}\n" + header.encode() + b"\n" + envelope.payload,
        )
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("seed", range(3))
def test_what_eight_processes_send_is_complete_when_the_last_has_sent(
    sentry_events: SentryEvents, seed: int
) -> None:
    chance, dsn = random.Random(seed), sentry_events.dsn
    last, *envelopes = spans_of(chance, 8)
    doubled = [*envelopes, *chance.choices(envelopes, k=8)]
    chance.shuffle(doubled)
    (sent, told), (go_on, release) = os.pipe(), os.pipe()
    pids = []
    for number in range(8):
        pids.append(os.fork())
        if pids[-1] == 0:
            try:
                os.close(release)
                send(dsn, doubled[number::8])
                os.write(told, b".")
                os.read(go_on, 1)
                send(dsn, [last] if number == 0 else [])
            finally:
                os._exit(0)
    for _ in pids:
        os.read(sent, 1)

    with pytest.raises(AssertionError, match="owes span"):
        sentry_events.traces.find(TRACE, complete=True, timeout=0.01)
    os.close(release)
    trace = sentry_events.traces.find(TRACE, complete=True, timeout=30)

    for pid in pids:
        os.waitpid(pid, 0)
    for descriptor in (sent, told, go_on):
        os.close(descriptor)
    ids = {span.span_id for span in sentry_events.spans}
    assert {span.span_id for span in trace.tree.walk()} == {span.span_id for span in trace.spans} == ids
    assert len(sentry_events.envelopes) == len(doubled) + 1
