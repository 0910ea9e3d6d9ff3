"""Messages, exceptions, and what goes with them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from sentryintegration import (
    Attachment,
    Debug,
    Error,
    Fatal,
    Info,
    Level,
    Warn,
    capture_exception,
    capture_message,
    set_tag,
    start_transaction,
)


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (Debug, "debug"),
        (Info, "info"),
        (Warn, "warning"),
        (Error, "error"),
        (Fatal, "fatal"),
        ("warn", "warning"),
        ("WARNING", "warning"),
        (" Critical ", "fatal"),
        (logging.WARNING, "warning"),
        (35, "warning"),
        (0, "debug"),
        (1000, "fatal"),
        (29.9, "info"),
        ("30", "warning"),
    ],
)
def test_a_level_is_understood_in_many_forms(sentry_events: SentryEvents, given: Any, level: str) -> None:
    capture_message("text", given)

    assert sentry_events.messages.find("text").level == level


@pytest.mark.parametrize("given", ["wran", "", True, None, object(), float("nan"), [], b"info", "x" * 10_000])
def test_an_unknown_level_is_sent_as_error_and_logged(
    sentry_events: SentryEvents, records: list[logging.LogRecord], given: Any
) -> None:
    capture_message("text", given)

    assert sentry_events.messages.find("text").level == "error"
    [record] = records
    assert "the nearest level is" in record.getMessage()


def test_the_nearest_level_is_named(sentry_events: SentryEvents, records: list[logging.LogRecord]) -> None:
    capture_message("text", "wrning")

    assert [record.getMessage() for record in records] == [
        "unknown level 'wrning', sent as 'error'; the nearest level is 'warning'"
    ]


def test_levels_are_strings_with_the_values_of_sentry() -> None:
    assert [level.value for level in Level] == ["debug", "info", "warning", "error", "fatal"]
    assert str(Warn) == f"{Warn}" == Warn == "warning"
    assert Level(logging.CRITICAL) is Fatal


def test_a_message_returns_its_event_id(sentry_events: SentryEvents) -> None:
    event_id = capture_message("Boring info message")

    event = sentry_events.messages.find("Boring info message")
    assert (event.id, event.level) == (event_id, "info")


def test_a_level_given_to_a_call_wins_over_the_scope(sentry_events: SentryEvents) -> None:
    sentry_sdk.get_isolation_scope().set_level("fatal")
    capture_message("given", Info)
    capture_message("default")

    assert [message.level for message in sentry_events.messages] == ["info", "fatal"]


def test_tags_given_to_a_call_win_over_scopes(sentry_events: SentryEvents, static: bool) -> None:
    set_tag("where", "global")
    sentry_sdk.set_tag("where", "scope")
    with start_transaction(name="root", tags={"where": "transaction"}):
        capture_message("given", tags={"where": "call"})
        capture_message("default")
        capture_exception(KeyError("given"), tags=[("where", "call")])

    assert sentry_events.messages.find("given").tags["where"] == "call"
    assert sentry_events.messages.find("default").tags["where"] == "scope"
    assert sentry_events.errors.find(KeyError).tags["where"] == "call"
    assert sentry_events.transactions.find("root").tags["where"] == "transaction"


def test_tags_are_for_one_event(sentry_events: SentryEvents) -> None:
    capture_message("one", tags={"only": "here"}, attachments=["file"])
    capture_message("two")

    two = sentry_events.messages.find("two")
    assert "only" not in two.tags
    assert not two.attachments


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"a": 1, "b": None, "c": True, "d": 1.5}, {"a": "1", "b": "None", "c": "True", "d": "1.5"}),
        ({"spec desc": "x"}, {"spec-desc": "x"}),
        ({"k": "a\nb\r\nc"}, {"k": "a b c"}),
        ({"k": "x" * 201}, {"k": "x" * 197 + "..."}),
        ({"k" * 300: "v"}, {"k" * 197 + "...": "v"}),
        ({"": "v"}, {"tag": "v"}),
        ({"k": ""}, {"k": "(empty)"}),
        ({"user": "me"}, {"tag.user": "me"}),
        ({"a b": 1, "a-b": 2}, {"a-b": "1", "a-b-2": "2"}),
        ([("url", "/cart"), ["b", 2]], {"url": "/cart", "b": "2"}),
        ((pair for pair in [("a", 1)]), {"a": "1"}),
        ({b"bytes": b"\xff"}, {"bytes": "\ufffd"}),
        ({"k": "\ud800"}, {"k": "\\ud800"}),
        ([("a", 1), "bad", ("b",), None], {"a": "1"}),
    ],
)
def test_tags_arrive_as_sentry_keeps_them(
    sentry_events: SentryEvents, given: Any, sent: dict[str, str]
) -> None:
    capture_message("text", tags=given)

    tags = sentry_events.messages.find("text").tags
    assert dict(tags) == sent


def test_release_environment_and_dist_of_one_event_are_its_fields(sentry_events: SentryEvents) -> None:
    capture_message("text", tags={"release": "2.0", "environment": "canary", "dist": "7"})

    event = sentry_events.messages.find("text")
    assert (event.release, event.environment, event.dist) == ("2.0", "canary", "7")
    assert not event.tags


def test_the_exception_being_handled_is_the_default(sentry_events: SentryEvents) -> None:
    nothing: dict[str, str] = {}
    try:
        nothing["lost"]
    except KeyError:
        event_id = capture_exception()

    event = sentry_events.errors.find(KeyError)
    assert (event.id, event.level, str(event.exception.frames[-1].context_line).strip()) == (
        event_id,
        "error",
        'nothing["lost"]',
    )


def test_no_exception_sends_nothing(sentry_events: SentryEvents) -> None:
    assert capture_exception() is None
    assert not sentry_events


def test_several_exceptions_are_one_event(sentry_events: SentryEvents) -> None:
    cause = ValueError("cause")
    chained = KeyError("first")
    chained.__cause__ = cause
    capture_exception(iter([chained, TypeError("last")]), level=Warn)

    event = sentry_events.errors.find(TypeError)
    assert [(one.type, one.value) for one in event.exceptions] == [
        ("ValueError", "cause"),
        ("KeyError", "'first'"),
        ("TypeError", "last"),
    ]
    assert event.level == "warning"


@pytest.mark.parametrize("given", ["text", 42, object(), [], [1, 2], {}, b"x", int])
def test_what_is_no_exception_is_sent_as_a_message(
    sentry_events: SentryEvents, records: list[logging.LogRecord], given: Any
) -> None:
    event_id = capture_exception(given)

    [event] = sentry_events.messages
    assert (event.id, event.level) == (event_id, "error")
    assert records


def test_exceptions_may_break_off(sentry_events: SentryEvents, records: list[logging.LogRecord]) -> None:
    def broken() -> Iterator[Any]:
        yield KeyError("kept")
        yield "not one"
        raise RuntimeError("broken")

    capture_exception(broken())

    assert sentry_events.errors.find(KeyError)
    assert len(records) == 2


def test_an_exception_class_and_exc_info_are_taken_too(sentry_events: SentryEvents) -> None:
    import sys

    capture_exception(KeyError)  # type: ignore[arg-type]
    try:
        raise ValueError("handled")
    except ValueError:
        capture_exception(sys.exc_info())  # type: ignore[arg-type]

    assert [event.exception.type for event in sentry_events.errors] == ["KeyError", "ValueError"]


def test_attachments_are_named_and_typed(sentry_events: SentryEvents, tmp_path: Path) -> None:
    file = tmp_path / "plan.sql"
    file.write_bytes(b"SELECT 1")
    capture_message(
        "text",
        attachments=[
            {"a": [1]},
            "query",
            b"\x00",
            file,
            ("named.txt", "payload"),
            Attachment(b"%PDF", filename="report.pdf", content_type="application/pdf"),
            Attachment({"x": 1}),
        ],
    )

    sent = sentry_events.messages.find("text").attachments
    assert {name: one.payload for name, one in sent.items()} == {
        "attachment-1.json": b'{"a": [1]}',
        "attachment-2.txt": b"query",
        "attachment-3.bin": b"\x00",
        "plan.sql": b"SELECT 1",
        "named.txt": b"payload",
        "report.pdf": b"%PDF",
        "attachment-7.json": b'{"x": 1}',
    }
    assert sent["report.pdf"].content_type == "application/pdf"
    assert sent["attachment-1.json"].content_type == "application/json"


@pytest.mark.parametrize("name", ["missing.log", "."])
def test_a_file_that_cannot_be_read_is_reported_in_its_place(
    sentry_events: SentryEvents, tmp_path: Path, name: str, records: list[logging.LogRecord]
) -> None:
    capture_message("text", attachments=[tmp_path / name])

    [attachment] = sentry_events.messages.find("text").attachments.values()
    assert "could not be read" in attachment.text
    assert len(records) == 1


def test_a_pipe_is_not_waited_for(sentry_events: SentryEvents, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    capture_message("text", attachments=[tmp_path / "pipe"])

    assert "not a regular file" in sentry_events.messages.find("text").attachments["pipe"].text


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def cyclic() -> Any:
    value: list[Any] = [1]
    value.append(value)
    return value


def deep() -> Any:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ({"at": {1}}, {"at": "{1}"}),
        ({"bad": Unprintable()}, {"bad": "<unprintable Unprintable>"}),
        ({(1, 2): float("inf")}, {"(1, 2)": "inf"}),
        (cyclic(), [1, "[1, [...]]"]),
        ("\ud800", None),
        ([float("nan"), b"x"], ["nan", "b'x'"]),
    ],
)
def test_what_json_cannot_hold_is_rendered(sentry_events: SentryEvents, value: Any, sent: Any) -> None:
    capture_message("text", attachments=[value])

    [attachment] = sentry_events.messages.find("text").attachments.values()
    assert (json.loads(attachment.payload) == sent) if sent is not None else attachment.text == "\\ud800"


def test_great_depth_is_cut(sentry_events: SentryEvents) -> None:
    capture_message("text", attachments=[deep()])

    assert len(sentry_events.messages.find("text").attachments) == 1


@pytest.mark.parametrize("given", ["text", b"bytes", Path("missing"), {"a": 1}, Attachment("x")])
def test_one_attachment_alone_is_taken_as_one(
    sentry_events: SentryEvents, given: Any, records: list[logging.LogRecord]
) -> None:
    capture_message("text", attachments=given)

    assert len(sentry_events.messages.find("text").attachments) == 1
    assert records


def test_attachments_stay_within_the_limits_of_an_envelope(
    sentry_events: SentryEvents, records: list[logging.LogRecord]
) -> None:
    big = b"x" * (15 * 2**20)
    capture_message("text", attachments=[big, big, *("y" for _ in range(100))])

    sent = sentry_events.messages.find("text").attachments
    assert len(sent) == 30
    assert sum(len(one.payload) for one in sent.values()) <= 20 * 2**20
    assert records


def test_attachments_do_not_go_with_the_transaction(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root"):
        capture_message("text", attachments=["file"])

    assert len(sentry_events.attachments) == 1


@pytest.mark.parametrize("place", ["{folder}/app.log", "app.log"])
def test_a_text_that_names_a_file_is_sent_as_text_and_logged(
    sentry_events: SentryEvents,
    records: list[logging.LogRecord],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    (tmp_path / "app.log").write_text("what happened")
    monkeypatch.chdir(tmp_path)
    text = place.format(folder=tmp_path)
    capture_message("text", attachments=[text])

    [attachment] = sentry_events.messages.find("text").attachments.values()
    assert attachment.text == text
    [record] = records
    assert "give pathlib.Path(...) to send the file" in record.getMessage()


@pytest.mark.parametrize(
    "text", ["", ".", "/", "no such file", "a\0b", "x" * 5000, "//host/share/file", "SELECT 1;\n", "\ud800"]
)
def test_any_other_text_is_no_file(
    sentry_events: SentryEvents, records: list[logging.LogRecord], text: str
) -> None:
    capture_message("text", attachments=[text])

    assert len(sentry_events.messages.find("text").attachments) == 1
    assert not records
