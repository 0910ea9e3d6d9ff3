"""A module of the facade imports only those above it in this list, and of others only sentry_sdk."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import sentryintegration

ROOT = Path(sentryintegration.__file__).parent
LAYERS = [
    "_process",
    "_guard",
    "_levels",
    "_statuses",
    "_repair",
    "_headers",
    "_fitting",
    "_internals",
    "_sdk",
    "_backend",
    "_static",
    "_streaming",
    "_fields",
    "_nesting",
    "_finishing",
    "_ledger",
    "_attachments",
    "_handles",
    "_starting",
    "_tracing",
    "_traced",
    "_capturing",
    "_printing",
    "_setup",
    "__init__",
]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names |= (
                {f"{module}.{alias.name}" for alias in node.names}
                if module == "sentryintegration"
                else {module}
            )
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


def test_every_module_is_in_the_list() -> None:
    assert sorted(path.stem for path in ROOT.glob("*.py")) == sorted(LAYERS)


@pytest.mark.parametrize("module", LAYERS)
def test_a_module_imports_only_what_is_above_it(module: str) -> None:
    above = {f"sentryintegration.{name}" for name in LAYERS[: LAYERS.index(module)]}
    foreign = {name for name in imported(ROOT / f"{module}.py") if name.split(".")[0] != "sentry_sdk"}

    assert foreign <= above
