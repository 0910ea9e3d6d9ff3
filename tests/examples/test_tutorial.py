"""Pages that go step by step are followed as they stand, in an empty folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.pages import DOCS, README, blocks_of, runs_of
from tests.integration.forked_pytest import RunPytest

pytestmark = pytest.mark.uncounted

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
def test_the_page_prints_what_it_shows(
    page: Path, pytester: pytest.Pytester, run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the installation of the page brings, and no other plugin.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p pytest_sentryintegration.plugin -p no:cacheprovider")
    ran = []
    for block in blocks_of(page):
        if block.name:
            (pytester.path / block.name).write_text(block.text, encoding="utf-8")
        for command, shown in parts(block.text) if block.language == "console" else ():
            if command.startswith(INSTALLATION):
                continue
            program, *words = command.split()
            done = run_pytest(*words) if program == "pytest" else pytester.run(program, *words, timeout=60)
            ran.append(command)
            printed = "\n".join(line.rstrip() for line in done.outlines)
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
