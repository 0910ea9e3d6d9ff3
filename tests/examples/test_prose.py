"""What the text of the pages names is there: commands, options, settings, names, files, routes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.prose import judged
from tests.examples.prose.pieces import PROSE, pieces_of

pytestmark = pytest.mark.uncounted

ELSEWHERE = (Path(__file__).parent / "prose" / "elsewhere.txt").read_text(encoding="utf-8").splitlines()
"""What belongs to other programs, or stands for any value, by page; `coming-from.md` has its own test."""
THEIRS = re.compile(
    r"transport=|sentry_(helper|capture|init)|(capture|find|render|diff)_\w+\(|\.get_\w+\(\)"
    r"|testkit|localServer|spotlight|SENTRY_SPOTLIGHT|kent|requests\.|events\[|events(=| =)|client\."
    r"|;|sentry-testkit|pytest-sentry"
)
"""What the tables of `coming-from.md` say of others."""
FIRST = re.compile(r"(?<![\w'<])([A-Za-z])([A-Za-z])")
"""Where the first word begins, values and variable parts left out."""
TRIED = [page for page in PROSE if page.name != "coming-from.md"]


def elsewhere(page: Path) -> list[str]:
    return [line.partition(": ")[2] for line in ELSEWHERE if line.startswith(f"{page.name}: ")]


@pytest.mark.parametrize("page", TRIED, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_what_a_page_names_in_its_text_is_there(page: Path) -> None:
    others = elsewhere(page)

    assert [piece for piece in pieces_of(page) if piece not in others and not judged(piece, page)] == []


def test_our_side_of_the_tables_of_others_is_there() -> None:
    (page,) = (page for page in PROSE if page.name == "coming-from.md")

    assert [piece for piece in pieces_of(page) if not THEIRS.search(piece) and not judged(piece, page)] == []


def test_no_exception_is_listed_that_is_not_needed() -> None:
    known = {
        (page.name, piece): judged(piece, page)
        for page in PROSE
        for piece in pieces_of(page)
        if piece in elsewhere(page)
    }

    listed = [(line.partition(": ")[0], line.partition(": ")[2]) for line in ELSEWHERE]
    assert [key for key in listed if known.get(key, True)] == []


@pytest.mark.parametrize("page", PROSE, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_a_word_that_is_misspelt_is_not_there(page: Path) -> None:
    """Each piece, with one letter more in its first word."""
    right = [piece for piece in pieces_of(page) if FIRST.search(piece) and judged(piece, page)]
    wrong = {piece: FIRST.sub(r"\1q\2", piece, count=1) for piece in right}

    assert [piece for piece in right if judged(wrong[piece], page)] == []
