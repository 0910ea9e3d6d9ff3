"""Commands in other languages under `run`, as the page on Node shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_documentation import check_example
from tests.examples.pages import DOCS, Block, blocks_of

pytestmark = pytest.mark.clients

OF_NODE = [block for block in blocks_of(DOCS / "how-to" / "node.md") if block.language == "shell"]


@pytest.mark.parametrize("block", OF_NODE, ids=str)
def test_an_example_in_node_prints_what_the_page_shows(block: Block, project: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(project / "node_modules")

    check_example(block, tmp_path)
