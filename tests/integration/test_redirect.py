"""Every client of the process sends to the fake, however and whenever it was made."""

from __future__ import annotations

import os
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_sentryintegration.sdk.hook import at_first_client, original_of
from tests.integration.conftest import Run

IT = """
    import sentry_sdk
    from app import report

    def test_it(sentry_events):
        report()
        assert sentry_events.messages.find("reported").tags["scrubbed"] == "yes"
"""

SCRUB = """
    import sentry_sdk

    def scrub(event, hint):
        event.setdefault("tags", {})["scrubbed"] = "yes"
        return event

    def report():
        sentry_sdk.capture_message("reported")
"""


def test_an_application_initialised_in_a_conftest_keeps_its_options(run: Run) -> None:
    conftest = "import sentry_sdk, app\nsentry_sdk.init('https://key@example.com/3', before_send=app.scrub)"

    result = run(conftest=conftest, app=SCRUB, test_it=IT)

    result.assert_outcomes(passed=1)


def test_an_application_initialised_by_the_import_of_the_test_file_keeps_its_options(run: Run) -> None:
    app = SCRUB + "\n    sentry_sdk.init('https://key@example.com/3', before_send=scrub)"

    result = run(app=app, test_it=IT)

    result.assert_outcomes(passed=1)


@pytest.mark.uncounted
def test_an_application_that_asks_first_still_initialises_itself(run: Run) -> None:
    app = SCRUB.replace(
        "def report():",
        """def report():
        if not sentry_sdk.is_initialized():
            sentry_sdk.init("https://key@example.com/3", before_send=scrub)
        if not sentry_sdk.get_client().is_active():
            raise RuntimeError""",
    )

    result = run(app=app, test_it=IT)

    result.assert_outcomes(passed=1)


def test_an_application_initialised_in_djangos_settings_keeps_its_options(run: Run) -> None:
    result = run(
        plugins=("pytest_django.plugin",),
        ini="DJANGO_SETTINGS_MODULE = settings",
        app=SCRUB,
        settings="""
            import sentry_sdk, app
            from sentry_sdk.integrations.django import DjangoIntegration
            sentry_sdk.init("https://key@example.com/3", before_send=app.scrub, traces_sample_rate=1.0)
            SECRET_KEY = "x"
            ROOT_URLCONF = "urls"
            ALLOWED_HOSTS = ["*"]
        """,
        urls="""
            import sentry_sdk
            from django.http import HttpResponse
            from django.urls import path

            def index(request):
                sentry_sdk.capture_message("in the view")
                return HttpResponse("ok")

            urlpatterns = [path("index/", index)]
        """,
        test_it="""
            def test_view(client, sentry_events):
                client.get("/index/")
                assert sentry_events.messages.find("in the view").tags["scrubbed"] == "yes"
        """,
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "init",
    [
        "sentry_sdk.init('https://key@example.com/3')",
        "sentry_sdk.init(dsn='https://key@example.com/3')",
        "os.environ.update(SENTRY_DSN='https://key@example.com/3'); sentry_sdk.init()",
        "sentry_sdk.get_global_scope().set_client(sentry_sdk.Client('https://key@example.com/3'))",
        "sentry_sdk.get_isolation_scope().set_client(sentry_sdk.Client('https://key@example.com/3'))",
        "from sentry_sdk import Client; sentry_sdk.get_current_scope().set_client(Client('https://key@example.com/3'))",
        "sentry_sdk.init('https://key@example.com/3', transport=sentry_sdk.transport.HttpTransport)",
        "sentry_sdk.init('https://key@example.com/3', _experiments={'transport_http2': True})",
        "sentry_sdk.init('https://key@example.com/3', http_proxy='http://127.0.0.1:1', keep_alive=True)",
    ],
)
def test_however_a_client_is_made_it_sends_to_the_fake(init: str, sentry_events: object) -> None:
    import os

    import sentry_sdk

    exec(init, {"os": os, "sentry_sdk": sentry_sdk})
    sentry_sdk.capture_message("sent")

    (event,) = sentry_events.messages  # type: ignore[attr-defined]
    assert (event.message, event.project_id) == ("sent", "3")


