"""The fixtures work beside other plugins, in classes, coroutines, doctests, forks and without sockets."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Run

pytestmark = pytest.mark.uncounted

ASYNC = """
    import asyncio, pytest, sentry_sdk

    @pytest.fixture(scope="module", autouse=True)
    async def long_lived():
        sentry_sdk.set_tag("of-the-runner", "x")
        yield

    @pytest.mark.parametrize("number", range(3))
    async def test_scopes(sentry_events, number):
        sentry_sdk.set_tag(f"only-{number}", "x")
        await asyncio.gather(*(asyncio.to_thread(sentry_sdk.capture_message, name) for name in "ab"))
        first = await sentry_events.messages.find_async("a")
        assert [tag for tag in first.tags if tag.startswith("only")] == [f"only-{number}"]
        assert len(await sentry_events.wait_async(2)) == 2

    async def test_the_loop_runs_while_a_test_waits(sentry_events):
        async def soon():
            await asyncio.sleep(0.05)
            sentry_sdk.capture_message("soon")

        task = asyncio.ensure_future(soon())
        assert await sentry_events.messages.find_async("soon", timeout=10)
        await task
"""


def test_coroutines_of_pytest_asyncio_run_inside_the_tests_scopes(run: Run) -> None:
    scopes = ("fixture", "test")
    ini = "\n".join(
        ["asyncio_mode = auto", *(f"asyncio_default_{scope}_loop_scope = module" for scope in scopes)]
    )

    result = run(plugins=("pytest_asyncio.plugin",), ini=ini, test_it=ASYNC)

    result.assert_outcomes(passed=4)


def test_coroutines_of_anyio_run_inside_the_tests_scopes(run: Run) -> None:
    backend = "import pytest\n    pytestmark = pytest.mark.anyio\n"
    fixture = '\n    @pytest.fixture(scope="module")\n    def anyio_backend():\n        return "asyncio"\n'

    result = run(plugins=("anyio.pytest_plugin",), test_it=f"    {backend}{fixture}{ASYNC}")

    result.assert_outcomes(passed=4)


def test_a_unittest_gets_the_events_as_an_attribute(run: Run) -> None:
    result = run(
        test_it="""
            import unittest, pytest, sentry_sdk

            @pytest.mark.usefixtures("sentry_events")
            class TestIt(unittest.TestCase):
                def test_a(self):
                    sentry_sdk.capture_message("a")
                    self.assertEqual(self.sentry_events.messages.find("a").message, "a")

                def test_b(self):
                    self.assertEqual(len(self.sentry_events), 0)
        """
    )

    result.assert_outcomes(passed=2)


def test_a_doctest_gets_the_fixture(run: Run) -> None:
    result = run(
        "--doctest-modules",
        shop='''
            """
            >>> import sentry_sdk
            >>> sentry_events = getfixture("sentry_events")
            >>> _ = sentry_sdk.capture_message("hello")
            >>> sentry_events.messages.find("hello").level
            'info'
            """
        ''',
    )

    result.assert_outcomes(passed=1)


# pytest-forked itself fails on every test under pytest 9 (it cannot marshal its reports), so here is
# what it does: each test runs, fixtures included, in a fork of the pytest process.
FORKING = """
    import os, pytest
    from _pytest.runner import runtestprotocol

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        pid = os.fork()
        if pid == 0:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            failed = [str(report.longrepr) for report in reports if not report.passed]
            os.write(2, "".join(failed).encode())
            os._exit(len(failed))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        for when in ("setup", "call", "teardown"):
            outcome = "failed" if status and when == "call" else "passed"
            item.ihook.pytest_runtest_logreport(
                report=pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)
            )
        return True
"""


def test_a_forked_test_has_a_server_of_its_own(run: Run) -> None:
    result = run(
        "-s",
        conftest=FORKING,
        test_it="""
            import subprocess, sys, sentry_sdk

            def test_a(sentry_events):
                sentry_sdk.capture_message("a")
                assert [event.message for event in sentry_events] == ["a"]

            def test_b(sentry_events):
                sentry_sdk.capture_message("b")
                code = "import sentry_sdk; sentry_sdk.init(); sentry_sdk.capture_message('child')"
                subprocess.run([sys.executable, "-c", code], env=sentry_events.env, check=True)
                assert [event.message for event in sentry_events] == ["b", "child"]
        """,
    )

    result.assert_outcomes(passed=2)


BLOCKED = """
    import sentry_sdk

    def test_it(sentry_events):
        sentry_sdk.capture_message("x")
        assert sentry_events.messages.find("x", timeout=0)
