"""Processes that a test starts with `run` and `popen`: what they send and write, and how they end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration import NoServerError, SentryEvents, capture
from pytest_sentryintegration.processes import child
from pytest_sentryintegration.processes.output import KEPT, command_name
from pytest_sentryintegration.processes.readiness import Ready, wait_until_ready

SENDS = (
    "import sentry_sdk; sentry_sdk.init(traces_sample_rate=1.0); sentry_sdk.capture_message('from the child')"
)
posix = pytest.mark.skipif(os.name != "posix", reason="signals and sessions are POSIX's")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture(autouse=True)
def _little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "grace", 0.2)
    # A loaded machine may take long to read what was written.
    monkeypatch.setattr(child, "_READING", 30)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # What has ended and is not waited for by its parent is there all the same.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def has_ended(pid: int) -> bool:
    """Wait until a process that was ended has gone; end it where it has not."""
    for _ in range(500):
        if not is_running(pid):
            return True
        threading.Event().wait(0.02)
    os.kill(pid, signal.SIGKILL)
    return False


def test_what_a_command_sends_is_here_when_it_has_ended(sentry_events: SentryEvents) -> None:
    done = sentry_events.run(python(f"{SENDS}; print('done')"), check=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    assert [event.message for event in sentry_events] == ["from the child"]


def test_output_is_read_to_its_end_also_where_the_end_has_just_been_waited_for(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child.ChildProcess, "_watch", lambda process: None)  # as where it is late
    process = sentry_events.popen(python("print('done')"))
    waits: list[float] = []
    monkeypatch.setattr(process.streams, "join", waits.append)

    process.wait()
    assert "done\n".startswith(process.output)  # what has been read until now
    process.finish_reading()

    assert waits == [30, 30]


def test_options_are_those_of_subprocess_run(sentry_events: SentryEvents, tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ['COLOUR'], flush=True)"
    code += "; print(1, file=sys.stderr)"

    done = sentry_events.run(python(code), input="in", cwd=tmp_path, env={"COLOUR": "green"})
    raw = sentry_events.run(
        python(code), input=b"in", env={"COLOUR": "green"}, text=False, stderr=subprocess.STDOUT
    )
    with pytest.raises(subprocess.CalledProcessError) as caught:
        sentry_events.run(python("print('half'); raise SystemExit(3)"), check=True)

    assert (done.stdout, done.stderr) == (f"in {tmp_path} green\n", "1\n")
    assert (raw.stdout.splitlines()[-1], raw.stderr) == (b"1", None)
    assert (caught.value.returncode, caught.value.stdout) == (3, "half\n")


def test_an_input_that_is_not_written_is_closed_and_two_are_refused(sentry_events: SentryEvents) -> None:
    done = sentry_events.run(
        python("import sys; print(repr(sys.stdin.read()))"), stdin=subprocess.PIPE, check=True
    )

    assert done.stdout == "''\n"
    with pytest.raises(ValueError, match="from input= or from stdin=, got both"):
        sentry_events.run(["no such command"], input="in", stdin=subprocess.DEVNULL)


def test_find_waits_while_a_process_runs(sentry_events: SentryEvents) -> None:
    # An interpreter takes longer to start than this.
    sentry_events._reader.source.timeout = 0.01
    sentry_events.popen(python(SENDS))

    assert sentry_events.messages.find().message == "from the child"


def test_a_timeout_that_is_given_is_kept(sentry_events: SentryEvents) -> None:
    process = sentry_events.popen(python("import time; time.sleep(60)"))

    with pytest.raises(AssertionError) as caught:
        sentry_events.find(timeout=0.01)

    said = " ".join(str(caught.value).split())
    assert f"Process {process.pid} (`{process.name}`) still runs, and has not connected" in said


def test_a_process_that_fails_is_named_with_the_end_of_its_output(
    sentry_events: SentryEvents, tmp_path: Path
) -> None:
    (tmp_path / "worker.py").write_text("print('starting'); import no_such_module")
    process = sentry_events.popen([sys.executable, tmp_path / "worker.py"])

    sentry_events._reader.source.timeout = 0.01
    with pytest.raises(AssertionError) as caught:
        sentry_events.find()

    said = str(caught.value)
    assert f"process {process.pid} (`worker.py`) exited with 1 before it connected. " in said
    assert "\n    starting" in said
    assert "\n    ModuleNotFoundError: No module named 'no_such_module'" in said


@posix
def test_a_process_that_dies_by_a_signal_is_named_with_it(sentry_events: SentryEvents) -> None:
    process = sentry_events.popen(python("import os; os.kill(os.getpid(), 9)"))

    sentry_events._reader.source.timeout = 0.01
    with pytest.raises(AssertionError) as caught:
        sentry_events.find()

    said = " ".join(str(caught.value).split())
    assert f"process {process.pid} (`{process.name}`) was ended by SIGKILL before it connected." in said
    assert "It wrote nothing." in said


def test_a_complete_trace_waits_for_the_end_of_a_process(sentry_events: SentryEvents) -> None:
    code = """
