"""The plugin with a ``sentry_sdk`` in which one internal has another name, and the list of what it needs."""

from __future__ import annotations

import ast
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import sentry_sdk

import pytest_sentryintegration
from pytest_sentryintegration.sdk import ownership, transport
from pytest_sentryintegration.sdk.clients import FallbackClient
from pytest_sentryintegration.sdk.internals import INTERNALS, SUPPORTED, Internal, is_there
from tests.integration.forked_pytest import ForkedPytest
from tests.renamed_sdk import SDK, renamed

TESTS = """
import threading
import sentry_sdk

DSN = "http://key@127.0.0.1:{port}/1"

def test_plain():
    sentry_sdk.init(DSN, traces_sample_rate=1.0)
    sentry_sdk.capture_message("plain")
    sentry_sdk.flush()

def test_captured(sentry_events):
    sentry_sdk.set_tag("a", "1")
    sentry_sdk.capture_message("from before")
    assert sentry_events.find("from before").tags["a"] == "1"
    sentry_sdk.init(DSN, traces_sample_rate=1.0)
    try:
        raise KeyError("lost")
    except KeyError as error:
        sentry_sdk.capture_exception(error)
    thread = threading.Thread(target=sentry_sdk.capture_message, args=("in a thread",))
    thread.start()
    thread.join()
    with getattr(sentry_sdk, "start_transaction", sentry_sdk.start_span)(name="work"):
        pass
    assert sentry_events.find("in a thread") and sentry_events.find(KeyError)
    assert sentry_events.transactions.find("work")
"""

