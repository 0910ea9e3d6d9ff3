"""How many workers run this repository's tests at once, where ``-n auto`` leaves it open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_there_is_one_worker_more_than_the_cores_that_may_be_used(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3}, raising=False)

    settings = pytestconfig.pluginmanager.get_plugin(str(ROOT / "conftest.py"))

    assert settings is not None
    assert settings.pytest_xdist_auto_num_workers() == 3
