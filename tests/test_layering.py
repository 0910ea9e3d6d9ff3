"""Rooms import only what the table allows, and no modules import each other in a circle.

Imports inside functions and under TYPE_CHECKING count too: they hide a cycle, they do not remove it.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent
PLUGIN = ROOT / "pytest_sentryintegration"
FACADE = ROOT / "src" / "sentryintegration"

# Bottom floor first. A row names rooms above it in this table, which are the floors below it in the
# house, and packages from outside; so the table cannot describe a cycle.
ALLOWED: dict[str, set[str]] = {
    "clock": set(),
    "garbage": set(),
    "locks": set(),
    "processes": set(),
    "settings": set(),
    "wire": {"brotli", "zstandard", "opentelemetry", "google"},
    "evidence": set(),
    "store": {"clock", "locks", "wire", "redis", "zstandard"},
    "ingest": {"locks", "store", "wire", "werkzeug"},
    "server": {"clock", "ingest", "locks", "settings", "store", "wire", "httptools"},
    "matching": {"garbage"},
    "verdict": {"store", "wire", "sentry_relay"},
    "model": {"garbage", "locks", "matching", "store", "verdict", "wire"},
    "words": {"evidence", "matching", "model", "settings", "verdict"},
    "inbox": {
        "clock",
        "evidence",
        "ingest",
        "matching",
        "model",
        "processes",
        "store",
        "verdict",
        "wire",
        "words",
    },
    "web": {
        "clock",
        "evidence",
        "inbox",
        "ingest",
        "locks",
        "matching",
        "model",
        "server",
        "store",
        "verdict",
        "wire",
        "words",
        "werkzeug",
    },
    "report": {"garbage", "matching", "model", "store", "web", "wire", "words"},
    "sdk": {"clock", "evidence", "locks", "processes", "sentry_sdk"},
    "capturing": {
        "evidence",
        "inbox",
        "ingest",
        "locks",
        "model",
        "processes",
        "sdk",
        "server",
        "settings",
        "store",
        "web",
        "wire",
        "words",
    },
    "cli": {
        "clock",
        "evidence",
        "inbox",
        "model",
        "report",
        "server",
        "settings",
        "store",
        "web",
        "wire",
        "words",
    },
    "__main__": {"cli"},
    "hooks": {
        "capturing",
        "inbox",
        "report",
        "sdk",
        "server",
        "settings",
        "web",
        "words",
        "pytest",
        "allure",
        "_pytest",
    },
    "plugin": {"hooks"},
    "__init__": {
        "capturing",
        "inbox",
        "ingest",
        "matching",
        "model",
        "processes",
        "server",
        "settings",
        "verdict",
    },
}

ONLY_HERE = {
    "sentry_sdk": "sdk/",
    "sentry_relay": "verdict/relay.py",
    "pytest": "hooks/",
    "httptools": "server/connection.py",
    "redis": "store/stream.py",
    "allure": "hooks/reports.py",
    "_pytest": "hooks/policies.py",
}
"""Packages that one module, or one room, alone may touch."""


def modules(package: Path) -> dict[str, Path]:
    """Return the modules of *package* by dotted name."""
    names: dict[str, Path] = {}
    for path in package.rglob("*.py"):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported(path: Path, name: str, known: set[str]) -> set[str]:
    """Return what the module imports, anywhere in it: modules of ours, packages of others."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                base = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*base, origin] if origin else base)
            submodules = {f"{origin}.{alias.name}" for alias in node.names} & known
            # What is imported from a package's own __init__ is that module, not the package.
            found |= submodules or {origin}
    return {target for target in found if target.partition(".")[0] not in sys.stdlib_module_names}


def room(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


MODULES = modules(PLUGIN)
NAMES = sorted(MODULES)


@functools.cache
def imports_of(name: str) -> set[str]:
    """Return what a module of the plugin imports; read when it is asked for, and not in every worker."""
    return imported(MODULES[name], name, set(MODULES))


def test_every_room_has_a_row() -> None:
    assert {room(name) for name in NAMES} == ALLOWED.keys()


def test_rows_name_only_rows_above_them() -> None:
    rows = list(ALLOWED)

    for position, (name, allowed) in enumerate(ALLOWED.items()):
        assert not allowed & set(rows[position:]), name


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_what_its_rooms_row_allows(name: str) -> None:
    targets = {
        room(target) if target.startswith(f"{PLUGIN.name}.") else target.partition(".")[0]
        for target in imports_of(name) - {PLUGIN.name}
    }

    assert targets - {room(name)} <= ALLOWED[room(name)]


@pytest.mark.parametrize("package", [PLUGIN, FACADE], ids=lambda package: str(package.name))
def test_no_modules_import_each_other_in_a_circle(package: Path) -> None:
    found = modules(package)
    names = set(found)
    graph = {
        name: (imported(path, name, names) & names) - {name, package.name}
        for name, path in found.items()
        # The package's own page lists what users import; nothing inside imports from it.
        if name != package.name
    }

    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize("package", [PLUGIN, FACADE], ids=lambda package: str(package.name))
def test_a_module_has_at_most_300_lines(package: Path) -> None:
    lengths = {
        name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(package).items()
    }

    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


@pytest.mark.parametrize(("package", "place"), ONLY_HERE.items())
def test_a_package_is_touched_in_one_place_only(package: str, place: str) -> None:
    touching = {
        path.relative_to(PLUGIN).as_posix()
        for name, path in MODULES.items()
        if any(target.partition(".")[0] == package for target in imports_of(name))
    }

    assert touching
    assert all(path.startswith(place) for path in touching), touching


def test_the_facade_and_the_plugin_never_import_each_other() -> None:
    found = modules(FACADE)
    facade = {
        target
        for name, path in found.items()
        for target in imported(path, name, set(found))
        if not target.startswith(FACADE.name)
    }

    assert {target.partition(".")[0] for target in facade} == {"sentry_sdk"}
    assert not any(target.startswith(f"{FACADE.name}.") for name in NAMES for target in imports_of(name))


@pytest.mark.parametrize("planted", ["from {0}.plugin import x", "def f():\n    import {0}.words.trees"])
def test_a_planted_violation_is_seen(planted: str, tmp_path: Path) -> None:
    path = tmp_path / "store.py"
    path.write_text(planted.format(PLUGIN.name))

    targets = {room(target) for target in imported(path, f"{PLUGIN.name}.store", set(MODULES))}

    assert targets - ALLOWED["store"]


def test_the_page_on_the_architecture_has_a_row_for_each_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("\n## The plugin, floor by floor\n")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)

    named = [name for cell in first_cells for name in re.findall(r"`(\w+)(?:/|\.py)`", cell)]
    # From the roof down, as the floors stand.
    assert named == [name for name in reversed(ALLOWED) if name != "__init__"]
