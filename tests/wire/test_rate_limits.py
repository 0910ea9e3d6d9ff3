from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.rate_limits import (
    RateLimit,
    enforce,
    format_rate_limits,
    parse_rate_limits,
    rate_limited,
)

ALL = RateLimit(60)


def envelope(*types: str | tuple[str, dict[str, Any]]) -> RawEnvelope:
    items = [(entry, {}) if isinstance(entry, str) else entry for entry in types]
    return RawEnvelope({}, tuple(RawItem({"type": name, **headers}, b"{}") for name, headers in items))


def removed(limits: list[RateLimit], *types: str | tuple[str, dict[str, Any]]) -> list[str]:
    enforced = enforce(limits, envelope(*types))
    assert len(enforced.kept) + len(enforced.removed) == len(types)
    return [item.type for item in enforced.removed]


def limit(*categories: str) -> list[RateLimit]:
    return [RateLimit(60, categories)]


HEADERS = [
    ("42::organization:my_limit", [RateLimit(42, reason="my_limit")]),
    ("4711:transaction;security:project", [RateLimit(4711, ("transaction", "security"), "project")]),
    (
        "42:metric_bucket:organization::spans",
        [RateLimit(42, ("metric_bucket",), namespaces=("spans",))],
    ),
    ("10:transaction;span:key:get_lost", [RateLimit(10, ("transaction", "span"), "key", "get_lost")]),
    ("1::key, 2:error:project", [RateLimit(1, (), "key"), RateLimit(2, ("error",), "project")]),
]


@pytest.mark.parametrize(("header", "limits"), HEADERS)
def test_limits_are_announced_as_relay_does(header: str, limits: list[RateLimit]) -> None:
    assert format_rate_limits(limits) == header


@pytest.mark.parametrize(("header", "limits"), HEADERS)
def test_what_is_announced_is_read_back(header: str, limits: list[RateLimit]) -> None:
    assert parse_rate_limits(header) == limits


@pytest.mark.parametrize(
    "header", ["", ",", "x", "x:error", "-1:error", "1.5:error", ":", " , ,", "\u0663:error"]
)
def test_malformed_limits_are_passed_over(header: str) -> None:
    assert parse_rate_limits(header) == []


def test_a_bare_number_limits_everything() -> None:
    assert parse_rate_limits(" 60 ") == [RateLimit(60)]


def test_the_answer_waits_for_the_longest() -> None:
    refusal = rate_limited([RateLimit(10, ("error",)), RateLimit(42, ("span",), "key")])

    assert refusal.status == 429
    assert refusal.headers == {
        "retry-after": "42",
        "x-sentry-rate-limits": "10:error:organization, 42:span:key",
    }


@pytest.mark.parametrize(
    ("category", "item_type"),
    [
        ("error", "event"),
        ("transaction", "transaction"),
        ("security", "raw_security"),
        ("feedback", "feedback"),
        ("feedback", "user_report"),
        ("attachment", "attachment"),
        ("attachment_item", "attachment"),
        ("session", "session"),
        ("profile", "profile"),
        ("transaction", "profile"),
        ("monitor", "check_in"),
        ("replay", "replay_recording"),
        ("replay", "replay_video"),
        ("replay", "replay_event"),
        ("log_item", "log"),
        ("log_byte", "log"),
        ("trace_metric", "trace_metric"),
        ("trace_metric_byte", "trace_metric"),
        ("span", "span"),
    ],
)
def test_a_limit_takes_the_items_of_its_category(category: str, item_type: str) -> None:
    enforced = enforce(limit(category), envelope(item_type))

    assert [item.type for item in enforced.removed] == [item_type]
    assert (enforced.limits, enforced.categories) == (tuple(limit(category)), (category,))


def test_other_categories_are_left_alone() -> None:
    enforced = enforce(limit("error"), envelope("transaction", "session", "log"))

    assert (enforced.removed, enforced.limits, enforced.categories) == ((), (), ())


def test_a_limited_event_takes_along_what_requires_it() -> None:
    types = ("event", "attachment", "user_report", "profile", "session", "client_report", "log", "span")

    assert removed(limit("error"), *types) == ["event", "attachment", "user_report", "profile"]


