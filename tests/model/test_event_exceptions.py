"""The exceptions of an event, and which events are errors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.sent import event, item, received

FRAME = {
    "filename": "shop/pay.py",
    "function": "pay",
    "lineno": 7,
    "in_app": True,
    "context_line": "    raise ValueError",
    "vars": {"card": "'4111'"},
}


def test_an_exception_has_all_that_was_sent() -> None:
    mechanism = {"type": "django", "handled": False}
    raw = {
        "type": "ValueError",
        "value": "bad card",
        "module": "shop",
        "mechanism": mechanism,
        "stacktrace": {"frames": [{}, FRAME]},
    }

    exception = event(exception={"values": [raw]}).exception

    assert exception is not None
    assert (exception.type, exception.value, exception.module) == ("ValueError", "bad card", "shop")
    assert (exception.mechanism, exception.handled, exception.raw) == (mechanism, False, raw)
    assert {name: getattr(exception.frames[-1], name) for name in FRAME} == FRAME
    assert repr(exception) == "<SentException ValueError: 'bad card'>"
    assert repr(exception.frames[-1]) == "<Frame pay at shop/pay.py:7>"


def test_the_innermost_cause_is_first_and_the_exception_is_the_outermost() -> None:
    chained = event(exception={"values": [{"type": "KeyError"}, {"type": "RuntimeError"}]})

    assert [exception.type for exception in chained.exceptions] == ["KeyError", "RuntimeError"]
    assert chained.exception is chained.exceptions[-1]


@pytest.mark.parametrize("sent", [[{"type": "E"}], {"values": [{"type": "E"}, None, 1]}, {"type": "E"}])
def test_exceptions_are_read_from_a_list_from_values_and_alone(sent: Any) -> None:
    assert [exception.type for exception in event(exception=sent).exceptions] == ["E"]


def test_an_exception_of_wrong_types_is_empty() -> None:
    raw = {"type": [], "value": {"a": 1}, "module": {}, "mechanism": 3, "stacktrace": []}

    exception = event(exception=[raw]).exception

    assert exception is not None
    assert (exception.type, exception.value, exception.module) == (None, '{"a": 1}', None)
    assert (exception.mechanism, exception.handled, exception.frames) == ({}, None, ())


@pytest.mark.parametrize("frames", [None, 3, "text", {}, [None, 3, "x"], {"frames": {}}])
def test_frames_that_are_none_are_passed_over(frames: Any) -> None:
    exception = event(exception=[{"type": "E", "stacktrace": {"frames": frames}}]).exception

    assert exception is not None
    assert exception.frames == ()


def test_a_frame_of_wrong_types_is_empty() -> None:
    raw = {"filename": [], "function": {}, "lineno": "7", "in_app": 1, "context_line": None, "vars": []}

    exception = event(exception=[{"stacktrace": {"frames": [raw]}}]).exception

    assert exception is not None
    (frame,) = exception.frames
    assert [getattr(frame, name) for name in raw] == [None, None, None, None, None, {}]


def test_errors_are_the_events_with_an_exception_and_messages_the_others() -> None:
    contents = received(
        item("event", {"message": "one"}),
        item("event", {"message": "two", "exception": [{"type": "E"}]}),
        item("event", {"exception": {"values": []}}),
    )

    assert contents.errors == [contents.events[1]]
    assert contents.messages == [contents.events[0], contents.events[2]]
