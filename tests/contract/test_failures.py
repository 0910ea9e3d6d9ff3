"""Section 4: what a test says when it fails, read as a person reads it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, capture, span
from tests.contract.sending import OPTIONS, REAL_DSN, child, event, fail, post, root


def failure(ask: Callable[[], object]) -> str:
    """The text of the assertion that *ask* raises."""
    with pytest.raises(AssertionError) as caught:
        ask()
    return str(caught.value)


def drop_private(event: Any, hint: Any) -> Any:
    """Drop what is named private."""
    return None if "private" in event.get("message", "") else event


@pytest.mark.sentry(before_send=drop_private)
def test_a_failure_says_what_was_expected_what_came_and_the_nearest_miss(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("Spec failed: structure", level="error")
    sentry_sdk.capture_message("Something else", level="info")
    with root("checkout", "task"):
        pass
    for number in range(2):
        sentry_sdk.capture_message(f"private {number}")
    text = failure(lambda: sentry_events.messages.find(re.compile("^Spec failed"), level="warning"))
    assert text.splitlines() == [
        "Expected one message matching text=re('^Spec failed'), level='warning' within 1.0 s;"
        " 2 messages arrived, none matched.",
        "  nearest: 'Spec failed: structure'   (1 of 2 criteria differs)",
        "    level: expected 'warning', got 'error'",
        "Also received: 1 transaction, 1 client report (2 events dropped by before_send).",
    ]


def test_the_headline_is_one_line_where_it_fits_and_else_breaks_before_120_columns(
    sentry_events: SentryEvents,
) -> None:
    sentry_sdk.capture_message("hello")
    tags = {f"a rather long name {number}": "a rather long value" for number in range(4)}
    text = failure(lambda: sentry_events.messages.find("hello", tags=tags, timeout=0))
    assert len(text.splitlines()[0]) <= 120
    assert text.startswith("Expected one message matching")
    short = failure(lambda: sentry_events.messages.find("hello", level="warning", timeout=0))
    assert short.splitlines()[0].endswith(".")


def test_only_the_fields_that_differ_are_shown(sentry_events: SentryEvents) -> None:
    sentry_sdk.set_tag("graph", "g2")
    sentry_sdk.capture_message("hello", level="warning")
    text = failure(
        lambda: sentry_events.messages.find("hello", level="warning", tags={"graph": "g1"}, timeout=0)
    )
    assert "(1 of 3 criteria differs)" in text
    assert "tags['graph']: expected 'g1', got 'g2'" in text or "tags.graph: expected 'g1', got 'g2'" in text
    assert "level:" not in text


def test_the_nearest_of_many_is_the_one_that_differs_least(sentry_events: SentryEvents) -> None:
    for number in range(30):
        sentry_sdk.capture_message(f"number {number}")
    sentry_sdk.set_tag("graph", "g1")
    sentry_sdk.capture_message("almost", level="warning")
    text = failure(
        lambda: sentry_events.messages.find("almost", level="error", tags={"graph": "g1"}, timeout=0)
    )
    assert re.search(r"nearest: 'almost'   \(1 of 3 criteria differs\)\n +level: expected 'error'", text)
    assert len(text.splitlines()) < 25


def test_several_matches_are_shown(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("same", level="warning")
    sentry_sdk.capture_message("same", level="error")
    text = failure(lambda: sentry_events.messages.find("same"))
    assert "2" in text.splitlines()[0]
    assert "warning" in text
    assert "error" in text


def test_a_missing_tag_is_named(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    text = failure(lambda: sentry_events.messages.find("hello", tags={"graph": "g1"}, timeout=0))
    assert re.search(r"graph.*expected 'g1'", text)
    assert re.search(r"missing|not there|nothing|absent", text)


def test_the_failure_of_an_error_names_its_type_and_value(sentry_events: SentryEvents) -> None:
    fail(ValueError("no such cart"))
    text = failure(lambda: sentry_events.errors.find(KeyError, timeout=0))
    assert text.startswith("Expected one error")
    assert "KeyError" in text.splitlines()[0]
    assert "ValueError" in text
    assert "no such cart" in text


def test_what_was_looked_for_under_the_wrong_noun_is_pointed_out(sentry_events: SentryEvents) -> None:
    fail(ValueError("oh"))
    text = failure(lambda: sentry_events.messages.find("oh", timeout=0))
    assert "1 error would match: what has an exception is in sentry_events.errors." in text
    assert "lost" not in text
    sentry_sdk.capture_message("hello")
    text = failure(lambda: sentry_events.errors.find("hello", timeout=0))
    assert "1 message would match: what has no exception is in sentry_events.messages." in text


def test_none_shows_what_it_found(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("my password", level="warning")
    text = failure(lambda: sentry_events.messages.none(re.compile("password")))
    assert "no message" in text.splitlines()[0]
    assert "my password" in text


def test_wait_says_how_many_came_of_how_many(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("b")
    text = failure(lambda: sentry_events.messages.wait(2, "a", timeout=0.1))
    assert re.match(r"Expected (at least )?2 messages matching text='a' within 0\.1 s", text)
    assert "2 messages arrived, 1 matched" in text.splitlines()[0]


def test_hostile_text_stays_on_its_line_and_is_cut(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("a\nb\x1b[31m" + "x" * 5000))
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 300


def test_two_trees_that_differ_are_one_column_with_marks(sentry_events: SentryEvents) -> None:
    with root("checkout", "http.server"):
        with child("db.query", "SELECT 2"):
            pass
        with child("log.write"):
            pass
    tree = sentry_events.transactions.find("checkout").tree
    text = failure(
        lambda: assert_equal(tree, span("http.server", span("db.query", "SELECT 1"), span("cache.get")))
    )
    assert "SELECT 1" in text
    assert "SELECT 2" in text
    lines = text.splitlines()
    assert sum("db.query" in line for line in lines) <= 2
    assert any(re.match(r" *[-] .*cache\.get", line) for line in lines)
    assert any(re.match(r" *[+] .*log\.write", line) for line in lines)


def assert_equal(tree: object, pattern: object) -> None:
    """An assertion as tests write it."""
    assert tree == pattern


def test_a_tree_difference_keeps_within_80_columns(sentry_events: SentryEvents) -> None:
    with root("checkout", "http.server"), child("db.query", "SELECT " + "column, " * 50 + "FROM cart"):
        pass
    tree = sentry_events.transactions.find("checkout").tree
    text = failure(lambda: assert_equal(tree, span("http.server", span("db.query", "SELECT 1"))))
    shown = [line for line in text.splitlines()[1:] if "db.query" in line or "SELECT" in line]
    assert max(map(len, shown)) <= 80
    assert any("expected 'SELECT 1'" in line for line in shown)
    assert any("got " in line and "FROM cart'" in line for line in shown)


def test_the_patterns_repr_carries_the_first_difference(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db.query"):
        pass
    tree = sentry_events.transactions.find("checkout").tree
    pattern = span("task", span("cache.get"))
    assert "missing" not in repr(pattern)
    assert tree != pattern
    assert "cache.get is missing" in repr(pattern)


@pytest.mark.sentry(before_send=drop_private)
def test_dropped_by_before_send_is_said(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("private")
    text = failure(lambda: sentry_events.messages.find("private", timeout=0))
    assert "before_send" in text


@pytest.mark.sentry(traces_sample_rate=0.0)
def test_sampled_out_is_said_with_its_rate(sentry_events: SentryEvents) -> None:
    with root("checkout"):
        pass
    text = failure(lambda: sentry_events.transactions.find("checkout", timeout=0))
    assert "sampled out" in text
    assert "traces_sample_rate" in text
    assert re.search(r"0(\.0)?\b", text)


@pytest.mark.sentry(traces_sample_rate=None)
def test_tracing_that_is_off_is_said(sentry_events: SentryEvents) -> None:
    with root("checkout"):
        pass
    text = failure(lambda: sentry_events.transactions.find("checkout", timeout=0))
    assert "traces_sample_rate" in text


@pytest.mark.sentry(sample_rate=0.0)
def test_an_event_sampled_out_is_said_with_its_rate(sentry_events: SentryEvents) -> None:
    fail(ValueError("oh"))
    text = failure(lambda: sentry_events.errors.find(ValueError, timeout=0))
    assert "sample_rate" in text


def test_a_duplicate_is_said(sentry_events: SentryEvents) -> None:
    error = ValueError("oh")
    sentry_sdk.capture_exception(error)
    sentry_sdk.capture_exception(error)
    text = failure(lambda: sentry_events.errors.wait(2, ValueError, timeout=0))
    assert re.search(r"duplicat", text)


def test_an_application_without_dsn_is_said(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(dsn="", **OPTIONS)
    sentry_sdk.capture_message("hello")
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert "DSN" in text


def test_no_client_is_said(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    sentry_sdk.get_global_scope().set_client(None)
    for scope in (sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope()):
        scope.set_client(None)
    sentry_sdk.capture_message("hello")
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert re.search(r"no (SDK )?client|not initiali[sz]ed|without a client", text)


def test_rate_limited_is_said(sentry_events: SentryEvents) -> None:
    sentry_events.faults.rate_limit("error")
    for _ in range(2):
        sentry_sdk.capture_message("hello")
        len(sentry_events.messages)
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert re.search(r"rate.limit", text)


def test_refused_by_the_fake_is_said_with_its_status(sentry_events: SentryEvents) -> None:
    sentry_events.faults.status(503)
    sentry_sdk.capture_message("hello")
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert "503" in text
    assert "refused" in text


def test_another_process_that_never_connected_is_said(sentry_events: SentryEvents) -> None:
    assert sentry_events.env["SENTRY_DSN"]
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert re.search(r"process.*connected|connected.*process", text)


def test_nothing_captured_at_all_is_said(sentry_events: SentryEvents) -> None:
    text = failure(lambda: sentry_events.messages.find("hello", timeout=0))
    assert "nothing" in text.lower()


@pytest.mark.sentry(before_send=drop_private)
def test_explain_is_the_same_evidence_at_any_time(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("private")
    text = sentry_events.explain()
    assert isinstance(text, str)
    assert "before_send" in text


def test_a_drain_takes_at_most_five_seconds_and_then_says_so() -> None:
    with capture() as sentry_events:
        sentry_events.faults.delay(3600)
        sentry_sdk.capture_message("hello")
        begin = time.perf_counter()
        text = failure(lambda: sentry_events.messages.find("never", timeout=0))
        assert time.perf_counter() - begin < 20
    assert "1 envelope was still queued after 5 s of waiting" in " ".join(text.split())
