"""Pieces that are commands, options, variables, files and settings."""

from __future__ import annotations

import importlib.util
import re
import shlex
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from _pytest.config import get_config

from pytest_sentryintegration.cli.options import PREFIX, Option, WrongUse
from pytest_sentryintegration.cli.run import BUNDLERS
from pytest_sentryintegration.plugin import pytest_addoption
from pytest_sentryintegration.settings import SettingError, read_settings
from tests.cli.test_options import COMMANDS
from tests.examples.pages import ROOT, blocks_of
from tests.examples.prose.pieces import read
from tests.test_settings import Parser


def command(piece: str, page: Path) -> bool | None:
    """``make test``, ``sentryintegration run -- X``, ``serve --data FILE``, ``pytest --sentry-dump DIR``."""
    with suppress(ValueError):
        program, *words = shlex.split(piece)
        names = {each.name for each in COMMANDS}
        if program == "make" and len(words) == 1:
            return bool(re.search(rf"^{words[0]}: ", read("Makefile"), re.MULTILINE))
        if program == "sentryintegration" and words:
            return words in (["COMMAND"], ["COMMAND", "--help"]) or (words[0] in names and is_parsed(words))
        if program in ("pytest", ".venv/bin/pytest") and words:
            return all(is_word_of_pytest(word, page) for word in words)
        if program in ("node", "npm") and words:
            path = words[-1].removeprefix("PATH/")
            return words[:-1] in ([], ["install", "--save-dev"]) and (ROOT / path).exists()
        if program == "python" and words[:1] == ["-m"]:
            return importlib.util.find_spec(words[1]) is not None
        if program in names and (words or "?" in piece):
            return is_parsed([program, *words])
        if program == "pip" and words[:1] == ["install"]:
            return all(is_required(word) for word in words[1:])
        if program == "python" and words and words[0].endswith(".py"):
            return is_run(words, page)
    return None


def is_parsed(words: list[str]) -> bool:
    """Whether a command takes these words; what stands for a value (``NOUN?QUERY``, ``COUNT``) is one."""
    (found,) = (each for each in COMMANDS if each.name == words[0])
    values = {
        "NOUN?QUERY": "events",
        "COUNT": "7",
        "SECONDS": "7",
        "DIR...": "folder",
        "redis://": "redis://h:1/0",
    }
    line = [values.get(word, word) for word in words[1:]]
    if (
        line
        and line[-1].startswith("--")
        and any(f"--{o.name}" == line[-1] and o.metavar for o in found.options)
    ):
        line.append("7")
    try:
        found.parse(line)
    except WrongUse:
        return False
    return True


def is_word_of_pytest(word: str, page: Path) -> bool:
    """Whether a word after ``pytest`` is an option, a value of one, or a file."""
    return option(word, page) or word in ("DIR", "FILE", "0") or file(word, page) or False


def is_required(requirement: str) -> bool:
    """Whether this project names that distribution, and the extras of its own."""
    name, _, extras = requirement.rstrip("]").partition("[")
    project = read("pyproject.toml")
    listed = re.search(rf'"{re.escape(name)}["><=\[;]', project) is not None
    return listed and all(
        re.search(rf"^{each} = \[$", project, re.MULTILINE) for each in filter(None, extras.split(","))
    )


def is_run(words: list[str], page: Path) -> bool:
    """Whether the script is there, and has the names and options that it is given."""
    found = find_file(words[0], page)
    if found is None:
        return words[0] == "manage.py"  # Django's own
    text = found.read_text(encoding="utf-8")
    return all(f'"{word}"' in text for word in words[1:])


def option(piece: str, page: Path) -> bool | None:
    """``--limit``, ``--limit COUNT``, ``--sentry-dump DIR``, ``--lf``: of commands, pytest, benchmarks."""
    found = re.fullmatch(r"(--?[a-z][a-z-]*)(?:[ =](.+))?", piece)
    if found is None or piece[1:].startswith("level:"):
        return None
    name, value = found[1], found[2]
    for each in (option for command in COMMANDS for option in command.options):
        if f"--{each.name}" == name and takes(each, value):
            return True
    shown = re.findall(r"^\| `(--[^`]+)` \|", read("docs/reference/plugin.md"), re.MULTILINE)
    if any(
        row == piece or (row.partition(" ")[0] == name and value in (None, "../known.txt")) for row in shown
    ):
        return True
    if page.name == "benchmarks.md":
        return f'"{name}"' in read("benchmarks/run.py")
    return of_pytest(piece)


