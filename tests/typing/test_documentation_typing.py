"""mypy and pyright on the code of the README and of the pages in `docs`.

mypy runs with ``--strict`` but for untyped definitions: few people annotate their tests, and the pages are
there to be read. What matters is whether this project is used as its types say; so the fixtures among the
arguments get theirs first. ``--ignore-missing-imports`` and ``--allow-subclassing-any`` are for packages of
others: Django comes without types.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.test_readme import BLOCKS, PAGES

FIXTURES = {
    "sentry_events": "SentryEvents",
    "sentry_server": "FakeSentry",
    "monkeypatch": "pytest.MonkeyPatch",
}
IMPORTS = "import pytest\nfrom pytest_sentryintegration import FakeSentry, SentryEvents\n"
UNTYPED = ("untyped-defs", "incomplete-defs", "untyped-calls", "untyped-decorators", "subclassing-any")
pytestmark = pytest.mark.types
MYPY = ("-m", "mypy", "--strict", "--ignore-missing-imports", "--config-file", "", "--no-error-summary")
WRONG_ON_PURPOSE = ('level="warn"',)
"""What is on a page to show what happens then."""
NOT_INSTALLED = ("from testcontainers.",)
"""What is not here, as the clients session has it: tests/clients/test_recipes.py has mypy check that code."""


def write_typed(page: Path, folder: Path) -> None:
    """Write the Python of a page into *folder*, the fixtures among the arguments with their types."""
    for block in BLOCKS:
        if block.page == page and block.language == "python":
            text = re.sub(r"(?<=def )(\w+)\(([\w, ]*)\):", typed, block.text)
            (folder / (block.name or f"script_{block.line}.py")).write_text(IMPORTS + text, encoding="utf-8")


def typed(match: re.Match[str]) -> str:
    arguments = [f"{name}: {FIXTURES[name]}" if name in FIXTURES else name for name in match[2].split(", ")]
    return f"{match[1]}({', '.join(arguments)}):"


def mypy(folder: Path) -> list[tuple[str, int, str]]:
    pytest.importorskip("mypy")
    command = [sys.executable, *MYPY, *[f"--allow-{what}" for what in UNTYPED], "."]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(r"^(.+?):(\d+): error: (.+)$", done.stdout, re.MULTILINE)
    return [(name, int(line), text) for name, line, text in found]


def pyright(folder: Path) -> list[tuple[str, int, str]]:
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "."]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)
    said = json.loads(done.stdout)["generalDiagnostics"]
    errors = [one for one in said if one["severity"] == "error"]
    return [(one["file"], one["range"]["start"]["line"] + 1, one["message"]) for one in errors]


WITH_PYTHON = sorted({block.page for block in BLOCKS if block.language == "python"})


@pytest.mark.parametrize("checker", [mypy, pyright])
@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_the_code_of_a_page_is_right_for_a_type_checker(
    checker: Callable[[Path], list[tuple[str, int, str]]], page: Path, tmp_path: Path
) -> None:
    write_typed(page, tmp_path)

    found = checker(tmp_path)

    lines = [(tmp_path / name).read_text(encoding="utf-8").splitlines()[line - 1] for name, line, _ in found]
    assert [
        (line.strip(), text)
        for line, (_, _, text) in zip(lines, found, strict=True)
        if not any(wrong in line for wrong in (*WRONG_ON_PURPOSE, *NOT_INSTALLED))
    ] == []


def test_a_wrong_use_on_a_page_would_be_seen(tmp_path: Path) -> None:
    text = "def test_it(sentry_events: SentryEvents):\n    sentry_events.messages.find().lvel\n"
    (tmp_path / "test_wrong.py").write_text(IMPORTS + text, encoding="utf-8")

    assert [found[:2] for found in mypy(tmp_path)] == [("test_wrong.py", 4)]


def test_every_page_with_python_is_checked() -> None:
    assert {PAGES[0].name, "how-to.md", "facade.md"} <= {page.name for page in WITH_PYTHON}
