from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_sentryintegration.evidence import Child, Late, LateSpan, LogRecords, Raised, SampledOut
from pytest_sentryintegration.words import Elsewhere, Evidence, explain
from pytest_sentryintegration.words.explaining import reasons
from pytest_sentryintegration.words.losses import dropped, things
from tests.words.inboxes import Received


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (
            Evidence(imported=False, client=False),
            "This process has not imported sentry_sdk: nothing in it can report.",
        ),
        (
            Evidence(client=False),
            "This process has no SDK client: sentry_sdk.init() was not called, sentryintegration.init() had"
            " no DSN, or the client was closed.",
        ),
        (
            Evidence(client=True, dsn=False),
            "The application's SDK client has no DSN, so it sends nothing: pass dsn= or set SENTRY_DSN.",
        ),
        (
            Evidence(own_transport="test_it.<locals>.ListTransport"),
            "The application's SDK client has a transport of its own, ListTransport, which is left alone:"
            " what it sends does not come here.",
        ),
        (
            Evidence(client=True, transport_class="test_it.<locals>.Redacting"),
            "Nothing was captured, or the SDK passed over it silently (an ignored logger), or Redacting, the"
            " application's transport class, did not send it.",
        ),
        (
            Evidence(unflushed_transport="HttpTransport"),
            "The application's SDK client was given an instance of HttpTransport, which is not flushed"
            " here: call sentry_sdk.flush() first, or give transport= the class.",
        ),
        (
            Evidence(client=True, closed=True),
            "The SDK client is closed: what is captured after that is not sent.",
        ),
        (
            Evidence(client=True, dsn=False, turned_off=True),
            'init was given dsn="", which means off whatever SENTRY_DSN is: leave it out.',
        ),
        (
            Evidence(ignored_errors=(("ValueError", 2),)),
            "2 errors were dropped: ignore_errors covers ValueError.",
        ),
        (
            Evidence(late_spans=(LateSpan("late", "checkout", "b" * 16, False),)),
            "Span 'late' finished after its transaction 'checkout': the SDK sends a transaction with the"
            " spans that have finished before it.",
        ),
        (
            Evidence(other_mode=("sentry_sdk.start_transaction",)),
            "sentry_sdk.start_transaction was called, which does nothing under trace_lifecycle='stream': call"
            " sentry_sdk.traces.start_span.",
        ),
        (
            Evidence(other_mode=("sentry_sdk.traces.start_span",)),
            "sentry_sdk.traces.start_span was called, which does nothing without trace_lifecycle='stream':"
            " call sentry_sdk.start_transaction and start_span.",
        ),
        (
            Evidence(children=(Child("Process-1", spawned=True, ended=0),)),
            "Process 'Process-1' ended with exit code 0 and sent nothing: a spawned process does not inherit"
            " the parent's init(). Call sentry_sdk.init() there, and sentry_sdk.flush() before it ends.",
        ),
        (
            Evidence(children=(Child("app.py", ended=2),), handed_out=True, connected=False),
            "Process 'app.py' ended with exit code 2 and sent nothing: does it read SENTRY_DSN, and flush"
            " before it ends?",
        ),
        (Evidence(queued=1), "1 envelope is still queued in the SDK."),
        (Evidence(queued=3), "3 envelopes are still queued in the SDK."),
        (
            Evidence(rate_limited=("error", "transaction")),
            "The SDK is rate limited for error, transaction, as the fake Sentry told it to be.",
        ),
        (
            Evidence(rate_limited=("all",)),
            "The SDK is rate limited for everything, as the fake Sentry told it to be.",
        ),
        (
            Evidence(blocked_by="pytest-socket", failure="SocketBlockedError"),
            "Sockets are blocked by pytest-socket: set sentry_transport = memory.",
        ),
        (Evidence(failure="TimeoutError: timed out"), "The SDK could not deliver: TimeoutError: timed out."),
        (
            Evidence(elsewhere=(Elsewhere("consumer-1", "test_a.py::test_first", 2),)),
            "Thread 'consumer-1' was started by another test: 2 came into the inbox of test_a.py::test_first."
            " sentry_events.adopt(thread) moves it here.",
        ),
        (
            Evidence(elsewhere=(Elsewhere("consumer-1", ""),)),
            "Thread 'consumer-1' was started by another test: what it captures goes into no test's inbox."
            " sentry_events.adopt(thread) moves it here.",
        ),
        (
            Evidence(client=True, traces_sampler=False),
            "Tracing is off: the SDK client has neither traces_sample_rate nor traces_sampler.",
        ),
        (
            Evidence(handed_out=True, connected=False),
            "No process has connected: does it get the DSN of this fake Sentry, does it need longer to start,"
            " and does it flush before it ends?",
        ),
        (
            Evidence(client=True, handed_out=True, connected=False),
            "No other process has connected: does it get sentry_events.env, does it need longer to start "
            "(timeout=), and does it flush before it ends?",
        ),
        (Evidence(notes=("The drain did not end.",)), "The drain did not end."),
        (
            Evidence(raised=(Raised("before_send", "KeyError: 'user'", 2),)),
            "before_send raised KeyError: 'user', 2 times; init(debug=True) logs the traceback.",
        ),
        (
            Evidence(raised=(Raised("", "TypeError: x\x1b[0m"),)),
            "The SDK swallowed an error: TypeError: x\\x1b[0m; init(debug=True) logs the traceback.",
        ),
        (
            Evidence(unreported=("before_send_log",)),
            "before_send_log is set; what it drops, this SDK may not report.",
        ),
        (
            Evidence(switched_off=(("metrics", "metrics", "enable_metrics=True"),)),
            "The SDK client sends no metrics without enable_metrics=True.",
        ),
        (
            Evidence(unfinished=lambda: ("transaction 'open'",)),
            "Transaction 'open' is not finished, so it is not sent yet.",
        ),
        (
            Evidence(outside=("db", "db", "http", "cache", "x")),
            "5 spans were finished outside of any transaction (db, http, ...): the SDK sends spans inside of"
            " transactions only.",
        ),
        (
            Evidence(client=True, traces_sampler=False, outside=("db",)),
            "Tracing is off: the SDK client has neither traces_sample_rate nor traces_sampler.",
        ),
        (
            Evidence(django=(("test client", 2),)),
            "2 requests were made with Django's test client, which makes no transaction: it does not call the"
            " WSGI or ASGI handler, where the SDK begins them. Call that handler, or use LiveServerTestCase.",
        ),
        (
            Evidence(blocks_loop=True),
            "find and wait block the running event loop, so that no task can go on meanwhile: await"
            " find_async or wait_async instead.",
        ),
        (
            Evidence(threads=("worker",)),
            "Thread 'worker', which this test started, still runs: join it first, or wait with timeout=.",
        ),
        (
            Evidence(forks=2),
            "This process was forked 2 times while the test ran: what a fork captured and did not send before"
            " its end is lost; call sentry_sdk.flush() there.",
        ),
        (
            Evidence(forks=1, children=(Child("Process-1", forked=True, ended=0),)),
            "Process 'Process-1', a fork of this one, ended with exit code 0: what a fork captured and did"
            " not send before its end is lost; call sentry_sdk.flush() there.",
        ),
        (
            Evidence(children=(Child("worker.py", running=True),)),
            "Process 'worker.py' was started and may still run: wait for its end first, or wait with"
            " timeout=.",
        ),
        (
            Evidence(children=(Child("worker.py", ended=1),), connected=True),
            "Process 'worker.py' ended with exit code 1: what it did not send before its end is lost; call"
            " sentry_sdk.flush() there.",
        ),
        (
            Evidence(children=(Child("worker.py"),)),
            "Process 'worker.py' was started and sent nothing: does it read SENTRY_DSN, and flush before it"
            " ends?",
        ),
        (
            Evidence(children=(Child("worker.py", has_dsn=False),)),
            "Process 'worker.py' was started with an environment without this test's SENTRY_DSN: pass"
            " env=sentry_events.env.",
        ),
        (
            Evidence(children=(Child("worker.py"),), alone=True),
            "sentry_transport = memory captures this process alone, and the test started others.",
        ),
        (
            Evidence(late=(Late("test_a.py::test_first", 2, "another process (sentry.python/2.75.0)"),)),
            "Meanwhile 2 envelopes of another process (sentry.python/2.75.0) came into the inbox of"
            " test_a.py::test_first, which is over. A process keeps the DSN that it was started with: start"
            " it in this test, or in a fixture of the session and with sentry_server.env.",
        ),
        (
            Evidence(children=(Child("Process-1", spawned=True, running=True, earlier=True),)),
            "Process 'Process-1' was started before this test: it has the SENTRY_DSN of then. Start it in"
            " this test, or in a fixture of the session and with sentry_dsn = on.",
        ),
    ],
)
def test_evidence_in_a_sentence(evidence: Evidence, sentence: str) -> None:
    assert explain(evidence, Received().contents) == sentence


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(client=True, dsn=True),
        Evidence(imported=True, client=True, dsn=True, traces_sample_rate=0.0, traces_sampler=False),
        Evidence(client=True, traces_sampler=True),
        Evidence(client=True, handed_out=False, connected=False),
    ],
)
def test_without_a_reason_nothing_was_lost(evidence: Evidence) -> None:
    assert explain(evidence, Received().contents) == (
        "Nothing was lost on the way: nothing was captured, or the SDK passed over it silently"
        " (an ignored logger)."
    )