def test_outside_tests_that_use_the_fixture_nothing_leaves_the_machine_either(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk

            def test_without_the_fixture():
                sentry_sdk.init("https://key@sentry.invalid/3")
                sentry_sdk.capture_message("stray")
                sentry_sdk.get_global_scope().set_client(None)
        """
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*1 stray outside tests that use sentry_events*"])


def test_a_client_that_another_thread_makes_while_the_first_is_redirected_is_redirected_too() -> None:
    made = []

    class Client:
        def __init__(self, name: str) -> None:
            made.append(name)

    def redirect() -> None:
        other.start()
        other.join(0.05)
        assert made == []
        sdk.Client.__init__ = lambda client, name: made.append(f"{name}, redirected")

    sdk: Any = SimpleNamespace(Client=Client)
    other = threading.Thread(target=Client, args=("second",))
    at_first_client(redirect)(sdk)
    Client("first")
    other.join()

    assert sorted(made) == ["first, redirected", "second, redirected"]


def test_what_wraps_the_making_of_clients_before_the_first_one_stays() -> None:
    wrapped = []

    class Proxy:
        """As those of wrapt: equal to what it wraps."""

        def __init__(self, function: Any) -> None:
            self.function = function

        def __eq__(self, other: object) -> bool:
            return bool(self.function == other)

        def __hash__(self) -> int:
            return hash(self.function)

        def __get__(self, client: Any, owner: object = None) -> Any:
            return self if client is None else lambda *args: self(client, *args)

        def __call__(self, *args: Any) -> None:
            wrapped.append(args[1])
            self.function(*args)

    class Client:
        def __init__(self, name: str) -> None:
            pass

    sdk: Any = SimpleNamespace(Client=Client)
    at_first_client(lambda: None)(sdk)
    sdk.Client.__init__ = Proxy(sdk.Client.__init__)
    assert original_of(sdk.Client.__init__) is vars(Client)["__init__"]
    Client("first")
    Client("second")

    assert wrapped == ["first", "second"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_fork_waits_until_the_first_client_of_another_thread_is_made() -> None:
    class Client:
        def __init__(self) -> None:
            pass

    begun, end = threading.Event(), threading.Event()
    done = []

    def redirect() -> None:
        begun.set()
        end.wait(60)
        done.append("redirected")

    sdk: Any = SimpleNamespace(Client=Client)
    at_first_client(redirect)(sdk)
    first = threading.Thread(target=Client)
    first.start()
    assert begun.wait(60)
    threading.Timer(0.05, end.set).start()
    child = os.fork()
    if child == 0:
        os._exit(0 if done else 1)
    first.join()

    assert os.waitpid(child, 0)[1] == 0


def test_threads_that_make_the_first_clients_at_once_send_nothing_to_their_dsn(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("def test_it(): pass")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pytester.makeconftest(f"""
            import threading, sentry_sdk

            def report():
                client = sentry_sdk.Client("http://key@127.0.0.1:{listening.getsockname()[1]}/1")
                client.capture_event({{"message": "from a thread"}})
                client.flush()

            threads = [threading.Timer(0.004 * n, report) for n in range(10)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        """)
        # A process of its own, since what takes time, and lets other threads run, are imports.
        result = pytester.runpytest_subprocess("-p", "pytest_sentryintegration.plugin")
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()

    result.stdout.fnmatch_lines(["*10 strays outside tests that use sentry_events*"])


def test_guard_off_lets_what_is_sent_outside_of_captures_reach_its_dsn(run: Run) -> None:
    result = run(
        ini="sentry_guard = off",
        test_it="""
            import sentry_sdk
            from pytest_sentryintegration.server.fake_sentry import FakeSentry

            def test_real(request):
                with FakeSentry() as real:
                    sentry_sdk.init(real.dsn())
                    sentry_sdk.capture_message("really sent")
                    sentry_sdk.flush()
                    sentry_sdk.get_global_scope().set_client(None)
                    assert len(real.store.since("strays")) == 1

            def test_captured(sentry_events):
                sentry_sdk.capture_message("captured")
                assert sentry_events.messages.find("captured")
        """,
    )

    result.assert_outcomes(passed=2)


PYTEST_SENTRY = """
    import sentry_sdk

    class Client(sentry_sdk.Client):
        def __init__(self, *args, **kwargs):
            sentry_sdk.Client.__init__(self, *args, **{"dsn": "http://key@127.0.0.1:1/9", **kwargs})

    CLIENT = Client()
"""
"""Makes its client as that plugin does, of a class in its package, while it is imported."""


@pytest.mark.parametrize("imported", ["as a plugin", "in a test"])
def test_the_client_of_pytest_sentry_is_left_alone(run: Run, imported: str) -> None:
    result = run(
        plugins=("pytest_sentry",) if imported == "as a plugin" else (),
        pytest_sentry=PYTEST_SENTRY,
        test_it="""
            import sentry_sdk
            from sentry_sdk.transport import HttpTransport

            class Pool:
                def request(self, method, url, **kwargs):
                    posted.append(url)
                    raise OSError("nothing listens there")

            posted = []

            def test_it(sentry_events):
                from pytest_sentry import CLIENT
                assert type(CLIENT.transport) is HttpTransport
                vars(CLIENT.transport)["_pool"] = Pool()
                CLIENT.capture_event({"message": "a test failed"})
                CLIENT.flush()
                assert "/api/9/envelope/" in posted[0]
                CLIENT.close()
                assert len(sentry_events) == 0
        """,
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("transport", ["", "transport=HttpTransport(get_options(DSN))"])
def test_an_application_with_the_dsn_of_pytest_sentry_is_redirected(
    run: Run, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.setenv("PYTEST_SENTRY_DSN", "http://key@127.0.0.1:1/9")

    result = run(
        pytest_sentry=PYTEST_SENTRY,
        test_it=f"""
            import pytest_sentry, sentry_sdk
            from sentry_sdk.client import get_options
            from sentry_sdk.transport import HttpTransport

            DSN = "http://key@127.0.0.1:1/9"

            def test_it(sentry_events):
                sentry_sdk.init(DSN, {transport})
                sentry_sdk.capture_message("the application's")
                sentry_sdk.flush()
                assert [event.message for event in sentry_events] == ["the application's"]
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_client_of_pytest_sentry_on_the_isolation_scope_does_not_shadow_the_application(run: Run) -> None:
    result = run(
        pytest_sentry=PYTEST_SENTRY,
        conftest="""
            import pytest_sentry, sentry_sdk
            sentry_sdk.init("https://key@example.com/3")
            sentry_sdk.get_isolation_scope().set_client(pytest_sentry.CLIENT)
        """,
        test_it="""
            import sentry_sdk

            def test_it(sentry_events):
                sentry_sdk.capture_message("the application's")
                assert sentry_events.messages.find("the application's").project_id == "3"
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_transport_of_the_applications_own_is_left_alone_and_named(sentry_events: object) -> None:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    class Mine(Transport):
        def __init__(self) -> None:
            super().__init__()
            self.sent: list[object] = []

        def capture_envelope(self, envelope: object) -> None:
            self.sent.append(envelope)

    mine = Mine()
    sentry_sdk.init("https://key@example.com/3", transport=mine)
    sentry_sdk.capture_message("kept")

    assert len(mine.sent) == 1
    assert "Mine" in sentry_events.explain()  # type: ignore[attr-defined]


def test_spotlight_gets_no_copy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SPOTLIGHT", "http://127.0.0.1:1/stream")

    result = run(
        conftest="""
            import os, sentry_sdk
            sentry_sdk.init("https://key@example.com/3", traces_sample_rate=0.0)
            assert os.environ["SENTRY_SPOTLIGHT"]
        """,
        test_it="""
            import os, sentry_sdk

            def test_it(sentry_events):
                assert sentry_sdk.get_client().spotlight is None
                assert "SENTRY_SPOTLIGHT" not in os.environ
                sentry_sdk.capture_message("once")
                assert len(sentry_events) == 1
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_proxy_of_the_environment_is_not_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    result = run(
        test_it="""
            import os, subprocess, sys, sentry_sdk

            def test_here(sentry_events):
                sentry_sdk.capture_message("here")
                assert sentry_events.messages.find("here")

            def test_in_a_child(sentry_events):
                code = "import sentry_sdk; sentry_sdk.init(); sentry_sdk.capture_message('child')"
                subprocess.run([sys.executable, "-c", code], env=sentry_events.env, check=True)
                assert sentry_events.messages.find("child")
        """
    )

    result.assert_outcomes(passed=2)


# Small events, whose number counts: sentry-sdk 3 attaches all of pytest's frames, with their variables.
@pytest.mark.uncounted
@pytest.mark.sentry(attach_stacktrace=False, default_integrations=False)
def test_more_than_a_hundred_at_once_all_arrive(sentry_events: object) -> None:
    import sentry_sdk

    for number in range(1000):
        sentry_sdk.capture_message(f"m{number}")

    assert [event.message for event in sentry_events] == [f"m{n}" for n in range(1000)]  # type: ignore[attr-defined]


def test_the_sdk_does_not_trace_its_own_posts(sentry_events: object) -> None:
    import http.client

    import sentry_sdk

    import sentryintegration

    sentry_sdk.init(f"http://key@127.0.0.1:{http.client.HTTP_PORT}1/1", traces_sample_rate=1.0)
    with sentryintegration.start_transaction(name="t", op="task"):
        sentry_sdk.capture_message("first: starts the worker inside the span")
        sentry_events.messages.find()  # type: ignore[attr-defined]

    assert [span.op for span in sentry_events.spans] == ["task"]  # type: ignore[attr-defined]


def test_an_integration_that_one_init_disables_can_be_enabled_by_a_later_one(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk
            from sentry_sdk.integrations.flask import FlaskIntegration

            def test_disabled(sentry_events):
                sentry_sdk.init("https://key@example.com/1", disabled_integrations=[FlaskIntegration()])

            def test_enabled(sentry_events):
                sentry_sdk.init("https://key@example.com/1", integrations=[FlaskIntegration()])
                assert sentry_sdk.get_client().get_integration(FlaskIntegration) is not None
        """
    )

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    "make",
    [
        "sentry_sdk.init(DSN, **options)",
        "sentry_sdk.Client(DSN, **options)",
        "sentry_sdk.Client(DSN, **options).__getstate__()",
    ],
)
def test_a_filter_for_the_sdks_modules_matches_its_warnings(run: Run, make: str) -> None:
    result = run(
        ini="""filterwarnings =
            error
            ignore::DeprecationWarning:sentry_sdk
            ignore::DeprecationWarning:sentry_sdk.*
            ignore::UserWarning:sentry_sdk.*
        """,
        test_it=f"""
            import sentry_sdk
            DSN = "https://key@example.com/1"
            options = dict(transport=lambda event: None) if sentry_sdk.VERSION < "3" else {{}}
            if "send_default_pii" in sentry_sdk.get_client().options:
                options["send_default_pii"] = True

            def test_first():
                {make}

            def test_captured(sentry_events):
                {make}
        """,
    )

    result.assert_outcomes(passed=2)
