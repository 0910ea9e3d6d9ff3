"""The examples of docs/command-line.md are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_sentryintegration.cli.commands import COMMANDS
from tests.cli.conftest import unused_port
from tests.examples.test_readme import ROOT, Block, blocks_of, write_files

PAGE = ROOT / "docs" / "command-line.md"
EXAMPLES = [block for block in blocks_of(PAGE) if block.language == "console"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")


def masked(text: str) -> str:
    """Return *text* without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"after \d+\.\d s", "after N s", text)


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_an_example_prints_what_the_page_shows(block: Block, tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)
    commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    port = unused_port()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    done = subprocess.run(
        ["sh", "-c", "\n".join(commands)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": path,
            "SENTRYINTEGRATION_PORT": str(port),
            "SENTRYINTEGRATION_SERVER": f"http://127.0.0.1:{port}",
        },
    )

    shown = "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("$ "))
    assert masked(done.stdout) == masked(shown)


def test_the_page_names_every_option_of_every_command() -> None:
    named = set(re.findall(r"(--[a-z][a-z-]+)", PAGE.read_text(encoding="utf-8")))

    assert {f"--{option.name}" for command in COMMANDS for option in command.options} <= named
