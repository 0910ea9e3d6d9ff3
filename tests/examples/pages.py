"""The README and the pages of `docs`, as blocks of code: what tests run, or compare with what runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))
REFERENCE = sorted((DOCS / "reference").glob("*.md"))
"""Made from docstrings and options, and compared as a whole."""
PAGES = [README, *sorted(DOCS.glob("*.md")), *HOW_TO]

BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"(?:#|//) ([\w.-]+)(, which fails)?\n")
ANYTHING = "..."
"""A line of an output that stands for any lines."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. One that begins with a file's name, as a comment, is that file."""

    page: Path
    line: int
    language: str
    text: str
    name: str
    fails: bool

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


@cache
def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page; directives such as `{toctree}` are none."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        if match[1].startswith("{"):
            continue
        name = NAME.match(match[2])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, match[1], match[2], name[1] if name else "", bool(name and name[2])))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def runs_of(shown: str) -> list[str]:
    """Return the stretches of an output between the lines that stand for anything."""
    return [run.strip("\n") for run in f"\n{shown}\n".split(f"\n{ANYTHING}\n") if run.strip()]
