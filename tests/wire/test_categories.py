from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.wire.attachments import is_span_attachment
from pytest_sentryintegration.wire.categories import (
    DATA_CATEGORIES,
    KINDS,
    UNKNOWN,
    is_container,
    item_count,
    kind_of,
    quantities,
)
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.limits import BUCKETS


def item(item_type: str, payload: bytes = b"", **headers: Any) -> RawItem:
    return RawItem({"type": item_type, **headers}, payload)


# Relay's own tables: type, first category, creates event, requires event, bucket.
TABLE = [
    ("event", "error", True, True, "event"),
    ("transaction", "transaction", True, True, "event"),
    ("feedback", "feedback", True, True, "event"),
    ("security", "security", True, True, "event"),
    ("raw_security", "security", True, True, "event"),
    ("replay_event", "replay", False, True, "event"),
    ("form_data", None, False, True, "event"),
    ("attachment", "attachment", False, True, "attachment"),
    ("unreal_report", "error", True, True, "attachment"),
    ("user_report", "feedback", False, True, "attachment"),
    ("session", "session", False, False, "session"),
    ("sessions", "session", False, False, "session"),
    ("client_report", None, False, False, "client_report"),
    ("profile", "profile", False, True, "profile"),
    ("profile_chunk", None, False, False, "profile"),
    ("profile_chunk_ui", None, False, False, "profile"),
    ("check_in", "monitor", False, False, "check_in"),
    ("replay_recording", "replay", False, False, "replay_recording"),
    ("replay_video", "replay", False, False, "replay_video"),
    ("log", "log_item", False, False, "log"),
    ("trace_metric", "trace_metric", False, False, "trace_metric"),
    ("span", "span", False, False, "span_legacy"),
    ("metric_buckets", None, False, False, "metric_buckets"),
    ("integration", None, False, False, "integration"),
]


@pytest.mark.parametrize(("item_type", "category", "creates", "requires", "bucket"), TABLE)
def test_each_item_type_is_what_sentry_makes_of_it(
    item_type: str, category: str | None, creates: bool, requires: bool, bucket: str
) -> None:
    kind = kind_of(item(item_type))

    assert (kind.categories[:1], kind.creates_event, kind.requires_event, kind.bucket) == (
        (category,) if category else (),
        creates,
        requires,
        bucket,
    )


def test_the_table_is_complete() -> None:
    assert {row[0] for row in TABLE} == KINDS.keys()
    assert {kind.bucket for kind in KINDS.values()} <= BUCKETS.keys()
    assert {name for kind in KINDS.values() for name in kind.categories} <= DATA_CATEGORIES.keys()


@pytest.mark.parametrize("item_type", ["statsd", "otel_span", "nel", "", "Event", "metric_meta"])
def test_other_types_are_unknown(item_type: str) -> None:
    assert kind_of(item(item_type)) is UNKNOWN
    assert quantities(item(item_type)) == ()


@pytest.mark.parametrize(
    "attachment_type",
    [
        "event.minidump",
        "event.applecrashreport",
        "event.payload",
        "event.breadcrumbs",
        "event.nv_gpudmp",
        "playstation.prosperodump",
        "nswitch.dying_message",
    ],
)
def test_a_crash_report_creates_an_event(attachment_type: str) -> None:
    assert kind_of(item("attachment", attachment_type=attachment_type)).creates_event


@pytest.mark.parametrize(
    "attachment_type",
    ["event.attachment", "event.view_hierarchy", "unreal.context", "unreal.logs", "event.nv_shader_debug"],
)
def test_any_other_attachment_creates_none(attachment_type: str) -> None:
    assert not kind_of(item("attachment", attachment_type=attachment_type)).creates_event


@pytest.mark.parametrize("attachment_type", ["event.nonsense", "", None, 7])
def test_an_unknown_attachment_type_makes_the_item_unknown(attachment_type: object) -> None:
    assert kind_of(item("attachment", attachment_type=attachment_type)) is UNKNOWN
    assert kind_of(item("event", attachment_type=attachment_type)) is UNKNOWN


def test_a_dying_message_is_known_by_its_name_and_contents() -> None:
    assert kind_of(item("attachment", b"sntr...", filename="dying_message.dat")).creates_event
    assert not kind_of(item("attachment", b"other", filename="dying_message.dat")).creates_event


@pytest.mark.parametrize(
    ("platform", "categories"),
    [
        ("cocoa", ("profile_chunk_ui",)),
        ("android", ("profile_chunk_ui",)),
        ("javascript", ("profile_chunk_ui",)),
        ("python", ("profile_chunk",)),
        (None, ()),
        (7, ()),
    ],
)
def test_the_platform_decides_what_a_profile_chunk_counts_as(
    platform: object, categories: tuple[str, ...]
) -> None:
    assert kind_of(item("profile_chunk", platform=platform)).categories == categories


