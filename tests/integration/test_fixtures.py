"""What the fixtures give, what marker, options and ini change, and what a mistake in them says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_sentryintegration import FakeSentry
from tests.integration.conftest import Run


def test_where_nobody_initialises_the_sdk_the_fixture_does(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk, sentryintegration

            def test_it(sentry_events):
                assert not sentry_sdk.is_initialized()
                assert not sentry_sdk.get_client().is_active()
                with sentryintegration.start_transaction(name="t", op="task"):
                    sentry_sdk.capture_message("m")
                assert sentry_events.messages.find("m")
                assert sentry_events.transactions.find("t").op == "task"
        """
    )

    result.assert_outcomes(passed=1)


def test_sentry_options_are_those_of_that_client(run: Run) -> None:
    result = run(
        conftest="""
            import pytest

            @pytest.fixture
            def sentry_options(sentry_options):
                return {**sentry_options, "release": "shop@1", "environment": "test"}
        """,
        test_it="""
            import sentry_sdk

            def test_it(sentry_events):
                sentry_sdk.capture_message("m")
                event = sentry_events.messages.find("m")
                assert (event.release, event.environment) == ("shop@1", "test")
        """,
    )

    result.assert_outcomes(passed=1)


def test_the_markers_options_override_those_of_the_application_for_one_test(run: Run) -> None:
    result = run(
        conftest="""
            import sentry_sdk
            sentry_sdk.init("https://key@example.com/1", release="app", environment="prod")
        """,
        test_it="""
            import pytest, sentry_sdk

            def sent(sentry_events):
                sentry_sdk.capture_message("m")
                event = sentry_events.messages.find("m")
                return event.release, event.environment, event.project_id

            @pytest.mark.sentry(release="marked")
            def test_marked(sentry_events):
                assert sent(sentry_events) == ("marked", "prod", "1")

            def test_not_marked(sentry_events):
                assert sent(sentry_events) == ("app", "prod", "1")

            @pytest.mark.sentry(release="marked")
            def test_marked_and_initialised_inside(sentry_events):
                sentry_sdk.init("https://key@example.com/2", release="inside")
                assert sent(sentry_events) == ("marked", "production", "2")
        """,
    )

    result.assert_outcomes(passed=3)


def test_other_processes_report_by_dsn_and_environment(run: Run) -> None:
    result = run(
        test_it="""
            import os, subprocess, sys

            def child(dsn, name, **kwargs):
                code = f"import sentry_sdk; sentry_sdk.init({dsn}, default_integrations=False)"
                code += f"; sentry_sdk.capture_message('{name}'); sentry_sdk.flush()"
                subprocess.run([sys.executable, "-c", code], check=True, **kwargs)

            def test_it(sentry_events, sentry_server):
                child(repr(sentry_events.dsn), "by dsn")
                child("None", "by env", env=sentry_events.env)
                child("None", "by the environment")
                child(repr(sentry_server.dsn(project_id=5)), "by server")
                names = ["by dsn", "by env", "by the environment", "by server"]
                assert [event.message for event in sentry_events] == names
                assert [event.project_id for event in sentry_events] == ["1", "1", "1", "5"]
                assert sentry_events.url == sentry_server.url == f"http://127.0.0.1:{sentry_server.port}"
        """
    )

    result.assert_outcomes(passed=1)


def _free_port() -> int:
    with FakeSentry() as sentry:
        return sentry.port


def test_a_service_of_the_session_reports_to_the_test_that_runs(run: Run) -> None:
    port = _free_port()
    result = run(
        ini=f"sentry_host = 0.0.0.0\nsentry_port = {port}",
        service="""
            import sys, sentry_sdk

            sentry_sdk.init(default_integrations=False)
            for line in sys.stdin:
                sentry_sdk.capture_message(line.strip())
                sentry_sdk.flush()
        """,
        conftest="""
            import subprocess, sys, pytest

            @pytest.fixture(scope="session")
            def service(sentry_server):
                command = [sys.executable, "service.py"]
                with subprocess.Popen(command, stdin=subprocess.PIPE, env=sentry_server.env) as process:
                    yield process
        """,
        test_it=f"""
            import pytest

            @pytest.mark.parametrize("name", ["first", "second"])
            def test_it(name, service, sentry_events, sentry_server):
                assert sentry_server.url == "http://127.0.0.1:{port}"
                service.stdin.write(name.encode() + b"\\n")
                service.stdin.flush()

                assert sentry_events.find(timeout=30).message == name
        """,
    )

    result.assert_outcomes(passed=2)


def test_a_port_of_another_worker_is_said_on_one_line(run: Run) -> None:
    with FakeSentry() as other:
        ini = f"sentry_port = {other.port}"
        result = run("-n1", plugins=("xdist",), ini=ini, test_it="def test_it(sentry_events): pass")

        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            [
                f"port {other.port} of 127.0.0.1 is in use by the fake Sentry of another process, such as"
                " another xdist worker: only one process can have it; choose another, *"
            ]
        )
        result.stdout.no_fnmatch_line("*capture.py*")


