"""A small project in a folder of its own, run by a pytest of its own."""

from __future__ import annotations

from typing import Protocol

import pytest

from tests.conftest import find_frameworks_of
from tests.integration.forked_pytest import RunPytest


class Run(Protocol):
    """Runs files as a project: ``run("-x", ini="...", conftest="...", test_it="...")``."""

    def __call__(
        self, *args: str, ini: str = "", plugins: tuple[str, ...] = (), **files: str
    ) -> pytest.RunResult: ...


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, run_pytest: RunPytest) -> Run:
    """Run a project with this plugin, those named in *plugins*, and no other.

    It finds the frameworks that are installed only where its files name one.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run_project(
        *args: str, ini: str = "", plugins: tuple[str, ...] = (), **files: str
    ) -> pytest.RunResult:
        find_frameworks_of((*plugins, *files.values()), monkeypatch)
        pytester.makefile(".ini", pytest=f"[pytest]\n{ini}")
        pytester.makepyfile(**files)
        named = [word for name in ("pytest_sentryintegration.plugin", *plugins) for word in ("-p", name)]
        return run_pytest(*named, "--strict-markers", "--strict-config", *args)

    return run_project
