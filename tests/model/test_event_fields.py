"""What an event's attributes say, of what was sent well and badly."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.model.sent import event, item, received

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone.utc)
SCALARS = (
    "id message logger exception release environment dist transaction trace_id span_id timestamp server_name"
)
MAPPINGS = "tags user extra contexts flags modules request attachments sdk"
FIELDS = [
    *SCALARS.split(),
    *MAPPINGS.split(),
    "level",
    "breadcrumbs",
    "exceptions",
    "fingerprint",
    "project_id",
]


def test_an_event_without_fields_has_an_empty_value_for_each() -> None:
    read = {name: getattr(event(), name) for name in FIELDS}

    assert read == {
        **dict.fromkeys(SCALARS.split()),
        **{name: {} for name in MAPPINGS.split()},
        "breadcrumbs": (),
        "exceptions": (),
        "fingerprint": [],
        "level": "error",
        "project_id": "1",
    }


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "wrong", [1, True, None, "text", [], [1], {}, {"values": 3}, [[]], {"a": [{}]}, 1e300]
)
@pytest.mark.parametrize("field", [*FIELDS, "logentry", "exception", "event_id", "tags"])
def test_a_field_of_any_type_is_read_without_an_error(field: str, wrong: Any) -> None:
    sent = event({field: wrong})

    read = [getattr(sent, name) for name in FIELDS]

    assert len(read) == len(FIELDS)
    assert repr(sent)


def test_plain_fields_are_read_as_they_are() -> None:
    fields: dict[str, Any] = {
        "level": "warning",
        "logger": "shop",
        "user": {"id": 5},
        "extra": {"rows": 3},
        "release": "1.2",
        "environment": "production",
        "dist": "7",
        "transaction": "/pay",
        "fingerprint": ["{{ default }}", "pay"],
        "modules": {"django": "5.0"},
        "request": {"method": "GET"},
        "sdk": {"name": "sentry.python"},
        "server_name": "web-1",
    }

    sent = event(fields)

    assert {name: getattr(sent, name) for name in fields} == fields


def test_a_level_that_sentry_would_not_take_is_shown_as_sent() -> None:
    assert event(level="warn").level == "warn"


def test_the_id_of_the_envelope_overrides_that_of_the_payload() -> None:
    headers = {"event_id": "5A3C0F5E-1B2D-4E6F-8A9B-0C1D2E3F4A5B"}

    contents = received(item("event", {"event_id": "b" * 32}), headers=headers)

    assert contents.events[0].id == "5a3c0f5e1b2d4e6f8a9b0c1d2e3f4a5b"


def test_tags_are_read_from_a_dict_and_from_pairs() -> None:
    assert event(tags={"graph": "g1", "rows": 3, "hot": True}).tags == {
        "graph": "g1",
        "rows": "3",
        "hot": "True",
    }
    assert event(tags=[["graph", "g1"], ["graph", "g2"], ["none", None], "bad", [1]]).tags == {"graph": "g1"}


@pytest.mark.parametrize("crumbs", [[{"message": "a"}], {"values": [{"message": "a"}, None, 3]}])
def test_breadcrumbs_are_read_from_a_list_and_from_values(crumbs: Any) -> None:
    (crumb,) = event(breadcrumbs=crumbs).breadcrumbs

    assert (crumb.message, crumb.category, crumb.level, crumb.data, crumb.timestamp) == (
        "a",
        None,
        "info",
        {},
        None,
    )


def test_a_breadcrumb_has_all_that_was_sent() -> None:
    raw = {
        "message": "q",
        "category": "db",
        "level": "debug",
        "data": {"n": 1},
        "timestamp": MOMENT.timestamp(),
    }

    (crumb,) = event(breadcrumbs=[raw]).breadcrumbs

    assert (crumb.message, crumb.category, crumb.level, crumb.data) == ("q", "db", "debug", {"n": 1})
    assert crumb.timestamp == MOMENT
    assert crumb.raw == raw


@pytest.mark.parametrize(
    "sent",
    [
        "2024-05-06T07:08:09.123456Z",
        "2024-05-06T07:08:09.123456789Z",
        "2024-05-06t07:08:09.123456z",
        "2024-05-06 07:08:09.123456",
        "2024-05-06T09:08:09.123456+02:00",
        "2024-05-06T09:08:09.123456+0200",
        MOMENT.timestamp(),
    ],
)
def test_times_are_read_as_utc(sent: Any) -> None:
    read = event(timestamp=sent).timestamp

    assert read == MOMENT
    assert read is not None
    assert read.tzinfo is timezone.utc


@pytest.mark.parametrize(
    "sent",
    ["", "Z", "yesterday", "2024-13-01T00:00:00Z", "99999-01-01", True, 1e18, -1e18, float("nan"), [1], {}],
)
def test_a_time_that_is_none_reads_as_none(sent: Any) -> None:
    assert event(timestamp=sent).timestamp is None


def test_flags_are_read_by_name() -> None:
    values = [
        {"flag": "new_cart", "result": True},
        {"flag": 3},
        None,
        {"flag": "new_cart", "result": False},
        {"flag": "x"},
    ]

    assert event(contexts={"flags": {"values": values}}).flags == {"new_cart": False, "x": None}


def test_the_trace_context_says_where_an_event_happened() -> None:
    sent = event(contexts={"trace": {"trace_id": "A" * 32, "span_id": "b" * 16}})

    assert (sent.trace_id, sent.span_id) == ("a" * 32, "b" * 16)


def test_an_event_keeps_what_came_on_the_wire() -> None:
    payload = b'{"message": "hi", "unknown": [1, NaN]}'

    sent = received(item("event", payload, extra_header=1)).events[0]

    assert sent.item.payload == payload
    assert sent.item.headers == {"type": "event", "extra_header": 1}
    assert sent.raw["message"] == "hi"
    assert sent.envelope.items == (sent.item,)
    assert sent.envelope.test == "test_shop.py::test_pays"


@pytest.mark.parametrize("name", ["level", "message", "anything"])
def test_an_event_cannot_be_changed(name: str) -> None:
    sent = event(message="hi")

    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign"):
        setattr(sent, name, "other")
    with pytest.raises(AttributeError):
        delattr(sent, name)
    assert sent.message == "hi"


def test_the_repr_names_the_message_or_the_exception() -> None:
    assert repr(event(message="hi", level="info")) == "<Event info 'hi'>"
    assert (
        repr(event(exception=[{"type": "ValueError", "value": "bad"}])) == "<Event error ValueError: 'bad'>"
    )


def test_an_event_has_the_verdict_of_its_item() -> None:
    sent = event(message="hi")

    assert sent.verdict is sent.item.verdict