def test_strays_of_one_worker_do_not_take_the_port_of_another(run: Run) -> None:
    result = run(
        "-n2",
        "--dist=loadfile",
        plugins=("xdist",),
        ini=f"sentry_port = {_free_port()}",
        test_strays="""
            import pytest, sentry_sdk

            @pytest.mark.parametrize("number", range(3))
            def test_it(number):
                sentry_sdk.init("https://public@localhost/1")
                sentry_sdk.capture_message("stray")
                sentry_sdk.flush()
        """,
        test_port="""
            import pytest, sentry_sdk

            @pytest.mark.parametrize("number", range(2))
            def test_it(number, sentry_events):
                sentry_sdk.capture_message("mine")
                assert sentry_events.find().message == "mine"
        """,
    )

    result.assert_outcomes(passed=5)


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ("sentry_unexpected = fial", "'fial' is not one of fail, ignore, warn; did you mean 'fail'?"),
        ("sentry_transport = htpp", "'htpp' is not one of http, memory; did you mean 'http'?"),
        ("sentry_guard = of", "'of' is not one of off, on; did you mean 'off'?"),
        ("sentry_timeout = soon", "sentry_timeout = 'soon' is not a number of seconds"),
        (
            "sentry_port = 70000",
            "sentry_port = '70000' is not a port (1 to 65535, or 0 for a free one); did you mean 65535?",
        ),
        ("sentry_port = 9000/tcp", "sentry_port = '9000/tcp' is not a port*did you mean 9000?"),
        ("sentry_port = -1", "sentry_port = '-1' is not a port*did you mean 1?"),
        (
            "sentry_host = http://0.0.0.0:9000",
            "sentry_host = 'http://0.0.0.0:9000' is not a host name or an address; did you mean '0.0.0.0'?",
        ),
    ],
)
def test_an_unknown_ini_value_is_an_error_that_names_the_nearest(run: Run, ini: str, message: str) -> None:
    result = run(ini=ini, test_it="def test_it(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message.replace('[', '[[]')}*"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "traces_sample_rat=1.0",
            "marker option 'traces_sample_rat' does not exist; did you mean 'traces_sample_rate'?",
        ),
        (
            "unexpected='fial'",
            "marker option unexpected = 'fial' is not one of fail, ignore, warn; did you mean 'fail'?",
        ),
        ("alow=[]", "marker option 'alow' does not exist; did you mean 'allow'?"),
    ],
)
def test_an_unknown_marker_option_is_an_error_that_names_the_nearest(
    run: Run, options: str, message: str
) -> None:
    test = f"import pytest\n@pytest.mark.sentry({options})\ndef test_it(sentry_events): pass"

    result = run(test_it=test)

    result.assert_outcomes(errors=1)
    assert result.stdout.lines.count(message) == 1


def test_an_unknown_criterion_is_an_error_that_names_the_nearest(run: Run) -> None:
    result = run(test_it="def test_it(sentry_events): sentry_events.messages.find(levle='error')")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * a message has no field 'levle'; did you mean 'level'?"])


def test_an_unexpected_error_fails_the_test_that_did_not_look_at_it(run: Run) -> None:
    result = run(
        ini="sentry_unexpected = fail",
        test_it="""
            import pytest, sentry_sdk

            def test_unseen(sentry_events):
                sentry_sdk.capture_exception(ValueError("nobody looks"))

            def test_seen(sentry_events):
                sentry_sdk.capture_exception(ValueError("seen"))
                assert sentry_events.errors.find(ValueError)

            def test_only_counted(sentry_events):
                sentry_sdk.capture_exception(ValueError("counted"))
                assert len(sentry_events.errors) == 1 and repr(sentry_events)

            @pytest.mark.sentry(allow=[ValueError])
            def test_allowed(sentry_events):
                sentry_sdk.capture_exception(ValueError("allowed"))

            @pytest.mark.sentry(unexpected="ignore")
            def test_ignored(sentry_events):
                sentry_sdk.capture_exception(ValueError("ignored"))

            def test_a_message_below_error(sentry_events):
                sentry_sdk.capture_message("x", "warning")
        """,
    )

    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["*1 event was reported that the test never looked at*", "*nobody looks*"])


def test_an_unexpected_error_warns(run: Run) -> None:
    result = run(
        ini="sentry_unexpected = warn\nsentry_allow =\n  KeyError\n  some text",
        test_it="""
            import sentry_sdk

            def test_warned(sentry_events):
                sentry_sdk.capture_exception(ValueError("nobody looks"))

            def test_allowed_for_all(sentry_events):
                sentry_sdk.capture_exception(KeyError("x"))
                sentry_sdk.capture_message("has some text in it", "error")
        """,
    )

    result.assert_outcomes(passed=2, warnings=1)


