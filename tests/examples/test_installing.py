"""Each page on how to do something says what its reader has to install."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.examples.pages import HOW_TO, blocks_of
from tests.examples.test_tutorial import FOLLOWED

BROUGHT = {"sentry_sdk", "sentryintegration", "pytest_sentryintegration", "pytest", "werkzeug"}
"""What `sentryintegration[pytest]` brings."""
BY_SETTING = {
    "pytest.mark.asyncio": "pytest-asyncio",
    "asyncio_mode": "pytest-asyncio",
    "DJANGO_S": "pytest-django",
}
"""Plugins that no code imports, by what needs them."""
QUESTIONS = [page for page in HOW_TO if page.stem != "index"]


def needed(page: Path) -> set[str]:
    """Return the distributions that the code of a page needs, by what it imports and sets."""
    blocks = [block for block in blocks_of(page) if block.name]
    code = "\n".join(block.text for block in blocks if block.language == "python")
    imported = set(re.findall(r"^(?:from|import) (\w+)", code, re.MULTILINE))
    files = {block.name.removesuffix(".py") for block in blocks}
    text = "\n".join(block.text for block in blocks)
    plugins = {plugin for sign, plugin in BY_SETTING.items() if sign in text}
    return (imported - BROUGHT - files - sys.stdlib_module_names) | plugins


@pytest.mark.parametrize("page", QUESTIONS, ids=lambda page: page.stem)
def test_a_page_says_what_to_install(page: Path) -> None:
    commands = re.findall(r"pip install ([^`\n]+)", page.read_text(encoding="utf-8"))

    named = {word.strip("'\"") for command in commands for word in command.split()}
    assert {"sentryintegration[pytest]", *needed(page)} - named == set()


@pytest.mark.parametrize(
    "page", [page for page in QUESTIONS if page not in FOLLOWED], ids=lambda page: page.stem
)
def test_no_file_of_a_page_is_shown_twice_under_one_name(page: Path) -> None:
    names = [block.name for block in blocks_of(page) if block.name]

    assert sorted(set(names)) == sorted(names)
