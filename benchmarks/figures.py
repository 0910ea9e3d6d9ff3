"""Writes what was measured into ``docs/benchmarks.md``: a section a part, between two marks."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bars import Bar, markdown_table

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: written by benchmarks/run.py -->", "<!-- end of figures -->"
MEASURED = ("benchmarks", "pytest_sentryintegration", "src")
"""What a commit has to hold unchanged to be named as what was measured."""


def section(part: str, command: str, commit: str, seconds: float, bars: Sequence[Bar]) -> str:
    """Return the section of a part: how and where it was measured, and the table."""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    system = f"{platform.system()} {platform.machine()}, {_cores()} cores"
    versions = f"Python {platform.python_version()}, sentry-sdk {version('sentry-sdk')}"
    how = f"`{command}`: {day}, {commit}, {system}, {versions}, {seconds:.0f} s."
    return f"### {part}\n\n{how}\n\n{markdown_table(bars)}\n"


def replaced(page: str, part: str, text: str, order: Sequence[str]) -> str:
    """Return the page with another section of *part*; the sections stand in that order, others stay.

    Raises:
        ValueError: The page has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}")
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", inside, re.DOTALL | re.MULTILINE))
    sections = {name: f"### {name}\n{body.rstrip()}\n" for name, body in sections.items()}
    sections[part] = text
    known = [name for name in order if name in sections]
    return f"{before}{begin}\n\n{''.join(sections[name] + chr(10) for name in known)}{end}{after}"


def write(part: str, text: str, order: Sequence[str]) -> None:
    """Put the section of *part* on the page."""
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), part, text, order), "utf-8")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit() -> str:
    """Name what is about to be measured."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", *MEASURED)
    except (OSError, subprocess.CalledProcessError):
        return "no commit"
    return f"commit {name} with changes" if changed else f"commit {name}"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
