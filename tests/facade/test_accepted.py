"""Whatever the caller passes, real Sentry refuses, drops and nulls nothing of what the facade sends."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

import sentryintegration
from pytest_sentryintegration import SentryEvents
from sentryintegration import (
    Attachment,
    capture_exception,
    capture_message,
    set_tag,
    set_task_transaction,
    start_transaction,
    trace_headers,
)

pytest.importorskip("sentry_relay")

# sentry-sdk 3 attaches a stack to messages by default: thirty frames of pytest's, with their variables, took
# a third of the time. `test_as_a_message` tries, on all SDKs, a message with a stack that holds the value.
pytestmark = pytest.mark.sentry(attach_stacktrace=False)


class Hostile:
    """Fails whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__

    def __iter__(self) -> Any:
        raise RuntimeError("no iteration")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __len__(self) -> int:
        raise RuntimeError("no length")


class HostileString(str):
    """A string that lies."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def lower(self) -> str:
        raise RuntimeError("no lower case")

    def strip(self, *_: Any) -> str:
        raise RuntimeError("no strip")


class HostileDict(dict[Any, Any]):
    """A mapping that breaks off."""

    def items(self) -> Any:
        raise RuntimeError("no items")


def cyclic() -> Any:
    value: dict[str, Any] = {"a": []}
    value["a"].append(value)
    return value


def deep() -> Any:
    value: Any = "end"
    for _ in range(5000):
        value = {"k": [value]}
    return value


CORPUS = {
    "none": None,
    "true": True,
    "zero": 0,
    "negative": -1,
    "big": 10**400,
    "nan": float("nan"),
    "infinite": float("-inf"),
    "complex": 1j,
    "empty": "",
    "blank": " \t\n ",
    "surrogate": "a\ud800b",
    "nul": "a\x00b",
    "controls": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029",
    "bidi": "\u202eabc\u200b\ufeff",
    "long": "x" * 300_000,
    "wide": "é𝄞" * 5000,
    "lines": "a\r\nb\nc\rd",
    "slashes": "../../etc/passwd",
    "reserved": "latest",
    "dots": "..",
    "bytes": b"\xff\xfe\x00",
    "bytearray": bytearray(b"x"),
    "memory": memoryview(bytes(8)).cast("I"),
    "list": [1, [2, [3]]],
    "set": {1, 2},
    "tuple": ("a", 1),
    "triple": (None, None, None),
    "pairs": [("a", 1), ("b",), "c", None],
    "cyclic": cyclic(),
    "deep": deep(),
    "object": object(),
    "hostile": Hostile(),
    "hostile string": HostileString("text"),
    "hostile dict": HostileDict(a=1),
    "class": int,
    "exception": ValueError("a\ud800b\x00"),
    "path": Path("/dev/zero"),
    "uuid": uuid.UUID(int=0),
    "function": lambda: None,
    "generator": (n for n in range(10**9)),
    "many tags": {f"key {n}": n for n in range(3000)},
    "tag keys": {
        "release": "a/b",
        "environment": "none",
        "dist": "é",
        "user": 1,
        "": 2,
        "é/ü\n": 3,
        7: 8,
        None: 9,
    },
    "attachment": Attachment(Attachment(b"x"), filename="../a\nb", content_type="\x00"),
}


@pytest.fixture(params=list(CORPUS), ids=list(CORPUS))
def value(request: pytest.FixtureRequest) -> Any:
    return CORPUS[request.param]


@pytest.fixture(autouse=True)
def _is_accepted(sentry_events: SentryEvents) -> Any:
    yield
    assert not sentry_events.refused
    for event in sentry_events.events:
        bad = [
            one for one in event.verdict.findings if event.verdict.outcome != "trimmed" or one.stored is None
        ]
        assert event.verdict.outcome in ("accepted", "trimmed"), event.verdict
        assert not [one for one in bad if ".vars" not in one.path], bad
    for transaction in sentry_events.transactions:
        assert transaction.verdict.outcome in ("accepted", "trimmed"), transaction.verdict
        assert not [one for one in transaction.verdict.findings if one.stored is None], transaction.verdict


@pytest.mark.uncounted
@pytest.mark.sentry(attach_stacktrace=True)
def test_as_a_message(sentry_events: SentryEvents, value: Any) -> None:
    assert capture_message(value)
    assert len(sentry_events.messages) == 1


def test_as_a_level(sentry_events: SentryEvents, value: Any) -> None:
    assert capture_message("text", value)
    assert len(sentry_events.messages) == 1


def test_as_tags(sentry_events: SentryEvents, value: Any) -> None:
    assert capture_message("text", tags=value)
    assert len(sentry_events.messages) == 1


def test_as_a_tag_of_a_call(sentry_events: SentryEvents, value: Any) -> None:
    tags = [("value", value), (value, "key"), (value, value)]
    assert capture_message("text", tags=tags)
    assert len(sentry_events.messages) == 1


def test_as_a_process_wide_tag(sentry_events: SentryEvents, value: Any) -> None:
    for key in ("ordinary", "release", "environment", "dist"):
        set_tag(key, value)
    set_tag(value, "value")
    with start_transaction(name="root"):
        assert capture_message("text")

    assert len(sentry_events.messages) == 1
    assert len(sentry_events.transactions) == 1


def test_as_attachments(sentry_events: SentryEvents, value: Any) -> None:
    assert capture_message("text", attachments=value)
    assert len(sentry_events.messages) == 1


def test_as_one_attachment(sentry_events: SentryEvents, value: Any) -> None:
    attachments = [value, ("name", value), Attachment(value, value, value)]
    assert capture_message("text", attachments=attachments)

    assert len(sentry_events.messages.find("text").envelope.items) >= 2


def test_as_an_exception(sentry_events: SentryEvents, value: Any) -> None:
    if value is None or value is CORPUS["triple"]:
        assert capture_exception(value) is None
        return
    assert capture_exception(value, level=value)
    assert len(sentry_events) == 1


def test_as_the_arguments_of_an_exception(sentry_events: SentryEvents, value: Any) -> None:
    local = value
    try:
        raise ValueError(local)
    except ValueError as error:
        event_id = capture_exception(error, tags={"a": local}, attachments=[local])

    assert event_id
    assert len(sentry_events.errors) == 1


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "argument", ["name", "op", "description", "tags", "data", "trace_id", "parent_span_id", "headers"]
)
def test_as_an_argument_of_a_start(sentry_events: SentryEvents, value: Any, argument: str) -> None:
    arguments: Any = {"name": "root", argument: value}
    with start_transaction(**arguments) as t, start_transaction(**{**arguments, "name": ""}):
        trace_headers()
        t.headers()

    if not (argument == "trace_id" and value is None):
        assert sentry_events.transactions


def test_as_what_a_handle_is_given(sentry_events: SentryEvents, value: Any) -> None:
    with start_transaction(name="root") as root, start_transaction(op="child") as child:
        for handle in (root, child):
            handle.set_tag("tag", value)
            handle.set_tag(value, "key")
            handle.set_data("data", value)
            handle.set_data(value, "key")
            handle.set_status(value)
            handle.name = value
            assert repr(handle)

    assert len(sentry_events.transactions) == 1


def test_as_a_transaction_to_finish_or_adopt(sentry_events: SentryEvents, value: Any) -> None:
    sentryintegration.finish_transaction(value)
    with set_task_transaction(value):
        pass

    assert not sentry_events.items


def test_as_a_timeout(sentry_events: SentryEvents, value: Any) -> None:
    assert sentryintegration.flush(value) in (True, False)


def test_an_exception_beside_a_huge_local_variable(sentry_events: SentryEvents) -> None:
    huge = "x" * 5_000_000
    lines = [huge] * 5
    try:
        raise ValueError(len(lines))
    except ValueError as error:
        capture_exception(error)
        capture_message("text", attachments=[huge])

    assert len(sentry_events) == 2


def test_a_deep_recursion(sentry_events: SentryEvents) -> None:
    def recurse(text: str) -> None:
        recurse(text + "x")

    try:
        recurse("x" * 1000)
    except RecursionError as error:
        capture_exception(error)

    assert len(sentry_events.errors) == 1


def test_a_large_transaction(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"):
        for number in range(900):
            with start_transaction(
                op="db", description="x" * 5000, data={"n": "y" * 5000}, tags={"n": number}
            ):
                pass

    assert len(sentry_events.spans) == 901
