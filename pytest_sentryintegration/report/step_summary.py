"""What a step of GitHub Actions shows of a run: a short summary in Markdown."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["summary"]

LISTED: Final = 20
"""Tests that are shown."""
LONGEST: Final = 4_000
"""Characters that are shown of one text. A step may have one megabyte of all."""

_ESCAPED: Final = {
    ord(char): f"&#{ord(char)};" for char in string.punctuation
}  # as an entity no character begins anything in Markdown or HTML


def summary(lines: Iterable[str], failed: Sequence[tuple[str, str, str]]) -> str:
    """Return Markdown. Whatever stands in the texts is shown as it is, and is neither Markdown nor HTML.

    Args:
        lines: What the terminal summary says.
        failed: Of each failed test its node id, its failure, and what was captured.

    >>> print(summary(["Sentry: 1 envelope captured in 1 test"], []))
    ### Sentry
    <BLANKLINE>
    Sentry&#58; 1 envelope captured in 1 test
    <BLANKLINE>
    """
    parts = ["### Sentry\n", *(f"{_shown(line)}\n" for line in lines)]
    for test, failure, captured in failed[:LISTED]:
        parts.append(
            f"<details><summary><code>{_shown(test)}</code></summary>\n"
            f"<pre>{_shown(failure)}</pre>\n<pre>{_shown(captured)}</pre>\n</details>\n"
        )
    if len(failed) > LISTED:
        parts.append(f"... and {len(failed) - LISTED} more failed tests\n")
    return "\n".join(parts)


def _shown(text: str) -> str:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    printable = "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in cut)
    # A blank line would end the HTML that a text stands in.
    return "&#10;".join(printable.translate(_ESCAPED).split("\n"))
