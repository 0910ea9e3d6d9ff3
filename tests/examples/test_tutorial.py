"""Pages that go step by step are followed as they stand, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.pages import DOCS, README, blocks_of, runs_of

TUTORIAL = DOCS / "tutorial.md"
FOLLOWED = {TUTORIAL: 6, DOCS / "how-to" / "strict.md": 6}
"""How many commands each of them runs."""
INSTALLATION = ("python3 -m venv", ". .venv/bin/activate", "pip install")
"""What the environment of this test has already."""


def parts(console: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with what is shown of its output."""
    for part in f"\n{console}".split("\n$ ")[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_the_page_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    addopts = "-p no:randomly -p no:cacheprovider -p no:asyncio"
    ran = []
    for block in blocks_of(page):
        if block.name:
            (tmp_path / block.name).write_text(block.text, encoding="utf-8")
        for command, shown in parts(block.text) if block.language == "console" else ():
            if command.startswith(INSTALLATION):
                continue
            done = subprocess.run(
                command.split(),
                cwd=tmp_path,
                env={**os.environ, "PATH": path, "PYTEST_ADDOPTS": addopts},
                capture_output=True,
                text=True,
                timeout=60,
            )
            ran.append(command)
            printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
            assert [run for run in runs_of(shown) if run not in printed] == [], printed

    assert len(ran) == FOLLOWED[page]


def test_the_tutorial_installs_as_the_readme_does() -> None:
    commands = [
        command
        for block in blocks_of(TUTORIAL)
        if block.language == "console"
        for command, _ in parts(block.text)
    ]
    (installation,) = [command for command in commands if command.startswith("pip")]

    assert installation in README.read_text(encoding="utf-8")
