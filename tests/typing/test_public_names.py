"""The names that `pytest_sentryintegration` gives to its users."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_sentryintegration
from pytest_sentryintegration import SentryEvents


def imported_for_type_checkers() -> dict[str, str]:
    tree = ast.parse(Path(pytest_sentryintegration.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_every_public_name_is_there_and_is_what_type_checkers_see() -> None:
    for name, module in imported_for_type_checkers().items():
        assert getattr(pytest_sentryintegration, name) is getattr(sys.modules[module], name)


def test_all_and_dir_list_what_type_checkers_see() -> None:
    names = set(imported_for_type_checkers())

    assert set(pytest_sentryintegration.__all__) == names
    assert names <= set(dir(pytest_sentryintegration))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'pytest_sentryintegration' has no attribute 'Evnet'"):
        _ = pytest_sentryintegration.Evnet


def test_importing_the_package_imports_nothing_else_of_it() -> None:
    program = "import sys, pytest_sentryintegration; print(*sorted(m for m in sys.modules if 'sentry' in m))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["pytest_sentryintegration"]


def test_sentry_events_has_the_nouns_and_methods_of_the_contract_alone(sentry_events: SentryEvents) -> None:
    nouns = {
        "events", "messages", "errors", "transactions", "spans", "traces", "attachments", "logs", "metrics",
        "check_ins", "feedback", "sessions", "client_reports", "envelopes", "items", "refused",
    }  # fmt: skip
    searching = {"find", "find_async", "wait", "wait_async", "where", "none", "index", "count"}
    further = {
        "dsn",
        "env",
        "url",
        "faults",
        "adopt",
        "clear",
        "popen",
        "run",
        "trace",
        "explain",
        "snapshot",
        "assert_accepted",
        "assert_absent",
    }

    assert {name for name in dir(sentry_events) if name[0] != "_"} == nouns | searching | further
