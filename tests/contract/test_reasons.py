"""Section 4: why nothing arrived. Each reason has evidence, and each text is compared whole."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sentry_sdk
import sentry_sdk.logger
from sentry_sdk.integrations.logging import LoggingIntegration

import sentryintegration
from pytest_sentryintegration import SentryEvents, capture
from tests.contract.sending import LOGS, OPTIONS, REAL_DSN, STREAMED, V3, child, root

V241 = sentry_sdk.VERSION.startswith("2.41.")


def why(view: Any, *args: Any, timeout: float = 0.1, **criteria: Any) -> str:
    """The lines of a failed `find` after what was received."""
    with pytest.raises(AssertionError) as caught:
        view.find(*args, timeout=timeout, **criteria)
    return after_what_was_received(str(caught.value))


def after_what_was_received(failure: str) -> str:
    """The lines that begin with a dash, and those that continue them."""
    lines = failure.split("\n")
    return "\n".join(lines[next(place for place, line in enumerate(lines) if line.startswith("- ")) :])


def text(block: str) -> str:
    """The block without its indent."""
    return textwrap.dedent(block).strip("\n")


WITH_LOGGING = text("""
    - Nothing was lost on the way: nothing was captured, or the SDK passed over it
      silently (an ignored logger).
    """)
WITHOUT_LOGGING = text("""
    - The SDK client has no logging integration: no log record becomes an event or a
      log.
    """)
# In sentry-sdk 3 that integration is not among the default ones.
NOTHING = f"{WITH_LOGGING}\n{WITHOUT_LOGGING}" if V3 else WITH_LOGGING


def raise_key_error(*_: Any) -> Any:
    """Be a callback that fails."""
    raise KeyError("user")


def test_without_evidence_nothing_was_lost(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)

    assert why(sentry_events.messages, "hello") == NOTHING


def test_a_before_send_that_raised_is_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, before_send=raise_key_error)
    sentry_sdk.capture_message("hello")

    assert why(sentry_events.messages, "hello") == text("""
        - 1 event was dropped: before_send raised KeyError: 'user'; init(debug=True)
          logs the traceback.
        """)
    assert "raised" not in why(sentry_events.spans, "db")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sample_rate": 0.0}, "- 1 event was sampled out: sample_rate is 0.0."),
        ({"error_sampler": lambda *_: 0.0}, "- 1 event was sampled out by the error_sampler."),
    ],
)
def test_what_sampled_an_event_out_is_named(
    options: dict[str, Any], sentence: str, sentry_events: SentryEvents
) -> None:
    sentry_sdk.init(REAL_DSN, **options)
    sentry_sdk.capture_message("hello")

    assert why(sentry_events.messages, "hello") == sentence


UNSAMPLED = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"


def test_a_caller_that_did_not_sample_is_named_and_no_rate(sentry_events: SentryEvents) -> None:
    sentryintegration.init(REAL_DSN, **OPTIONS)
    with sentryintegration.start_transaction(name="checkout", headers={"sentry-trace": UNSAMPLED}):
        pass

    said = " ".join(why(sentry_events.transactions, "checkout").split())
    assert said.endswith(" sampled out: the caller did not sample the trace (sentry-trace: ...-0).")


@pytest.mark.skipif(STREAMED, reason="streamed spans have no such argument")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"traces_sample_rate": 1.0}, ": start_transaction was given sampled=False."),
        ({"traces_sample_rate": 0.5}, ": start_transaction was given sampled=False."),
        ({"traces_sampler": lambda _: 1.0}, " by the traces_sampler, or by sampled=False."),
    ],
)
def test_an_argument_that_sampled_a_transaction_out_is_named(
    options: dict[str, Any], sentence: str, sentry_events: SentryEvents
) -> None:
    sentry_sdk.init(REAL_DSN, **options)
    with sentry_sdk.start_transaction(name="checkout", sampled=False):
        pass

    said = " ".join(why(sentry_events.transactions, "checkout").split())
    assert said == f"- 1 transaction and 1 span were sampled out{sentence}"


def test_the_rate_is_that_of_the_client_that_sampled(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **{**OPTIONS, "traces_sample_rate": 0.0})
    with root("checkout"):
        pass
    sentry_sdk.init(REAL_DSN, **OPTIONS)

    said = " ".join(why(sentry_events.transactions, "checkout").split())
    assert said.endswith(" sampled out: traces_sample_rate is 0.0.")


def test_the_sampling_of_another_process_is_told_as_such(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    # Flushed, since Python 3.12.0 to 3.12.2 can start no thread at exit, and nothing has started the SDK's.
    code = "import sentry_sdk as s; s.init(sample_rate=0.0); s.capture_message('hello'); s.flush()"
    subprocess.run([sys.executable, "-c", code], env=sentry_events.env, check=True)

    assert why(sentry_events.messages, "hello") == "- 1 event was sampled out by another process."


def test_a_builtin_that_raised_is_named_too(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, before_send=int)  # type: ignore[arg-type]
    sentry_sdk.capture_message("hello")

    assert why(sentry_events.messages, "hello").startswith(
        "- 1 event was dropped: before_send raised TypeError:"
    )


@pytest.mark.skipif(V3, reason="sentry-sdk 3 has no transaction events")
@pytest.mark.skipif(STREAMED, reason="streamed spans do not go through before_send_transaction")
def test_a_before_send_transaction_that_raised_is_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS, before_send_transaction=raise_key_error)
    with root("checkout"):
        pass

    assert why(sentry_events.transactions, "checkout") == text("""
        - 1 transaction and 1 span were dropped: before_send_transaction raised
          KeyError: 'user'; init(debug=True) logs the traceback.
        """)


@pytest.mark.skipif(V241, reason="sentry-sdk 2.41 lets the application have the error")
def test_callbacks_of_logs_breadcrumbs_and_sampling_that_raised_are_named(
    sentry_events: SentryEvents,
) -> None:
    callbacks: dict[str, Any] = dict.fromkeys(
        ("before_send_log", "before_breadcrumb", "traces_sampler"), raise_key_error
    )
    sentry_sdk.init(REAL_DSN, **{**OPTIONS, "traces_sample_rate": None}, **LOGS, **callbacks)
    sentry_sdk.logger.error("boom")
    sentry_sdk.add_breadcrumb(message="crumb")
    with root("checkout"):
        pass

    assert "before_send_log raised KeyError: 'user'" in why(sentry_events.logs, "boom")
    said = " ".join(why(sentry_events.transactions, "checkout").split())
    assert "traces_sampler raised KeyError: 'user'; init(debug=True) logs the traceback" in said
    assert why(sentry_events.messages) == text("""
        - before_breadcrumb raised KeyError: 'user'; init(debug=True) logs the
          traceback.
        """)


def test_an_event_processor_that_raised_is_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    sentry_sdk.get_isolation_scope().add_event_processor(raise_key_error)
    sentry_sdk.capture_message("hello")

    said = why(sentry_events.messages, "never")
    assert "an event processor raised KeyError: 'user'" in " ".join(said.split())


def drop_all(event: Any, hint: Any) -> Any:
    """Be an event processor that drops everything."""
    return None


def test_the_event_processor_that_dropped_an_event_is_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    sentry_sdk.get_isolation_scope().add_event_processor(drop_all)
    sentry_sdk.capture_message("hello")

    assert why(sentry_events.messages) == text("""
        - 1 event was dropped: the event processor drop_all returned None.
        """)


def test_the_deduplication_of_the_sdk_is_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    error = ValueError("oh")
    sentry_sdk.capture_exception(error)
    sentry_sdk.capture_exception(error)
    with pytest.raises(AssertionError) as caught:
        sentry_events.errors.wait(2, timeout=0.1)

    assert after_what_was_received(str(caught.value)) == text("""
        - 1 event was dropped: it was captured before, and the SDK drops such a
          duplicate (DedupeIntegration).
        """)
    # As in Flask, where an error handler reports an error and the integration does so again.
    by_the_sdk = "1 event dropped by the SDK as a duplicate (DedupeIntegration)"
    with pytest.raises(AssertionError, match=re.escape(by_the_sdk.partition(" as ")[0])):
        sentry_events.errors.find(ValueError, tags={"by": "the handler"}, timeout=0)
    assert f"The senders report: {by_the_sdk}." in str(sentry_events)


def test_the_errors_of_one_test_are_not_told_in_the_next(sentry_events: SentryEvents) -> None:
    with capture(before_send=raise_key_error) as inner:
        sentry_sdk.capture_message("hello")
        assert "raised" in why(inner.messages)

    assert why(sentry_events.messages).startswith("- Nothing was lost")
    assert logging.getLogger("sentry_sdk.errors").filters


@pytest.mark.skipif(STREAMED, reason="streamed spans need no transaction")
def test_a_span_outside_of_any_transaction_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    with child("lonely", "x"), child("inner"):
        pass

    assert why(sentry_events.spans, "lonely") == text("""
        - 2 spans were finished outside of any transaction (inner, lonely): the SDK
          sends spans inside of transactions only.
        """)
    assert why(sentry_events.messages) == NOTHING


@pytest.mark.skipif(STREAMED, reason="streamed spans are sent one by one")
def test_a_span_that_finished_after_its_transaction_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    transaction = sentry_sdk.start_transaction(name="checkout")
    late = transaction.start_child(op="late")
    transaction.finish()
    late.finish()

    assert why(sentry_events.spans, "late") == LATE


LATE = text("""
    - Span 'late' finished after its transaction 'checkout': the SDK sends a
      transaction with the spans that have finished before it.
    """)


@pytest.mark.skipif(STREAMED, reason="streamed spans are sent one by one")
def test_a_late_span_is_told_once_where_the_start_of_its_transaction_was_held_up(
    sentry_events: SentryEvents,
) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    transaction = sentry_sdk.start_transaction(name="checkout")
    transaction.start_timestamp -= datetime.timedelta(seconds=1)
    late = transaction.start_child(op="late")
    transaction.finish()
    late.finish()

    assert why(sentry_events.spans, "late") == LATE


@pytest.mark.skipif(STREAMED, reason="streamed spans are sent one by one")
@pytest.mark.parametrize("zone", [None, datetime.timezone.utc])
def test_a_late_span_is_told_where_the_application_gives_a_time_without_a_zone(
    sentry_events: SentryEvents, zone: datetime.timezone | None
) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    transaction = sentry_sdk.start_transaction(name="checkout", start_timestamp=now.replace(tzinfo=zone))
    late = transaction.start_child(op="late")
    transaction.finish(end_timestamp=now.replace(tzinfo=None if zone else datetime.timezone.utc))
    late.finish()

    assert LATE in why(sentry_events.spans, "late")


@pytest.mark.skipif(STREAMED, reason="streamed spans are sent one by one")
def test_a_span_that_began_after_its_transaction_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    with sentry_sdk.start_transaction(name="checkout") as transaction:
        pass
    with transaction.start_child(op="late"):
        pass

    assert why(sentry_events.spans, "late") == LATE
    sentry_events.clear()
    assert why(sentry_events.spans, "late") == LATE


@pytest.mark.skipif(V3 or V241, reason="has one span mode alone")
def test_the_api_of_the_other_span_mode_is_named(sentry_events: SentryEvents) -> None:
    traces: Any = importlib.import_module("sentry_sdk.traces")
    sentry_sdk.init(REAL_DSN, traces_sample_rate=1.0, trace_lifecycle="static" if STREAMED else "stream")
    with pytest.warns(match="mode"):
        span = traces.start_span(name="t") if STREAMED else sentry_sdk.start_transaction(name="t")
    with span:
        pass

    called, when = ("traces.start_span", "without") if STREAMED else ("start_transaction", "under")
    instead = "sentry_sdk.start_transaction and start_span" if STREAMED else "sentry_sdk.traces.start_span"
    assert " ".join(why(sentry_events.spans, "t").split()) == (
        f"- sentry_sdk.{called} was called, which does nothing {when} trace_lifecycle='stream':"
        f" call {instead}."
    )


def test_a_record_that_was_logged_below_the_level_of_events_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, integrations=[LoggingIntegration(event_level=logging.ERROR)])
    logging.getLogger("myapp").warning("disk almost %s", "full")

    said = text("""
        - 'disk almost full' was logged as WARNING: the SDK makes events of records from
          ERROR up, and a breadcrumb of this one.
        """)
    assert why(sentry_events, "disk almost full") == said
    sentry_sdk.capture_message("other")
    assert why(sentry_events.messages, re.compile("^disk")) == said
    assert why(sentry_events.errors, "elsewhere") == WITH_LOGGING.replace("nothing was", "no error was")


def test_a_client_without_the_logging_integration_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, default_integrations=False)
    logging.getLogger("myapp").error("boom")

    assert why(sentry_events.messages, "boom") == f"{WITH_LOGGING}\n{WITHOUT_LOGGING}"


def test_a_client_that_was_closed_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    sentry_sdk.get_client().close()
    sentry_sdk.capture_message("hello")

    assert why(sentry_events.messages, "hello") == (
        "- The SDK client is closed: what is captured after that is not sent."
    )


def test_an_init_that_turns_the_sdk_off_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(dsn="")
    sentry_sdk.capture_message("hello")

    assert why(sentry_events.messages, "hello") == (
        '- init was given dsn="", which means off whatever SENTRY_DSN is: leave it out.'
    )


def test_an_init_of_the_facade_that_turns_it_off_stays_off(
    sentry_events: SentryEvents, caplog: pytest.LogCaptureFixture
) -> None:
    sentryintegration.init("")
    sentryintegration.capture_message("hello")

    assert why(sentry_events.messages, "hello") == text("""
        - This process has no SDK client: sentry_sdk.init() was not called,
          sentryintegration.init() had no DSN, or the client was closed.
        """)
    assert 'dsn is "": nothing will be reported to Sentry' in caplog.messages


def test_an_error_that_the_options_ignore_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, ignore_errors=[ArithmeticError])
    sentry_sdk.capture_exception(ZeroDivisionError("x"))

    assert why(sentry_events.errors, ZeroDivisionError) == (
        "- 1 error was dropped: ignore_errors covers ZeroDivisionError."
    )


def test_a_transaction_that_is_not_finished_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    with root("open"):
        assert why(sentry_events.transactions, "open") == (
            "- Transaction 'open' is not finished, so it is not sent yet."
        )
        assert why(sentry_events.messages) == NOTHING

    assert sentry_events.transactions.find("open")


@pytest.mark.skipif(STREAMED, reason="streamed spans are sent one by one")
def test_the_open_spans_of_an_open_transaction_are_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    with root("open"), child("outer"), child("inner"):
        assert why(sentry_events.spans, "inner") == text("""
            - Transaction 'open' (open in it: outer, inner) is not finished, so it is not
              sent yet.
            """)


def test_a_transaction_that_is_open_in_another_thread_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        with root("elsewhere"):
            begun.set()
            end.wait()

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    begun.wait()
    said = why(sentry_events.transactions, "elsewhere", timeout=0.2)
    end.set()
    thread.join()

    assert said == text("""
        - Transaction 'elsewhere' is not finished, so it is not sent yet.
        - Thread 'worker', which this test started, still runs: join it first, or raise
          timeout= (it was 0.2 s).
        """)


def test_a_thread_that_still_runs_is_told_and_a_pool_without_work_is_not(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    end = threading.Event()
    with ThreadPoolExecutor() as pool:
        pool.submit(int).result()
        assert why(sentry_events.messages) == NOTHING
        pool.submit(end.wait)
        said = why(sentry_events.messages)
        end.set()

    assert "still runs: join it first, or raise timeout= (it was 0.1 s)" in " ".join(said.split())


def test_a_find_that_blocks_the_loop_is_told_and_find_async_does_not(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)

    async def search() -> tuple[str, str]:
        with pytest.raises(AssertionError) as caught:
            await sentry_events.messages.find_async("hello", timeout=0.1)
        return why(sentry_events.messages, "hello"), after_what_was_received(str(caught.value))

    assert asyncio.run(search()) == (
        text("""
            - find and wait block the running event loop, so that no task can go on
              meanwhile: await find_async or wait_async instead.
            """),
        NOTHING,
    )


def test_what_is_switched_off_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, send_client_reports=False)

    said = why(sentry_events.logs, "boom")
    if not V3:
        assert "The SDK client sends no logs" in said
        assert "without enable_logs=True." in said
    assert "The SDK client sends no client reports without send_client_reports=True." in said


def test_a_feature_that_is_on_is_not_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **LOGS)

    levels = "- Without a level of their own, loggers make records from WARNING up alone."
    fact = WITHOUT_LOGGING if V3 else levels
    assert why(sentry_events.logs, "boom") == f"{WITH_LOGGING.partition(' (')[0]}.\n{fact}"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)

    assert why(sentry_events.messages, "from the fork") == text("""
        - This process was forked once while the test ran: what a fork captured and did
          not send before its end is lost; call sentry_sdk.flush() there.
        """)


FORKED = """
    import multiprocessing, os, pytest, sentry_sdk

    @pytest.mark.parametrize("method, module, said", [
        ("fork", "os", "a fork of this one, ended with exit code 0: what a fork captured"),
        ("spawn", "os", "a spawned process does not inherit the parent's init(). Call"),
    ])
    def test_it(sentry_events, method, module, said):
        process = multiprocessing.get_context(method).Process(target=os.getpid, name="worker")
        process.start()
        process.join()
        with pytest.raises(AssertionError) as caught:
            sentry_events.messages.find("from the child", timeout=0.1)
        assert f"Process 'worker'" in str(caught.value)
        assert said in " ".join(str(caught.value).split())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_process_of_multiprocessing_is_named(run: Any) -> None:
    run(test_it=FORKED).assert_outcomes(passed=2)