def takes(each: Option, value: str | None) -> bool:
    """Whether *value* is one of that option, or what its help calls it."""
    if value is None or value.replace("\\|", "|") == each.metavar:
        return True
    try:
        each.read({"redis://": "redis://h:1/0"}.get(value, value))
    except ValueError:
        return False
    return value not in ("NAME", "N", "DIR", "FILE", "TEXT", "URL")


@cache
def parser_of_pytest() -> Any:
    """Return pytest's own parser, with the options and ini values of its plugins that the pages name."""
    config = get_config()
    for plugin in ("xdist.plugin", "pytest_asyncio.plugin"):
        config.pluginmanager.import_plugin(plugin)
    return config._parser


def of_pytest(piece: str) -> bool:
    groups = (*parser_of_pytest()._groups, parser_of_pytest()._anonymous)
    known = {name for group in groups for each in group.options for name in each.names()}
    return piece.partition(" ")[0].partition("=")[0] in known | {"--fixtures", "--help"}


def variable(piece: str, page: Path) -> bool | None:
    """``SENTRY_DSN``, ``SENTRYINTEGRATION_TIMEOUT``, ``VITE_SENTRY_DSN``."""
    name = piece.partition("=")[0]
    if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", name):
        return None
    ours = {each.variable for command in COMMANDS for each in command.options}
    others = {
        "SENTRYINTEGRATION_TEST_MODE": "tests/contract/sending.py",
        "SENTRYINTEGRATION_SERVER": "clients/js/index.js",
    }
    if name.startswith(PREFIX):
        return name in ours or (name in others and name in read(others[name]))
    if name in ("TYPE_CHECKING",):
        return True
    return name in {f"{prefix}SENTRY_DSN" for prefix in ("", *BUNDLERS)}


PLACES = ("", "pytest_sentryintegration", "src/sentryintegration", "docs", "tests")
MADE = {".nox", ".venv", "build", "dist", "node_modules"}
"""Folders that are made by commands: whether one is there says nothing."""


def find_file(piece: str, page: Path) -> Path | None:
    """Return the file or folder that is meant: of the repository, of a package, or of the page's example."""
    if MADE & set(Path(piece).parts):
        return None
    examples: list[str] = re.findall(r"`(examples/[\w/]+)`", page.read_text(encoding="utf-8"))
    for place in (*PLACES, *examples):
        if (ROOT / place / piece).exists():
            return ROOT / place / piece
    return None


def file(piece: str, page: Path) -> bool | None:
    """``sdk/hook.py``, ``examples/checkout``, ``known.txt``: of the repository, or of the page."""
    name = r"[\w.-]+"
    if not re.fullmatch(rf"(?:{name}/)+(?:{name})?|{name}\.(?:py|md|txt|ini|toml|mjs|js|ts|yaml)", piece):
        return None
    if piece.startswith("application/") or page.name == "endpoints.md":
        return None
    if find_file(piece, page) is not None:
        return True
    if any(block.name == piece for block in blocks_of(page)):
        return True
    rooms = [path for path in (ROOT / "pytest_sentryintegration").iterdir() if path.is_dir()]
    return page.name == "architecture.md" and any((room / piece).exists() for room in rooms)


def setting(piece: str, page: Path) -> bool | None:
    """``sentry_guard = off``: an ini value that is read."""
    found = re.fullmatch(r"(\w+) = (\S+)", piece)
    if found is None:
        return None
    if not found[1].startswith("sentry_"):
        return found[1] in parser_of_pytest()._inidict or None
    defaults = ini_values()
    try:
        read_settings({**defaults, found[1]: found[2]}.__getitem__, ROOT)
    except SettingError:
        return False
    return found[1] in defaults


@cache
def ini_values() -> dict[str, Any]:
    parser: Any = Parser()
    pytest_addoption(parser)
    return dict(parser.defaults)
