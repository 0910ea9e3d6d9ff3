"""The examples of docs/api.md and docs/endpoints.md are run as they stand, one after the other, with curl."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web
from tests.examples.pages import ROOT, blocks_of

PAGES = ("api.md", "endpoints.md")
END = "-- end of the example"

pytestmark = [pytest.mark.clients, pytest.mark.skipif(os.name == "nt", reason="for a POSIX shell")]


def masked(text: str) -> str:
    """Return *text* without what differs from run to run."""
    return re.sub(
        r"worker-1-[0-9a-f]{8}", "worker-1-XXXXXXXX", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_print_what_the_page_shows(tmp_path: Path, page: str) -> None:
    blocks = [block for block in blocks_of(ROOT / "docs" / page) if block.language == "console"]
    script, shown = [], []
    for block in blocks:
        lines = block.text.splitlines()
        script += [line[2:] for line in lines if line.startswith(("$ ", "> "))]
        script += [f"printf '\\n%s\\n' '{END}'"]
        shown.append("\n".join(line for line in lines if not line.startswith(("$ ", "> "))))

    with FakeSentry(web=Web) as sentry:
        done = subprocess.run(
            ["sh", "-c", "\n".join(script).replace("127.0.0.1:8969", sentry.address())],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=tmp_path,
            timeout=60,
        )

    # curl ends its output without a line break.
    printed = [re.sub(r"\}(?=[{\"])", "}\n", part).strip() for part in done.stdout.split(END)[:-1]]
    assert [masked(text).split() for text in printed] == [masked(text).split() for text in shown]
