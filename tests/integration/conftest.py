"""A small project in a folder of its own, run by a pytest of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

QUIET = (
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:django",
    "-p",
    "no:fillmore",
    "-p",
    "no:socket",
    "-p",
    "no:syrupy",
    "-p",
    "no:inline_snapshot",
    "-p",
    "no:timeout",
    "-p",
    "no:forked",
)
"""Other plugins say things of their own; a test that is about one turns it on again."""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run files as a project: ``run(*args, test_it="...", conftest="...", ini="...")``."""

    def run_project(*args: str, ini: str = "", quiet: bool = True, **files: str) -> pytest.RunResult:
        settings = "\n".join(line.strip() for line in ini.splitlines())
        pytester.makefile(".ini", pytest=f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{settings}")
        pytester.makepyfile(**files)
        return pytester.runpytest_subprocess(*(QUIET if quiet else ()), "--strict-markers", "--strict-config", *args)

    return run_project