@pytest.mark.parametrize(
    ("noun", "sentence"),
    [
        (
            "errors",
            "Nothing was lost on the way: no error was captured, or the SDK passed over it silently"
            " (an ignored logger).",
        ),
        ("logs", "Nothing was lost on the way: no log was captured, or the SDK passed over it silently."),
        ("refused", "The fake Sentry accepted every request that came."),
        ("client_reports", "No SDK has reported that it dropped anything."),
    ],
)
def test_without_a_reason_only_what_is_true_of_the_noun_is_said(noun: str, sentence: str) -> None:
    received = Received()
    received.message("a")
    received.contents.update()

    assert reasons(Evidence(imported=True, client=True), received.contents, noun) == [sentence]


@pytest.mark.parametrize(
    ("reason", "category", "quantity", "sentence"),
    [
        ("sample_rate", "error", 2, "2 events were sampled out."),
        ("before_send", "error", 1, "1 event was dropped: before_send returned None."),
        (
            "event_processor",
            "error",
            1,
            "1 event was dropped: an event processor returned None (one is the SDK's deduplication, which"
            " drops an exception that was captured before).",
        ),
        (
            "ratelimit_backoff",
            "log_item",
            5,
            "5 logs were dropped: the SDK holds back what the fake Sentry told it to rate limit.",
        ),
        ("new_reason", "new_category", 1, "1 new category was dropped: new_reason."),
    ],
)
def test_what_senders_report_as_lost(reason: str, category: str, quantity: int, sentence: str) -> None:
    received = Received()
    received.dropped(reason, category, quantity)
    received.contents.update()

    assert explain(Evidence(client=True, traces_sample_rate=0.0), received.contents) == sentence


