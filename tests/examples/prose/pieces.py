"""The text of the pages, and the pieces of code in it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples.pages import BLOCK, PAGES, ROOT

PROSE = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "clients" / "js" / "README.md"]


PIECE = re.compile(r"(`+)(.+?)\1", re.DOTALL)


def prose_of(page: Path) -> str:
    """Return the text of a page without its blocks of code and the tables that benchmarks write."""
    return BLOCK.sub("", page.read_text(encoding="utf-8")).partition("<!-- figures")[0]


def pieces_of(page: Path) -> list[str]:
    """Return each piece of code in the text of a page, once."""
    return list(dict.fromkeys(" ".join(found[2].split()) for found in PIECE.finditer(prose_of(page))))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