def test_what_sentry_would_refuse_drop_or_trim_fails_the_test(run: Run) -> None:
    pytest.importorskip("sentry_relay", reason="judged by the extra relay")
    result = run(
        ini="sentry_invalid = fail",
        test_it="""
            import pytest, sentry_sdk

            def test_trimmed(sentry_events):
                sentry_sdk.capture_message("m", tags={"bad key!": "x"})

            def test_fine(sentry_events):
                sentry_sdk.capture_message("m", tags={"good": "x"})

            def test_an_ordinary_error(sentry_events):
                big = "x" * 5000
                try:
                    1 / 0
                except ZeroDivisionError as error:
                    sentry_sdk.capture_exception(error)

            @pytest.mark.sentry(invalid="ignore")
            def test_ignored(sentry_events):
                sentry_sdk.capture_message("m", tags={"bad key!": "x"})
        """,
    )

    result.assert_outcomes(passed=3, failed=1)


def test_a_failing_test_shows_what_was_captured(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk, sentryintegration

            def test_it(sentry_events):
                with sentryintegration.start_transaction(name="checkout", op="http.server"):
                    with sentryintegration.start_transaction(op="db.query", description="SELECT 1"):
                        sentry_sdk.capture_message("inside")
                assert False
        """
    )

    result.stdout.fnmatch_lines(["*Captured Sentry*", "*inside*", "*checkout*", "*db.query*SELECT 1*"])


def test_a_test_that_fails_in_a_fixture_shows_and_dumps_what_was_captured(
    run: Run, pytester: pytest.Pytester
) -> None:
    result = run(
        "--sentry-dump=dumped",
        test_it="""
            import pytest, sentry_sdk

            @pytest.fixture
            def begins(sentry_events):
                sentry_sdk.capture_message("at the beginning")
                assert False

            @pytest.fixture
            def ends(sentry_events):
                yield
                sentry_sdk.capture_message("at the end")
                assert not sentry_events

            def test_setup(begins): pass
            def test_teardown(ends): pass
        """,
    )

    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*Captured Sentry*", "  'at the beginning'", "*Captured Sentry*", "  'at the end'"]
    )
    assert sorted(path.name for path in (pytester.path / "dumped").glob("*.envelope")) == [
        "test_it.py_test_setup-001.envelope",
        "test_it.py_test_teardown-001.envelope",
    ]


def test_dump_writes_each_envelope_as_a_file(run: Run, pytester: pytest.Pytester) -> None:
    result = run(
        "--sentry-dump=dumped",
        test_it="""
            import sentry_sdk

            def test_it(sentry_events):
                sentry_sdk.capture_message("dumped")
        """,
    )

    result.assert_outcomes(passed=1)
    (path,) = (pytester.path / "dumped").glob("*.envelope")
    assert path.name == "test_it.py_test_it-001.envelope"
    assert b"dumped" in path.read_bytes()


def test_the_fixtures_are_documented(run: Run) -> None:
    result = run("--fixtures", test_it="")

    result.stdout.fnmatch_lines(["sentry_server*", "sentry_options*", "sentry_events*"])
    result.stdout.fnmatch_lines(["*Everything that is sent to Sentry during this test*"])


def test_the_marker_is_documented(run: Run) -> None:
    run("--markers", test_it="").stdout.fnmatch_lines(["@pytest.mark.sentry(?*options)*sentry_sdk.init*"])


def test_unused_the_plugin_imports_nothing_and_starts_no_thread(run: Run) -> None:
    result = run(
        test_it="""
            import sys, threading

            def test_nothing_was_imported():
                heavy = {"sentry_sdk", "werkzeug", "sentryintegration", "httptools", "brotli", "asyncio"}
                assert not heavy & sys.modules.keys()
                assert threading.active_count() == 1
        """
    )

    result.assert_outcomes(passed=1)
    assert "Sentry" not in result.stdout.str()


def test_importing_the_plugin_takes_a_few_milliseconds() -> None:
    code = """
import sys, time, pytest, unittest
start = time.process_time()
import pytest_sentryintegration.plugin
print((time.process_time() - start) * 1000)
"""
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
        for _ in range(3)
    ]

    assert min(runs) < 25


def test_without_pytest_a_with_captures(run: Run, pytester: pytest.Pytester) -> None:
    script = pytester.makepyfile(
        script="""
            import os, threading, sentry_sdk
            from pytest_sentryintegration import capture

            sentry_sdk.init("https://key@example.com/3", release="mine")
            transport = sentry_sdk.get_client().transport
            with capture(environment="inside") as sentry_events:
                sentry_sdk.capture_message("hello")
                event = sentry_events.messages.find("hello")
                assert (event.release, event.environment, event.project_id) == ("mine", "inside", "3")
                assert "SENTRY_DSN" in os.environ
            assert sentry_sdk.get_client().transport is transport
            assert "SENTRY_DSN" not in os.environ
            assert not [t for t in threading.enumerate() if t.name == "sentryintegration-server"]
            print("done")
        """
    )

    result = pytester.runpython(script)

    assert result.stdout.str().strip() == "done"