def test_an_application_that_did_not_initialise_is_told() -> None:
    assert explain(Evidence(client=True, fallback=True), Received().contents).splitlines()[1:] == [
        "The application did not call sentry_sdk.init() here, so sentry_sdk.is_initialized() is false for it."
    ]


def test_losses_for_one_reason_are_one_sentence() -> None:
    received = Received()
    received.dropped("sample_rate", "transaction", 1)
    received.dropped("sample_rate", "span", 3)
    received.dropped("sample_rate", "error", 1)
    received.contents.update()

    sampled_out = {
        SampledOut("transaction", "traces_sample_rate", 0.25): 1,
        SampledOut("span", "traces_sample_rate", 0.25): 3,
        SampledOut("error", "sample_rate", 0.5): 1,
    }
    assert explain(Evidence(sampled_out=sampled_out), received.contents).splitlines() == [
        "1 transaction and 3 spans were sampled out: traces_sample_rate is 0.25.",
        "1 event was sampled out: sample_rate is 0.5.",
    ]


def test_the_worker_of_the_sdk_is_no_thread_to_adopt() -> None:
    evidence = Evidence(queued=1, elsewhere=(Elsewhere("sentry-sdk.BackgroundWorker", "test_a"),))

    assert explain(evidence, Received().contents) == "1 envelope is still queued in the SDK."