SPAWNED = """
    import multiprocessing, os, pytest
    from concurrent.futures import ProcessPoolExecutor

    def of_a_pool(spawn):
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            pool.submit(os.getpid).result()

    def closed(spawn):
        process = spawn.Process(target=os.getpid)
        process.start()
        process.join()
        process.close()

    class Incomparable(multiprocessing.get_context("spawn").Process):
        __hash__ = multiprocessing.Process.__hash__

        def __eq__(self, other):
            raise TypeError("cannot be compared")

    def still_there(spawn, kept=[]):
        kept += [Incomparable(target=os.getpid) for _ in range(2)]
        for process in kept:
            process.start()
            process.join()

    @pytest.mark.parametrize("start", [of_a_pool, closed, still_there])
    def test_it(sentry_events, start):
        start(multiprocessing.get_context("spawn"))
        with pytest.raises(AssertionError) as caught:
            sentry_events.messages.find("from the child", timeout=0.1)
        said = " ".join(str(caught.value).split())
        assert "sent nothing: a spawned process does not inherit the parent's init()." in said
"""


def test_a_spawned_process_is_told_also_where_its_object_is_gone(run: Any) -> None:
    run(test_it=SPAWNED).assert_outcomes(passed=3)


def test_an_environment_that_was_never_handed_over_is_told(sentry_events: SentryEvents) -> None:
    subprocess.run([sys.executable, "-c", "pass"], env={"PATH": os.environ["PATH"]}, check=True)

    said = why(sentry_events.messages)
    assert "was started with an environment without this test's" in said
    assert "pass env=sentry_events.env." in " ".join(said.split())


