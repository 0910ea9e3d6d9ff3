"""Section 7: what real Sentry would have done with it."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import (
    OPTIONS,
    STREAMED,
    TRACE,
    child,
    event,
    fail,
    post,
    root,
    streamed,
    streamed_span,
)
from tests.integration.conftest import Run

pytest.importorskip("sentry_relay")


@pytest.fixture
def sentry_options() -> dict[str, Any]:
    """Without the stack traces of messages, whose variables Sentry does trim."""
    return {**OPTIONS, "attach_stacktrace": False}


def test_an_ordinary_message_is_accepted(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    verdict = sentry_events.messages.find("hello").verdict
    assert (verdict.outcome, verdict.reason) == ("accepted", None)
    assert list(verdict.findings) == []


def test_an_ordinary_transaction_is_accepted(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db.query", "SELECT 1"):
        pass
    assert sentry_events.transactions.find("checkout").verdict.outcome == "accepted"


def test_assert_accepted_passes_where_all_is_well(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    with root("checkout", "task"), child("db.query"):
        pass
    sentry_events.assert_accepted()


def test_a_tag_that_is_too_long_is_trimmed_and_found(sentry_events: SentryEvents) -> None:
    sentry_sdk.set_tag("long", "x" * 300)
    sentry_sdk.capture_message("hello")
    verdict = sentry_events.messages.find("hello").verdict
    assert verdict.outcome == "trimmed"
    (finding,) = verdict.findings
    assert "tags" in finding.path
    assert "long" in finding.path
    assert finding.sent == "x" * 300
    assert finding.stored != finding.sent
    assert finding.rule
    assert finding.text


def test_a_level_that_sentry_does_not_know_is_found(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("hello", level="bogus"))
    seen = sentry_events.messages.find("hello")
    assert seen.verdict.outcome == "trimmed"
    assert any("level" in finding.path and finding.sent == "bogus" for finding in seen.verdict.findings)


def test_malformed_json_is_dropped_in_relays_words(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, ({"type": "event"}, b'{"message": '))
    verdict = sentry_events.items.find("event").verdict
    assert (verdict.outcome, verdict.reason) == ("dropped", "invalid_json")


def test_a_toy_key_is_taken_and_becomes_a_finding(sentry_events: SentryEvents) -> None:
    assert post(sentry_events.dsn, event("hello"), key="public").status == 200
    verdict = sentry_events.messages.find("hello").verdict
    assert verdict.outcome == "refused"
    assert any("public" in finding.text for finding in verdict.findings)


def test_assert_accepted_fails_with_all_findings_worst_first(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("one", tags={"long": "x" * 300}))
    post(sentry_events.dsn, ({"type": "event"}, b'{"message": '))
    with pytest.raises(AssertionError) as caught:
        sentry_events.assert_accepted()
    text = str(caught.value)
    assert "1 dropped, 1 trimmed" in text
    assert text.index("JSON") < text.index("tags.long")


def test_stored_is_the_payload_as_sentry_would_store_it(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("hello", tags={"a": "b"}, level="bogus"))
    stored = sentry_events.messages.find("hello").verdict.stored
    assert stored["logentry"]["formatted"] == "hello"
    assert stored["level"] == "error"
    assert ["a", "b"] in stored["tags"]


def test_what_the_sdk_cut_and_annotated_itself_is_no_finding(sentry_events: SentryEvents) -> None:
    sentry_sdk.get_isolation_scope().set_extra("rows", [list(range(100)) for _ in range(100)])
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert "_meta" in seen.raw
    assert list(seen.verdict.findings) == []


def test_a_frozen_clock_is_not_judged_as_stale(sentry_events: SentryEvents) -> None:
    long_ago = time.time() - 400 * 86400
    sent_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(long_ago))
    post(sentry_events.dsn, event("hello", timestamp=long_ago), sent_at=sent_at)
    assert sentry_events.messages.find("hello").verdict.outcome == "accepted"


def test_an_event_that_is_too_old_is_found(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("hello", timestamp=time.time() - 400 * 86400))
    verdict = sentry_events.messages.find("hello").verdict
    assert verdict.outcome == "trimmed"
    assert any("timestamp" in finding.path for finding in verdict.findings)


def test_pii_says_what_sentrys_scrubbing_would_remove(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("hello", extra={"password": "hunter2", "colour": "blue"}))
    pii = sentry_events.messages.find("hello").verdict.pii
    assert pii
    assert "password" in str(pii)
    assert "colour" not in str(pii)


def test_every_item_has_a_verdict(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    with root("checkout", "task"):
        pass
    kinds = {item.type: item.verdict.outcome for item in sentry_events.items}
    assert kinds == {"event": "accepted", "span" if STREAMED else "transaction": "accepted"}


def test_an_unknown_item_type_is_dropped(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, ({"type": "of_the_future"}, b"x"))
    assert sentry_events.items.find("of_the_future").verdict.outcome == "dropped"


def test_an_ordinary_error_has_no_finding_outside_of_its_variables(sentry_events: SentryEvents) -> None:
    fail(ValueError("oh"))
    findings = sentry_events.errors.find(ValueError).verdict.findings
    assert [finding.path for finding in findings if "vars" not in finding.path] == []


def test_without_the_extra_stored_says_what_to_install_and_the_rest_works(run: Run) -> None:
    conftest = "import sys\nsys.modules['sentry_relay'] = None\n"
    test_it = """
        import pytest, sentry_sdk
        def test_it(sentry_events):
            sentry_sdk.capture_message("hello")
            seen = sentry_events.messages.find("hello")
            with pytest.raises(Exception, match=r"sentryintegration\\[relay\\]"):
                seen.verdict.stored
            assert seen.verdict.outcome
        """
    run(conftest=conftest, test_it=test_it).assert_outcomes(passed=1)


ORDINARY: dict[str, tuple[dict[str, Any], Any]] = {
    "check_in": ({"type": "check_in"}, {"check_in_id": "a" * 32, "monitor_slug": "nightly", "status": "ok"}),
    "session": (
        {"type": "session"},
        {
            "sid": "5e8f42e1-9a2c-4d1a-8d5c-5f1e0a7f3c11",
            "status": "ok",
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "attrs": {"release": "shop@1"},
        },
    ),
    "client_report": (
        {"type": "client_report"},
        {"timestamp": time.time(), "discarded_events": [{"reason": "a", "category": "error", "quantity": 1}]},
    ),
    "span": streamed(streamed_span(1, "checkout", "task")),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_items_of_every_kind_are_accepted(sentry_events: SentryEvents, kind: str) -> None:
    post(sentry_events.dsn, ORDINARY[kind], trace={"trace_id": TRACE, "public_key": "a" * 32})
    verdict = sentry_events.items.find(kind).verdict
    assert (verdict.outcome, list(verdict.findings)) == ("accepted", [])


def test_an_attachment_with_its_event_is_accepted(sentry_events: SentryEvents) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.add_attachment(bytes=b"x", filename="x.txt")
        sentry_sdk.capture_message("hello")
    assert sentry_events.items.find("attachment").verdict.outcome == "accepted"


def test_paths_can_be_allowed(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("hello", tags={"long": "x" * 300}))
    sentry_events.assert_accepted(allow=["tags.long"])
    with pytest.raises(AssertionError, match=r"tags\.long"):
        sentry_events.assert_accepted(allow=["tags.other"])
