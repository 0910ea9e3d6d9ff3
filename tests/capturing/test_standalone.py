"""Outside pytest, no client of a guarded process reaches the real Sentry."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.conftest import Run
from tests.integration.conftest import run as run  # a fixture

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent.parent


class Sentry(BaseHTTPRequestHandler):
    """Stands for the real Sentry."""

    paths: list[str]

    def do_POST(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that are posted to the real Sentry, whose DSN is in ``REAL_DSN``."""
    Sentry.paths = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sentry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("REAL_DSN", f"http://key@127.0.0.1:{server.server_port}/7")
    yield Sentry.paths
    server.shutdown()
    thread.join()
    server.server_close()


def script(code: str) -> str:
    """Run *code* in a process of its own and return what it prints."""
    begin = """
        import os, sys, sentry_sdk
        from pytest_sentryintegration import capture, guard

        def send(text="x"):
            sentry_sdk.capture_message(text)
            sentry_sdk.flush()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(begin) + textwrap.dedent(code)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_guard_for_good_holds_to_the_end_of_the_process(sentry: list[str]) -> None:
    script("""
        guard()
        sentry_sdk.init(os.environ["REAL_DSN"])
        send()
        sentry_sdk.capture_message("still queued at exit")
    """)

    assert sentry == []


def test_a_client_from_before_is_guarded_too(sentry: list[str]) -> None:
    script("""
        sentry_sdk.init(os.environ["REAL_DSN"])
        guard()
        send()
    """)

    assert sentry == []


def test_a_guard_ends_with_its_with(sentry: list[str]) -> None:
    script("""
        with guard():
            sentry_sdk.init(os.environ["REAL_DSN"])
            send()
        sentry_sdk.init(os.environ["REAL_DSN"])
        send()
    """)

    assert sentry == ["/api/7/envelope/"]


def test_a_guard_that_was_made_inside_a_capture_outlives_it(sentry: list[str]) -> None:
    script("""
        sentry_sdk.init(os.environ["REAL_DSN"])
        with capture() as sentry_events:
            guard()
            send("inside")
            assert sentry_events.messages.find("inside")
        send("outside")
    """)

    assert sentry == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are not there on Windows")
def test_a_fork_is_guarded(sentry: list[str]) -> None:
    script("""
        guard()
        sentry_sdk.init(os.environ["REAL_DSN"])
        if os.fork() == 0:
            send()
            os._exit(0)
        os.wait()
    """)

    assert sentry == []


def test_what_comes_late_is_in_the_inbox_of_its_capture_and_of_no_later_one() -> None:
    printed = script("""
        import threading
        over = threading.Event()

        def late():
            over.wait()
            send("late")

        sentry_sdk.init("https://key@example.invalid/1")
        with capture() as first:
            thread = threading.Thread(target=late)
            thread.start()
        with capture() as second:
            over.set()
            thread.join()
            print([[event.message for event in each.messages] for each in (first, second)])
    """)

    assert printed == "[['late'], []]\n"


def test_what_is_discarded_is_not_kept() -> None:
    printed = script("""
        from pytest_sentryintegration.capturing.sharing import shared
        guard()
        sentry_sdk.init("https://key@example.invalid/1")
        send()
        print(shared().delivery.fake.store.strays)
    """)

    assert printed == "0\n"


def test_a_guard_holds_in_a_run_that_switches_the_plugins_off(run: Run, sentry: list[str]) -> None:
    result = run(
        ini="sentry_guard = off\n",
        test_it="""
            import os, sentry_sdk
            from pytest_sentryintegration import guard

            def test_it():
                with guard():
                    sentry_sdk.init(os.environ["REAL_DSN"])
                    sentry_sdk.capture_message("x")
                    sentry_sdk.flush()
        """,
    )

    result.assert_outcomes(passed=1)
    assert sentry == []


CASE = """
import unittest
import sentry_sdk
from pytest_sentryintegration import capture

class Case(unittest.TestCase):
    def setUp(self):
        captured = capture(unexpected="fail")
        self.sentry_events = captured.__enter__()
        self.addCleanup(captured.__exit__, None, None, None)

    def test_find(self):
        self.sentry_events.messages.find("nothing", timeout=0)

    def test_none(self):
        sentry_sdk.capture_message("x")
        self.sentry_events.none()

    def test_policy(self):
        sentry_sdk.capture_message("boom", level="error")

    def test_accepted(self):
        self.sentry_events.assert_accepted()
"""


def test_the_frames_of_the_plugin_are_hidden_from_unittest(tmp_path: Path) -> None:
    (tmp_path / "kettle.py").write_text(CASE)

    done = subprocess.run(
        [sys.executable, "-m", "unittest", "kettle"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "FAILED (failures=3)" in done.stderr
    assert "1 event was reported that the test never looked at" in done.stderr
    assert 'File "' in done.stderr
    assert str(ROOT / "pytest_sentryintegration") not in done.stderr
