"""Commands in other languages under `run`, as the recipes show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_documentation import PAGES, check_example
from tests.examples.test_readme import Block, blocks_of

pytestmark = pytest.mark.clients

OF_NODE = [block for block in blocks_of(PAGES[1]) if block.language == "shell"]


@pytest.mark.parametrize("block", OF_NODE, ids=str)
def test_a_recipe_for_node_prints_what_the_page_shows(block: Block, project: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(project / "node_modules")

    check_example(block, tmp_path)
