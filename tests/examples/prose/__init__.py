"""What the text of the pages says in code: each piece between backticks, looked up where it is defined.

A rule is for pieces of one shape, such as ``make TARGET``. It returns whether there is such a thing, and
``None`` for a piece of another shape.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.examples.prose.commands import command, file, option, setting, variable
from tests.examples.prose.names import argument, expression, name, signature
from tests.examples.prose.questions import question, route
from tests.examples.prose.texts import (
    constant,
    header,
    method,
    of_help,
    of_viewer,
    package,
    said,
    script,
    shown,
)

RULES: tuple[Callable[[str, Path], bool | None], ...] = (
    command,
    option,
    variable,
    file,
    setting,
    question,
    shown,
    route,
    of_viewer,
    script,
    signature,
    header,
    said,
    method,
    expression,
    argument,
    name,
    constant,
    of_help,
    package,
)


@cache
def judged(piece: str, page: Path) -> bool | None:
    """Return whether there is such a thing; ``None`` where no rule knows."""
    return next((said for rule in RULES if (said := rule(piece, page)) is not None), None)
