"""Settings of this repository's own tests (pytest allows ``pytest_plugins`` only here)."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["pytester"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Run one worker more than there are cores: tests wait for processes to start and to end.

    A session of the matrix keeps two cores busy for 60 % of its time with two workers.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # pytest-xdist reads it
    if hasattr(os, "sched_getaffinity"):
        # Those that this process may use, as pytest-xdist counts them: there may be more.
        return len(os.sched_getaffinity(0)) + 1
    return (os.cpu_count() or 1) + 1
