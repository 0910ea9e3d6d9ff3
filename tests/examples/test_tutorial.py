"""The tutorial is followed as it stands, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.examples.test_readme import ROOT, blocks_of

PAGE = ROOT / "docs" / "tutorial.md"
INSTALLATION = ("python3 -m venv", ". .venv/bin/activate", "pip install")
"""What the environment of this test has already."""
ANYTHING = "..."


def parts(console: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block with the lines that are shown of its output."""
    for part in f"\n{console}".split("\n$ ")[1:]:
        command, *lines = part.splitlines()
        yield command, lines


def runs_of(shown: list[str]) -> list[str]:
    """Return the stretches of lines between those that stand for anything."""
    return [run.strip("\n") for run in "\n".join(["", *shown, ""]).split(f"\n{ANYTHING}\n") if run.strip()]


def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    addopts = "-p no:randomly -p no:cacheprovider -p no:asyncio"
    ran = []
    for block in blocks_of(PAGE):
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

    assert len(ran) == 6


def test_the_tutorial_installs_as_the_readme_does() -> None:
    commands = [
        command
        for block in blocks_of(PAGE)
        if block.language == "console"
        for command, _ in parts(block.text)
    ]
    (installation,) = [command for command in commands if command.startswith("pip")]

    assert installation in (ROOT / "README.md").read_text(encoding="utf-8")
