"""`serve` under load, for a moment; ``benchmarks/load.py`` takes a minute, and looks at its memory too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.examples.pages import ROOT

pytestmark = [pytest.mark.clients, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


def test_nothing_that_was_answered_is_lost_in_memory_or_in_a_file_that_outlives_a_kill() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "load.py"), "2", "500"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)

    said = [line.rsplit("  ", 1)[1].strip() for line in done.stdout.splitlines()[2:]]
    assert [word for word in said if "met" in word] == ["met"] * 4, done.stdout
    assert said.count("not measured") == 2
