"""The lines of the terminal summary, a bounded number of them. Text only; a hook writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.labels import label

LISTED: Final = 10
"""How many of what came late are described."""

_NOUNS: Final = (
    *("messages", "errors", "transactions", "attachments", "logs", "metrics"),
    *("check_ins", "feedback", "sessions", "client_reports"),
)


def description(contents: Any) -> str:
    """Describe an envelope by what is in it: ``message 'boom'``; by its item types where these have none."""
    named = [
        f"{NOUNS[noun].singular} {label(noun, obj)}" for noun in _NOUNS for obj in getattr(contents, noun)
    ]
    first = named or [
        f"{NOUNS[noun].singular} {label(noun, obj)}"
        for noun in ("envelopes", "refused")
        for obj in getattr(contents, noun)
    ]
    return f"{first[0]} and {len(first) - 1} more" if len(first) > 1 else first[0]


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Add up what two processes counted."""
    return {
        **{name: one[name] + other[name] for name in ("tests", "envelopes", "strays")},
        "lines": sorted({*one["lines"], *other["lines"]}),
        **{name: _together(one[name], other[name]) for name in ("late", "outside")},
    }


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "counts": dict(Counter(one["counts"]) + Counter(other["counts"])),
        "shown": [*one["shown"], *other["shown"]],
        **{name: sorted({*one[name], *other[name]}) for name in ("failing", "allow")},
    }


def summary_lines(counts: Mapping[str, Any]) -> list[str]:
    """Say what Sentry was sent in a run, and what came for tests that had finished or while none was running.

    >>> late = {"counts": {"": 1}, "shown": [("", "message 'boom' of test_a")], "failing": [], "allow": []}
    >>> outside = {"counts": {}, "shown": [], "failing": [], "allow": []}
    >>> summary_lines({"tests": 2, "envelopes": 5, "strays": 0, "late": late, "outside": outside})
    ['Sentry: 5 envelopes captured in 2 tests', ..., "  message 'boom' of test_a"]
    """
    lines = []
    if counts["tests"] or counts["strays"]:
        captured, tests = _many(counts["envelopes"], "envelope"), _many(counts["tests"], "test")
        outside = f", {_many(counts['strays'], 'stray')} outside tests that use sentry_events"
        lines.append(f"Sentry: {captured} captured in {tests}{outside if counts['strays'] else ''}")
    outside, late = counts["outside"], counts["late"]
    if broken := sum(count for policy, count in outside["counts"].items() if policy):
        lines.append(f"Sentry: {_many(broken, 'stray')} {'is' if broken == 1 else 'are'} not allowed:")
        lines += _listed([each for each in outside["shown"] if each[0]], broken)
        lines += _remedy(outside, "", "allow what is expected, for all tests:")
    if count := sum(late["counts"].values()):
        whose = "its test" if count == 1 else "their tests"
        lines.append(f"Sentry: {_many(count, 'envelope')} came after {whose} had finished:")
        lines += _listed(late["shown"], count)
        remedy = "have these tests wait for what is expected, or allow it, for all tests:"
        lines += _remedy(late, " of their tests", remedy)
    return lines


def _listed(shown: Sequence[tuple[str, str]], count: int) -> list[str]:
    # What breaks a policy comes first.
    first = sorted(shown, key=lambda each: (_ORDER[each[0]], each[1]))[:LISTED]
    lines = [f"  {text}{_UNEXPECTED[policy]}" for policy, text in first]
    return [*lines, f"  ... and {count - len(first)} more"] if count > len(first) else lines


def _remedy(arrivals: Mapping[str, Any], whose: str, remedy: str) -> list[str]:
    lines = []
    if failing := arrivals["counts"].get("fail"):
        settings = ", ".join(arrivals["failing"])
        lines.append(f"Sentry: the run fails for {failing} of these, by {settings}{whose}")
    if allow := arrivals["allow"]:
        lines += [f"Sentry: {remedy}", "  sentry_allow =", *(f"      {entry}" for entry in allow[:LISTED])]
        if len(allow) > LISTED:
            lines.append(f"      ... and {len(allow) - LISTED} more, which --sentry-allow-all FILE writes")
    return lines


_ORDER: Final = {"fail": 0, "warn": 1, "": 2}
_UNEXPECTED: Final = {"fail": "   (fails the run)", "warn": "   (not allowed)", "": ""}


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
