"""The examples of the pages on the command line are run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from pytest_sentryintegration.cli import serve
from pytest_sentryintegration.cli.main import main
from tests.cli.conftest import Run, unused_port
from tests.cli.test_options import COMMANDS
from tests.examples.pages import BLOCKS, DOCS, HOW_TO, Block, blocks_of

pytestmark = pytest.mark.uncounted

COMMAND_LINE = DOCS / "command-line.md"
PAGES = [COMMAND_LINE, DOCS / "report.md", DOCS / "how-to" / "shell.md", DOCS / "how-to" / "django.md"]
CONSOLE = [block for page in PAGES for block in blocks_of(page) if block.language == "console"]
OF_CURL = [block for block in CONSOLE if "curl" in "".join(each.text for each in blocks_of(block.page))]
"""Need a program that not every machine has."""
EXAMPLES = [
    pytest.param(block, id=str(block), marks=[pytest.mark.clients] if block in OF_CURL else [])
    for block in CONSOLE
]


def named(name: str) -> str:
    """Return the text of the file that a page on how to do something shows under that name."""
    (text,) = (block.text for block in BLOCKS if block.page in HOW_TO and block.name == name)
    return text


def masked(text: str) -> str:
    """Return *text* without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    # The SDK says so where it cannot send within a tenth of a second: on a busy machine.
    text = re.sub(r"Sentry is attempting to send .*\nWaiting up to .*\nPress Ctrl-.*\n", "", text)
    return re.sub(r"(after|in) \d+\.\d+ ?s", r"\1 N s", text)


def check_example(block: Block, folder: Path) -> None:
    """Run what stands after ``$``, and compare what it prints with the other lines."""
    port = unused_port()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "SENTRYINTEGRATION_PORT": str(port)}
    if "django" in block.text:
        environment["HIDDEN_PACKAGES"] = ""
    if "sentryintegration serve" in block.text:
        environment["SENTRYINTEGRATION_SERVER"] = f"http://127.0.0.1:{port}"
    for shown in blocks_of(block.page):
        if shown.name:
            (folder / shown.name).write_text(shown.text.replace("8969", str(port)), encoding="utf-8")
    commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    output = "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("$ "))

    done = subprocess.run(
        ["sh", "-c", "\n".join(commands)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )

    printed, shown_lines = (masked(text).splitlines() for text in (done.stdout, output))
    # What the command and `run` print side by side has no order.
    assert sorted(printed) == sorted(shown_lines)
    said, shown_said = ([line for line in lines if "sentry: " in line] for lines in (printed, shown_lines))
    assert said == shown_said


@pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")
@pytest.mark.parametrize("block", EXAMPLES)
def test_an_example_prints_what_the_page_shows(block: Block, tmp_path: Path) -> None:
    check_example(block, tmp_path)


def test_the_page_names_every_option_of_every_command() -> None:
    words = set(re.findall(r"(--[a-z][a-z-]+)", COMMAND_LINE.read_text(encoding="utf-8")))

    assert {f"--{option.name}" for command in COMMANDS for option in command.options} <= words


def instruction(word: str) -> list[str]:
    """Return the command of an instruction of the Dockerfile, in its JSON form."""
    (text,) = re.findall(rf"^{word} .*?(\[.*\])$", named("Dockerfile"), re.MULTILINE)
    command: list[str] = json.loads(text)
    assert command[0] == "sentryintegration"
    return command[1:]


def test_the_container_serves_and_is_found_healthy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    service = yaml.safe_load(named("compose.yaml"))["services"]["sentry"]
    port = unused_port()
    for name, value in {**service["environment"], "SENTRYINTEGRATION_PORT": str(port)}.items():
        monkeypatch.setenv(name, value)
    codes: list[int] = []

    def until_ended() -> None:
        monkeypatch.setenv("SENTRYINTEGRATION_SERVER", f"http://127.0.0.1:{port}")
        codes.append(main(instruction("HEALTHCHECK")))
        monkeypatch.delenv("SENTRYINTEGRATION_TOKEN")
        codes.append(main(["wait", "events", "--timeout", "0"]))
        codes.append(main(["wait", "events", "--timeout", "0", "--token", "only-for-tests"]))

    monkeypatch.setattr(serve, "until_ended", until_ended)

    # Healthy; wrong use without the token; with it, nothing has come.
    assert (run(*instruction("ENTRYPOINT")).code, codes) == (0, [0, 2, 1])


def test_the_services_of_the_composition_fit_together() -> None:
    services = yaml.safe_load(named("compose.yaml"))["services"]

    dsn = services["shop"]["environment"]["SENTRY_DSN"]
    assert f"@{services['sentry']['environment']['SENTRYINTEGRATION_ALLOW_HOST']}:8969/" in dsn
    assert "EXPOSE 8969\n" in named("Dockerfile")
    assert re.search(r"^USER \d+$", named("Dockerfile"), re.MULTILINE)