"""


def test_without_sockets_the_failure_names_the_memory_transport(run: Run) -> None:
    result = run("--disable-socket", plugins=("pytest_socket",), test_it=BLOCKED)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*sentry_transport = memory*"])


def test_the_memory_transport_works_without_sockets(run: Run) -> None:
    result = run(
        "--disable-socket", plugins=("pytest_socket",), ini="sentry_transport = memory", test_it=BLOCKED
    )

    result.assert_outcomes(passed=1)


def test_the_memory_transport_has_no_dsn_to_hand_out(run: Run) -> None:
    result = run(
        test_it="""
            import pytest

            @pytest.mark.sentry(transport="memory")
            @pytest.mark.parametrize("name", ["dsn", "env"])
            def test_it(sentry_events, name):
                with pytest.raises(RuntimeError, match="sentry_transport = http"):
                    getattr(sentry_events, name)
        """
    )

    result.assert_outcomes(passed=2)


def test_frozen_clocks_do_not_stop_the_waiting(run: Run) -> None:
    result = run(
        test_it="""
            import freezegun, pytest, sentry_sdk, time_machine, threading

            def check(sentry_events):
                sentry_sdk.capture_message("frozen")
                event = sentry_events.messages.find("frozen")
                assert event.timestamp.year == 2001
                threading.Timer(0.1, sentry_sdk.capture_message, ("later",)).start()
                assert sentry_events.messages.find("later", timeout=20)
                with pytest.raises(AssertionError):
                    sentry_events.messages.find("never", timeout=0.05)

            def test_freezegun(sentry_events):
                with freezegun.freeze_time("2001-01-01"):
                    check(sentry_events)

            def test_time_machine(sentry_events):
                with time_machine.travel("2001-01-01", tick=False):
                    check(sentry_events)
        """
    )

    result.assert_outcomes(passed=2)


def test_four_workers_share_nothing_and_their_counts_are_added(run: Run) -> None:
    result = run(
        "-n4",
        plugins=("xdist",),
        test_it="""
            import threading, pytest, sentry_sdk

            @pytest.mark.parametrize("number", range(40))
            def test_one(sentry_events, number):
                sentry_sdk.capture_message(str(number))
                assert [event.message for event in sentry_events] == [str(number)]
        """,
    )

    result.assert_outcomes(passed=40)
    result.stdout.fnmatch_lines(["Sentry: 40 envelopes captured in 40 tests"])


def test_fillmore_beside_it_changes_nothing(run: Run) -> None:
    result = run(plugins=("fillmore.pytest_plugin",), test_it=BLOCKED)

    result.assert_outcomes(passed=1)


def test_a_pytest_inside_a_test_leaves_the_outer_one_alone(run: Run) -> None:
    result = run(
        plugins=("pytester",),
        test_it="""
            import sentry_sdk

            def test_outer(sentry_events, pytester):
                sentry_sdk.set_tag("outer", "x")
                pytester.makepyfile(
                    "import sentry_sdk\\n"
                    "def test_inner(sentry_events):\\n"
                    "    sentry_sdk.capture_message('inner')\\n"
                    "    assert [event.message for event in sentry_events] == ['inner']\\n"
                )
                result = pytester.runpytest_inprocess("-p", "pytest_sentryintegration.plugin")
                result.assert_outcomes(passed=1)
                sentry_sdk.capture_message("outer")
                (event,) = sentry_events
                assert (event.message, dict(event.tags)) == ("outer", {"outer": "x"})

            def test_after(sentry_events):
                sentry_sdk.capture_message("after")
                assert sentry_events.messages.find("after").tags == {}
        """,
    )

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("transport", ["http", "memory"])
def test_gevent_without_patches_and_with_memory(run: Run, transport: str) -> None:
    result = run(
        ini=f"sentry_transport = {transport}",
        test_it="""
            import gevent, sentry_sdk

            def test_it(sentry_events):
                gevent.joinall([gevent.spawn(sentry_sdk.capture_message, f"m{n}") for n in range(5)])
                assert sorted(event.message for event in sentry_events) == [f"m{n}" for n in range(5)]
        """,
    )

    result.assert_outcomes(passed=1)