def test_a_process_that_ended_without_sending_is_told(sentry_events: SentryEvents) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(3)"])
    process.wait()

    said = " ".join(why(sentry_events.messages).split())
    assert "import sys; sys.exit(3)' ended with exit code 3 and sent nothing: does it read SENTRY_DSN" in said


def test_the_exit_code_of_a_process_whose_object_is_gone_is_told(sentry_events: SentryEvents) -> None:
    subprocess.run([sys.executable, "-c", "import sys; sys.exit(3)"], env=sentry_events.env, check=False)

    python = os.path.basename(sys.executable)
    assert " ".join(why(sentry_events.messages).split()) == (
        f"- Process '{python} -c import sys; sys.exit(3)' ended with exit code 3 and sent nothing: does it"
        " read SENTRY_DSN, and flush before it ends?"
    )


def test_a_command_of_the_shell_is_told(sentry_events: SentryEvents) -> None:
    os.system("exit 3")

    assert why(sentry_events.messages) == text("""
        - Process 'exit 3' ended with exit code 3 and sent nothing: does it read
          SENTRY_DSN, and flush before it ends?
        """)


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="starts processes with os.posix_spawn")
def test_a_process_that_os_starts_is_told(sentry_events: SentryEvents) -> None:
    os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "exit 0"], {}), 0)

    assert why(sentry_events.messages) == text("""
        - Process 'sh -c exit 0' was started with an environment without this test's
          SENTRY_DSN: pass env=sentry_events.env.
        """)


