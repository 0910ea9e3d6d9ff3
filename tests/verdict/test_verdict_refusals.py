"""What real Sentry refuses at the door, and what the fake was kind about."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.verdict import judge
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
    note = "sentry_key 'public' is not 32 characters: Sentry answers 400 (invalid project key)"

    verdict = judged("event", event(level="warn"), notes=(note,), public_key="public")

    assert (verdict.outcome, verdict.reason) == ("refused", "400 invalid project key")
    assert [(found.path, found.rule, found.sent) for found in verdict.findings] == [
        ("dsn.public_key", "400 invalid project key", "public"),
        ("level", "invalid_data", "warn"),
    ]
    assert note in verdict.findings[0].text
    assert verdict.stored["level"] == "error"


@pytest.mark.parametrize(
    ("note", "path", "rule"),
    [
        ("unknown project: Sentry answers 403 (ProjectId)", "dsn.project_id", "403 ProjectId"),
        ("/stream is Spotlight's: Sentry has no such endpoint (404)", "the request", "404"),
        ("something else", "the request", "refused"),
    ],
)
def test_a_note_becomes_a_finding(note: str, path: str, rule: str) -> None:
    verdict = judged("check_in", {"monitor_slug": "a", "status": "ok"}, notes=(note,))

    assert [(found.path, found.rule) for found in verdict.findings] == [(path, rule)]
    assert verdict.outcome == "refused"