@pytest.mark.parametrize(("noun", "count"), [("transactions", 2), ("spans", 2), ("errors", 1), (None, 2)])
def test_that_tracing_is_off_is_told_where_it_matters(noun: str | None, count: int) -> None:
    evidence = Evidence(client=True, dsn=False, traces_sampler=False)

    assert len(reasons(evidence, Received().contents, noun)) == count


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        ("traces_sampler", "2 spans were sampled out by the traces_sampler."),
        ("sampled=False", "2 spans were sampled out: start_transaction was given sampled=False."),
        ("caller", "2 spans were sampled out: the caller did not sample the trace (sentry-trace: ...-0)."),
        ("", "2 spans were sampled out."),
    ],
)
def test_what_decided_on_sampling_is_named(by: str, sentence: str) -> None:
    received = Received()
    received.dropped("sample_rate", "span", 2)
    received.contents.update()

    assert explain(Evidence(sampled_out={SampledOut("span", by): 2}), received.contents) == sentence


def test_what_another_process_sampled_out_is_told_without_a_rate() -> None:
    received = Received()
    received.dropped("sample_rate", "error", 3)
    received.contents.update()
    evidence = Evidence(sampled_out={SampledOut("error", "sample_rate", 0.5): 1}, connected=True)

    assert explain(evidence, received.contents).splitlines() == [
        "1 event was sampled out: sample_rate is 0.5.",
        "2 events were sampled out by another process.",
    ]


def test_equal_refusals_are_counted() -> None:
    received = Received()
    for _ in range(3):
        received.refused(400, "invalid event envelope")
    received.refused(413, "too large\x1b[0m")
    received.contents.update()

    assert explain(Evidence(), received.contents).splitlines() == [
        "3 requests were refused by the fake Sentry with status 400: invalid event envelope.",
        "1 request was refused by the fake Sentry with status 413: too large\\x1b[0m.",
    ]


def test_what_is_not_known_is_not_claimed() -> None:
    assert explain(Evidence(), Received().contents) == (
        "Nothing is known of the senders: whether they sent anything, and where to."
    )
    assert explain(
        Evidence(client=True, handed_out=True, connected=True), Received().contents
    ).splitlines() == [
        "Nothing was lost on the way: nothing was captured, or the SDK passed over it silently"
        " (an ignored logger).",
        "What another process lost, if anything, is not known here.",
    ]


def test_a_process_from_before_the_test_leaves_what_is_said_of_this_one() -> None:
    earlier = Child("helper", forked=True, running=True, earlier=True)
    alone = Evidence(client=True, alone=True)
    handed_out = Evidence(client=True, handed_out=True, connected=False)

    assert reasons(replace(alone, children=(earlier,)), Received().contents) == reasons(
        alone, Received().contents
    )
    assert explain(replace(handed_out, children=(earlier,)), Received().contents).splitlines() == [
        "Process 'helper' was started before this test: it has the SDK client of then, and if a test started"
        " it, that test gets what it sends. Start it in this test, or in a fixture of the session and with"
        " sentry_dsn = on.",
        *reasons(handed_out, Received().contents),
    ]