def test_a_limited_transaction_takes_its_spans_along() -> None:
    assert removed(limit("transaction"), "transaction", "span", "profile") == [
        "transaction",
        "span",
        "profile",
    ]


def test_a_limited_attachment_leaves_its_event() -> None:
    assert removed(limit("attachment"), "event", "attachment") == ["attachment"]


def test_a_limit_on_attachments_leaves_crash_reports_and_does_not_announce_itself() -> None:
    crash = ("attachment", {"attachment_type": "event.minidump"})
    enforced = enforce(limit("attachment"), envelope(crash))

    assert (len(enforced.kept), enforced.limits) == (1, ())


def test_a_crash_report_is_an_error() -> None:
    assert removed(limit("error"), ("attachment", {"attachment_type": "event.minidump"})) == ["attachment"]


def test_everything_is_limited_but_what_never_is() -> None:
    types = ("event", "log", "check_in", "sessions", "client_report", "statsd")
    enforced = enforce([ALL], envelope(*types))

    assert [item.type for item in enforced.kept] == ["sessions", "client_report", "statsd"]
    assert enforced.limits == (ALL,)


def test_aggregated_sessions_stay_but_the_limit_is_announced() -> None:
    enforced = enforce(limit("session"), envelope("sessions"))

    assert (len(enforced.kept), enforced.limits) == (1, tuple(limit("session")))


@pytest.mark.parametrize("category", ["transaction_indexed", "span_indexed", "profile_indexed"])
def test_indexed_categories_are_not_enforced_here(category: str) -> None:
    assert removed(limit(category), "transaction", "span", "profile") == []


def test_otlp_is_limited_as_what_it_carries() -> None:
    assert removed(limit("span"), ("integration", {"integration": "otlp_traces"})) == ["integration"]
    assert removed(limit("log_item"), ("integration", {"integration": "otlp_logs"})) == ["integration"]


def test_an_expired_limit_is_none() -> None:
    assert removed([RateLimit(0, ("error",))], "event") == []


def test_the_first_event_decides_for_all() -> None:
    assert removed(limit("transaction"), "event", "transaction") == []
    assert removed(limit("error"), "event", "transaction") == ["event", "transaction"]


@pytest.mark.parametrize("namespaces", [(), ("transactions",), ("spans",)])
def test_a_limit_on_metric_buckets_is_announced_whatever_its_namespace(namespaces: tuple[str, ...]) -> None:
    # Relay: relay-server/src/services/projects/cache/project.rs:107; tests/integration/test_metrics.py:408.
    one = RateLimit(60, ("metric_bucket",), reason="spent", namespaces=namespaces)
    enforced = enforce([one], envelope("metric_buckets", "event"))

    assert (enforced.limits, enforced.removed, enforced.categories) == ((one,), (), ("metric_bucket",))


def test_a_limit_with_a_namespace_holds_for_metric_buckets_alone() -> None:
    # Relay: relay-quotas/src/rate_limit.rs:237.
    assert removed([RateLimit(60, namespaces=("spans",))], "event", "span", "metric_buckets") == []
    assert removed([RateLimit(60)], "event", "metric_buckets") == ["event"]


def test_a_limit_on_spans_takes_their_attachments_and_leaves_those_of_the_trace() -> None:
    # Relay: "Handle span attachments" in relay-server/src/utils/rate_limits.rs:925.
    trace = {"content_type": "application/vnd.sentry.trace-attachment"}
    of_span = ("attachment", {**trace, "span_id": None})

    assert removed(limit("span"), of_span, ("attachment", trace)) == ["attachment"]
    assert removed(limit("attachment"), of_span, ("attachment", trace)) == ["attachment", "attachment"]


def test_a_limit_on_spans_is_announced_to_a_transaction_and_leaves_it() -> None:
    # Relay: Item::quantities in envelope/item.rs:107 counts its spans.
    enforced = enforce(limit("span"), envelope("transaction", "span"))

    assert [item.type for item in enforced.removed] == ["span"]
    assert enforce(limit("span"), envelope("transaction")).limits == tuple(limit("span"))
    assert enforce(limit("span"), envelope("event")).limits == ()
