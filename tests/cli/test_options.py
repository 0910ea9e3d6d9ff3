"""Options come from the command line or the environment; a wrong word is told with the nearest right one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.cli.commands import SUMMARIES, find_command
from pytest_sentryintegration.cli.options import Command, Option, WrongUse, seconds
from tests.cli.conftest import Run

COMMANDS = [command for name in SUMMARIES if (command := find_command(name)) is not None]
EVERY_KIND = Command(
    "try",
    "[options]",
    "Tries.",
    (
        Option("timeout", "how long", metavar="SECONDS", read=seconds, default=10.0),
        Option("allow-host", "a name", metavar="NAME", repeated=True),
        Option("strict", "be strict"),
    ),
    lambda options: 0,
    arguments="names",
)


def values(*line: str) -> dict[str, Any]:
    return vars(EVERY_KIND.parse(line))


def test_options_have_defaults() -> None:
    assert values() == {"timeout": 10.0, "allow_host": (), "strict": False, "names": []}


def test_options_come_from_the_line_in_any_order() -> None:
    given = values("a", "--allow-host", "x", "--strict", "b", "--allow-host=y", "--timeout", "2", "-")

    assert given == {"timeout": 2.0, "allow_host": ("x", "y"), "strict": True, "names": ["a", "b", "-"]}


def test_every_option_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRYINTEGRATION_TIMEOUT", "0.5")
    monkeypatch.setenv("SENTRYINTEGRATION_ALLOW_HOST", "x\n\ny\n")
    monkeypatch.setenv("SENTRYINTEGRATION_STRICT", "On")

    assert values() == {"timeout": 0.5, "allow_host": ("x", "y"), "strict": True, "names": []}


def test_the_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRYINTEGRATION_TIMEOUT", "soon")
    monkeypatch.setenv("SENTRYINTEGRATION_ALLOW_HOST", "x")
    monkeypatch.setenv("SENTRYINTEGRATION_STRICT", " ")

    assert values("--timeout", "1", "--allow-host", "z") == {
        "timeout": 1.0,
        "allow_host": ("z",),
        "strict": False,
        "names": [],
    }


@pytest.mark.parametrize(
    ("variables", "line", "text"),
    [
        ({}, ["--timout", "1"], "there is no option --timout; did you mean '--timeout'?"),
        ({}, ["--strict=on"], "argument --strict: ignored explicit argument 'on'"),
        ({}, ["--time", "1"], "there is no option --time; did you mean '--timeout'?"),
        ({}, ["--timeout"], "argument --timeout: expected one argument"),
        ({}, ["--timeout", "nan"], "--timeout: expected a number of seconds, such as 10 or 0.5, got 'nan'"),
        (
            {"TIMEOUT": "-1"},
            [],
            "SENTRYINTEGRATION_TIMEOUT: expected a number of seconds, such as 10 or 0.5, got '-1'",
        ),
        (
            {"STRICT": "onn"},
            [],
            "SENTRYINTEGRATION_STRICT: expected on or off, got 'onn'; did you mean 'on'?",
        ),
    ],
)
def test_a_wrong_option_is_told_with_the_nearest(
    variables: dict[str, str], line: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"SENTRYINTEGRATION_{name}", value)

    with pytest.raises(WrongUse) as raised:
        values(*line)

    assert str(raised.value) == text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (["shwo"], "sentryintegration: there is no command 'shwo'; did you mean 'show'?"),
        (["zebra"], "sentryintegration: there is no command 'zebra'"),
        (["--jsno"], "sentryintegration: a command comes first, not the option '--jsno'"),
        (
            ["run", "python", "app.py"],
            "sentryintegration run: write -- before the command to run: -- python ...",
        ),
        (
            ["run", "--"],
            "sentryintegration run: which command is to run? It stands after --, as in: run -- python app.py",
        ),
        (["show"], "sentryintegration show: what is to be shown: FILE, DIR, or - for standard input?"),
    ],
)
def test_wrong_use_is_exit_code_2_and_one_sentence_on_stderr(line: list[str], text: str, run: Run) -> None:
    done = run(*line)

    command = f" {line[0]}" if text.startswith(f"sentryintegration {line[0]}") else ""
    assert done == (2, "", f"{text}\n(see sentryintegration{command} --help)\n")


@pytest.mark.skipif(os.name == "nt", reason="the redirections are those of a POSIX shell")
@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        pytest.param(
            "> /dev/full",
            2,
            "sentryintegration show: standard output cannot be written: No space left on device\n",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device"),
        ),
    ],
)
def test_an_output_that_is_closed_or_full_is_no_crash(redirection: str, code: int, said: str) -> None:
    command = f"{sys.executable} -m pytest_sentryintegration show - {redirection}"

    done = subprocess.run(["sh", "-c", command], input="{}", capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.startswith(said), "Traceback" in done.stderr) == (code, True, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
@pytest.mark.parametrize(
    # Without a buffer argparse itself passes over what cannot be written.
    ("command", "unbuffered"),
    [("", ""), ("", "1"), (" show", "")],
    ids=["buffered", "unbuffered", "of a command"],
)
def test_a_help_that_cannot_be_written_is_no_crash(command: str, unbuffered: str) -> None:
    line = f"{sys.executable} -m pytest_sentryintegration{command} --help > /dev/full"
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}

    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, env=environment)

    said = f"sentryintegration{command}: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, f"{said}(see sentryintegration{command} --help)\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows tells of a closed pipe with another error")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_help_that_nobody_reads_is_no_crash(unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "pytest_sentryintegration", "--help"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    try:
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, env=environment)
    finally:
        os.close(write)

    assert (done.returncode, done.stderr) == (141, b"")


def test_the_help_lists_every_command(run: Run) -> None:
    done = run("--help")

    assert (done.code, done.err) == (0, "")
    listed = re.findall(r"^  (\S+) +(.*)$", done.out, re.MULTILINE)
    assert dict(listed) == SUMMARIES
    assert [command.name for command in COMMANDS] == list(SUMMARIES)


def test_without_a_command_the_help_is_shown_as_wrong_use(run: Run) -> None:
    assert run() == (2, "", run("-h").out)


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in SUMMARIES)], ids=" ".join)
def test_a_help_fits_into_80_columns(words: list[str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert [line for line in run(*words).out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_the_help_of_a_command_names_each_option_and_its_variable(command: Command, run: Run) -> None:
    done = run(command.name, "--help")

    words = done.out.replace("]", " ").replace("[", " ").replace(",", " ").split()
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: sentryintegration {command.name} {command.usage}\n")
    for option in command.options:
        assert f"--{option.name}" in words
        assert option.variable in words


def test_the_command_line_runs_as_a_module_and_as_a_script() -> None:
    script = Path(sys.executable).with_name("sentryintegration")

    helps = [
        subprocess.run([*start, "--help"], capture_output=True, text=True, check=True).stdout
        for start in ([sys.executable, "-m", "pytest_sentryintegration"], [script])
    ]

    assert helps[0] == helps[1] != ""


def test_the_help_imports_no_command() -> None:
    code = (
        "import sys; from pytest_sentryintegration.cli.main import main; main(['--help'])\n"
        "print(sorted({'werkzeug', 'httptools', 'pytest_sentryintegration.model'} & sys.modules.keys()))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("\n[]\n")


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['httptools'] = None\n"
        "from pytest_sentryintegration.cli.main import main; sys.exit(main(['serve']))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (
        2,
        "sentryintegration: httptools is not installed: pip install 'sentryintegration[pytest]'\n"
        "(see sentryintegration --help)\n",
    )
