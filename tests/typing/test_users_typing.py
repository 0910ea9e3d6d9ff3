"""mypy --strict and pyright on an application that uses the facade."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.types

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def mypy(path: Path) -> list[int]:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", "", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    found = re.findall(rf"{path.name}:(\d+): error", done.stdout)
    assert done.returncode in (0, 1), done.stderr
    return sorted({int(number) for number in found})


def pyright(path: Path) -> list[int]:
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    report = json.loads(done.stdout)["generalDiagnostics"]
    return sorted({one["range"]["start"]["line"] + 1 for one in report if one["severity"] == "error"})


@pytest.mark.parametrize("checker", [mypy, pyright])
@pytest.mark.parametrize("name", ["facade_use.py", "facade_misuse.py", "plugin_use.py"])
def test_a_users_code_is_checked(checker: Callable[[Path], list[int]], name: str) -> None:
    assert checker(HERE / name) == []
