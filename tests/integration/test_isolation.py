"""One inbox a test, and nothing leaks from one to the next."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Run

pytestmark = pytest.mark.uncounted


def test_each_test_starts_from_the_scopes_as_the_application_left_them(run: Run) -> None:
    result = run(
        conftest="""
            import sentry_sdk
            sentry_sdk.init("https://key@o1.ingest.sentry.io/7", traces_sample_rate=1.0)
            sentry_sdk.set_tag("from", "import")
            sentry_sdk.get_global_scope().set_tag("globally", "import")
        """,
        test_it="""
            import pytest, sentry_sdk

            @pytest.mark.parametrize("number", range(3))
            def test_tags(sentry_events, number):
                sentry_sdk.set_tag(f"only-{number}", "x")
                sentry_sdk.get_global_scope().set_tag(f"global-{number}", "x")
                sentry_sdk.add_breadcrumb(message=f"crumb {number}")
                sentry_sdk.capture_message("m")
                event = sentry_events.messages.find("m")
                assert dict(event.tags) == {
                    "from": "import", "globally": "import", f"only-{number}": "x", f"global-{number}": "x"
                }
                assert [crumb.message for crumb in event.breadcrumbs] == [f"crumb {number}"]
                assert event.project_id == "7"
        """,
    )

    result.assert_outcomes(passed=3)


def test_what_a_thread_reports_late_lands_in_the_inbox_of_its_own_test(run: Run) -> None:
    result = run(
        test_it="""
            import threading, sentry_sdk
            kept, go = {}, threading.Event()

            def work():
                go.wait(10)
                sentry_sdk.capture_message("late")

            def test_a(sentry_events):
                kept["events"], kept["thread"] = sentry_events, threading.Thread(target=work)
                kept["thread"].start()

            def test_b(sentry_events):
                go.set()
                kept["thread"].join()
                sentry_sdk.capture_message("mine")
                assert [event.message for event in sentry_events] == ["mine"]
                assert kept["events"].messages.find("late")
        """,
    )

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["Sentry: 1 envelope came after its test had finished:", "  message '*' of test_it.py::test_a"]
    )


def test_a_late_thread_keeps_the_client_of_its_test_also_without_any_integration(run: Run) -> None:
    result = run(
        test_it="""
            import threading, sentry_sdk
            kept, go = {}, threading.Event()

            def work():
                go.wait(10)
                sentry_sdk.capture_message("late")

            def test_a(sentry_events):
                sentry_sdk.init("https://key@example.com/42", default_integrations=False)
                kept["events"], kept["thread"] = sentry_events, threading.Thread(target=work)
                kept["thread"].start()

            def test_b():
                go.set()
                kept["thread"].join()

            def test_c(sentry_events):
                event = kept["events"].messages.find("late", timeout=5)
                assert event.project_id == "42"
                assert not sentry_events
        """,
    )

    result.assert_outcomes(passed=3)


def test_a_thread_that_serves_later_tests_is_named_and_can_be_adopted(run: Run) -> None:
    result = run(
        test_it="""
            import queue, threading, pytest, sentry_sdk
            jobs = queue.Queue()

            def consume():
                while (job := jobs.get()) is not None:
                    sentry_sdk.capture_message(job)
                    jobs.task_done()

            consumer = threading.Thread(target=consume, name="consumer", daemon=True)

            def test_a(sentry_events):
                consumer.start()
                jobs.put("a")
                jobs.join()
                sentry_events.messages.find("a")

            def test_b(sentry_events):
                jobs.put("b")
                jobs.join()
                with pytest.raises(AssertionError, match="consumer"):
                    sentry_events.messages.find("b", timeout=0)

            def test_c(sentry_events):
                sentry_events.adopt(consumer)
                jobs.put("c")
                jobs.join()
                sentry_events.messages.find("c")
                jobs.put(None)
        """,
    )

    result.assert_outcomes(passed=3)


def test_of_nested_captures_the_inner_one_receives(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk
            from pytest_sentryintegration import capture

            def test_nested(sentry_events):
                sentry_sdk.set_tag("outer", "x")
                with capture() as inner:
                    sentry_sdk.set_tag("inner", "x")
                    sentry_sdk.capture_message("inside")
                    assert inner.messages.find("inside").tags == {"outer": "x", "inner": "x"}
                sentry_sdk.capture_message("outside")
                assert [event.message for event in sentry_events] == ["outside"]
                assert sentry_events[0].tags == {"outer": "x"}
        """,
    )

    result.assert_outcomes(passed=1)


