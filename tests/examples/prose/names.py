"""Pieces that are Python: expressions, signatures and names."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import keyword
import re
from contextlib import suppress
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, get_args

import sentry_sdk
from sentry_sdk.consts import DEFAULT_OPTIONS

import pytest_sentryintegration
import sentryintegration
from pytest_sentryintegration.hooks import fixtures
from pytest_sentryintegration.model.continuity import Kind
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from pytest_sentryintegration.settings import OWN_OPTIONS
from pytest_sentryintegration.wire.categories import DATA_CATEGORIES
from tests.cli.test_options import COMMANDS
from tests.examples.pages import ROOT
from tests.examples.prose.commands import ini_values, is_required
from tests.examples.prose.pieces import read
from tests.examples.prose.questions import openapi, parameters
from tests.examples.prose.texts import constants

FACADE, PLUGIN = sentryintegration, pytest_sentryintegration


LIBRARIES = (
    *(
        "asyncio",
        "concurrent.futures",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "re",
        "signal",
        "socket",
    ),
    *("subprocess", "time", "typing", "unittest", "unittest.mock"),
    *("sentry_sdk", "sentry_sdk.api", "sentry_sdk.integrations.asyncio", "sentry_sdk.integrations.dedupe"),
    *(
        "sentry_sdk.integrations.logging",
        "sentry_sdk.integrations.threading",
        "sentry_sdk.transport",
        "pytest",
    ),
)
"""Where names of others are looked up, by themselves (`RequestFactory`) or with the module (`os.fork`)."""


def public(value: object) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


@cache
def classes() -> tuple[type, ...]:
    named = [getattr(package, name) for package in (FACADE, PLUGIN) for name in package.__all__]
    return tuple(value for value in named if inspect.isclass(value))


@cache
def attributes() -> frozenset[str]:
    """Return the names after a dot: of what tests and applications get, and of the modules."""
    found = set().union(*map(public, (*classes(), *CLASSES.values(), FACADE, PLUGIN, sentry_sdk, str, bytes)))
    return frozenset(found | {name for each in (*classes(), *CLASSES.values()) for name in annotated(each)})


def annotated(cls: type) -> set[str]:
    return {name for base in cls.__mro__ for name in vars(base).get("__annotations__", ()) if name[0] != "_"}


@cache
def callables() -> dict[str, frozenset[str]]:
    """Return the parameters of what can be called, by its name; of all that have the name together."""
    found: dict[str, set[str]] = {}
    for owner in (*classes(), *CLASSES.values(), FACADE, PLUGIN):
        for name in public(owner):
            with suppress(TypeError, ValueError):
                given = inspect.signature(inspect.getattr_static(owner, name))
                found.setdefault(name, set()).update(given.parameters)
    return {name: frozenset(each) for name, each in found.items()}


@cache
def names() -> frozenset[str]:
    """Return what stands for itself between backticks: names of packages, nouns, settings and so on."""
    rooms = {
        path.stem for path in (ROOT / "pytest_sentryintegration").iterdir() if path.suffix in ("", ".py")
    }
    parts = re.search(r"^PARTS.*?^}", read("benchmarks/run.py"), re.MULTILINE | re.DOTALL)
    assert parts is not None
    return frozenset(
        attributes()
        | {name for given in callables().values() for name in given}
        | set(callables())
        | {*FACADE.__all__, *PLUGIN.__all__, *NOUNS, *get_args(Kind), *DATA_CATEGORIES, *OWN_OPTIONS}
        | {
            *ini_values(),
            *(name for name in vars(fixtures) if name.startswith("sentry_")),
            *packages_distributions(),
        }
        | {FACADE.__name__, PLUGIN.__name__, "sentry"}  # the marker
        | {each.name for each in COMMANDS}
        | {*DEFAULT_OPTIONS, *parameters(), *dir(builtins), *keyword.kwlist}
        | {
            name
            for schema in openapi()["components"]["schemas"].values()
            for name in schema.get("properties", ())
        }
        | rooms
        | set(re.findall(r'"(\w+)": lambda', parts[0]))
    )


def expression(piece: str, page: Path) -> bool | None:
    """``sentry_events.errors.find(ValueError)``, ``span(op, ...)``, ``os.fork``: what all of it names."""
    text = re.sub(r"^@(pytest\.mark\.)", r"\1", piece)
    text = re.sub(r"(?<=[(\s])\*, ", "", text).replace("(first, criteria)", "()")
    try:
        tree = ast.parse(f"{text} pass" if text.endswith(":") else text)
    except SyntaxError:
        return None
    nodes = list(ast.walk(tree))
    if not any(
        isinstance(node, ast.Attribute | ast.Call | ast.Dict | ast.Set | ast.Import) for node in nodes
    ):
        return None
    return all(is_there(node) for node in nodes)


def is_there(node: ast.AST) -> bool:
    match node:
        case ast.Attribute():
            return is_attribute(ast.unparse(node))
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            if name not in callables() and name not in ("sentry", "anywhere"):
                return library(ast.unparse(node.func)) is not None or name in dir(builtins)
            takes = callables().get(name, frozenset())
            wide = "criteria" in takes or "options" in takes or name in ("sentry", "span", "capture", "init")
            fields = {field for each in CLASSES.values() for field in public(each) | annotated(each)}
            known = takes | (fields | set(DEFAULT_OPTIONS) | set(OWN_OPTIONS) if wide else set())
            return all(each.arg is None or each.arg in known for each in node.keywords)
        case ast.Expr(value=ast.Dict(keys=given) | ast.Set(elts=given)):
            return all(key is None or (isinstance(key, ast.Constant) and is_word(key.value)) for key in given)
        case ast.Import(names=[ast.alias(name=name)]):
            return name in names()
        case ast.Name(id=name):
            return name in names() or name in LOCAL or library(name) is not None or name in LIBRARIES
    return True


LOCAL = frozenset(
    {
        "check_in",
        "concurrent",
        "func",
        "handle",
        "tree",
        "dsn",
        "exc",
        "order",
        "thread",
        "command",
        "T",
        "PASSWORD",
        "crumbs",
        "crumb",
        "client",
        "app",
        "snapshot",
        "inbox",
    }
)
"""Names that stand for something of the reader's."""


