"""Writes the pages of `docs/reference` from docstrings, options and routes.

Run ``python docs/make_reference.py`` where one of those changed; a test compares the pages with them.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import inspect
import io
import itertools
import json
import os
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest_sentryintegration as plugin
import sentryintegration as facade
from pytest_sentryintegration.cli.commands import SUMMARIES, find_command
from pytest_sentryintegration.hooks import fixtures
from pytest_sentryintegration.hooks.options import pytest_addoption
from pytest_sentryintegration.hooks.sessions import MARKER
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from pytest_sentryintegration.web.app import Web

FOLDER = Path(__file__).parent / "reference"

INSIDE = ("SentException", "Frame", "Breadcrumb", "Discarded", "Verdict", "Finding")
"""Classes of what is inside of captured objects."""

IN_EXAMPLES = (
    "In the examples `sentry_events` is the fixture of that name, `sentry_sdk` and all that is public in"
    " both packages is imported, and what applications call is [the facade](facade.md)."
)

ROLE = re.compile(r":\w+:`~?\.?([^`]+)`")
SECTION = re.compile(r"^(Args|Returns|Raises|Yields):$")
ENTRY = re.compile(r"^(\S+): (.*)$")


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in pages().items():
        (FOLDER / name).write_text(page, encoding="utf-8")


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    os.environ["COLUMNS"] = "100"  # how wide argparse prints
    return {
        "nouns.md": nouns(),
        "plugin.md": of_pytest(),
        "classes.md": classes(),
        "facade.md": of_facade(),
        "commands.md": commands(),
        "routes.md": routes(),
    }


def page(title: str, introduction: str, *parts: str) -> str:
    """Return a page of these parts."""
    return "\n\n".join([f"# {title}", introduction, *(part.strip("\n") for part in parts)]) + "\n"


def nouns() -> str:
    """Each noun, and the attributes of what it holds, in one table each."""
    first = [
        f"| `{noun.name}` | `{CLASSES[noun.name].__name__}` | `{noun.main}` |" for noun in NOUNS.values()
    ]
    overview = "\n".join(["| noun | holds | `find`'s first argument |", "|---|---|---|", *first])
    named = dict.fromkeys(CLASSES.values())
    others = [getattr(plugin, name) for name in INSIDE]
    parts = []
    for each in (*named, *others):
        own = ", ".join(f"`{name}`" for name, held in CLASSES.items() if held is each)
        parts.append(f"## {each.__name__}" + (f"\n\nIn {own}." if own else ""))
        parts.append(markdown(each.__doc__))
        rows = [f"| `{name}` | {summary} |" for name, summary in attributes(each)]
        parts.append("\n".join(["| attribute | what |", "|---|---|", *rows]))
    return page(
        "Nouns and their attributes",
        "Every attribute is a criterion of `find`, `where`, `wait` and `none` by the same name, here, over"
        f" HTTP and on the command line. {IN_EXAMPLES}",
        overview,
        *parts,
    )


def of_pytest() -> str:
    """Fixtures, the marker, options and ini values."""
    options = Options()
    pytest_addoption(options)  # type: ignore[arg-type]
    found = {
        name: inspect.unwrap(value.__wrapped__ if hasattr(value, "__wrapped__") else value)
        for name, value in vars(fixtures).items()
        if name.startswith("sentry_")
    }
    parts = ["## Fixtures"]
    for name, function in found.items():
        parts += [f"### `{name}`", markdown(function.__doc__)]
    name, _, text = MARKER.partition(": ")
    parts += ["## The marker", f"`@pytest.mark.{name}`", text[0].upper() + text[1:]]
    parts += ["## Options", table("option", options.options), "## Ini values", table("ini", options.values)]
    return page("The pytest plugin", "What `pytest --fixtures`, `--markers` and `--help` say.", *parts)


class Options:
    """Takes note of what a plugin adds, as `pytest.Parser` does."""

    def __init__(self) -> None:
        self.options: dict[str, str] = {}
        self.values: dict[str, str] = {}

    def getgroup(self, *_: str) -> Options:
        """Return the group of options: this."""
        return self

    def addoption(self, name: str, *, help: str, metavar: str = "", **_: Any) -> None:
        """Take note of an option."""
        self.options[f"{name} {metavar}".strip()] = help

    def addini(self, name: str, help: str, **_: Any) -> None:
        """Take note of an ini value."""
        self.values[name] = help


def table(what: str, rows: Mapping[str, str]) -> str:
    """Return a table of names and their meanings."""
    cells = [f"| `{name}` | {cell(text)} |" for name, text in rows.items()]
    return "\n".join([f"| {what} | meaning |", "|---|---|", *cells])


def classes() -> str:
    """What tests call: the other public names of the plugin."""
    shown = {*CLASSES.values(), *(getattr(plugin, name) for name in INSIDE)}
    parts = []
    for name in plugin.__all__:
        value = getattr(plugin, name)
        if value in shown:
            continue
        heading = f"## `{name}`" if inspect.isclass(value) else f"## `{signature(name, value)}`"
        parts += [heading, markdown(value.__doc__)]
        if not inspect.isclass(value):  # `span`, which is called
            parts += [markdown(value.__call__.__doc__), *methods(type(value))]
        elif not issubclass(value, (Exception, Warning)):
            parts += list(methods(value))
    return page(
        "What tests import",
        "The public names of `pytest_sentryintegration`; those of captured objects are with the nouns."
        f" {IN_EXAMPLES}",
        *parts,
    )


def of_facade() -> str:
    """The facade's public names."""
    parts = []
    for name in facade.__all__:
        value = getattr(facade, name)
        if inspect.isclass(value):
            parts += [f"## `{name}`", markdown(value.__doc__), *methods(value)]
        elif callable(value):
            parts += [f"## `{signature(name, value)}`", markdown(value.__doc__)]
    levels = ", ".join(f"`{name}`" for name in ("Debug", "Info", "Warn", "Error", "Fatal"))
    return page(
        "The facade's calls",
        f"The public names of `sentryintegration`. Levels are {levels}, or Sentry's words as text.",
        *parts,
    )