def test_everything_is_as_before_also_after_a_failing_test(run: Run) -> None:
    result = run(
        conftest="""
            import os, pytest, sentry_sdk
            from sentry_sdk import scope

            def state():
                client = sentry_sdk.get_client()
                return (
                    scope._global_scope, scope._isolation_scope.get(), scope._current_scope.get(),
                    client.transport, dict(client.options), dict(os.environ, PYTEST_CURRENT_TEST=""),
                    list(scope.global_event_processors), dict(client.transport._disabled_until),
                )

            os.environ["SENTRY_TRACE"] = "0" * 31 + "1-" + "0" * 15 + "2-1"
            sentry_sdk.init("https://key@example.com/1", traces_sample_rate=0.5)
            sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope()
            before = state()

            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_protocol(item):
                result = yield
                assert state() == before
                return result
        """,
        test_it="""
            import os, sentry_sdk
            from sentry_sdk.scope import add_global_event_processor

            def test_fails(sentry_events):
                sentry_sdk.set_tag("a", "b")
                sentry_sdk.get_client().options["sample_rate"] = 0
                sentry_sdk.get_client().transport._disabled_until[None] = 1
                add_global_event_processor(lambda event, hint: None)
                sentry_sdk.init("https://other@example.com/2")
                span = sentry_sdk.start_span(name="never finished").__enter__()
                sentry_events.messages.find("x", timeout=0)

            def test_passes(sentry_events):
                sentry_sdk.capture_message("x")
                sentry_events.messages.find("x")
        """,
    )

    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_forked_child_reports_into_its_test(run: Run) -> None:
    result = run(
        test_it="""
            import os, sentry_sdk

            def test_fork(sentry_events):
                sentry_sdk.capture_message("parent")
                pid = os.fork()
                if pid == 0:
                    sentry_sdk.capture_message("child")
                    sentry_sdk.flush()
                    os._exit(0)
                os.waitpid(pid, 0)
                assert sorted(event.message for event in sentry_events) == ["child", "parent"]
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_thousand_tests_in_random_order_on_four_workers_never_mix(run: Run) -> None:
    result = run(
        "-n4",
        "-q",
        plugins=("xdist", "pytest_randomly"),
        conftest="""
            import os, sentry_sdk
            from sentry_sdk import scope

            os.environ["SENTRY_ENVIRONMENT"] = "as before"
            # sentry-sdk 3 attaches all of pytest's frames, with their variables: half of the time.
            SMALL = {"attach_stacktrace": False}
            sentry_sdk.init("https://key@example.com/1", traces_sample_rate=1.0, **SMALL)
            sentry_sdk.set_tag("at", "import")

            def state():
                client = sentry_sdk.get_client()
                return (
                    scope._global_scope, scope._isolation_scope.get(), scope._current_scope.get(),
                    client, client.transport, dict(client.options),
                    {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
                )

            def pytest_sessionstart(session):
                session.before = state()

            def pytest_sessionfinish(session):
                import test_many
                if not test_many.inboxes:
                    return
                assert state() == session.before
                for thread in test_many.threads:
                    thread.join()
                for number, inbox in test_many.inboxes.items():
                    expected = [f"late {number}", f"now {number}"] if number % 5 == 0 else [f"now {number}"]
                    assert sorted(event.message for event in inbox) == expected, (number, list(inbox))
                    assert all(event.tags == {"at": "import", "in": str(number)} for event in inbox)
        """,
        test_many="""
            import threading, pytest, sentry_sdk
            from conftest import SMALL
            inboxes, threads = {}, []

            def late(number):
                threading.Event().wait(1)
                sentry_sdk.set_tag("at", "import")
                sentry_sdk.set_tag("in", str(number))
                sentry_sdk.capture_message(f"late {number}")

            @pytest.mark.parametrize("number", range(1000))
            def test_one(sentry_events, number):
                inboxes[number] = sentry_events
                for _ in range(number % 3):
                    integrations = number % 10 == 0  # each time the SDK tries all of them
                    sentry_sdk.init("https://key@example.com/2", default_integrations=integrations, **SMALL)
                sentry_sdk.set_tag("in", str(number))
                if number % 5 == 0:
                    threads.append(threading.Thread(target=late, args=(number,)))
                    threads[-1].start()
                sentry_sdk.capture_message(f"now {number}")
                assert [event.message for event in sentry_events] == [f"now {number}"]
                assert number % 7, "fails now and then"
        """,
    )

    result.assert_outcomes(passed=857, failed=143)
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_no_thread_is_left_eleven_seconds_later(run: Run) -> None:
    result = run(
        conftest="""
            import threading

            def pytest_sessionstart(session):
                session.before = set(threading.enumerate())

            def pytest_unconfigure(config):
                config.add_cleanup(lambda: check(before))

            before = set(threading.enumerate())

            def check(before):
                for thread in set(threading.enumerate()) - before:
                    thread.join(11)
                    print("left over:", thread) if thread.is_alive() else None
        """,
        test_it="""
            import pytest, sentry_sdk

            @pytest.mark.parametrize("number", range(5))
            def test_inits(sentry_events, number):
                sentry_sdk.init("https://key@example.com/1", traces_sample_rate=1.0)
                with sentry_sdk.start_span(name="x"):
                    sentry_sdk.capture_message("x")
        """,
    )

    result.assert_outcomes(passed=5)
    assert "left over" not in result.stdout.str()


def test_what_a_test_leaves_behind_may_be_collected_in_the_depth_of_a_recursion(run: Run) -> None:
    result = run(
        "-W",
        "error",
        test_it="""
            import gc, sentry_sdk, sentryintegration
            frames, collected = [], []

            def test_a(sentry_events):
                gc.disable()
                sentry_sdk.capture_message("m")
                with sentryintegration.start_transaction(name="checkout"):
                    pass
                sentry_events.messages.find("m")
                assert str(sentry_events.transactions.find("checkout").tree)

            def recurse():
                try:
                    recurse()
                except RecursionError:
                    # With so few frames left that a function can be called, and not call another.
                    frames.append(None)
                    if len(frames) == 5:
                        collected.append(gc.collect())
                    raise

            def test_b():
                try:
                    recurse()
                except RecursionError:
                    gc.enable()
                assert collected[0] > 0
        """,
    )

    result.assert_outcomes(passed=2)


def test_the_fixture_may_be_imported_under_another_name(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk
            from pytest_sentryintegration.plugin import sentry_events as reports

            def test_it(reports):
                sentry_sdk.capture_message("m")
                assert reports.messages.find("m")
        """,
    )

    result.assert_outcomes(passed=1)