@pytest.mark.parametrize("child", [Child("git status", ended=0), Child("SpawnProcess-1", spawned=True)])
def test_a_child_that_may_have_ended_well_is_not_told_where_one_reported(child: Child) -> None:
    evidence = Evidence(client=True, connected=True, children=(child,))

    assert reasons(evidence, Received().contents)[0].startswith("Nothing was lost on the way")


@pytest.mark.parametrize(
    ("noun", "count"), [("messages", 1), ("transactions", 1), ("logs", 1), ("metrics", 1), ("check_ins", 1)]
)
def test_losses_and_errors_of_other_nouns_are_not_told(noun: str, count: int) -> None:
    received = Received()
    for reason, category in (
        ("before_send", "error"),
        ("sample_rate", "span"),
        ("queue_overflow", "log_item"),
    ):
        received.dropped(reason, category, 1)
    received.dropped("callback_error", "trace_metric", 1)
    received.dropped("network_error", "monitor", 1)
    received.contents.update()
    raised = (Raised("before_send_metric", "KeyError: 1"),)

    assert len(reasons(Evidence(client=True, raised=raised), received.contents, noun)) == count


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "1 event was dropped: before_send raised KeyError: 'user'; init(debug=True) logs the traceback."),
        (
            3,
            "3 events were dropped: before_send returned None, or before_send raised KeyError: 'user';"
            " init(debug=True) logs the traceback.",
        ),
    ],
)
def test_a_callback_is_said_to_have_raised_as_often_as_it_did(count: int, sentence: str) -> None:
    received = Received()
    received.dropped("before_send", "error", count)
    received.contents.update()

    assert (
        explain(Evidence(raised=(Raised("before_send", "KeyError: 'user'"),)), received.contents) == sentence
    )


def test_a_callback_that_raised_unheard_is_not_guessed() -> None:
    received = Received()
    received.dropped("callback_error", "log_item", 1)
    received.contents.update()

    assert explain(Evidence(client=True), received.contents) == (
        "1 log was dropped: a callback raised (before_send_log, event processor or error processor);"
        " init(debug=True) logs the traceback."
    )


def test_a_log_that_is_reported_by_number_and_size_is_counted_once() -> None:
    received = Received()
    received.dropped("before_send", "log_item", 1)
    received.dropped("before_send", "log_byte", 57)
    received.contents.update()

    assert dropped(received.contents) == "1 log dropped by before_send"


def test_spans_that_a_callback_took_out_are_told_as_such() -> None:
    received = Received()
    received.dropped("event_processor", "span", 2)
    received.dropped("before_send", "span", 1)
    received.contents.update()

    assert explain(Evidence(client=True), received.contents).splitlines() == [
        "2 spans were taken out of their transaction by an event processor.",
        "1 span was taken out of its transaction by before_send_transaction.",
    ]


def incomplete(left_out: int) -> Received:
    """An inbox with a transaction that was sent without as many of its spans."""
    received = Received()
    received.item(
        "transaction",
        {
            "transaction": "checkout",
            "contexts": {"trace": {"trace_id": "a" * 32, "span_id": "b" * 16}},
            "start_timestamp": 1000,
            "timestamp": 1010,
            "spans": [{"trace_id": "a" * 32, "span_id": "c" * 16, "parent_span_id": "b" * 16, "op": "db"}],
            "_meta": {"spans": {"": {"len": 1 + left_out}}},
        },
    )
    received.contents.update()
    return received