TESTS_WITHOUT_SDK = """
def test_plain():
    pass

def test_captured(sentry_events):
    pass
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port at which nothing may arrive."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


class Outcome(Protocol):
    """Runs tests, by default `TESTS`, in `place`, which holds an SDK; returns what pytest printed."""

    def __call__(self, tests: str = TESTS) -> str: ...


@pytest.fixture(scope="module")
def _without_sdk() -> Iterator[ForkedPytest]:
    """Nothing of the installed SDK, and nothing that has seen it, is in the processes that it forks."""
    forked = ForkedPytest("sentry_sdk")
    yield forked
    forked.close()


@pytest.fixture
def place(pytester: pytest.Pytester) -> Path:
    return pytester.path


@pytest.fixture
def outcome(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    listening: socket.socket,
    _without_sdk: ForkedPytest,
) -> Outcome:
    for key in [key for key in os.environ if key.startswith("SENTRY")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "300")

    def run(tests: str = TESTS) -> str:
        (pytester.path / "test_it.py").write_text(tests.format(port=listening.getsockname()[1]))
        (pytester.path / "pytest.ini").write_text("[pytest]")
        words = ["-p", "pytest_sentryintegration.plugin", "-p", "no:cacheprovider", "-W", "error", "-rA"]
        if hasattr(os, "fork"):
            ran = _without_sdk.run(pytester.path, *words)
        else:
            ran = pytester.runpytest_subprocess(*words)
        with pytest.raises(BlockingIOError):
            listening.accept()
        return f"{ran.stdout}\n{ran.stderr}"

    return run


NAMES = sorted({each.name for each in INTERNALS})
CHOSEN = ["__setstate__", "_isolation_scope", "_pool", "_flush", "get_git_revision"]
"""What `make test` tries; ``nox -s sdks`` tries all of them, on each SDK."""


@pytest.mark.parametrize("name", NAMES if os.environ.get("SENTRYINTEGRATION_ALL_INTERNALS") else CHOSEN)
def test_a_run_survives_an_sdk_in_which_one_internal_has_moved(
    name: str, place: Path, outcome: Outcome
) -> None:
    renamed(name, place)

    output = outcome()

    if not any(each.required for each in INTERNALS if each.name == name):
        assert "2 passed" in output, output
        return
    assert "1 passed, 1 error" in output, output
    assert "PASSED test_it.py::test_plain" in output
    # Once as the failure, once in the terminal summary.
    said = re.findall(rf"^(?!ERROR).*{re.escape(SUPPORTED)}.*$", output, re.MULTILINE)
    assert len(said) == 2, output
    assert all(line.endswith(f".{name}.") for line in said)
    assert "Traceback" not in output


BAD_INPUT = {
    "a stub module": ("sentry_sdk.py", "def init(*args, **options): pass", "has no VERSION, Client"),
    "half installed": ("sentry_sdk/__init__.py", "from sentry_sdk.gone import init", "ModuleNotFoundError"),
    "not there": (
        "sentry_sdk.py",
        "raise ModuleNotFoundError(\"No module named 'sentry_sdk'\", name='sentry_sdk')",
        "sentry_sdk is not installed",
    ),
    "broken": ("sentry_sdk/__init__.py", "def init(", "SyntaxError"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_what_is_no_sentry_sdk_breaks_nothing_else(case: str, place: Path, outcome: Outcome) -> None:
    name, text, said = BAD_INPUT[case]
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text(text)

    output = outcome(TESTS_WITHOUT_SDK)

    assert "1 passed, 1 error" in output, output
    assert re.search(f"^sentry_events needs {SUPPORTED}: .*{said}", output, re.MULTILINE), output
    assert "Traceback" not in output


def test_an_sdk_that_is_too_old_is_named(place: Path, outcome: Outcome) -> None:
    (consts := renamed("no_such_name", place) / "sentry_sdk/consts.py").unlink()
    consts.write_text(re.sub('VERSION = ".*"', 'VERSION = "2.40.1"', (SDK / "consts.py").read_text()))

    output = outcome()

    assert f"sentry_events needs {SUPPORTED}: 2.40.1 is installed." in output, output
    assert "1 passed, 1 error" in output


def test_an_sdk_that_is_newer_than_tested_works_and_is_named_once(place: Path, outcome: Outcome) -> None:
    (consts := renamed("no_such_name", place) / "sentry_sdk/consts.py").unlink()
    consts.write_text(re.sub('VERSION = ".*"', 'VERSION = "4.1.0"', (SDK / "consts.py").read_text()))

    output = outcome()

    assert output.count("sentry-sdk 4.1.0 is newer than those that this plugin is tested with") == 1
    assert "2 passed" in output


@pytest.mark.parametrize("internal", [each for each in INTERNALS if each.required], ids=str)
def test_the_installed_sdk_has_what_is_required(internal: Internal) -> None:
    assert is_there(internal)


# What the code touches, held against the list.

ROOMS = [
    path
    for room in ("sdk", "capturing")
    for path in sorted(Path(pytest_sentryintegration.__path__[0], room).glob("*.py"))
    if path.name != "internals.py"
]
PUBLIC = {*sentry_sdk.__all__, "Transport", "HttpTransport"}
PRIVATE = re.compile(r"_[a-z]\w*")
OF_OTHERS = {
    *(
        "_getframe",
        "_current_frames",
        "_dangling",
        "_popen",
        "_start_method",
        "_at_fork_reinit",
        "_abc_impl",
        "_context",
        "_children",
        "_asyncgen_finalizer_hook",
    ),  # Python's
    *("_core", "_sink", "_handler", "_function"),  # loguru's
    *("_experiments", "_enabled", "_processor"),  # an option that Sentry documents, and parts of texts
    *("_sentryintegration", "_sentryintegration_closed_in"),  # marks on what is patched
}


def own_names(tree: ast.AST) -> set[str]:
    """Return the underscored names that the code itself makes: by assignment, def, class or declaration."""
    made: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                made.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
    return made


def touched(tree: ast.AST, own: set[str]) -> set[str]:
    """Return the names of the SDK's that the code touches and that Sentry does not document."""
    names: set[str] = set()
    modules = {"sentry_sdk"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sentry_sdk":
            if (node.module or "").startswith("sentry_sdk.integrations."):
                continue  # Sentry documents the classes there
            for alias in node.names:
                if f"{node.module}.{alias.name}" in sys.modules:
                    modules.add(alias.asname or alias.name)
                elif alias.name not in PUBLIC or (node.module != "sentry_sdk" and alias.name.islower()):
                    names.add(alias.name)
        elif isinstance(node, ast.Import):
            modules |= {
                alias.asname for alias in node.names if alias.name.startswith("sentry_sdk") and alias.asname
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of_module = isinstance(node.value, ast.Name) and node.value.id in modules
            if of_module and node.attr not in PUBLIC:
                names.add(node.attr)
            if PRIVATE.fullmatch(node.attr) and node.attr not in own:
                names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PRIVATE.fullmatch(node.value):
            names.add(node.value)
    return names - OF_OTHERS


def overridden() -> set[str]:
    """Return the underscored names of our subclasses of the SDK's classes that are the SDK's too."""
    pairs = [
        (transport.Redirected, sentry_sdk.HttpTransport),
        (transport.RedirectedTransport, sentry_sdk.HttpTransport),
        (ownership.OwnedScope, sentry_sdk.Scope),
        (FallbackClient, sentry_sdk.Client),
    ]
    return {
        name
        for ours, theirs in pairs
        for name in vars(ours)
        if PRIVATE.fullmatch(name) and is_there(Internal(f"{theirs.__module__}:{theirs.__name__}", name, ""))
    }


def used() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOMS]
    own = set().union(*map(own_names, trees))
    return overridden().union(*(touched(tree, own) for tree in trees)) - OF_OTHERS


def test_every_internal_that_the_code_touches_is_listed() -> None:
    assert used() - {each.name for each in INTERNALS} == set()


def test_every_listed_internal_is_touched_by_the_code() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in ROOMS)

    assert [each.name for each in INTERNALS if not re.search(rf"\b{each.name}\b", texts)] == []


@pytest.mark.parametrize(
    "code",
    [
        "def f(client): return client._options",
        "from sentry_sdk.client import _Client",
        "from sentry_sdk.utils import logger",
        "from sentry_sdk import scope as s\ns.last",
        "import sentry_sdk.utils as u\nu.Dsn",
        "def f(client): return getattr(client, '_options', None)",
    ],
)
def test_a_planted_internal_is_seen(code: str) -> None:
    assert touched(ast.parse(code), set()) - {each.name for each in INTERNALS}