def commands() -> str:
    """The help of each command, as argparse prints it."""
    parts = []
    for name in SUMMARIES:
        command = find_command(name)
        assert command is not None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            command.parse(["--help"])
        parts += [f"## {name}", f"```text\n{printed.getvalue().strip()}\n```"]
    return page("Commands and their options", "What `sentryintegration COMMAND --help` prints.", *parts)


def routes() -> str:
    """The routes of the captured API, of its OpenAPI description."""
    with plugin.FakeSentry(web=Web) as sentry, urlopen(f"{sentry.url}/api/openapi.json") as answer:
        paths: dict[str, Any] = json.load(answer)["paths"]
    rows = [
        f"| `{method.upper()} {path}` | {cell(operation['summary'])} |"
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]
    return page(
        "Routes",
        "Of `GET /api/openapi.json`, which also has parameters and answers. [The captured API](../api.md)"
        " shows how they are used.",
        "\n".join(["| route | answer |", "|---|---|", *rows]),
    )


def attributes(owner: type) -> Iterator[tuple[str, str]]:
    """Yield the public attributes of a class that have a docstring, with its first sentence."""
    fields = {name: text for base in reversed(owner.__mro__[:-1]) for name, text in documented_fields(base)}
    for name in dict.fromkeys(name for base in owner.__mro__[:-1] for name in (*fields, *vars(base))):
        value = inspect.getattr_static(owner, name, None)
        text = fields.get(name)
        if isinstance(value, (property, lazy)):
            text = inspect.getdoc(value)
        if text and not name.startswith("_"):
            yield name, first_paragraph(text)


def documented_fields(owner: type) -> Iterator[tuple[str, str]]:
    """Yield the annotated names in the body of a class that a docstring follows, with it."""
    try:
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    except (OSError, TypeError):  # of the standard library, in C
        return
    assert isinstance(body, ast.ClassDef)
    for statement, following in itertools.pairwise(body.body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, text


def methods(owner: type) -> Iterator[str]:
    """Yield a heading and a text for each public method and attribute of a class."""
    for name, summary in attributes(owner):
        yield f"- `.{name}`: {summary}"
    for name in dict.fromkeys(name for base in owner.__mro__[:-1] for name in vars(base)):
        value = inspect.getattr_static(owner, name)
        function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if name.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        if "sentryintegration" not in function.__module__:  # of the standard library, which has its own pages
            continue
        yield f"### `.{signature(name, function)}`"
        yield markdown(function.__doc__)


def signature(name: str, function: Callable[..., Any]) -> str:
    """Return how a function is called."""
    parameters = list(inspect.signature(function).parameters.values())
    shown = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in parameters
        if parameter.name not in ("self", "cls")
    ]
    return f"{name}{inspect.Signature(shown)}"


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a docstring, for a table."""
    return cell(text.partition("\n\n")[0])


def cell(text: str) -> str:
    """Return a text as one that may stand in a table."""
    return ROLE.sub(r"`\1`", " ".join(text.split())).replace("|", "\\|").replace("``", "`")


def markdown(docstring: str | None) -> str:
    """Return a docstring as Markdown: its sections as lists, its examples as blocks."""
    lines = ROLE.sub(r"`\1`", inspect.cleandoc(docstring or "")).replace("``", "`").splitlines()
    made: list[str] = []
    section = example = False
    for line in lines:
        if example and not line.strip():
            made.append("```")
            example = False
        if line.startswith(">>>") and not example:
            made.append("```pycon")
            example = True
        heading = SECTION.match(line)
        if heading:
            made += [f"**{heading[1]}**", ""]
            section = True
        elif section and line.startswith("    ") and not line.startswith("     "):
            entry = ENTRY.match(line.strip())
            made.append(f"- `{entry[1]}`: {entry[2]}" if entry else f"- {line.strip()}")
        elif section and line.startswith("     "):
            made.append(f"  {line.strip()}")
        else:
            made.append(line)
    return "\n".join([*made, *(["```"] if example else [])])


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