def test_what_a_client_report_of_a_process_explains_is_all_that_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    code = "from sentry_sdk import *; init(before_send=lambda *_: None); capture_message('a'); flush(); 1/0"
    subprocess.run(
        [sys.executable, "-c", code], env=sentry_events.env, check=False, stderr=subprocess.DEVNULL
    )

    assert why(sentry_events.errors) == "- 2 events were dropped: before_send returned None."
    assert "outside of any transaction" not in why(sentry_events.spans)


def test_a_process_that_still_runs_is_told(sentry_events: SentryEvents) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    said = " ".join(why(sentry_events.messages, timeout=0.1).split())
    process.communicate(b"\n")

    assert "was started and may still run: wait for its end first, or raise timeout= (it was 0.1 s)" in said


def test_the_sdks_own_processes_are_not_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, release=None)

    assert why(sentry_events.messages) == NOTHING


def test_a_late_arrival_in_another_inbox_is_told(sentry_events: SentryEvents) -> None:
    with capture() as earlier:
        environment = earlier.env
    with capture() as inner:
        code = "import sentry_sdk; sentry_sdk.init(); sentry_sdk.capture_message('late')"
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        said = " ".join(why(inner.messages, "late").split())

    assert said.startswith(
        f"- Meanwhile 1 envelope of another process (sentry.python/{sentry_sdk.VERSION}) came into"
    )


def test_where_something_else_came_what_may_still_come_is_told(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN)
    sentry_sdk.capture_message("early")
    timer = threading.Timer(0.3, sentry_sdk.capture_message, args=("late",))
    timer.name = "timer"
    timer.start()
    with pytest.raises(AssertionError) as caught:
        sentry_events.messages.find("late", timeout=0.1)
    timer.join()

    assert str(caught.value) == text("""
        Expected one message matching text='late' within 0.1 s; 1 message arrived, which does not match.
          nearest: 'early'
            text: expected 'late', got 'early'
        - Thread 'timer', which this test started, still runs: join it first, or raise
          timeout= (it was 0.1 s).
        """)


WITHOUT_PYTEST = """
import logging, subprocess, sys, sentry_sdk
from pytest_sentryintegration import capture

def state():
    span = getattr(sys.modules.get("sentry_sdk.tracing"), "Span", None)
    filters = list(logging.getLogger("sentry_sdk.errors").filters)
    return subprocess.Popen.__init__, getattr(span, "finish", None), filters

sentry_sdk.init()
before = state()
with capture():
    assert state() != before
assert state() == before
"""


def test_what_is_wrapped_to_notice_is_as_before_when_captures_end() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_PYTEST], check=True)
