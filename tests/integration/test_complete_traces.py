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

pytestmark = pytest.mark.uncounted

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
    connection = http.client.HTTPConnection("127.0.0.1", url.port or 0, timeout=60)
    for envelope in envelopes:
        header = json.dumps({**envelope.headers, "length": len(envelope.payload)})
        connection.request(
            "POST",
            f"{inbox}/api/{project}/envelope/?sentry_key={url.username}",
            b"{}\n" + header.encode() + b"\n" + envelope.payload,
        )
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
    connection.close()


def in_trace(number: int, envelope: RawItem) -> RawItem:
    trace_id = f"{number + 1:032x}"
    return RawItem(envelope.headers, envelope.payload.replace(TRACE.encode(), trace_id.encode()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_200_traces_that_eight_processes_send_in_random_order_are_complete_with_the_last(
    sentry_events: SentryEvents,
) -> None:
    chance, dsn = random.Random(1), sentry_events.dsn
    shuffled, last = [], []
    for number in range(200):
        first, *others = (in_trace(number, sent) for sent in spans_of(chance, chance.randint(2, 8)))
        last.append(first)  # it has the root
        shuffled += [*others, *chance.choices(others, k=3)]
    chance.shuffle(shuffled)
    (sent, told), (go_on, release) = os.pipe(), os.pipe()
    pids = []
    for share in range(8):
        pids.append(os.fork())
        if pids[-1] == 0:
            try:
                os.close(release)
                send(dsn, shuffled[share::8])
                os.write(told, b".")
                os.close(told)
                os.read(go_on, 1)
                send(dsn, last[share::8])
            finally:
                os._exit(0)
    # A process that fails writes nothing: what is read ends when no process holds the other end any more.
    os.close(told)
    os.close(go_on)
    with open(sent, "rb") as reports, open(release, "wb") as held:
        assert reports.read() == b"." * 8

        early = list(sentry_events.traces)
        assert (len(early), [trace for trace in early if not trace.missing]) == (200, [])
        with pytest.raises(AssertionError, match="owes span"):
            sentry_events.traces.wait(200, complete=True, timeout=0.01)
        held.close()
        traces = sentry_events.traces.wait(200, complete=True, timeout=60)

    for pid in pids:
        os.waitpid(pid, 0)
    assert len(sentry_events.envelopes) == len(shuffled) + len(last)
    ids = {(span.trace_id, span.span_id) for span in sentry_events.spans}
    walked = [(span.trace_id, span.span_id) for trace in traces for span in trace.tree.walk()]
    assert (len(walked), set(walked)) == (len(ids), ids)
