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
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.examples.pages import BLOCKS, HOW_TO, ROOT
from tests.examples.test_tutorial import TUTORIAL

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


PROJECTS = ("how_to", "init_at_import", "strict_suite", "django_unchanged", "github_actions", "containers")
"""Of `examples`: what the pages show of these is written without types, as most tests are."""


def sources(tutorial: bool) -> Iterator[tuple[str, str]]:
    """Yield the files of all pages, or of the tutorial, whose files have the names of others."""
    for block in BLOCKS:
        own = block.fails or block.page not in HOW_TO or not block.name
        if own and block.language == "python" and (block.page == TUTORIAL) is tutorial:
            yield block.name or f"script_{block.page.stem.replace('-', '_')}_{block.line}.py", block.text
    if not tutorial:
        for project in PROJECTS:
            for path in (ROOT / "examples" / project).rglob("*.py"):
                yield path.name, path.read_text(encoding="utf-8")


def write_typed(folder: Path, *, tutorial: bool) -> None:
    """Write these files into *folder*, the fixtures among the arguments with their types."""
    for name, text in sources(tutorial):
        typed_text = re.sub(r"(?<=def )(\w+)\(([\w, ]*)\):", typed, text)
        (folder / name).write_text(IMPORTS + typed_text, encoding="utf-8")


def typed(match: re.Match[str]) -> str:
    arguments = [f"{name}: {FIXTURES[name]}" if name in FIXTURES else name for name in match[2].split(", ")]
    return f"{match[1]}({', '.join(arguments)}):"


def mypy(folder: Path) -> list[tuple[str, int, str]]:
    pytest.importorskip("mypy")
    cache = ("--cache-dir", str(folder.parent / "mypy"))  # of all pages: they import the same
    command = [sys.executable, *MYPY, *cache, *[f"--allow-{what}" for what in UNTYPED], "."]
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


@pytest.mark.parametrize("checker", [mypy, pyright])
@pytest.mark.parametrize("tutorial", [False, True])
def test_the_code_of_the_pages_is_right_for_a_type_checker(
    checker: Callable[[Path], list[tuple[str, int, str]]], tutorial: bool, tmp_path: Path
) -> None:
    write_typed(tmp_path, tutorial=tutorial)

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
    names = {name for tutorial in (False, True) for name, _ in sources(tutorial)}
    examples = {path.name for path in (ROOT / "examples").rglob("*.py")}

    python = {block.name for block in BLOCKS if block.language == "python" and block.name}
    assert python - names <= examples, "neither here nor in an example"
