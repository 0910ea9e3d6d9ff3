"""What a test costs that does nothing."""

from __future__ import annotations

import os

import pytest


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_nothing(number: int) -> None:
    pass
