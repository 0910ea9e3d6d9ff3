"""A pytest plugin that times each test with its fixtures, in turns with other suites' processes.

Before each turn it says so in the pipe ``BENCHMARK_READY`` and waits for a byte of ``BENCHMARK_GO``.
At the end it writes what each test took, as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

TURN = int(os.environ["BENCHMARK_TURN"])
"""Tests in a row. The first turn imports and connects; it is not counted."""

_times: list[tuple[float, float]] = []


def _wait_for_turn() -> None:
    os.write(int(os.environ["BENCHMARK_READY"]), b".")
    if not os.read(int(os.environ["BENCHMARK_GO"]), 1):
        pytest.exit("the benchmark has ended")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    if len(_times) == TURN:
        gc.collect()
    if len(_times) % TURN == 0:
        _wait_for_turn()
    wall, processor = time.perf_counter(), time.process_time()
    result = yield
    _times.append((time.perf_counter() - wall, time.process_time() - processor))
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    assert not session.testsfailed, "the suite must pass"
    Path(os.environ["BENCHMARK_TIMES"]).write_text(json.dumps(_times[TURN:]))
