"""The npm package of clients/js, packed and installed as users do, against a running fake Sentry."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from clients.js.make_types import made
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.app import Web
from tests.clients.conftest import CLIENT, NODE, chromium, node, run_in
from tests.examples.pages import blocks_of


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSentry]:
    with FakeSentry(web=Web) as server:
        yield server


@pytest.mark.parametrize("name", ["openapi.d.ts", "nouns.js"])
def test_what_is_made_of_the_description_is_up_to_date(name: str) -> None:
    assert (CLIENT / name).read_text(encoding="utf-8") == made()[name], "run clients/js/make_types.py"


@pytest.mark.clients
def test_the_packed_package_works_in_an_empty_folder(package: Path, server: FakeSentry) -> None:
    (package / "ask.mjs").write_text(
        'import { connect } from "sentryintegration";\n'
        "const sentry = await connect(process.argv[2]);\n"
        "const inbox = await sentry.inbox();\n"
        "console.log(inbox.dsn, await inbox.messages.count());\n"
    )
    files = {path.name for path in (package / "node_modules" / "sentryintegration").iterdir()}

    said = run_in(package, node(), "ask.mjs", server.url)

    assert said.startswith("http://")
    assert said.endswith(" 0\n")
    assert files == {"LICENSE", "README.md", "package.json"} | {
        path.name for path in CLIENT.iterdir() if path.name.endswith((".js", ".d.ts"))
    }


@pytest.mark.clients
def test_the_client_does_what_it_promises(project: Path, server: FakeSentry) -> None:
    shutil.copy(NODE / "client.test.mjs", project)

    with FakeSentry(web=partial(Web, access=Access(token="secret"))) as guarded:
        run_in(
            project,
            node(),
            "--test",
            "client.test.mjs",
            SENTRYINTEGRATION_SERVER=server.url,
            SERVER_WITH_TOKEN=guarded.url,
        )


@pytest.mark.clients
def test_the_types_are_those_that_users_need(project: Path) -> None:
    shutil.copy(NODE / "example.ts", project)
    compiler = project / "node_modules" / "typescript" / "bin" / "tsc"

    run_in(
        project,
        *(
            node(),
            compiler,
            "--strict",
            "--noEmit",
            "--exactOptionalPropertyTypes",
            "--noUncheckedIndexedAccess",
        ),
        *("--target", "es2023", "--lib", "es2024,esnext.disposable,dom,dom.asynciterable", "--types", "node"),
        *("--module", "nodenext", "example.ts"),
    )


BLOCKS = [block for block in blocks_of(CLIENT / "README.md") if not block.name]
"""Those with names are files for Playwright, which `test_recipes` runs."""

APPLICATION = """
import { expect } from "@playwright/test";
import * as Sentry from "@sentry/node";

function startTheApplication({ SENTRY_DSN: dsn }) {
  Sentry.init({ dsn, tracesSampleRate: 1 });
  Sentry.captureException(new TypeError("no such cart"), { tags: { graph: "g1" } });
  Sentry.captureMessage("Spec failed: tree", { extra: { job: { name: "nightly" } } });
  Sentry.startSpan({ name: "GET /cart", op: "http.server" }, () => {
    for (const op of ["db.query", "cache.get"]) Sentry.startSpan({ name: op, op }, () => {});
  });
  Sentry.flush();
}
"""

FAILURE = """
import { connect } from "sentryintegration";

