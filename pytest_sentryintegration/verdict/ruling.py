"""The result of judging one item. Knows no rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pytest_sentryintegration.verdict.finding import Finding, sort_key

Outcome = Literal["accepted", "trimmed", "dropped", "refused"]


@dataclass(frozen=True)
class Ruling:
    """What becomes of an item."""

    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    stored: Any = None
    event: bool = False
    """Whether `stored` is an event or a transaction."""
    needs_relay: bool = False
    """Whether only sentry-relay, which is not here, knows what is stored."""


def dropped(reason: str, sent: Any, text: str, path: str = "") -> Ruling:
    """Return the ruling that Sentry answers 200 and then throws the item away."""
    return Ruling("dropped", reason, (Finding(path, reason, sent, None, capital(text)),))


def fallen(lost: Ruling) -> Ruling:
    """Return the ruling on an item that is dropped with its event, on which *lost* is the ruling."""
    return dropped(str(lost.reason), None, f"This falls with its event, which is dropped: {lost.reason}.")


def refused(reason: str, sent: Any, text: str, path: str = "") -> Ruling:
    """Return the ruling that Sentry answers with an error, and nothing of the request is kept."""
    return Ruling("refused", reason, (Finding(path, reason, sent, None, capital(text)),))


def kept(
    findings: Iterable[Finding], stored: Any = None, *, event: bool = False, of_elements: bool = False
) -> Ruling:
    """Return the ruling that Sentry keeps the item, trimmed where there are findings.

    Args:
        findings: What is lost or changed.
        stored: What is kept.
        event: Whether that is an event or a transaction.
        of_elements: Whether the findings are on elements of a list, and stand for each of them in the order
            in which Sentry comes upon them.
    """
    found = tuple(sorted(findings, key=_by_element if of_elements else sort_key))
    if not found:
        return Ruling("accepted", None, (), stored, event)
    return Ruling("trimmed", found[0].rule, found, stored, event)


def _by_element(finding: Finding) -> tuple[int, int]:
    numbers = (int(part) for part in finding.path.split(".", 2) if part.isdecimal())
    return sort_key(finding)[0], next(numbers, 0)


def capital(text: str) -> str:
    """Return a sentence with its first letter in capitals, unless it begins with a name.

    >>> capital("it is lost."), capital("item_count is 2.")
    ('It is lost.', 'item_count is 2.')
    """
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text
