"""The hosted workflow runs what `.ci/run` runs, and every command in both exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")

TARGETS = re.findall(r"^(\w+): \$\(STAMP\)$", MAKEFILE, re.MULTILINE)
RUN = (ROOT / ".ci/run").read_text(encoding="utf-8")
LOCAL = " ".join(re.findall(r"^(?:if ! )?(?:step|beside) (\w[\w ]*)", RUN, re.MULTILINE)).split()


def targets_of(*jobs: str) -> list[str]:
    """Return the make targets that jobs of the workflow run, in order."""
    commands = [step["run"] for job in jobs for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]
    return [target for command in commands for target in re.findall(r"\bmake (\w+)", command)]


def test_the_workflow_on_linux_runs_the_steps_of_the_local_run() -> None:
    assert targets_of("everything", "newest") == LOCAL


@pytest.mark.parametrize("target", sorted({*LOCAL, *targets_of(*WORKFLOW["jobs"])}))
def test_a_step_is_a_target_of_the_makefile(target: str) -> None:
    assert target in TARGETS


@pytest.mark.parametrize("session", re.findall(r"nox -s ([\w-]+)", MAKEFILE))
def test_a_session_that_the_makefile_names_exists(session: str) -> None:
    assert re.search(rf"^@nox\.session.*\ndef {session}\(", NOXFILE, re.MULTILINE)


def test_the_workflow_installs_what_the_local_run_does_but_for_the_browser() -> None:
    hosted = "\n".join(step.get("run", "") for step in WORKFLOW["jobs"]["everything"]["steps"])

    installed = (
        re.findall(r"(?:\|\||^) *install ([\w-]+)", RUN, re.MULTILINE),
        re.findall(r"apt-get install -y -qq (.+)", hosted),
    )

    assert installed == (["chromium-headless-shell", "chromium", "redis-server"], ["redis-server"])


def test_the_workflow_covers_three_systems() -> None:
    systems = [
        WORKFLOW["jobs"]["everything"]["runs-on"],
        *WORKFLOW["jobs"]["systems"]["strategy"]["matrix"]["system"],
    ]

    assert systems == ["ubuntu-latest", "macos-latest", "windows-latest"]


def test_the_workflow_runs_nothing_by_itself_but_make_and_the_installation_of_programs() -> None:
    commands = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]

    assert [command for command in commands if not command.startswith(("make ", "sudo apt-get "))] == []
