"""What Sentry's normaliser does to an event, example by example; each was run against it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verdict.builders import NOW, event, judged, places

DEEP = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}
CASES: list[tuple[dict[str, Any], list[tuple[str, str, Any, Any]]]] = [
    ({"level": "warn"}, [("level", "invalid_data", "warn", "error")]),
    ({"tags": {"k": "v" * 201}}, [("tags.k", "!limit", "v" * 201, "v" * 197 + "...")]),
    ({"tags": {"k": "a\nb"}}, [("tags.k", "invalid_data", "a\nb", None)]),
    (
        {"tags": {"a b": "y", "a/b": "z"}},
        [("tags.a/b", "invalid_data", "a/b", None), ("tags.a b", "tag_key", "a b", "a-b")],
    ),
    (
        {"tags": {"f": 1.5, "b": True, "l": [1], "n": None}},
        [("tags.l", "invalid_data", [1], None), ("tags.f", "coerced", 1.5, "1")],
    ),
    ({"release": "a/b"}, [("release", "invalid_data", "a/b", None)]),
    ({"environment": "none"}, [("environment", "invalid_data", "none", None)]),
    ({"message": "x" * 8393}, [("message", "!limit", "x" * 8393, "x" * 8189 + "...")]),
    ({"message": "x" * 8392}, []),
    ({"timestamp": NOW - 91 * 86400}, [("timestamp", "past_timestamp", NOW - 91 * 86400, NOW)]),
    ({"timestamp": NOW + 120}, [("timestamp", "future_timestamp", NOW + 120, NOW)]),
    ({"extra": DEEP}, [("extra.a.b.c.d.e.f", "depth", {"g": {"h": 1}}, '{"g":{"h":1}}')]),
    (
        {"user": {"id": 5, "foo": "bar", "ip_address": "not-an-ip"}},
        [("user.ip_address", "invalid_data", "not-an-ip", None)],
    ),
    (
        {"exception": [{"value": "ValueError: bad"}]},
        [("exception.values.0.value", "split", "ValueError: bad", "bad")],
    ),
    ({"foo": 1, "message": "x"}, [("foo", "invalid_attribute", 1, None)]),
]


@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_an_example_gives_its_findings(
    fields: dict[str, Any], expected: list[tuple[str, str, Any, Any]]
) -> None:
    verdict = judged("event", event(**fields))

    assert places(verdict) == expected
    assert verdict.outcome == ("trimmed" if expected else "accepted")


def test_a_transaction_without_a_start_is_dropped() -> None:
    trace = {"trace": {"trace_id": "a" * 32, "span_id": "b" * 16}}

    verdict = judged("transaction", event(type="transaction", contexts=trace))

    assert (verdict.outcome, verdict.reason) == ("dropped", "invalid_transaction")
    assert "start_timestamp hard-required" in verdict.findings[0].text
    assert verdict.stored is None


def test_a_lone_surrogate_loses_the_whole_event() -> None:
    verdict = judged("event", event(message="\ud800"))

    assert (verdict.outcome, verdict.reason) == ("dropped", "invalid_json")


def test_scrubbing_follows_the_settings_of_a_project() -> None:
    verdict = judged(
        "event",
        event(
            extra={"password": "hunter2", "mykey": 1},
            message="card 4111111111111111",
            user={"ip_address": "1.2.3.4"},
        ),
    )

    scrubbed = verdict.scrubbed(
        scrub_ip_addresses=True, sensitive_fields=["mykey"], exclude_fields=["public"]
    )

    assert [(found.path, found.sent, found.stored) for found in scrubbed.findings] == [
        ("extra.mykey", 1, None),
        ("user.ip_address", "1.2.3.4", None),
        ("extra.password", "hunter2", "[Filtered]"),
        ("logentry.formatted", "card 4111111111111111", "card [creditcard]"),
    ]
