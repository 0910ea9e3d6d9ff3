"""What the processes that a test starts report arrives in its inbox, whichever way they are started."""

from __future__ import annotations

import multiprocessing

import pytest

from tests.integration.conftest import Run

pytestmark = pytest.mark.uncounted

PROGRAM = """
    import multiprocessing, pytest, sentry_sdk
    from concurrent.futures import ProcessPoolExecutor

    def work(name):
        sentry_sdk.init()
        sentry_sdk.capture_message(name)
        sentry_sdk.flush()

    @pytest.mark.parametrize("number", range(2))
    def test_a_process_and_a_pool(sentry_events, number):
        method = multiprocessing.get_context("{0}")
        process = method.Process(target=work, args=(f"process {{number}}",))
        process.start()
        process.join()
        with ProcessPoolExecutor(1, mp_context=method) as pool:
            pool.submit(work, f"pool {{number}}").result()
        assert [event.message for event in sentry_events] == [f"process {{number}}", f"pool {{number}}"]
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_report_to_the_test_that_started_them(run: Run, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    run(test_it=PROGRAM.format(method)).assert_outcomes(passed=2)


def test_after_the_capture_a_forkserver_hands_on_the_environment_of_then(run: Run) -> None:
    result = run(
        test_it="""
            import multiprocessing, os, pytest
            from pytest_sentryintegration import capture

            @pytest.fixture(autouse=True, scope="module")
            def variable():
                patch = pytest.MonkeyPatch()
                patch.setenv("SENTRY_TRACE", "as before")
                yield
                patch.undo()

            def tell(pipe):
                pipe.send([os.environ.get(name) for name in ("SENTRY_DSN", "SENTRY_TRACE")])

            def ask():
                method = multiprocessing.get_context("forkserver")
                here, there = method.Pipe()
                process = method.Process(target=tell, args=(there,))
                process.start()
                process.join()
                return here.recv()

            def test_variables():
                with capture() as events:
                    assert ask() == [events.dsn, None]
                with capture() as events:
                    assert ask() == [events.dsn, None]
                assert ask() == [os.environ.get("SENTRY_DSN"), "as before"]
        """,
    )

    result.assert_outcomes(passed=1)
