"""The lines of the terminal summary."""

from __future__ import annotations

from typing import Any

from pytest_sentryintegration.words.summary import added, summary_lines
from tests.words.test_failures import text


def counted(*allow: str, failing: tuple[str, ...] = ("sentry_unexpected",)) -> dict[str, Any]:
    shown = [("fail", f"error '{entry}' of test_a") for entry in allow[:10]]
    late = {"counts": {"fail": len(allow)}, "shown": shown, "failing": list(failing), "allow": list(allow)}
    outside: dict[str, Any] = {"counts": {}, "shown": [], "failing": [], "allow": []}
    return {"tests": 1, "envelopes": 1, "strays": 0, "lines": [], "late": late, "outside": outside}


def test_what_fails_the_run_late_comes_with_the_entries_that_allow_it() -> None:
    lines = summary_lines(added(counted("CartError"), counted("KeyError", failing=("sentry_secrets",))))

    assert "\n".join(lines) == text("""
        Sentry: 2 envelopes captured in 2 tests
        Sentry: 2 envelopes came after their tests had finished:
          error 'CartError' of test_a   (fails the run)
          error 'KeyError' of test_a   (fails the run)
        Sentry: the run fails for 2 of these, by sentry_secrets, sentry_unexpected of their tests
        Sentry: have these tests wait for what is expected, or allow it, for all tests:
          sentry_allow =
              CartError
              KeyError
        """)


def test_of_many_entries_ten_are_written() -> None:
    lines = summary_lines(counted(*(f"Error{number:02}" for number in range(12))))

    assert lines[-3:] == [
        "      Error08",
        "      Error09",
        "      ... and 2 more, which --sentry-allow-all FILE writes",
    ]