import sys, sentry_sdk, sentryintegration
sentry_sdk.init(traces_sample_rate=1.0)
def send(name):
    with sentryintegration.start_transaction(name=name, trace_id="1" * 32): pass
    sentry_sdk.flush()
send("first"); print("sent", flush=True); sys.stdin.read(); send("second")
"""
    process = sentry_events.popen(python(code), stdin=subprocess.PIPE)
    sentry_events._reader.source.quiet = 0.01
    trace = sentry_events.traces.find("1" * 32)

    with pytest.raises(AssertionError, match=rf"Process {process.pid} .* still runs, and may send more"):
        trace.assert_complete(timeout=0.1)
    assert process.stdin is not None
    process.stdin.close()

    assert len(sentry_events.traces.find("1" * 32, complete=True, timeout=20).transactions) == 2


@pytest.mark.parametrize("ready", ["is ready", re.compile(r"ready, \d+ workers")])
def test_a_service_is_waited_for_by_what_it_writes(sentry_events: SentryEvents, ready: Ready) -> None:
    code = "import sys, time; print('it is ready, 4 workers', file=sys.stderr, flush=True); time.sleep(60)"

    process = sentry_events.popen(python(code), ready=ready)

    assert "ready" in process.output
    with pytest.raises(AssertionError):
        sentry_events.find(timeout=0)


def test_a_service_is_waited_for_by_its_port(sentry_events: SentryEvents) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"

    sentry_events.popen(python(code), ready=port)

    socket.create_connection(("127.0.0.1", port)).close()


DAEMON = """if True:
    import os, time
    starter = os.getpid()
    if os.fork():
        os._exit(0)
    os.setsid()
    while os.getppid() == starter:
        time.sleep(0.01)
    print("here", flush=True)
    time.sleep(60)
"""


@posix
def test_a_daemon_may_take_longer_than_the_process_that_starts_it(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_READING", 0)

    assert sentry_events.popen(python(DAEMON), ready="here").output.rstrip() == "here"


@posix
def test_a_daemon_is_ready_at_once_and_its_output_is_there_at_once(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as it runs, the streams of the process that started it are open.
    monkeypatch.setattr(child, "_READING", 40)
    began = time.perf_counter()
    process = sentry_events.popen(python(DAEMON), ready="here")
    assert process.exited.wait(20)

    monkeypatch.setattr(child, "_READING", 0)
    assert process.output.rstrip() == "here"
    assert time.perf_counter() - began < 30


def test_a_service_that_ends_before_it_is_ready_shows_why(sentry_events: SentryEvents) -> None:
    with pytest.raises(
        AssertionError, match=r"exited with 1, waiting for 'ready' in its output; (.|\n)*Error: no port"
    ):
        sentry_events.popen(python("raise RuntimeError('no port')"), ready="ready")


def test_a_service_that_is_not_ready_in_time_is_an_error(sentry_events: SentryEvents) -> None:
    with pytest.raises(
        AssertionError, match=r"is not ready within 0.01 s, waiting for port 9; it wrote nothing"
    ):
        sentry_events.popen(python("import time; time.sleep(60)"), ready=9, timeout=0.01)


@posix
def test_what_was_left_running_and_is_not_ready_is_said_beside_the_end_of_its_starter(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_READING", 0)
    process = sentry_events._reader.source.start(
        ["sh", "-c", "sleep 60 & exit 0"], {}, awaited=re.compile("ready")
    )
    assert process.exited.wait(20)

    with pytest.raises(
        AssertionError,
        match=r"exited with 0, and nothing that it started is ready within 0.01 s, waiting for 'ready'",
    ):
        wait_until_ready(process, "ready", 0.01)


@pytest.mark.parametrize(
    ("ready", "redirected", "said"),
    [
        (re.compile(b"ready"), False, r"a pattern of text or a port, got re.compile\(b'ready'\)"),
        (True, False, "a text, a pattern of text or a port, got True"),
        (1.5, False, "a text, a pattern of text or a port, got 1.5"),
        (65536, False, "a number from 1 to 65535, got ready=65536"),
        ("", False, "a text of one character or more"),
        ("ready", True, "ready='ready' cannot be found, as stdout and stderr are redirected"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_before_the_start(
    sentry_events: SentryEvents, ready: Any, redirected: bool, said: str
) -> None:
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} if redirected else {}

    with pytest.raises((TypeError, ValueError), match=said):
        sentry_events.popen(["no such command"], ready=ready, **options)


def test_pipes_are_read_as_subprocess_run_reads_them(sentry_events: SentryEvents) -> None:
    code = "import sys; print('out'); print('error', file=sys.stderr)"

    done = sentry_events.run(python(code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=None)

    assert (done.stdout, done.stderr) == ("out\n", "error\n")
    with pytest.raises(TypeError, match="timeout is a number of seconds, got '1'"):
        sentry_events.run(python(code), timeout="1")  # type: ignore[arg-type]


@posix
def test_a_command_that_hangs_is_ended(sentry_events: SentryEvents) -> None:
    # Not an interpreter, which may take as long to start.
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        sentry_events.run(["sh", "-c", "echo here; exec sleep 60"], timeout=1)

    assert caught.value.output == "here\n"


def test_a_process_that_floods_its_output_is_not_held_up(sentry_events: SentryEvents) -> None:
    code = "import sys\nfor n in range(3000): print('x' * 999)\nprint('ready', flush=True); sys.stdin.read()"

    process = sentry_events.popen(python(code), ready="ready", stdin=subprocess.PIPE)

    assert process.output.startswith("... x")
    assert len(process.output) < 2 * KEPT


INNER = """
    import os, sys

    def test_one(sentry_events, tmp_path):
        def start(code):
            process = sentry_events.popen([sys.executable, "-c", code], ready="here")
            daemon = process.output.split()[0]
            with open(os.environ["PIDS"], "a") as pids:
                print(process.pid, daemon if daemon.isdigit() else 0, file=pids)
        start("import time; print(0, 'here', flush=True); time.sleep(60)")
        start(
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "print(0, 'here', flush=True); time.sleep(60)"
        )
        start(
            "import os, signal, time\\n"
            "if os.fork(): os._exit(0)\\n"
            "os.setsid()\\n"
            "if os.fork(): os._exit(0)\\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
            "print(os.getpid(), 'here', flush=True)\\n"
            "os.closerange(0, 3); time.sleep(60)"
        )
        start("import os\\nos.write(1, b'0 here')\\nwhile True: os.write(1, b'x' * 65536)")
        assert os.environ.get("FAILS") != "1"

    def test_two(sentry_events):
        import sentry_sdk
        sentry_sdk.capture_message("second")
        assert [event.message for event in sentry_events] == ["second"]
