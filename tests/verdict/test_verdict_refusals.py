"""What real Sentry refuses before it reads the body, and what the fake Sentry accepts all the same."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.store import Tolerated
from pytest_sentryintegration.verdict import Finding, judge
from pytest_sentryintegration.wire.envelope import RawItem
from tests.verdict.builders import arrival, event, item, judged, transaction


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        ([item("event", event()), item("event", event())], "event"),
        ([item("event", event()), item("transaction", transaction())], "transaction"),
        ([item("event", event()), item("feedback", event())], "user_report_v2"),
        ([item("event", b'"' + b"x" * 2**20 + b'"')], "event"),
        ([item("check_in", {}), item("check_in", {})], "check_in"),
        ([item("client_report", b" " * 102401)], "client_report"),
    ],
)
def test_too_much_refuses_the_whole_envelope(items: list[RawItem], kind: str) -> None:
    verdicts = [judge(arrival(*items), index) for index in range(len(items))]

    assert {verdict.outcome for verdict in verdicts} == {"refused"}
    assert all((verdict.reason or "").startswith("413 envelope exceeded size limits") for verdict in verdicts)
    assert f"'{kind}'" in (verdicts[-1].reason or "")


def test_relay_s_own_items_are_refused() -> None:
    envelope = arrival(item("integration", b""), item("event", event()))

    assert judge(envelope, 1).reason == "400 envelope contains internal items"
    assert (
        judge(
            arrival(item("integration", b"", content_type="application/x-protobuf"), endpoint="otlp"), 0
        ).outcome
        == "accepted"
    )


def test_a_toy_key_is_a_finding_that_can_be_allowed() -> None:
    verdict = judged("event", event(level="warn"), tolerated="toy_key", public_key="public")

    assert (verdict.outcome, verdict.reason) == ("refused", "400 invalid project key")
    assert [(found.path, found.rule, found.sent) for found in verdict.findings] == [
        ("dsn.public_key", "400 invalid project key", "public"),
        ("level", "invalid_data", "warn"),
    ]
    assert verdict.findings[0].text == (
        "Real Sentry refuses this request: sentry_key 'public' is not 32 characters:"
        " Sentry answers 400 (invalid project key)."
    )
    assert verdict.stored["level"] == "error"


def test_a_very_long_key_is_shown_in_short() -> None:
    verdict = judged(
        "check_in", {"monitor_slug": "a", "status": "ok"}, tolerated="toy_key", public_key="k" * 10_000
    )

    assert len(verdict.findings[0].text) < 180


@pytest.mark.parametrize(
    ("tolerated", "rule", "text"),
    [
        (
            "no_authentication",
            "401 missing authorization information",
            "no authentication: Sentry answers 401 (missing authorization information)",
        ),
        ("no_such_endpoint", "404", "/stream is Spotlight's: Sentry has no such endpoint (404)"),
    ],
)
def test_what_the_fake_tolerates_is_a_finding_about_the_request(
    tolerated: Tolerated, rule: str, text: str
) -> None:
    verdict = judged("check_in", {"monitor_slug": "a", "status": "ok"}, tolerated=tolerated)

    assert verdict.findings == (
        Finding("the request", rule, "envelope", None, f"Real Sentry refuses this request: {text}."),
    )
    assert verdict.outcome == "refused"
