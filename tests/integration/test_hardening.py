"""Whatever a test does to the SDK, its environment or its modules: the next one starts afresh, and nothing
reaches Sentry."""

from __future__ import annotations

import copy
import http.server
import importlib
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk import scope
from sentry_sdk.client import get_options
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.transport import HttpTransport, Transport, make_transport

from pytest_sentryintegration import SentryEvents, capture
from pytest_sentryintegration.capturing.delivery import Delivery
from pytest_sentryintegration.capturing.environment import Environment
from pytest_sentryintegration.capturing.sharing import shared
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.sdk import detaching, ownership
from pytest_sentryintegration.sdk.clients import Clients
from pytest_sentryintegration.sdk.draining import drain
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.server.serving import Server
from pytest_sentryintegration.settings import Settings
from tests.integration.conftest import Run

DSN = "https://key@o5.ingest.sentry.io/1"
OLD = not hasattr(sentry_sdk, "new_trace")
"""Whether the SDK is one before 3.0."""

LOGS: dict[str, Any] = {"enable_logs": True} if "enable_logs" in DEFAULT_OPTIONS else {}
"""What an SDK that does not send logs by itself needs, to do so."""

sentry_logger = pytest.importorskip("sentry_sdk.logger", reason="this SDK has no logs")


# What a test does to its environment and to its clients is over with it.


@pytest.mark.parametrize(
    "change", [{"SENTRY_DSN": "other"}, {"SENTRY_TRACE": "1-2"}, {"SENTRY_SPOTLIGHT": "1"}]
)
def test_what_monkeypatch_undoes_after_the_capture_is_as_before_it(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    monkeypatch.setenv("SENTRY_TRACE", "as before")
    before = dict(os.environ)
    patch = pytest.MonkeyPatch()
    environment = Environment(patch)
    environment.enter("http://key@127.0.0.1:1/1")
    for name, value in change.items():
        patch.setenv(name, value)

    environment.leave()

    assert dict(os.environ) == before
    patch.undo()
    assert dict(os.environ) == before


@pytest.mark.parametrize("attribute", ["close", "transport"])
def test_a_client_that_a_test_closes_is_open_for_the_next(
    sentry_events: SentryEvents, attribute: str
) -> None:
    sentry_sdk.init(DSN, release="shop@1")
    client = sentry_sdk.get_client()
    with capture() as inner:
        sentry_sdk.capture_message("in the test")
        assert len(inner) == 1
        client.close() if attribute == "close" else setattr(client, "transport", None)

    sentry_sdk.capture_message("in the next")
    sentry_logger.info("in the next")
    assert [(event.message, event.release) for event in sentry_events] == [("in the next", "shop@1")]


@pytest.mark.skipif(not OLD, reason="3.0 marks the exception itself as reported")
def test_an_exception_that_one_test_has_reported_is_no_duplicate_in_the_next(
    sentry_events: SentryEvents,
) -> None:
    sentry_sdk.init(DSN)
    error = ValueError("made once, for all tests")
    for _ in range(2):
        with capture() as inner:
            sentry_sdk.capture_exception(error)
            sentry_sdk.capture_exception(error)
            assert len(inner.errors) == 1


class Own(Transport):
    def capture_envelope(self, envelope: Any) -> None:
        pass


@pytest.mark.parametrize("options", [{"dsn": DSN, "transport": Own()}, {"dsn": ""}])
def test_the_threads_of_a_client_that_is_not_redirected_end_too(
    sentry_events: SentryEvents, options: dict[str, Any]
) -> None:
    before = set(threading.enumerate())
    with capture():
        sentry_sdk.init(**options, **LOGS)
        client: Any = sentry_sdk.get_client()
        client.log_batcher._ensure_thread()
        started = set(threading.enumerate()) - before
        assert started

    for thread in started:
        thread.join(11)
    assert not any(thread.is_alive() for thread in started)


def test_a_client_can_be_swapped_again_and_again(sentry_events: SentryEvents) -> None:
    client: Any = sentry_sdk.Client(DSN, **LOGS)
    batcher = client.log_batcher
    before = (batcher.add, batcher._flush, batcher._ensure_thread)

    detaching.label_all(client)
    detaching.detach(client)

    assert before == (batcher.add, batcher._flush, batcher._ensure_thread)


def test_a_log_written_while_logs_are_sent_does_not_wait_for_itself(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentry_sdk.init(DSN, **LOGS)
    batcher: Any = sentry_sdk.get_client().log_batcher
    if not hasattr(batcher, "_active"):
        pytest.skip("this SDK waits for itself")
    convert = type(batcher)._to_transport_format

    def convert_and_log(item: Any) -> Any:
        sentry_logger.warning("collected while sending")
        return convert(item)

    monkeypatch.setattr(type(batcher), "_to_transport_format", staticmethod(convert_and_log))
    sentry_logger.info("of the outer")
    with capture() as inner:
        sentry_logger.info("of the inner")  # sends first what the outer one logged
        assert [log.body for log in inner.logs] == ["of the inner"]
    assert [log.body for log in sentry_events.logs] == ["of the outer"]


def test_the_markers_options_hold_also_where_the_fixture_made_the_first_client(run: Run) -> None:
    result = run(
        test_it="""
            import pytest, sentry_sdk

            def test_first(sentry_events):
                sentry_sdk.capture_message("made a client")

            @pytest.mark.sentry(release="marked@1")
            def test_second(sentry_events):
                sentry_sdk.init("https://key@example.com/1", release="shop@1")
                sentry_sdk.capture_message("x")
                assert sentry_events.find("x").release == "marked@1"
        """,
    )

    result.assert_outcomes(passed=2)


def test_a_clock_that_is_frozen_before_the_fixture_does_not_stop_the_waiting(run: Run) -> None:
    result = run(
        "--timeout=20",
        plugins=("pytest_timeout",),
        test_it="""
            import freezegun, pytest, sentry_sdk

            @pytest.fixture(autouse=True)
            def frozen():
                with freezegun.freeze_time("2001-01-01"):
                    yield

            def test_frozen(sentry_events):
                sentry_sdk.capture_message("x")
                assert sentry_events.envelopes[0].received.year != 2001
                with pytest.raises(AssertionError):
                    sentry_events.find("not there", timeout=0.1)
        """,
    )

    result.assert_outcomes(passed=1)


def state() -> tuple[Any, ...]:
    """What a capture changes in this process."""
    common = shared()
    return (
        scope._global_scope,
        scope._isolation_scope.get(),
        scope._current_scope.get(),
        dict(os.environ),
        common.redirect.overrides,
        common.delivery.fake.store.running,
        ownership.running(),
    )


def fails(*_: object) -> None:
    raise OSError("half way")


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Environment, "enter"), (ownership, "begin"), (Clients, "fallback"), (Redirect, "swap")],
)
def test_a_capture_that_fails_half_way_leaves_nothing_behind(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    before = state()

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fails)
        with pytest.raises(OSError, match="half way"):
            capture().__enter__()

    assert state() == before


