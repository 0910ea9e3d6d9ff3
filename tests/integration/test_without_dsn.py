"""Applications that are started without a DSN, as in most test environments."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Run

pytestmark = pytest.mark.uncounted

APP = """
import os, sentry_sdk

def scrub(event, hint):
    event.setdefault("tags", {})["scrubbed"] = "yes"
    return event

"""

INITS = {
    "none": "sentry_sdk.init(dsn=None, before_send=scrub, release='shop@1')",
    "empty": "sentry_sdk.init('', before_send=scrub, release='shop@1')",
    "of os.environ": "sentry_sdk.init(os.environ.get('SENTRY_DSN'), before_send=scrub, release='shop@1')",
    "in a dict": "sentry_sdk.init({'before_send': scrub, 'release': 'shop@1'})",
    "own transport": "import mine; sentry_sdk.init(before_send=scrub, release='shop@1', transport=mine.Own)",
}
MINE = """
from sentry_sdk.transport import HttpTransport

class Own(HttpTransport):
    pass
"""
TESTS = """
import app, pytest, sentry_sdk, threading

CLIENT = sentry_sdk.get_client()
BEFORE = CLIENT.transport, CLIENT.options["dsn"], CLIENT.monitor

def test_captured(sentry_events):
    sentry_sdk.capture_message("x")
    event = sentry_events.find("x")
    assert (event.release, event.tags["scrubbed"]) == ("shop@1", "yes")
    assert sentry_sdk.get_client() is CLIENT

def test_outside():
    sentry_sdk.capture_message("nowhere")
    assert (CLIENT.transport, CLIENT.options["dsn"], CLIENT.monitor) == BEFORE

def test_again(sentry_events):
    with sentry_sdk.new_scope():
        sentry_sdk.capture_message("y")
    assert len(sentry_events) == 1

@pytest.mark.sentry(environment="test")
def test_with_other_options(sentry_events):
    sentry_sdk.capture_message("z")
    event = sentry_events.find("z")
    assert (event.release, event.environment, event.tags["scrubbed"]) == ("shop@1", "test", "yes")

def test_closed(sentry_events):
    sentry_sdk.get_client().close()

def test_open_again(sentry_events):
    sentry_sdk.capture_message("open")
    assert sentry_events.find("open")

def test_at_the_end():
    assert (CLIENT.transport, CLIENT.options["dsn"], CLIENT.monitor) == BEFORE
"""


@pytest.fixture(autouse=True)
def _no_dsn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTRY_DSN", raising=False)


@pytest.mark.parametrize("init", INITS)
def test_a_client_without_a_dsn_reports_for_the_length_of_a_capture(run: Run, init: str) -> None:
    result = run(app=APP + INITS[init], mine=MINE, test_it=TESTS)

    result.assert_outcomes(passed=7)
    result.stdout.no_fnmatch_line("*strays*")


def test_an_init_inside_a_capture_without_a_dsn_means_off(run: Run) -> None:
    result = run(
        test_it="""
            import sentry_sdk
            from pytest_sentryintegration import capture

            def test_off(sentry_events):
                sentry_sdk.init(dsn="")
                sentry_sdk.capture_message("x")
                with capture() as inner:
                    sentry_sdk.capture_message("y")
                    assert len(inner) == 0
                assert len(sentry_events) == 0
                assert sentry_sdk.get_client().transport is None

            def test_on(sentry_events):
                sentry_sdk.init(dsn=None)
                sentry_sdk.capture_message("x")
                assert sentry_events.find("x")
        """
    )

    result.assert_outcomes(passed=2)


GUARDED = """
import os, sentry_sdk
if os.environ.get("SENTRY_DSN"):
    sentry_sdk.init(os.environ["SENTRY_DSN"], release="shop@1")
"""
IT = """
import os, subprocess, sys
import app, sentry_sdk

FIRST = os.environ["SENTRY_DSN"]

def test_captured(sentry_events):
    sentry_sdk.capture_message("x")
    assert sentry_events.find("x").release == "shop@1"

def test_between():
    assert os.environ["SENTRY_DSN"] == FIRST
"""


def test_the_variable_is_there_before_conftests(run: Run) -> None:
    result = run(ini="sentry_dsn = on", app=GUARDED, conftest="import app", test_it=IT)

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("transport", ["http", "memory"])
def test_the_variable_is_there_on_workers_and_without_a_socket(run: Run, transport: str) -> None:
    ini = f"sentry_dsn = on\nsentry_transport = {transport}"

    result = run("-n1", ini=ini, plugins=("xdist.plugin",), app=GUARDED, conftest="import app", test_it=IT)

    result.assert_outcomes(passed=2)


def test_the_variable_is_there_before_djangos_settings(run: Run) -> None:
    result = run(
        ini="sentry_dsn = on\nDJANGO_SETTINGS_MODULE = settings",
        plugins=("pytest_django.plugin",),
        app=GUARDED,
        settings="import app\nSECRET_KEY = 'x'",
        test_it=IT,
    )

    result.assert_outcomes(passed=2)


def test_without_the_setting_nothing_is_set(run: Run) -> None:
    result = run(test_it="import os\ndef test_it(): assert 'SENTRY_DSN' not in os.environ")

    result.assert_outcomes(passed=1)


def test_a_process_that_a_session_fixture_starts_reports_to_the_running_test(run: Run) -> None:
    result = run(
        ini="sentry_dsn = on",
        conftest="""
            import subprocess, sys, pytest

            CODE = '''
            import sentry_sdk
            sentry_sdk.init()
            for line in iter(input, "end"):
                sentry_sdk.capture_message(line)
                sentry_sdk.flush()
            '''.replace("\\n            ", "\\n")

            @pytest.fixture(scope="session")
            def server():
                command = [sys.executable, "-c", CODE]
                with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
                    yield process
                    process.communicate("end\\n")
        """,
        test_it="""
            def test_it(server, sentry_events):
                print("served", file=server.stdin, flush=True)
                assert sentry_events.find("served", timeout=20)
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_setting_that_does_not_exist_is_named(run: Run) -> None:
    result = run(ini="sentry_dsn = onn", test_it="def test_it(): pass")

    result.stderr.fnmatch_lines(["*sentry_dsn = 'onn' is not one of off, on; did you mean 'on'?*"])