"""


@posix
@pytest.mark.parametrize("fails", ["0", "1"])
def test_no_process_is_left_and_the_next_test_is_untouched(
    fails: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listed = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(listed))
    monkeypatch.setenv("FAILS", fails)
    pytester.makepyfile(INNER)
    threads = set(threading.enumerate())

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio")

    result.assert_outcomes(passed=2 - int(fails), failed=int(fails))
    pids = [int(pid) for pid in listed.read_text().split() if pid != "0"]
    assert len(pids) == 5
    assert [pid for pid in pids if not has_ended(pid)] == []
    assert {thread for thread in threading.enumerate() if "process" in thread.name} <= threads
    if fails == "1":
        result.stdout.re_match_lines([r"-* Process \d+ .*, running -*", "0 here"])


@posix
def test_what_the_tests_of_a_process_have_started_ends_with_that_process() -> None:
    code = """if True:
        import time
        from pytest_sentryintegration import capture
        with capture() as events:
            print(events.popen(["sleep", "60"]).pid, "here", flush=True)
            time.sleep(60)
    """
    with capture() as sentry_events:
        pid = int(sentry_events.popen(python(code), ready="here").output.split()[0])
        assert is_running(pid)

    assert has_ended(pid)


@posix
def test_what_else_runs_beside_the_tests_of_a_process_does_not_end_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(child.MARK, "outer.0/")
    with subprocess.Popen(["sleep", "60"]) as beside:
        with capture() as sentry_events:
            # A common way to add to the environment.
            sentry_events.run(["true"], env=dict(os.environ))

        still_runs = beside.poll() is None
        beside.kill()
    assert still_runs


@posix
def test_a_process_that_reports_while_it_is_ended_reports_into_its_test(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "grace", 30)
    code = """if True:
        import signal, sys, threading, sentry_sdk
        sentry_sdk.init()
        def leave(*_):
            sentry_sdk.capture_message("leaving")
            sys.exit()
        signal.signal(signal.SIGTERM, leave)
        print("here", flush=True)
        threading.Event().wait(60)
    """
    with capture() as sentry_events:
        process = sentry_events.popen(python(code), ready="here")

    assert (process.returncode, [event.message for event in sentry_events]) == (0, ["leaving"])


def test_without_a_port_no_process_can_report() -> None:
    with (
        capture(transport="memory") as sentry_events,
        pytest.raises(NoServerError, match="starting a process"),
    ):
        sentry_events.popen(["true"])


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ([sys.executable, "-u", "services/worker.py", "--fast"], "worker.py"),
        (["python3", "-m", "celery", "worker"], "-m celery"),
        (["python3", "-c", "pass"], "python3"),
        (["/usr/bin/node", "api.mjs"], "api.mjs"),
        ("redis-server --port 0", "redis-server"),
        (Path("/bin/true"), "true"),
        ([], ""),
    ],
)
def test_a_process_is_named_by_what_it_runs(command: object, name: str) -> None:
    assert command_name(command) == name
