"""Section 4, the table of objects: events, their exceptions, breadcrumbs and attachments."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import OPTIONS, event, fail, post, root, thrown


def test_a_message_has_its_id_level_and_text(sentry_events: SentryEvents) -> None:
    identity = sentry_sdk.capture_message("hello", level="warning")
    seen = sentry_events.messages.find()
    assert (seen.id, seen.level, seen.message) == (identity, "warning", "hello")


def test_tags_user_and_contexts_are_those_of_the_scope(sentry_events: SentryEvents) -> None:
    sentry_sdk.set_tag("graph", "g1")
    sentry_sdk.set_user({"id": "7", "email": "ada@example.org"})
    sentry_sdk.set_context("order", {"id": 7})
    sentry_sdk.get_isolation_scope().set_extra("rows", 3)
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert seen.tags == {"graph": "g1"}
    assert seen.user == {"id": "7", "email": "ada@example.org"}
    assert seen.contexts["order"] == {"id": 7}
    assert seen.extra["rows"] == 3


@pytest.mark.sentry(release="shop@1.4", environment="staging", server_name="box", dist="17")
def test_release_environment_dist_and_server_are_those_of_the_options(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert (seen.release, seen.environment, seen.dist) == ("shop@1.4", "staging", "17")
    assert seen.server_name == "box"


def test_breadcrumbs_are_in_order(sentry_events: SentryEvents) -> None:
    sentry_sdk.add_breadcrumb(category="cart", message="added", level="info", data={"sku": 7})
    sentry_sdk.add_breadcrumb(category="cart", message="removed", level="warning")
    sentry_sdk.capture_message("hello")
    first, second = sentry_events.messages.find("hello").breadcrumbs
    assert (first.message, first.category, first.level, first.data) == ("added", "cart", "info", {"sku": 7})
    assert (second.message, second.level) == ("removed", "warning")
    assert first.timestamp is not None
    assert second.timestamp is not None
    assert first.timestamp <= second.timestamp


def test_the_exception_is_the_outermost_and_the_chain_begins_with_the_cause(
    sentry_events: SentryEvents,
) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as cause:
            raise RuntimeError("outer") from cause
    except RuntimeError as error:
        sentry_sdk.capture_exception(error)
    seen = sentry_events.errors.find(RuntimeError)
    assert [one.type for one in seen.exceptions] == ["KeyError", "RuntimeError"]
    assert seen.exception is not None
    assert (seen.exception.type, seen.exception.value) == ("RuntimeError", "outer")


def test_a_message_has_no_exception(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert seen.exception is None
    assert list(seen.exceptions) == []


@pytest.mark.sentry(attach_stacktrace=True)
def test_a_message_has_the_stack_of_its_thread_where_one_was_sent(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")

    seen = sentry_events.messages.find("hello")
    assert seen.frames[-1].function == "test_a_message_has_the_stack_of_its_thread_where_one_was_sent"
    assert seen.frames[-1].context_line == '    sentry_sdk.capture_message("hello")'


def test_of_several_threads_the_stack_is_of_the_one_that_captured(sentry_events: SentryEvents) -> None:
    threads = [
        {"stacktrace": {"frames": [{"function": function}]}, "current": function == "own"}
        for function in ("other", "own")
    ]
    post(sentry_events.dsn, event("several", threads={"values": threads}))
    post(sentry_events.dsn, event("none", threads=[7, {"stacktrace": []}], stacktrace="x"))

    seen = [[frame.function for frame in one.frames] for one in sentry_events.messages]
    assert seen == [["own"], []]


class CartError(Exception):
    """An error with a module of its own."""


def test_an_exception_knows_its_type_module_mechanism_and_whether_it_was_handled(
    sentry_events: SentryEvents,
) -> None:
    fail(CartError("empty"))
    seen = sentry_events.errors.find(CartError).exception
    assert seen is not None
    assert (seen.type, seen.value, seen.module) == ("CartError", "empty", __name__)
    assert seen.mechanism["type"] == "generic"
    assert seen.handled is True


def test_an_exception_that_nobody_handled_says_so(sentry_events: SentryEvents) -> None:
    value = {"type": "Boom", "value": "x", "mechanism": {"type": "excepthook", "handled": False}}
    post(sentry_events.dsn, thrown(value))
    seen = sentry_events.errors.find("x").exception
    assert seen is not None
    assert seen.handled is False


def test_a_frame_knows_where_it_is(sentry_events: SentryEvents) -> None:
    shelf = ["tea"]
    try:
        raise CartError(len(shelf))
    except CartError as error:
        sentry_sdk.capture_exception(error)
    seen = sentry_events.errors.find(CartError).exception
    assert seen is not None
    frame = seen.frames[-1]
    assert frame.function == "test_a_frame_knows_where_it_is"
    assert frame.filename is not None
    assert frame.filename.endswith("test_events.py")
    assert frame.context_line is not None
    assert frame.context_line.strip() == "raise CartError(len(shelf))"
    assert isinstance(frame.lineno, int)
    assert frame.in_app is True
    assert "shelf" in frame.vars


def test_fingerprint_and_transaction_name_are_there(sentry_events: SentryEvents) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = ["cart", "empty"]
        scope.set_transaction_name("/checkout")
        sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert list(seen.fingerprint) == ["cart", "empty"]
    assert seen.transaction == "/checkout"


def test_flags_are_a_mapping(sentry_events: SentryEvents) -> None:
    from sentry_sdk.feature_flags import add_feature_flag

    add_feature_flag("new-cart", True)
    add_feature_flag("old-cart", False)
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find("hello").flags == {"new-cart": True, "old-cart": False}


def test_modules_and_sdk_are_those_of_the_sender(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert "pytest" in seen.modules
    assert seen.sdk["name"].startswith("sentry.python")
    assert seen.sdk["version"] == sentry_sdk.VERSION


def test_the_request_is_there(sentry_events: SentryEvents) -> None:
    asked = {"url": "https://shop.example/cart", "method": "POST", "data": {"sku": 7}}
    post(sentry_events.dsn, event("hello", request=asked))
    assert sentry_events.messages.find("hello").request == asked


def test_an_event_inside_a_span_has_the_ids_of_that_span(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"):
        sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    tree = sentry_events.transactions.find("checkout").tree
    assert (seen.trace_id, seen.span_id) == (tree.trace_id, tree.span_id)


def test_the_timestamp_is_an_aware_time_of_now(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    timestamp = sentry_events.messages.find("hello").timestamp
    assert timestamp is not None
    assert abs((datetime.now(timezone.utc) - timestamp).total_seconds()) < 60


def test_the_project_is_that_of_the_dsn(sentry_events: SentryEvents) -> None:
    sentry_sdk.init("https://0123456789abcdef0123456789abcdef@example.invalid/4711", **OPTIONS)
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find("hello").project_id == "4711"


def test_attachments_are_a_mapping_by_filename(sentry_events: SentryEvents) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.add_attachment(bytes=b"DROP TABLES ;", filename="query.sql", content_type="text/plain")
        scope.add_attachment(bytes=b'{"a": [1]}', filename="data.json")
        sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert set(seen.attachments) == {"query.sql", "data.json"}
    assert seen.attachments["query.sql"].text == "DROP TABLES ;"
    assert seen.attachments["query.sql"].content_type == "text/plain"
    assert seen.attachments["query.sql"].payload == b"DROP TABLES ;"
    assert seen.attachments["data.json"].json == {"a": [1]}


def test_an_attachment_knows_its_event_and_is_found_by_name(sentry_events: SentryEvents) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.add_attachment(bytes=b"\x00\xff\n", filename="core.bin")
        sentry_sdk.capture_message("hello")
    seen = sentry_events.attachments.find("core.bin")
    assert seen.event is sentry_events.messages.find("hello")
    assert seen.filename == "core.bin"
    assert seen.payload == b"\x00\xff\n"
    assert seen.attachment_type in (None, "event.attachment")


def test_the_attachments_of_one_event_are_not_those_of_the_next(sentry_events: SentryEvents) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.add_attachment(bytes=b"a", filename="a.txt")
        sentry_sdk.capture_message("first")
    sentry_sdk.capture_message("second")
    assert list(sentry_events.messages.find("first").attachments) == ["a.txt"]
    assert list(sentry_events.messages.find("second").attachments) == []


def test_objects_are_frozen(sentry_events: SentryEvents) -> None:
    sentry_sdk.add_breadcrumb(message="crumb")
    fail(CartError("empty"))
    seen: Any = sentry_events.errors.find(CartError)
    parts = [seen, seen.exception, seen.exception.frames[0], seen.breadcrumbs[0], seen.envelope, seen.item]
    names = ["level", "type", "lineno", "message", "headers", "payload"]
    for part, name in zip(parts, names, strict=True):
        with pytest.raises(AttributeError):
            setattr(part, name, None)


def test_every_object_is_documented(sentry_events: SentryEvents) -> None:
    sentry_sdk.add_breadcrumb(message="crumb")
    fail(CartError("empty"))
    with root("checkout", "task"):
        pass
    seen: Any = sentry_events.errors.find(CartError)
    transaction = sentry_events.transactions.find("checkout")
    trace = sentry_events.traces.where()[-1]
    for part in (
        seen,
        seen.exception,
        seen.breadcrumbs[0],
        seen.envelope,
        transaction,
        transaction.tree,
        trace,
    ):
        assert (type(part).__doc__ or "").strip()


def test_what_came_on_the_wire_stays_beside_the_object(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, event("hello", tags=[["a", "1"], ["b", None]], unheard_of={"x": 1}))
    seen = sentry_events.messages.find("hello")
    assert seen.raw["unheard_of"] == {"x": 1}
    assert seen.raw["tags"] == [["a", "1"], ["b", None]]
    assert seen.item.type == "event"
    assert seen.item.json == seen.raw
    assert seen.item in seen.envelope.items
    assert seen.tags["a"] == "1"


def test_an_event_that_is_nearly_empty_has_every_attribute(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, ({"type": "event"}, {}))
    seen = sentry_events.events.find()
    assert (seen.message, seen.exception, seen.tags, seen.contexts) == (None, None, {}, {})
    assert (list(seen.breadcrumbs), list(seen.fingerprint), dict(seen.attachments)) == ([], [], {})
    assert (seen.release, seen.dist, seen.transaction, seen.server_name) == (None, None, None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"tags": 7},
        {"tags": [None, ["a"], ["b", "c", "d"]]},
        {"exception": "boom"},
        {"exception": {"values": [None, 3, {"stacktrace": {"frames": [None, {"vars": 1}]}}]}},
        {"breadcrumbs": {"values": [None, "x", {"timestamp": "never"}]}},
        {"contexts": {"trace": "no", "flags": {"values": [1]}}},
        {"user": "ada", "request": [], "extra": 3, "sdk": "x", "modules": [1], "fingerprint": "x"},
        {"timestamp": "not a time", "level": 7, "release": 8, "logentry": []},
    ],
)
def test_an_event_of_the_wrong_shapes_can_be_read_and_drawn(
    sentry_events: SentryEvents, fields: dict[str, Any]
) -> None:
    post(sentry_events.dsn, event("hello", **fields))
    (seen,) = sentry_events.events
    for name in (
        "tags",
        "exceptions",
        "frames",
        "breadcrumbs",
        "contexts",
        "flags",
        "user",
        "request",
        "extra",
        "sdk",
    ):
        getattr(seen, name)
    for name in ("modules", "fingerprint", "timestamp", "level", "release", "message", "attachments"):
        getattr(seen, name)
    assert str(seen)
    assert repr(seen)
    assert seen.snapshot()


def test_every_object_has_a_repr_of_one_line(sentry_events: SentryEvents) -> None:
    sentry_sdk.add_breadcrumb(message="crumb " * 100)
    fail(CartError("empty " * 100))
    with root("checkout " * 50, "task"):
        pass
    seen: Any = sentry_events.errors[0]
    transaction = sentry_events.transactions[0]
    for part in (seen, seen.exception, seen.breadcrumbs[0], transaction, transaction.tree, seen.envelope):
        assert "\n" not in repr(part)
