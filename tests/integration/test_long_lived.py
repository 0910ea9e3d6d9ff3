"""Processes that live longer than a test: which test gets what they send."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Run

APP = """
    import os
    import sentry_sdk

    sentry_sdk.init(traces_sample_rate=1.0)

    def work(name):
        sentry_sdk.capture_message(name)
        sentry_sdk.flush()
        return os.getpid()
"""

POOLS = """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    import app
    import pytest

    FORKSERVER = multiprocessing.get_context("forkserver")
    FORKSERVER.set_forkserver_preload(["app"])

    @pytest.fixture(scope="session", params=["fork", "forkserver"])
    def pool(request):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(request.param)) as pool:
            pool.submit(int).result()
            yield pool

    @pytest.mark.parametrize("number", range(2))
    def test_a_pool_of_the_session(pool, sentry_events, number):
        pool.submit(app.work, f"task {number}").result()

        assert [event.message for event in sentry_events] == [f"task {number}"]

    @pytest.mark.parametrize("number", range(2))
    def test_a_child_of_a_forkserver_that_has_preloaded_the_application(sentry_events, number):
        process = FORKSERVER.Process(target=app.work, args=(f"child {number}",))
        process.start()
        process.join()

        assert [event.message for event in sentry_events] == [f"child {number}"]
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="no fork here")
def test_what_a_pool_of_the_session_sends_goes_to_the_running_test(run: Run) -> None:
    result = run(ini="sentry_dsn = on", app=APP, test_it=POOLS)

    result.assert_outcomes(passed=6)


OWN_DSN = """
    import multiprocessing

    import app
    import pytest

    @pytest.fixture(scope="session")
    def pool():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            yield pool

    @pytest.mark.parametrize("number", range(2))
    def test_a_pool_of_the_session(pool, sentry_events, number):
        pool.apply(app.work, (f"task {number}",))

        assert [event.message for event in sentry_events] == [f"task {number}"]
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="no fork here")
def test_what_a_pool_sends_with_a_dsn_of_the_application_goes_to_the_running_test(run: Run) -> None:
    app = APP.replace("init(", "init('http://key@127.0.0.1:9/1', ")

    run(app=app, test_it=OWN_DSN).assert_outcomes(passed=2)


EARLIER = """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    import app
    import pytest

    FORK = multiprocessing.get_context("fork")
    POOL = ProcessPoolExecutor(1, mp_context=FORK)

    @pytest.fixture(scope="session")
    def idle():
        with ProcessPoolExecutor(1, mp_context=FORK) as pool:
            pool.submit(int).result()
            yield pool

    def test_session(idle, sentry_events):
        idle.submit(app.work, "before there was a DSN").result()
        sentry_events.find(timeout=0)

    def test_first(sentry_events):
        POOL.submit(app.work, "first").result()
        assert sentry_events.find().message == "first"

    def test_second(sentry_events):
        POOL.submit(app.work, "second").result()
        sentry_events.find(timeout=0)
"""


@pytest.mark.uncounted
@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="no fork here")
def test_a_failure_names_a_process_that_was_started_before(run: Run) -> None:
    result = run("-p", "no:randomly", app=APP, test_it=EARLIER)

    result.assert_outcomes(passed=1, failed=2)
    said = " ".join(line.removeprefix("E").strip() for line in result.outlines)
    assert said.count("was started before this test: it has the SDK client of then") == 3
    assert "came into the inbox of test_it.py::test_first, which is over" in said
    assert "Nothing was lost" not in said


SERVER = """
    import os
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    import sentryintegration
    from sentryintegration import start_transaction

    def app(environ, start_response):
        headers = {"sentry-trace": environ["HTTP_SENTRY_TRACE"], "baggage": environ["HTTP_BAGGAGE"]}
        with start_transaction(name="GET /stock", op="http.server", headers=headers):
            with start_transaction(op="db.query"):
                pass
        sentryintegration.flush()
        start_response("200 OK", [])
        return [str(os.getpid()).encode()]

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    for _ in range(2):
        if os.fork() == 0:
            sentryintegration.init(traces_sample_rate=1.0, server_name="stock")
            server.serve_forever()
    print(server.server_port, flush=True)
    os.wait()
"""

REQUESTS = """
    import os
    import signal
    import subprocess
    import sys
    from urllib.request import Request, urlopen

    import pytest
    from pytest_sentryintegration import span

    @pytest.fixture
    def sentry_options():
        return {"default_integrations": False}  # sentry-sdk 3 adds headers to the requests of this process

    @pytest.fixture(scope="session")
    def url(sentry_server):
        command, options = [sys.executable, "server.py"], {"start_new_session": True, "text": True}
        with subprocess.Popen(command, env=sentry_server.env, stdout=subprocess.PIPE, **options) as master:
            yield f"http://127.0.0.1:{master.stdout.readline().strip()}/stock"
            os.killpg(master.pid, signal.SIGKILL)

    @pytest.mark.parametrize("number", range(6))
    def test_each_request_is_a_trace_of_its_own_test(url, sentry_events, number):
        with sentry_events.trace(timeout=20) as trace:
            urlopen(Request(url, headers=dict(trace.headers)), timeout=30).close()

        assert trace.tree == span("http.server", "GET /stock", span("db.query"))
        assert trace.services == ("stock",)
        trace.assert_continuous()
        assert [found.trace_id for found in sentry_events.traces] == [trace.trace_id]
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="no fork here")
def test_traces_of_a_server_that_forks_its_workers_before(run: Run) -> None:
    result = run(ini="sentry_quiet = 0.01", server=SERVER, test_it=REQUESTS)

    result.assert_outcomes(passed=6)
