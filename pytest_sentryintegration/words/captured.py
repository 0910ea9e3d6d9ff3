"""What an inbox holds as text of bounded length: printed, or in the report of a failing test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.differences import COLUMNS
from pytest_sentryintegration.words.labels import label
from pytest_sentryintegration.words.losses import dropped

LISTED: Final = 20
TREE_LINES: Final = 40
MAX_LINES: Final = 200
OUTPUT_WIDTH: Final = 200
"""Characters of a line that a process wrote."""

_SHOWN: Final = (
    "events", "transactions", "logs", "metrics", "check_ins", "feedback", "sessions", "client_reports",
    "refused",
)  # fmt: skip


def captured(contents: Any, noun: str = "", *, whole: bool = False, processors: Sequence[str] = ()) -> str:
    """Return what is in *contents*: events with their fields, the tree of each transaction, then the rest.

    At most `MAX_LINES` lines; ``""`` where nothing came.

    Args:
        contents: All nouns.
        noun: The one that is shown; all that people ask for where it is not given.
        whole: Leave nothing out; a tree is still bounded by itself.
        processors: The event processors of this process that dropped something.
    """
    nouns = (noun,) if noun else _SHOWN
    lines = [line for noun in nouns for line in _listed(noun, getattr(contents, noun), whole)]
    if not noun:
        # Streamed spans whose segment has not come are in no transaction.
        lines += _listed("spans", [span for span in contents.spans if span.transaction is None], whole)
    lost = dropped(contents, processors)
    if lost and not noun:
        lines.append(f"The senders report: {lost}.")
    if len(lines) > MAX_LINES and not whole:
        lines = [*lines[: MAX_LINES - 1], f"... {len(lines) - MAX_LINES + 1} more lines"]
    return "\n".join(lines)


def end_of(output: str, lines: int = MAX_LINES) -> list[str]:
    """Return the last lines of what a process wrote, the long ones cut in their middle."""
    return (
        [plain(line, OUTPUT_WIDTH) for line in output.rstrip().split("\n")[-lines:]] if output.strip() else []
    )


def _listed(noun: str, objects: Any, whole: bool) -> Iterable[str]:
    count = len(objects)
    shown = count if whole else min(count, LISTED)
    if count:
        yield f"{NOUNS[noun].counted(count)}:"
    for obj in objects[:shown]:
        yield f"  {label(noun, obj)}"
        if noun in ("events", "messages", "errors"):
            yield from _event_lines(obj)
        elif noun == "transactions":
            yield from _transaction_lines(obj, whole)
    if count > shown:
        yield f"  ... {count - shown} more"


def _event_lines(event: Any) -> Iterable[str]:
    fields = (
        ("level", event.level),
        ("tags", event.tags),
        ("user", event.user),
        ("transaction", event.transaction),
        ("release", event.release),
        ("environment", event.environment),
        ("attachments", list(event.attachments)),
    )
    shown = [f"{name}={show(value, 60)}" for name, value in fields if value]
    line = ""
    for part in shown:
        if line and len(line) + len(part) > COLUMNS - 6:
            yield f"    {line},"
            line = ""
        line += f", {part}" if line else part
    if line:
        yield f"    {line}"
    if event.exception is not None and event.message:
        yield f"    message={show(event.message)}"
    frames = event.exception.frames if event.exception is not None else ()
    for frame in frames[-2:]:
        yield f"    {plain(f'{frame.filename}:{frame.lineno} in {frame.function}', COLUMNS - 4)}"


def _transaction_lines(transaction: Any, whole: bool) -> Iterable[str]:
    lines = str(transaction.tree).split("\n")
    shown = len(lines) if whole else TREE_LINES
    yield from (f"    {line}" for line in lines[:shown])
    if len(lines) > shown:
        yield f"    ... {len(lines) - shown} more lines"