const inbox = await (await connect()).inbox({ name: "worker 1" });
const { origin } = new URL(inbox.url);
const body = `{}\\n{"type":"event"}\\n{"message":"Spec failed","level":"error"}`;
await fetch(`${origin}/${inbox.name}/api/1/envelope/?sentry_key=public`, { method: "POST", body });
const finding = inbox.messages.find(/^Spec/, { level: "warning", timeout: 100 });
await finding.catch((error) => console.log(error.message));
await inbox.close();
"""


@pytest.mark.clients
def test_what_the_readme_shows_of_asking_runs(project: Path, server: FakeSentry) -> None:
    asking, tree = (block.text for block in BLOCKS if block.language == "js")
    *before, closing = asking.splitlines()
    (project / "readme.mjs").write_text("\n".join([APPLICATION, *before, tree, closing]))

    said = run_in(project, node(), "readme.mjs", SENTRYINTEGRATION_SERVER=server.url)

    assert closing == "await inbox.close();"
    assert re.findall(r"http.server|db.query|cache.get", said) == ["http.server", "db.query", "cache.get"]


@pytest.mark.clients
def test_the_failure_that_the_readme_shows_is_that_of_the_package(project: Path, server: FakeSentry) -> None:
    (shown,) = (block.text for block in BLOCKS if block.language == "text")
    (project / "failure.mjs").write_text(FAILURE)

    said = run_in(project, node(), "failure.mjs", SENTRYINTEGRATION_SERVER=server.url)

    masked = [re.sub("worker-1-[0-9a-f]{8}", "worker-1-XXXXXXXX", text) for text in (said, shown)]
    assert masked[0] == masked[1].replace("within 5.0 s", "within 0.1 s")


def test_the_readme_shows_nothing_that_no_test_runs() -> None:
    others = [block.text for block in BLOCKS if block.language not in ("js", "text")]

    assert others == ["pip install 'sentryintegration[pytest]'\nsentryintegration serve\n"]


class Result(NamedTuple):
    """How a test of Playwright ended."""

    status: str
    message: str
    attached: dict[str, str]


def playwright(
    project: Path, server: FakeSentry, shop: str, spec: str, workers: int, code: int = 0
) -> dict[str, Result]:
    """Run the tests of a file, and return how each ended, by its title."""
    for name in ("playwright.config.mjs", "browser.mjs", spec):
        shutil.copy(NODE / name, project)
    variables = {"SPEC": spec, "SHOP": shop, "WORKERS": str(workers), "CHROMIUM": chromium()}
    program = project / "node_modules" / "@playwright" / "test" / "cli.js"

    run_in(
        project,
        node(),
        program,
        "test",
        code=code,
        seconds=280,
        SENTRYINTEGRATION_SERVER=server.url,
        **variables,
    )

    suites = json.loads((project / "results.json").read_text(encoding="utf-8"))["suites"]
    found: dict[str, Result] = {}
    while suites:
        suite = suites.pop()
        suites += suite.get("suites", [])
        for tried in suite["specs"]:
            (ended,) = tried["tests"][0]["results"]
            bodies = {file["name"]: file["body"] for file in ended["attachments"] if "body" in file}
            attached = {name: b64decode(body).decode() for name, body in bodies.items()}
            message = ended.get("error", {}).get("message", "")
            found[tried["title"]] = Result(ended["status"], message, attached)
    return found


@pytest.mark.clients
def test_pages_report_into_the_inbox_of_their_test(project: Path, server: FakeSentry, shop: str) -> None:
    found = playwright(project, server, shop, "page.spec.mjs", workers=1, code=1)

    failed = {title: result for title, result in found.items() if result.status != "passed"}
    assert sorted(failed) == ["a failing one", "a failing one without anything"], failed
    assert len(found) == 7
    result = found["a failing one"]
    assert "nearest: TypeError: 'no such cart: 7'" in result.message
    assert result.attached["Captured Sentry"].startswith("1 event:\n  TypeError: 'no such cart: 7'")
    captured = json.loads(result.attached["Captured Sentry (JSON)"])
    assert [error["text"] for error in captured["errors"]] == ["no such cart: 7"]
    assert "No process has connected" in found["a failing one without anything"].attached["Captured Sentry"]
    assert [inbox for inbox in server.store.inboxes if "worker" in inbox] == []


@pytest.mark.clients
@pytest.mark.timeout(300)  # a busy machine: 8 workers begin at once
def test_eight_workers_with_an_inbox_a_test_never_mix(project: Path, server: FakeSentry, shop: str) -> None:
    found = playwright(project, server, shop, "workers.spec.mjs", workers=8)

    assert {result.status for result in found.values()} == {"passed"}
    assert len(found) == 200
