from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.limits import check_limits
from pytest_sentryintegration.wire.refusal import Refusal

KIB = 2**10
MIB = 2**20


class Long(bytes):
    """Bytes that only say they are long."""

    size = 0

    def __len__(self) -> int:
        return self.size


def item(item_type: str, size: int = 0, **headers: Any) -> RawItem:
    payload = Long()
    payload.size = size
    return RawItem({"type": item_type, **headers}, payload)


def container(item_type: str, kind: str, size: int, item_count: object = 1) -> RawItem:
    content_type = f"application/vnd.sentry.items.{kind}+json"
    return item(item_type, size, content_type=content_type, item_count=item_count)


def refused_type(*items: RawItem) -> str:
    with pytest.raises(Refusal) as refused:
        check_limits(items)
    assert refused.value.status == 413
    detail = refused.value.detail
    assert detail.startswith("envelope exceeded size limits for type '")
    assert detail.endswith("' (https://develop.sentry.dev/sdk/envelopes/#size-limits)")
    return detail.split("'")[1]


SIZES = [
    ("event", {}, 1 * MIB, "event"),
    ("transaction", {}, 1 * MIB, "transaction"),
    ("feedback", {}, 1 * MIB, "user_report_v2"),
    ("security", {}, 1 * MIB, "security"),
    ("raw_security", {}, 1 * MIB, "raw_security"),
    ("replay_event", {}, 1 * MIB, "replay_event"),
    ("form_data", {}, 1 * MIB, "form_data"),
    ("attachment", {}, 200 * MIB, "attachment:attachment"),
    ("attachment", {"attachment_type": "event.minidump"}, 200 * MIB, "attachment:minidump"),
    ("attachment", {"attachment_type": "event.view_hierarchy"}, 200 * MIB, "attachment:view_hierarchy"),
    ("attachment", {"attachment_type": "event.payload"}, 200 * MIB, "attachment:event_payload"),
    ("attachment", {"attachment_type": "event.nv_gpudmp"}, 200 * MIB, "attachment:attachment"),
    ("unreal_report", {}, 200 * MIB, "unreal_report"),
    ("user_report", {}, 200 * MIB, "user_report"),
    ("session", {}, 10 * MIB, "session"),
    ("sessions", {}, 10 * MIB, "sessions"),
    ("client_report", {}, 100 * KIB, "client_report"),
    ("profile", {}, 50 * MIB, "profile"),
    ("profile_chunk", {}, 50 * MIB, "profile_chunk"),
    ("check_in", {}, 100 * KIB, "check_in"),
    ("replay_recording", {}, 10 * MIB, "replay_recording"),
    ("replay_video", {}, 10 * MIB, "replay_video"),
    ("log", {}, 2 * MIB, "log"),
    ("trace_metric", {}, 1 * MIB, "trace_metric"),
    ("span", {}, 10 * MIB, "span"),
    ("metric_buckets", {}, 1 * MIB, "metric_buckets"),
]


@pytest.mark.parametrize(("item_type", "headers", "size", "label"), SIZES)
def test_an_item_may_have_its_size_and_no_byte_more(
    item_type: str, headers: dict[str, Any], size: int, label: str
) -> None:
    check_limits([item(item_type, size, **headers)])

    assert refused_type(item(item_type, size + 1, **headers)) == label


COUNTS = [
    ("event", 1),
    ("transaction", 1),
    ("attachment", 30),
    ("user_report", 30),
    ("session", 100),
    ("client_report", 100),
    ("profile", 1),
    ("check_in", 1),
    ("replay_recording", 1),
    ("replay_video", 1),
    ("log", 1),
    ("trace_metric", 1),
    ("span", 25),
    ("metric_buckets", 1),
]


@pytest.mark.parametrize(("item_type", "count"), COUNTS)
def test_an_item_may_come_so_often_and_not_once_more(item_type: str, count: int) -> None:
    check_limits([item(item_type)] * count)

    assert refused_type(*[item(item_type)] * (count + 1)) == item_type.replace(
        "attachment", "attachment:attachment"
    )


@pytest.mark.parametrize(
    "types",
    [
        ("event", "transaction"),
        ("event", "feedback"),
        ("event", "replay_event"),
        ("transaction", "security"),
        ("profile", "profile_chunk"),
    ],
)
def test_items_of_one_bucket_share_their_count(types: tuple[str, str]) -> None:
    first, second = types

    assert refused_type(item(first), item(second)) == {"feedback": "user_report_v2"}.get(second, second)


@pytest.mark.parametrize("types", [("event", "attachment"), ("log", "span"), ("session", "client_report")])
def test_items_of_other_buckets_do_not(types: tuple[str, str]) -> None:
    check_limits([item(name) for name in types])


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        (item("attachment", 150 * MIB), item("user_report", 51 * MIB), "user_report"),
        (item("session", 6 * MIB), item("sessions", 5 * MIB), "sessions"),
        (item("span", 7 * MIB), item("span", 6 * MIB), "span"),
    ],
)
def test_items_of_one_bucket_share_their_size(first: RawItem, second: RawItem, label: str) -> None:
    check_limits([first])

    assert refused_type(first, second) == label


@pytest.mark.parametrize(
    ("kind", "name", "each"),
    [("log", "log", 2 * MIB), ("trace_metric", "trace-metric", MIB), ("span", "span.v2", 10 * MIB)],
)
def test_a_container_is_measured_by_the_average_of_its_elements(kind: str, name: str, each: int) -> None:
    check_limits([container(kind, name, 11 * MIB, 100)])

    assert refused_type(container(kind, name, each + 1, 1)) == kind
    assert refused_type(container(kind, name, each + 1, None)) == kind
    assert refused_type(container(kind, name, each + 1, 0)) == kind
    assert refused_type(container(kind, name, 12 * MIB + 1, 10_000)) == kind


def test_a_span_container_and_legacy_spans_have_limits_of_their_own() -> None:
    check_limits([container("span", "span.v2", 10, 1), *[item("span")] * 25])

    assert refused_type(container("span", "span.v2", 10, 1), container("span", "span.v2", 10, 1)) == "span"


def test_unknown_items_have_no_limits() -> None:
    check_limits([item("statsd", 10**12), *[item("statsd")] * 400])


def test_the_reason_says_what_was_too_much() -> None:
    with pytest.raises(Refusal) as refused:
        check_limits([item("event", MIB + 1)])

    assert refused.value.reason.endswith(": an item of 1048577 bytes, at most 1048576")