def test_a_span_is_a_container_by_its_content_type_in_any_case() -> None:
    container = item("span", content_type="Application/vnd.sentry.items.span.v2+JSON")

    assert is_container(container)
    assert kind_of(container).bucket == "span"
    assert kind_of(item("span", content_type="application/json")).bucket == "span_legacy"
    assert not is_container(item("span", content_type=7))


def test_quantities_are_counted_before_anything_is_parsed() -> None:
    assert quantities(item("transaction", span_count=5)) == (
        ("transaction", 1),
        ("transaction_indexed", 1),
        ("span", 6),
        ("span_indexed", 6),
    )
    assert quantities(item("log", b"12345", item_count=3)) == (("log_item", 3), ("log_byte", 5))
    assert quantities(item("attachment")) == (("attachment", 1), ("attachment_item", 1))
    assert quantities(item("transaction", span_count="many"))[2] == ("span", 1)


@pytest.mark.parametrize(
    ("headers", "count"), [({"item_count": 3}, 3), ({"item_count": "3"}, 1), ({"item_count": -1}, 1), ({}, 1)]
)
def test_an_invalid_item_count_is_none(headers: dict[str, Any], count: int) -> None:
    assert item_count(item("log", **headers)) == count


def test_events_have_no_item_count() -> None:
    assert item_count(item("event", item_count=3)) == 1


def test_otlp_counts_as_what_it_carries() -> None:
    assert kind_of(item("integration", integration="otlp_traces")).categories[0] == "span"
    assert kind_of(item("integration", integration="otlp_logs")).categories[0] == "log_item"
    assert kind_of(item("integration", integration=[])).categories == ()


@pytest.mark.parametrize(
    ("platform", "side"), [("python", "profile_backend"), ("cocoa", "profile_ui"), (None, None)]
)
def test_a_profile_counts_for_its_side(platform: str | None, side: str | None) -> None:
    headers = {"type": "profile", **({"platform": platform} if platform else {})}

    counted = [category for category, _ in quantities(RawItem(headers, b"{}"))]
    assert counted == ["profile", "profile_indexed", *([side] if side else [])]


TRACE = "application/vnd.sentry.trace-attachment"
REFERENCE = "application/vnd.sentry.attachment-ref+json"


@pytest.mark.parametrize(
    ("headers", "size"),
    [
        ({}, 5),
        ({"content_type": TRACE, "meta_length": 2}, 3),
        ({"content_type": "application/vnd.sentry.attachment.v2", "meta_length": 2}, 3),
        ({"content_type": TRACE.upper(), "meta_length": 9}, 1),
        ({"content_type": TRACE, "meta_length": -1}, 5),
        ({"content_type": REFERENCE, "attachment_length": 700}, 700),
        ({"content_type": REFERENCE, "attachment_length": "700"}, 1),
        ({"content_type": REFERENCE}, 1),
        ({"content_type": "text/plain", "attachment_length": 700, "meta_length": 2}, 5),
    ],
)
def test_an_attachment_counts_for_the_bytes_that_it_stands_for(headers: dict[str, Any], size: int) -> None:
    # Relay: Item::attachment_body_size in relay-server/src/envelope/item.rs:577.
    item = RawItem({"type": "attachment", **headers}, b"{}abc")

    assert quantities(item) == (("attachment", size), ("attachment_item", 1))


def test_all_attachments_fall_with_the_event_of_their_envelope() -> None:
    # Relay: Item::requires_event in envelope/item.rs:683.
    for headers in ({}, {"content_type": TRACE}, {"content_type": TRACE, "span_id": "c" * 16}):
        assert kind_of(RawItem({"type": "attachment", **headers}, b"")).requires_event


@pytest.mark.parametrize(
    ("headers", "of_spans"),
    [
        ({"content_type": TRACE, "span_id": "c" * 16}, True),
        ({"content_type": TRACE, "span_id": None}, True),
        ({"content_type": TRACE, "span_id": "0" * 16}, False),
        ({"content_type": TRACE, "span_id": 7}, False),
        ({"content_type": TRACE}, False),
        ({"span_id": "c" * 16}, False),
    ],
)
def test_an_attachment_of_a_trace_may_belong_to_spans(headers: dict[str, Any], of_spans: bool) -> None:
    assert is_span_attachment(RawItem({"type": "attachment", **headers}, b"")) is of_spans
