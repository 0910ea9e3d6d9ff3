"""`run` starts a command with a fake Sentry of its own, and stays out of its way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytest_sentryintegration.cli.run import environment
from tests.cli.conftest import Run, error, message, sending

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are those of a POSIX shell")

MODULE = [sys.executable, "-m", "pytest_sentryintegration"]


def masked(text: str) -> str:
    """Return *text* without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"after \d+\.\d s", "after N s", text)


DSN = "sentry: SENTRY_DSN=http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@127.0.0.1:PORT/1\n"


def test_what_comes_is_said_line_by_line_and_in_all(run: Run) -> None:
    done = run("run", "--", *sending(message("hello"), error("ValueError", "boom"), "{}", "no envelope"))

    # The program fails for the answer to its last request.
    assert (done.code, done.out) == (1, "")
    said = "".join(line for line in done.err.splitlines(keepends=True) if line.startswith("sentry: "))
    assert masked(said) == (
        f"{DSN}"
        "sentry: message 'hello'\n"
        "sentry: error ValueError: 'boom'\n"
        "sentry: envelope with no items\n"
        "sentry: refused request status 400: invalid event envelop... value: line 1 column 1 (char 0)\n"
        "sentry: exit code 1 after N s; sent: 1 error, 1 message, 1 refused request\n"
    )


def test_where_nothing_comes_it_says_why(run: Run) -> None:
    done = run("run", "--", "true")

    assert (done.code, masked(done.err)) == (
        0,
        f"{DSN}"
        "sentry: exit code 0 after N s; sent: nothing\n"
        "sentry: Process 'true' ended with exit code 0 and sent nothing: does it read SENTRY_DSN, and flush"
        " before it ends?\n",
    )


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 42", 42), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
)
def test_the_exit_code_is_that_of_the_command(script: str, code: int, run: Run) -> None:
    done = run("run", "--", "sh", "-c", script)

    assert (done.code, f"exit code {code} after" in done.err) == (code, True)


def test_a_command_that_is_not_found_gives_127(run: Run) -> None:
    done = run("run", "--", "no-such-program")

    assert (done.code, masked(done.err)) == (127, f"{DSN}sentry: no-such-program: not found\n")


def test_a_command_that_cannot_be_run_gives_126(run: Run, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("echo")

    done = run("run", "--", program)

    assert (done.code, masked(done.err)) == (126, f"{DSN}sentry: {program}: Permission denied\n")


def test_the_command_has_the_dsn_under_the_names_of_bundlers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SPOTLIGHT", "1")
    monkeypatch.setenv("KEPT", "kept")

    given = environment("http://key@127.0.0.1:1/1")

    assert {name for name, value in given.items() if value == "http://key@127.0.0.1:1/1"} == {
        "SENTRY_DSN",
        "VITE_SENTRY_DSN",
        "NEXT_PUBLIC_SENTRY_DSN",
        "REACT_APP_SENTRY_DSN",
        "NUXT_PUBLIC_SENTRY_DSN",
    }
    assert ("SENTRY_SPOTLIGHT" in given, given["KEPT"]) == (False, "kept")


def test_output_and_arguments_are_those_of_the_command(run: Run) -> None:
    done = run(
        "run", "--", "sh", "-c", 'printf "%s|" "$@"; echo problem >&2', "sh", "--help", "a b", "--", "-x"
    )

    assert (done.out, "\nproblem\n" in done.err) == ("--help|a b|--|-x|", True)


@pytest.mark.parametrize("name", ["TERM", "HUP", "USR1"])
def test_signals_are_handed_on_to_the_command(run: Run, name: str) -> None:
    script = 'trap "echo $1; exit 7" $1; kill -$1 $PPID; for n in $(seq 1000); do sleep 0.01; done'

    done = run("run", "--", "sh", "-c", script, "sh", name)

    assert (done.code, done.out) == (7, f"{name}\n")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    script = f"trap '' INT; exec {' '.join(MODULE)} run -- sh -c 'kill -INT $$; echo alive'"

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "alive\n")


def test_a_command_that_writes_a_gigabyte_writes_it_itself() -> None:
    command = [*MODULE, "run", "--", "head", "-c", "1000000000", "/dev/zero"]

    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)

    assert (done.returncode, "exit code 0" in done.stderr) == (0, True)


def test_a_process_that_the_command_leaves_behind_is_not_waited_for(run: Run, tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    done = run("run", "--", "sh", "-c", f"sleep 60 >/dev/null 2>&1 & echo $! >{pid}")

    os.kill(int(pid.read_text()), 15)  # still running
    assert done.code == 0


def test_the_command_has_the_terminal_and_its_interrupts() -> None:
    inner = 'trap "echo interrupted; exit 5" INT; read line; echo "read $line"; while :; do sleep 0.01; done'
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    command = [sys.executable, "-c", spawn, *MODULE, "run", "--", "sh", "-c", inner]

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello\n")
        shown = b""
        while b"read hello" not in shown:
            piece = process.stdout.read(4096)
            assert piece, shown
            shown += piece
        process.stdin.write(b"\x03")
        rest = process.stdout.read(4096)
        while piece := process.stdout.read(4096):
            rest += piece
        process.stdin.close()

    assert (process.returncode, rest.count(b"interrupted"), b"exit code 5" in rest) == (5, 1, True)


def test_an_interrupt_without_a_terminal_is_handed_on() -> None:
    script = 'trap "exit 9" INT; kill -INT $PPID; while :; do sleep 0.01; done'

    done = subprocess.run([*MODULE, "run", "--", "sh", "-c", script], check=False, start_new_session=True)

    assert done.returncode == 9


def test_where_nobody_reads_what_is_said_the_exit_code_stays() -> None:
    command = f"{' '.join(MODULE)} run -- sh -c 'exit 4' 2>&-; echo $?"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert done.stdout == "4\n"


def test_no_thread_is_left(run: Run) -> None:
    before = set(threading.enumerate())  # some of an earlier test's may end meanwhile

    run("run", "--", "true")

    assert set(threading.enumerate()) <= before