def is_word(word: object) -> bool:
    return word in names() or word in constants()


def is_attribute(dotted: str) -> bool:
    root, *rest = re.sub(r"\(.*?\)|\[.*?\]", "", dotted).split(".")
    if root == FACADE.__name__:
        return set(rest) <= set(FACADE.__all__)
    if library(dotted) is not None:
        return True
    return (root in names() or root in LOCAL) and all(
        each in attributes() or each == "anywhere" for each in rest
    )


@cache
def library(dotted: str) -> Any:
    """Return the thing of a library that is called so, by itself or with its module."""
    if dotted in LIBRARIES:
        return loaded(dotted)
    first, *rest = dotted.split(".")
    for module in LIBRARIES:
        value = loaded(module)
        path = [first, *rest]
        if path[: module.count(".") + 1] == module.split("."):
            path = path[module.count(".") + 1 :]
        for name in path:
            value = getattr(value, name, None)
        if value is not None and path:
            return value
    return None


@cache
def loaded(module: str) -> Any:
    return importlib.import_module(module)


def name(piece: str, page: Path) -> bool | None:
    """``tags``, ``.clear()``, ``timeout=``, ``errors``, ``sentry-sdk``."""
    found = re.fullmatch(r"\.?([A-Za-z_][\w-]*)(?:\(\)|\(\.\.\.\)|=|=\.\.\.|:)?", piece)
    if found is None:
        return None
    word = found[1]
    if word in names() or library(word) is not None:
        return True
    return ("-" in word and is_required(word)) or None


def argument(piece: str, page: Path) -> bool | None:
    """``unordered=True``, ``enable_logs=True``, ``count=N``: a name that takes a value."""
    found = re.fullmatch(r"(\w+)=\S+", piece)
    return None if found is None else found[1] in names()


def signature(piece: str, page: Path) -> bool | None:
    """``capture_message(message, level=Info, *, tags, attachments)``: all parameters, in their order."""
    found = re.fullmatch(r"(\w+)\((.*[*/].*)\)", piece)
    if found is None or found[1] not in FACADE.__all__:
        return None
    given = [
        word.partition("=")[0].strip("* ") for word in found[2].split(",") if word.strip() not in ("*", "/")
    ]
    return given == list(inspect.signature(getattr(FACADE, found[1])).parameters)