def test_captures_that_end_in_the_wrong_order_leave_nothing_behind(sentry_events: SentryEvents) -> None:
    before = state()
    outer, inner = capture(release="outer"), capture(release="inner")
    outer.__enter__()
    inner.__enter__()

    outer.__exit__(None, None, None)
    assert state() == before
    inner.__exit__(None, None, None)

    assert state() == before


def test_captures_in_two_threads_at_once_leave_nothing_behind(sentry_events: SentryEvents) -> None:
    before = state()
    begun, ended = threading.Barrier(2), threading.Event()
    arrived: dict[str, list[str | None]] = {}

    def work(name: str, *, first: bool) -> None:
        with capture() as events:
            begun.wait(10)
            if not first:
                ended.wait(10)
            sentry_sdk.capture_message(name)
            arrived[name] = [event.message for event in events]
        ended.set()

    threads = [threading.Thread(target=work, args=(name,), kwargs={"first": name == "a"}) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert state() == before
    assert arrived == {"a": ["a"], "b": ["b"]}


def test_a_session_that_a_thread_ends_late_is_that_of_its_own_test(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(DSN, release="shop@1")
    go = threading.Event()

    def late() -> None:
        go.wait(10)
        sentry_sdk.get_isolation_scope().start_session()
        sentry_sdk.get_isolation_scope().end_session()

    with capture() as first:
        thread = threading.Thread(target=late)
        thread.start()
    with capture() as second:
        go.set()
        thread.join()
        assert len(second.sessions) == 0
    assert len(first.sessions) == 1


@pytest.mark.skipif(os.name == "nt", reason="there descriptors are no small numbers")
def test_more_than_a_thousand_open_files_are_no_obstacle(sentry_events: SentryEvents) -> None:
    resource = importlib.import_module("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("this machine allows fewer open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        for number in range(3):
            sentry_sdk.capture_message(str(number))
            assert len(sentry_events) == number + 1
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_server_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(lambda request: Reply(200, [], b""), limit=lambda path: 0)
    monkeypatch.setattr("asyncio.new_event_loop", fails)

    with pytest.raises(OSError, match="half way"):
        server.start()


def test_an_application_that_another_fixture_makes_belongs_to_the_test_in_any_order(run: Run) -> None:
    result = run(
        conftest="""
            import pytest, sentry_sdk

            @pytest.fixture(scope="session")
            def settings():
                sentry_sdk.set_tag("from", "session")

            @pytest.fixture
            def app(settings):
                sentry_sdk.init("https://key@example.com/7")
                sentry_sdk.set_tag("from", "app")
                sentry_sdk.capture_message("started")

            @pytest.fixture(autouse=True)
            def tagged():
                sentry_sdk.set_tag("by", "autouse")
        """,
        test_it="""
            import sentry_sdk

            def test_with_it(app, sentry_events):
                event = sentry_events.messages.find("started")
                assert (event.project_id, event.tags) == ("7", {"from": "app", "by": "autouse"})

            def test_without_it(sentry_events):
                assert not sentry_sdk.is_initialized()
                sentry_sdk.capture_message("x")
                event = sentry_events.messages.find("x")
                assert (event.project_id, event.tags) == ("1", {"from": "session", "by": "autouse"})
        """,
    )

    result.assert_outcomes(passed=2)


def test_asynchronous_fixtures_run_in_the_scopes_of_their_test(run: Run) -> None:
    pytest.importorskip("anyio")
    result = run(
        plugins=("anyio.pytest_plugin",),
        test_it="""
            import pytest, sentry_sdk

            pytestmark = pytest.mark.anyio

            @pytest.fixture(scope="module")
            def anyio_backend():
                return "asyncio"

            @pytest.fixture(scope="module")
            async def keeps_one_task_for_all(anyio_backend):
                yield

            class TestAll:
                @pytest.fixture(params=range(2))
                async def tagged(self, request, keeps_one_task_for_all, sentry_events):
                    sentry_sdk.set_tag(f"{request.param}", type(self).__name__)
                    sentry_sdk.capture_message("up")
                    yield request.param
                    sentry_sdk.capture_message("down")
                    assert [event.tags for event in sentry_events] == 3 * [{f"{request.param}": "TestAll"}]

                async def test_tagged(self, sentry_events, tagged):
                    sentry_sdk.capture_message("test")
                    assert [event.message for event in sentry_events] == ["up", "test"]
        """,
    )

    result.assert_outcomes(passed=2)


def test_what_is_captured_meanwhile_does_not_hold_up_a_drain(sentry_events: SentryEvents) -> None:
    client: Any = sentry_sdk.get_client()
    stop = threading.Event()

    def one_more() -> None:
        if not stop.is_set():
            client.transport._worker.submit(one_more)

    one_more()
    sentry_sdk.capture_message("x")
    problems = drain([client])
    stop.set()

    assert problems == []
    assert sentry_events.messages.find("x")


def test_what_is_sent_after_the_end_starts_no_server_again() -> None:
    ended = Delivery(Settings())
    ended.close()

    answer = ended.post(None, "/api/1/envelope/", {}, b"")

    assert answer is not None
    assert (answer.status, ended._fake) == (200, None)


# Nothing reaches Sentry.


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that is not the fake Sentry: its DSN, and the paths that were asked of it."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://key@127.0.0.1:{server.server_port}/5", paths
        server.shutdown()
        thread.join()


class OwnHttpTransport(HttpTransport):
    pass


def bound(client: Any) -> None:
    sentry_sdk.get_global_scope().set_client(client)


def assigned(dsn: str) -> None:
    sentry_sdk.init(dsn)
    sentry_sdk.get_client().transport = HttpTransport(get_options(dsn))


def reloaded(client: Any) -> Any:
    return pickle.loads(pickle.dumps(client))


MADE: dict[str, Callable[[str], None]] = {
    "an instance": lambda dsn: bound(sentry_sdk.Client(dsn, transport=HttpTransport(get_options(dsn)))),
    "of a subclass": lambda dsn: bound(sentry_sdk.Client(dsn, transport=OwnHttpTransport(get_options(dsn)))),
    "by hand": lambda dsn: bound(sentry_sdk.Client(dsn, transport=make_transport(get_options(dsn)))),
    "assigned": assigned,
    "copied": lambda dsn: bound(copy.copy(sentry_sdk.Client(dsn))),
    "unpickled": lambda dsn: bound(reloaded(sentry_sdk.Client(dsn, default_integrations=False))),
    "spotlight": lambda dsn: bound(sentry_sdk.Client(dsn, spotlight=dsn.replace("key@", ""))),
}


@pytest.mark.parametrize("made", MADE)
def test_a_transport_made_past_the_redirect_reaches_the_fake_all_the_same(
    sentry_events: SentryEvents, elsewhere: tuple[str, list[str]], made: str
) -> None:
    dsn, paths = elsewhere
    MADE[made](dsn)

    sentry_sdk.capture_message("x")
    sentry_sdk.flush()

    assert [(event.message, event.project_id) for event in sentry_events] == [("x", "5")]
    assert paths == []


@pytest.mark.parametrize("collector", [None, "http://collector.example.com"])
def test_the_exporter_of_opentelemetry_is_pointed_at_the_fake(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch, collector: str | None
) -> None:
    exported: list[str] = []
    flushed: list[int] = []

    class OTLPIntegration:
        setup_otlp_traces_exporter = True
        collector_url = collector

        def setup_once_with_options(self, options: dict[str, str]) -> None:
            exported.append(self.collector_url or options["dsn"])

    module: Any = ModuleType("sentry_sdk.integrations.otlp")
    module.OTLPIntegration = OTLPIntegration
    tracing: Any = ModuleType("opentelemetry.trace")
    tracing.get_tracer_provider = type("Provider", (), {"force_flush": flushed.append})
    for fake in (module, tracing):
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    sentry_sdk.init(DSN)

    OTLPIntegration().setup_once_with_options({"dsn": DSN})
    assert len(sentry_events) == 0

    address = sentry_events.url.removeprefix("http://")
    assert exported == [collector or f"http://key@{address}/1"]
    assert flushed == [5000]
    shared().redirect._otlp = None


def test_an_integration_of_opentelemetry_that_is_not_there_yet_breaks_no_init_and_is_redirected_later(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OTLPIntegration:
        def setup_once_with_options(self) -> None: ...

    module: Any = ModuleType("sentry_sdk.integrations.otlp")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    redirect = shared().redirect
    monkeypatch.setattr(redirect, "_otlp", None)
    original = OTLPIntegration.setup_once_with_options

    sentry_sdk.init(DSN)
    sentry_sdk.capture_message("sent")
    assert sentry_events.messages.find("sent")
    module.OTLPIntegration = OTLPIntegration
    sentry_sdk.init(DSN)

    assert OTLPIntegration.setup_once_with_options is not original


def test_spans_that_opentelemetry_exports_arrive(run: Run, elsewhere: tuple[str, list[str]]) -> None:
    pytest.importorskip("sentry_sdk.integrations.otlp")
    dsn, paths = elsewhere
    result = run(
        test_it=f"""
            import sentry_sdk
            from opentelemetry import trace
            from sentry_sdk.integrations.otlp import OTLPIntegration

            def test_exported(sentry_events):
                sentry_sdk.init({dsn!r}, integrations=[OTLPIntegration()])
                with trace.get_tracer("it").start_as_current_span("work"):
                    pass
                assert [span.description for span in sentry_events.spans] == ["work"]
        """,
    )

    result.assert_outcomes(passed=1)
    assert paths == []


def test_a_transport_instance_of_the_sdks_own_class_is_named_too(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(DSN, transport=OwnHttpTransport(get_options(DSN)))

    assert "OwnHttpTransport" in sentry_events.explain()


@pytest.mark.parametrize(
    "anew",
    [
        "import importlib; importlib.reload(sentry_sdk.client); importlib.reload(sentry_sdk)",
        "for name in [n for n in sys.modules if n.split('.')[0] == 'sentry_sdk']: del sys.modules[name]",
    ],
    ids=["reloaded", "forgotten"],
)
def test_an_sdk_that_is_loaded_anew_is_redirected_too(
    run: Run, elsewhere: tuple[str, list[str]], anew: str
) -> None:
    dsn, paths = elsewhere
    result = run(
        test_it=f"""
            import sys, sentry_sdk

            def test_anew(sentry_events):
                sentry_sdk.capture_message("before")
                {anew}
                import sentry_sdk as anew
                anew.init({dsn!r})
                anew.capture_message("after")
                anew.flush()
                assert [event.message for event in sentry_events] == ["before", "after"]
        """,
    )

    result.assert_outcomes(passed=1)
    assert paths == []


def test_a_client_from_before_the_plugin_is_redirected_at_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, elsewhere: tuple[str, list[str]]
) -> None:
    dsn, paths = elsewhere
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        early=f"import sentry_sdk; sentry_sdk.init({dsn!r})",
        test_it="""
            import sentry_sdk

            def test_without_the_fixture():
                sentry_sdk.capture_message("x")
                sentry_sdk.flush()
        """,
    )
    result = pytester.runpytest_subprocess("-p", "early", "-p", "pytest_sentryintegration.plugin")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*1 stray outside tests*"])
    assert paths == []
