"""The lines of the terminal summary, a bounded number of them. Text only; a hook writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
    first = named or [f"envelope {label('envelopes', envelope)}" for envelope in contents.envelopes]
    return f"{first[0]} and {len(first) - 1} more" if len(first) > 1 else first[0]


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Add up what two processes counted."""
    late, more = one["late"], other["late"]
    return {
        **{name: one[name] + other[name] for name in ("tests", "envelopes", "strays")},
        "lines": sorted({*one["lines"], *other["lines"]}),
        "late": {
            "counts": dict(Counter(late["counts"]) + Counter(more["counts"])),
            "shown": [*late["shown"], *more["shown"]],
            **{name: sorted({*late[name], *more[name]}) for name in ("failing", "allow")},
        },
    }


def summary_lines(counts: Mapping[str, Any]) -> list[str]:
    """Say what Sentry was sent in a run, and what came for tests that had finished.

    >>> late = {"counts": {"": 1}, "shown": [("", "message 'boom' of test_a")], "failing": [], "allow": []}
    >>> summary_lines({"tests": 2, "envelopes": 5, "strays": 0, "late": late})
    ['Sentry: 5 envelopes captured in 2 tests', ..., "  message 'boom' of test_a"]
    """
    lines = []
    if counts["tests"] or counts["strays"]:
        captured, tests = _many(counts["envelopes"], "envelope"), _many(counts["tests"], "test")
        outside = f", {_many(counts['strays'], 'stray')} outside tests that use sentry_events"
        lines.append(f"Sentry: {captured} captured in {tests}{outside if counts['strays'] else ''}")
    by_policy = counts["late"]["counts"]
    late = sum(by_policy.values())
    if late:
        whose = "its test" if late == 1 else "their tests"
        lines.append(f"Sentry: {_many(late, 'envelope')} came after {whose} had finished:")
        # What breaks a policy comes first.
        shown = sorted(counts["late"]["shown"], key=lambda each: (_ORDER[each[0]], each[1]))[:LISTED]
        lines += [f"  {text}{_UNEXPECTED[policy]}" for policy, text in shown]
        if late > len(shown):
            lines.append(f"  ... and {late - len(shown)} more")
    if by_policy.get("fail"):
        settings = ", ".join(counts["late"]["failing"])
        lines.append(f"Sentry: the run fails for {by_policy['fail']} of these, by {settings} of their tests")
    if allow := counts["late"]["allow"]:
        lines += ["Sentry: have these tests wait for what is expected, or allow it, for all tests:"]
        lines += ["  sentry_allow =", *(f"      {entry}" for entry in allow[:LISTED])]
        if len(allow) > LISTED:
            lines.append(f"      ... and {len(allow) - LISTED} more, which --sentry-allow-all FILE writes")
    return lines


_ORDER: Final = {"fail": 0, "warn": 1, "": 2}
_UNEXPECTED: Final = {"fail": "   (fails the run)", "warn": "   (not allowed)", "": ""}


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
