"""Pages of docs/how-to that need programs of npm, or a package that is installed as users do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web
from tests.cli.conftest import unused_port
from tests.cli.test_documentation import named
from tests.clients.conftest import CLIENT, NODE, SECONDS, chromium, installed, node, run_in
from tests.examples.pages import DOCS, ROOT, blocks_of
from tests.report.pages import Page

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("page", [DOCS / "how-to" / "playwright.md", CLIENT / "README.md"], ids=str)
def test_the_recipe_for_playwright_passes(page: Path, project: Path, shop: str, tmp_path: Path) -> None:
    port = unused_port()
    (tmp_path / "node_modules").symlink_to(project / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for block in blocks_of(page):
        if block.name:
            text = block.text.replace("8969", str(port)).replace("http://127.0.0.1:3000", shop)
            (tmp_path / block.name).write_text(text)
    shutil.copy(NODE / "browser.mjs", tmp_path)
    (tmp_path / "here.config.js").write_text(
        'import config from "./playwright.config.js";\n'
        'const use = { ...config.use, connectOptions: { wsEndpoint: process.env.BROWSER ?? "" } };\n'
        'export default { ...config, use, globalSetup: "./browser.mjs" };\n'
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables: dict[str, Any] = {
        "PATH": path,
        "SHOP_URL": shop,
        "CHROMIUM": chromium(),
        "SENTRYINTEGRATION_PORT": str(port),
        "SENTRYINTEGRATION_SERVER": f"http://127.0.0.1:{port}",
    }
    program = tmp_path / "node_modules" / "@playwright" / "test" / "cli.js"

    said = run_in(tmp_path, node(), program, "test", "--config=here.config.js", **variables)

    assert "1 passed" in said


def test_the_recipe_for_nodes_runner_passes_with_vitest_too(project: Path) -> None:
    recipe = named("cart.test.mjs").replace(
        'import { after, test } from "node:test";', 'import { afterAll as after, test } from "vitest";'
    )
    assert 'import { afterAll as after, test } from "vitest"`' in (DOCS / "how-to" / "node.md").read_text(
        encoding="utf-8"
    )
    (project / "cart.vitest.test.mjs").write_text(recipe)
    program = project / "node_modules" / "vitest" / "vitest.mjs"

    with FakeSentry(web=Web) as server:
        said = run_in(
            project,
            *(node(), program, "run", "--no-color", "cart.vitest.test.mjs"),
            SENTRYINTEGRATION_SERVER=server.url,
        )

    assert 'from "vitest"' in recipe
    assert "1 passed" in said


def test_a_linter_finds_nothing_in_the_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(named("Dockerfile"))
    # DL3013 is for pinned versions, which are for those to choose who copy it.
    options = ("--no-color", "--ignore", "DL3013")

    assert run_in(tmp_path, installed("hadolint", "hadolint"), *options, "Dockerfile") == ""


def test_the_workflow_runs_with_the_built_wheel_in_an_empty_folder(tmp_path: Path) -> None:
    port = unused_port()
    wheel, folder, tools = tmp_path / "wheel", tmp_path / "folder", tmp_path / "tools"
    folder.mkdir()
    tools.mkdir()
    build = ("-m", "hatchling", "build", "--target", "wheel", "--directory", wheel)
    run_in(ROOT, sys.executable, *build)
    (built,) = wheel.glob("*.whl")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv is not None
    run_in(tmp_path, uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    # Installs in a second what takes pip ten.
    (tools / "pip").write_text(f'#!/bin/sh\nexec {uv} pip "$@"\n')
    (tools / "pip").chmod(0o755)
    (folder / "checkout.py").write_text(named("checkout.py"))
    (job,) = yaml.safe_load(named("sentry.yml"))["jobs"].values()
    lines = [step["run"].replace("8969", str(port)) for step in job["steps"] if "run" in step]
    lines[0] = lines[0].replace("sentryintegration[", f"{built}[")
    environment = {
        # nox names its own environment in UV_PYTHON, into which uv would install.
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "UV_PYTHON"))},
        "PATH": os.pathsep.join([str(tools), str(tmp_path / "venv" / "bin"), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(tmp_path / "venv"),
        "SENTRYINTEGRATION_PORT": str(port),
        "SENTRYINTEGRATION_SERVER": f"http://127.0.0.1:{port}",
    }
    # Each step is a shell of its own.
    script = "\n".join(f"bash -e <<'END'\n{line}\nEND" for line in lines)
    with (tmp_path / "said").open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-ec", script],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = shell.wait(timeout=SECONDS)
        finally:
            os.killpg(shell.pid, signal.SIGTERM)

    said = (tmp_path / "said").read_text()
    assert code == 0, said
    assert said.count("KeyError") >= 2
    assert "1 event:\n  KeyError" in said


def artifacts(step: dict[str, Any], stored: Path, folder: Path) -> None:
    """Do what the actions of GitHub do with artifacts: each is a folder of its name."""
    action, given = step["uses"].partition("@")[0], step.get("with", {})
    if action == "actions/upload-artifact":
        source, target = folder / given["path"], stored / given["name"]
        target.mkdir(parents=True)
        copied = source.iterdir() if source.is_dir() else [source]
        for path in copied:
            shutil.copy(path, target)
    elif action == "actions/download-artifact":
        shutil.copytree(stored, folder / given["path"])


def test_the_shards_of_the_workflow_make_one_report(tmp_path: Path) -> None:
    stored, sources = tmp_path / "stored", ROOT / "examples" / "github_actions"
    jobs = yaml.safe_load(named("shards.yml"))["jobs"]
    tools: dict[str, Any] = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    shards = jobs["tests"]["strategy"]["matrix"]["shard"]
    runs = [("tests", shard) for shard in shards] + [("report", "")]
    for number, (job, shard) in enumerate(runs):
        folder = tmp_path / str(number)
        shutil.copytree(sources, folder)
        for step in yaml.safe_load(json.dumps(jobs[job]).replace("${{ matrix.shard }}", shard))["steps"]:
            if "uses" in step:
                artifacts(step, stored, folder)
            elif not step["run"].startswith("pip install"):  # the test of the other workflow installs
                run_in(folder, "bash", "-ec", step["run"], **tools, PYTEST_ADDOPTS="-p no:cacheprovider")

    page = Page((stored / "report" / "report.html").read_bytes())
    assert page.outcomes == [("passed", f"tests/{shard}/test_{shard}.py::test_a_{shard}") for shard in shards]


def test_the_container_for_python_is_type_checked(tmp_path: Path) -> None:
    source = named("sentry_container.py")
    (tmp_path / "sentry_container.py").write_text(source)
    mypy = installed("testcontainers", "mypy")

    said = run_in(tmp_path, mypy, "--strict", "--follow-untyped-imports", "sentry_container.py")

    assert "no issues found" in said
    assert source.count("\n") <= 60


def test_the_container_for_node_is_type_checked(project: Path) -> None:
    source = named("sentry-container.ts")
    (project / "sentry-container.ts").write_text(source)
    compiler = project / "node_modules" / "typescript" / "bin" / "tsc"
    options = ("--strict", "--noEmit", "--skipLibCheck", "--target", "es2023", "--module", "nodenext")

    run_in(project, node(), compiler, *options, "--types", "node", "sentry-container.ts")

    assert source.count("\n") <= 60
