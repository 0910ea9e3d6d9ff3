"""What real Sentry would have done with what was sent: kept it, trimmed it, dropped it or refused it.

Events and transactions are judged by Sentry's own ingestion code where ``sentry-relay`` is installed. What
happens to an envelope and to every other item is known from the protocol (`wire`).
"""

from __future__ import annotations

from pytest_sentryintegration.verdict.finding import (
    DEFAULT_ALLOW,
    Finding,
    matches_allow,
    objections,
    sort_key,
)
from pytest_sentryintegration.verdict.judging import Verdict, judge
from pytest_sentryintegration.verdict.relay import RelayMissing
from pytest_sentryintegration.verdict.scrubbing import Scrubbed

__all__ = [
    "DEFAULT_ALLOW",
    "Finding",
    "RelayMissing",
    "Scrubbed",
    "Verdict",
    "judge",
    "matches_allow",
    "objections",
    "sort_key",
]
