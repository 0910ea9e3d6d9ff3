"""What real Sentry would have refused a request for, and the fake accepts unless it is strict."""

from __future__ import annotations

from pytest_sentryintegration.store import Arrival, Tolerated
from pytest_sentryintegration.verdict.finding import REQUEST, Finding

_REFUSALS: dict[Tolerated, tuple[str, str]] = {
    "toy_key": (
        "400 invalid project key",
        "sentry_key {key!r} is not 32 characters: Sentry answers 400 (invalid project key)",
    ),
    "no_authentication": (
        "401 missing authorization information",
        "no authentication: Sentry answers 401 (missing authorization information)",
    ),
    "no_such_endpoint": ("404", "/stream is Spotlight's: Sentry has no such endpoint (404)"),
}


def refusal(arrival: Arrival) -> Finding | None:
    """Return the finding about the request that *arrival* came in; ``None`` where Sentry accepts it.

    Its path is ``dsn.public_key`` or ``the request``, so that a suite with a DSN made up for tests can allow
    ``dsn.**``. `rule` is Relay's answer: ``400 invalid project key``.
    """
    if arrival.tolerated is None:
        return None
    key = arrival.public_key
    rule, problem = _REFUSALS[arrival.tolerated]
    problem = problem.format(key=key if len(key) <= 40 else key[:40] + "...")
    path, sent = ("dsn.public_key", key) if arrival.tolerated == "toy_key" else (REQUEST, arrival.endpoint)
    return Finding(path, rule, sent, None, f"Real Sentry refuses this request: {problem}.")
