"""Commands in other languages under `run`, as the page on Node shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.test_documentation import check_example
from tests.clients.conftest import node, run_in
from tests.examples.pages import DOCS, Block, blocks_of

pytestmark = pytest.mark.clients

OF_NODE = [block for block in blocks_of(DOCS / "how-to" / "node.md") if block.language == "shell"]


@pytest.mark.parametrize("block", OF_NODE, ids=str)
def test_an_example_in_node_prints_what_the_page_shows(block: Block, project: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(project / "node_modules")

    check_example(block, tmp_path)


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("await Sentry.flush(5000);", 0, "sent: 1 error"),
        (
            "process.exit(0);",
            3,
            "ended with exit code 0 and sent nothing: does it read SENTRY_DSN, and flush before it ends?",
        ),
    ],
)
def test_a_program_reads_the_dsn_and_loses_what_is_queued_where_it_exits(
    end: str, code: int, said: str, project: Path
) -> None:
    program = [
        'import * as Sentry from "@sentry/node";',
        "Sentry.init();",
        'Sentry.captureException(new TypeError("no such cart"));',
        end,
    ]
    (project / "ending.mjs").write_text("\n".join(program))
    run = (sys.executable, "-m", "pytest_sentryintegration", "run", "--timeout", "0.5")

    printed = run_in(
        project, *run, "--expect", "errors?exception=TypeError", "--", node(), "ending.mjs", code=code
    )

    assert said in printed