@pytest.mark.parametrize(
    ("left_out", "max_spans", "sentence"),
    [
        (
            1,
            1000,
            "Transaction 'checkout' was sent without 1 of its spans: that one had not finished when the"
            " transaction did.",
        ),
        (
            3,
            1,
            "Transaction 'checkout' was sent without 3 of its spans: these had not finished when the"
            " transaction did, or there were more than max_spans=1.",
        ),
    ],
)
def test_a_transaction_that_was_sent_without_spans_is_told(
    left_out: int, max_spans: int, sentence: str
) -> None:
    received = incomplete(left_out)

    assert explain(Evidence(max_spans=max_spans), received.contents) == sentence
    received.dropped("buffer_overflow", "span", left_out)
    received.contents.update()
    assert explain(Evidence(max_spans=max_spans), received.contents) == sentence
    received.dropped("event_processor", "span", left_out)
    received.contents.update()
    assert "was sent without" not in explain(Evidence(max_spans=max_spans), received.contents)


@pytest.mark.parametrize(
    ("records", "noun", "fact"),
    [
        (
            LogRecords(integrated=False),
            "messages",
            "The SDK client has no logging integration: no log record becomes an event or a log.",
        ),
        (
            LogRecords(event_level=None),
            "errors",
            "The logging integration has event_level=None: no log record becomes an event.",
        ),
        (LogRecords(silenced=("quiet",)), "messages", "Loggers with a level above ERROR: quiet."),
        (LogRecords(disabled=("a", "b", "c", "d")), "messages", "Loggers that are disabled: a, b, c, ..."),
        (
            LogRecords(root_level="WARNING", root_passes_info=False),
            "logs",
            "Without a level of their own, loggers make records from WARNING up alone.",
        ),
    ],
)
def test_what_keeps_log_records_from_being_sent_is_told(records: LogRecords, noun: str, fact: str) -> None:
    evidence = Evidence(client=True, log_records=records)

    assert reasons(evidence, Received().contents, noun)[1:] == [fact]
    assert len(reasons(evidence, Received().contents, "transactions")) == 1


def test_that_the_facade_may_have_suppressed_a_transaction_is_told_where_it_is_there() -> None:
    assert reasons(Evidence(client=True, facade=True), Received().contents, "spans") == [
        "Nothing was lost on the way: nothing was captured, or the SDK passed over it silently"
        " (sentryintegration.start_transaction with trace_id=None)."
    ]


def test_a_late_span_that_is_named_is_not_counted_as_one_that_had_not_finished() -> None:
    received = incomplete(2)
    late = LateSpan("late", "checkout", "b" * 16, True)

    assert explain(Evidence(late_spans=(late,)), received.contents).splitlines() == [
        "Span 'late' finished after its transaction 'checkout': the SDK sends a transaction with the spans"
        " that have finished before it.",
        "Transaction 'checkout' was sent without 1 of its spans: that one had not finished when the"
        " transaction did.",
    ]


def test_what_a_client_report_explains_needs_no_guesses_beside_it() -> None:
    received = Received()
    received.dropped("before_send", "error", 1)
    received.contents.update()
    child = Child("python cli.py", ended=1)
    evidence = Evidence(client=True, connected=True, forks=1, outside=("db",), children=(child,))

    assert explain(evidence, received.contents) == "1 event was dropped: before_send returned None."
    running = replace(evidence, forks=0, children=(Child("python cli.py", running=True),))
    assert len(reasons(running, received.contents)) == 2
    killed = replace(evidence, forks=0, children=(Child("python cli.py", ended=-9),))
    assert len(reasons(killed, received.contents)) == 2


def test_losses_of_several_reports_are_added() -> None:
    received = Received()
    received.dropped("before_send", "error", 1)
    received.dropped("before_send", "error", 2)
    received.dropped("sample_rate", "transaction", 1)
    received.contents.update()

    assert dropped(received.contents) == "3 events dropped by before_send, 1 transaction dropped by sampling"


def test_a_category_that_is_unknown_is_named_as_sent() -> None:
    assert things("profile_chunk", 2) == "2 profile chunks"
