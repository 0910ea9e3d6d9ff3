"""The lines of the terminal summary. Text only; the hook writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summary_lines(counts: Mapping[str, Any]) -> list[str]:
    """Say what Sentry was sent in a run, and which tests' threads reported when they were over.

    >>> summary_lines({"tests": 2, "envelopes": 5, "strays": 0, "late": {"test_a": 1}})
    ['Sentry: 5 envelopes captured in 2 tests', 'Sentry: 1 envelope came late, after test_a had finished']
    """
    if not (counts["tests"] or counts["strays"] or counts["late"]):
        return []
    line = f"Sentry: {_many(counts['envelopes'], 'envelope')} captured in {_many(counts['tests'], 'test')}"
    if counts["strays"]:
        line += f", {_many(counts['strays'], 'stray')} outside tests that use sentry_events"
    lines = [line]
    for test, count in sorted(counts["late"].items()):
        lines.append(
            f"Sentry: {_many(count, 'envelope')} came late, after {test or 'its capture'} had finished"
        )
    return lines


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
