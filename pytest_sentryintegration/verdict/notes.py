"""What the fake was kind about, and real Sentry would have refused at the door."""

from __future__ import annotations

import re

from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.verdict.finding import REQUEST, Finding

_ANSWER = re.compile(r"\b([45]\d\d)\b(?:[^()]*\((.*)\))?", re.DOTALL)


def refusals(arrival: Arrival) -> list[Finding]:
    """Return a finding for each of *arrival*'s notes.

    Their paths are ``dsn.public_key``, ``dsn.project_id`` and ``the request``, so that a suite with a DSN
    made up for tests can allow ``dsn.**``. `rule` is Relay's answer: ``400 invalid project key``.
    """
    findings = []
    for note in arrival.notes:
        match = _ANSWER.search(note)
        rule = "refused"
        if match:
            rule = match[1] if not match[2] else f"{match[1]} {match[2]}"
        path, sent = _place(note, arrival)
        findings.append(Finding(path, rule, sent, None, f"Real Sentry refuses this request: {note}."))
    return findings


def _place(note: str, arrival: Arrival) -> tuple[str, str]:
    lowered = note.lower()
    if "sentry_key" in lowered or "public key" in lowered or "project key" in lowered:
        return "dsn.public_key", arrival.public_key
    if "project" in lowered:
        return "dsn.project_id", arrival.project_id
    return REQUEST, arrival.endpoint
