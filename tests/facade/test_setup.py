"""Setting up, process-wide tags, flushing and closing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk import scope as sdk_scope
from sentry_sdk.envelope import Envelope, Item

import sentryintegration
from pytest_sentryintegration import SentryEvents
from sentryintegration import (
    capture_exception,
    capture_message,
    finish_transaction,
    flush,
    init,
    set_tag,
    set_task_transaction,
    start_transaction,
    trace_headers,
    traced,
)

DSN = "http://key@localhost/1"


@pytest.fixture
def uninitialised(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Scopes without a client, and no DSN in the environment."""
    monkeypatch.delenv("SENTRY_DSN", raising=False)
    monkeypatch.setattr(sdk_scope, "_global_scope", sentry_sdk.get_global_scope().fork())
    with sentry_sdk.isolation_scope() as isolation, sentry_sdk.new_scope() as current:
        for scope in (sentry_sdk.get_global_scope(), isolation, current):
            scope.set_client(None)
        yield


@pytest.mark.parametrize(
    ("dsn", "wrong"),
    [
        ("ftp://key@host/1", "has the scheme 'ftp'"),
        ("key@host/1", "has the scheme ''"),
        ("https://host/1", "has no public key"),
        ("https://key@/1", "has no host"),
        ("https://key@host/", "has no project number"),
        ("https://key@host", "has no project number"),
        ("https://key@host/shop", "ends with 'shop'"),
        ("https://key@host:port/1", "is malformed"),
        ("https://key@[::1/1", "is malformed"),
        (42, "is no string"),
    ],
)
def test_a_malformed_dsn_raises_with_what_is_wrong(dsn: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match="a DSN looks like https://") as error:
        init(dsn)

    assert wrong in str(error.value)
    assert repr(dsn) in str(error.value)


def test_a_malformed_dsn_of_the_environment_raises_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", "nonsense")

    with pytest.raises(ValueError, match="'nonsense'"):
        init()


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), "1.0", True, 100])
def test_a_rate_outside_0_to_1_raises(rate: Any) -> None:
    with pytest.raises(ValueError, match="give a number from 0 to 1"):
        init(DSN, traces_sample_rate=rate)


def test_a_rate_and_a_sampler_together_raise() -> None:
    with pytest.raises(ValueError, match="leave one out"):
        init(DSN, traces_sample_rate=1.0, traces_sampler=lambda context: 1.0)
    with pytest.raises(ValueError, match="cannot be called"):
        init(DSN, traces_sampler=0.5)  # type: ignore[arg-type]


def test_an_unknown_option_is_the_sdks_own_error() -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        init(DSN, no_such_option=1)


@pytest.mark.usefixtures("uninitialised")
def test_without_a_dsn_everything_is_a_safe_no_op(records: list[logging.LogRecord]) -> None:
    init()
    set_tag("a", "b")
    assert capture_message("text", tags={"a": 1}, attachments=["x"]) is None
    assert capture_exception(KeyError()) is None
    with start_transaction(name="root") as t, start_transaction(op="child"):
        t.set_tag("a", 1)
        t.set_data("b", 2)
        t.set_status("ok")
        t.name = "other"
        assert (t.headers(), trace_headers(), len(t.trace_id), len(t.span_id)) == ({}, {}, 32, 16)
    with set_task_transaction(t):
        finish_transaction(t)
    assert traced(lambda: 1)() == 1
    assert start_transaction(lambda t: 2) == 2
    assert flush()
    assert sentryintegration.close()

    assert [record.getMessage() for record in records] == [
        "neither dsn nor SENTRY_DSN is given: nothing will be reported to Sentry"
    ]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"name": "checkout", "op": "http"}, "checkout"),
        ({"description": "a\nb", "op": "http"}, "a b"),
        ({"op": "http"}, "http"),
        ({"name": 7, "op": "http"}, "7"),
        ({"name": type("Text", (str,), {})("checkout"), "op": "http"}, "checkout"),
        ({"name": " ", "op": "http"}, "http"),
        ({}, "<unlabeled transaction>"),
    ],
)
@pytest.mark.usefixtures("uninitialised")
def test_without_sentry_a_handle_has_the_name_that_it_was_given(given: dict[str, Any], name: str) -> None:
    t = start_transaction(**given)
    assert t.name == name

    t.name = "other"
    assert t.name == "other"


@pytest.mark.usefixtures("uninitialised")
def test_an_empty_dsn_is_off_with_a_transport_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", DSN)

    init("", transport=sentry_sdk.transport.HttpTransport)

    client = sentry_sdk.get_client()
    assert (client.dsn, client.transport) == ("", None)


@pytest.mark.parametrize(
    ("hidden", "printed"),
    [
        ("\x1b[31m", "\\u001b[31m"),
        ("\x9b31m", "\\u009b31m"),
        ("a\nb", "a\\u000ab"),
        ("\u202etxt", "\\u202etxt"),
        ("\u200ftxt", "\\u200ftxt"),
        ("\u061ctxt", "\\u061ctxt"),
    ],
)
@pytest.mark.usefixtures("uninitialised")
def test_dry_mode_prints_what_a_terminal_would_obey_as_escapes(
    hidden: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    init("fake")
    capture_message(f"before {hidden}")

    written = capsys.readouterr().err
    assert f"event: before {printed}\n" in written
    assert hidden not in written


@pytest.mark.usefixtures("sentry_events")
def test_dry_mode_prints_an_exception_by_its_type_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    init("fake")
    sentryintegration.capture_exception(ValueError("no such tea"))

    assert "event: ValueError: 'no such tea'" in capsys.readouterr().err


@pytest.mark.usefixtures("sentry_events")
def test_dry_mode_prints_how_long_an_item_is_that_is_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    init("fake")
    envelope = Envelope()
    for payload in (b"\x00\x01", b"[1]"):
        envelope.add_item(Item(payload, type="profile"))
    transport: Any = sentry_sdk.get_client().transport
    transport.capture_envelope(envelope)

    printed = capsys.readouterr().err.splitlines()
    assert printed == [
        "--- Sentry envelope (dry mode, not sent)",
        "profile: 2 bytes",
        "profile",
        "[",
        "  1",
        "]",
    ]


@pytest.mark.parametrize("options", [{"dsn": "fake"}, {"dry_mode": True}, {"dsn": DSN, "dry_mode": True}])
def test_dry_mode_prints_and_sends_nothing(
    sentry_events: SentryEvents, capsys: pytest.CaptureFixture[str], options: dict[str, Any]
) -> None:
    init(**options)
    event_id = capture_message("printed", tags={"a": "b"}, attachments=["x"])

    printed = capsys.readouterr().err
    assert event_id is not None
    assert "event: printed" in printed
    assert '"a": "b"' in printed
    assert "attachment 'attachment-1.txt': 1 bytes" in printed
    assert not sentry_events.items


def test_an_application_initialises_by_the_facade(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    init(DSN, traces_sample_rate=1.0, release="1.0", environment="test", **mode_options)
    capture_message("text")

    event = sentry_events.messages.find("text")
    assert (event.release, event.environment) == ("1.0", "test")


def test_a_second_init_replaces_the_first_and_leaves_no_thread(
    sentry_events: SentryEvents, records: list[logging.LogRecord], mode_options: dict[str, Any]
) -> None:
    init(DSN, traces_sample_rate=1.0, enable_backpressure_handling=False, **mode_options)
    capture_message("first")
    first = sentry_sdk.get_client()
    init(DSN, environment="second", enable_backpressure_handling=False, **mode_options)
    capture_message("second")

    assert [record.levelname for record in records] == ["WARNING"]
    assert sentry_events.messages.find("first")
    assert sentry_events.messages.find("second").environment == "second"
    for thread in threading.enumerate():
        if thread.name == "sentryintegration.close":
            thread.join(5)
    assert first.transport is None
    assert "sentryintegration.close" not in {thread.name for thread in threading.enumerate()}


def test_a_transaction_open_at_a_second_init_is_sent(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    init(DSN, traces_sample_rate=1.0, **mode_options)
    with start_transaction(name="over both", op="root"):
        init(DSN, traces_sample_rate=1.0, **mode_options)
        with start_transaction(op="child"):
            pass

    assert len(sentry_events.transactions.find("over both").tree.children) == 1


def test_set_tag_is_process_wide(sentry_events: SentryEvents) -> None:
    set_tag("region", "eu")
    thread = threading.Thread(target=lambda: capture_message("thread"))
    thread.start()
    thread.join()
    with sentry_sdk.isolation_scope():
        capture_message("request")
    with start_transaction(name="root"):
        pass

    assert [message.tags["region"] for message in sentry_events.messages] == ["eu", "eu"]
    assert sentry_events.transactions.find("root").tags["region"] == "eu"


def test_set_tag_repairs_like_any_tag(sentry_events: SentryEvents, records: list[logging.LogRecord]) -> None:
    set_tag("my region", "a\nb")
    set_tag("user", 3)
    capture_message("text")

    assert dict(sentry_events.messages.find("text").tags) == {"my-region": "a b", "tag.user": "3"}
    assert len(records) == 2


@pytest.mark.parametrize("when", ["before", "after", "before a second"])
def test_release_environment_and_dist_by_set_tag_are_fields(
    sentry_events: SentryEvents, when: str, mode_options: dict[str, Any]
) -> None:
    if when != "before":
        init(DSN, traces_sample_rate=1.0, **mode_options)
    for name, value in (("release", "shop@1.2"), ("environment", "staging"), ("dist", "42")):
        set_tag(name, value)
    if when != "after":
        init(DSN, traces_sample_rate=1.0, **mode_options)

    def work() -> None:
        capture_message("thread")

    with start_transaction(name="root", op="root") as t:
        capture_message("inside")
        baggage = t.headers()["baggage"]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    for one in (
        sentry_events.messages.find("inside"),
        sentry_events.messages.find("thread"),
    ):
        assert (one.release, one.environment, one.dist) == ("shop@1.2", "staging", "42")
    transaction = sentry_events.transactions.find("root")
    assert (transaction.release, transaction.environment) == ("shop@1.2", "staging")
    assert "sentry-release=shop%401.2" in baggage
    assert "sentry-environment=staging" in baggage
    assert "release" not in sentry_events.messages.find("inside").tags


def test_sessions_have_the_release_of_set_tag(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    init(DSN, **mode_options)
    set_tag("release", "shop@1.2")
    scope = sentry_sdk.get_isolation_scope()
    scope.start_session(session_mode="application")
    scope.end_session()

    assert {session.release for session in sentry_events.sessions} == {"shop@1.2"}


def test_logs_have_the_release_of_set_tag(sentry_events: SentryEvents, mode_options: dict[str, Any]) -> None:
    sdk_logger = pytest.importorskip("sentry_sdk.logger")
    options: dict[str, Any] = {"enable_logs": True} if int(sentry_sdk.VERSION.split(".")[0]) == 2 else {}
    init(DSN, **mode_options, **options)
    set_tag("release", "shop@1.2")
    set_tag("environment", "staging")
    sdk_logger.info("said")

    [log] = sentry_events.logs
    assert (log.attributes["sentry.release"], log.attributes["sentry.environment"]) == ("shop@1.2", "staging")


def test_an_init_that_names_the_release_wins(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    set_tag("release", "tag")
    init(DSN, release="init", **mode_options)
    capture_message("one")
    set_tag("release", "later")
    capture_message("two")

    assert [message.release for message in sentry_events.messages] == ["init", "later"]


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("release", "app/1.0", "app-1.0"),
        ("release", "latest", "release-latest"),
        ("release", "x" * 300, "x" * 200),
        ("release", 3.1, "3.1"),
        ("environment", "a\\b\n", "a-b"),
        ("environment", "None", "environment-None"),
        ("environment", "é" * 40, "é" * 32),
        ("dist", "a b", "a-b"),
    ],
)
def test_fields_arrive_as_sentry_keeps_them(
    sentry_events: SentryEvents, name: str, given: Any, sent: str, records: list[logging.LogRecord]
) -> None:
    set_tag(name, given)
    capture_message("text")

    assert getattr(sentry_events.messages.find("text"), name) == sent
    assert len(records) == 1


def test_an_empty_release_is_left_alone(
    sentry_events: SentryEvents, records: list[logging.LogRecord]
) -> None:
    set_tag("release", "kept")
    set_tag("release", " ")
    capture_message("text")

    assert sentry_events.messages.find("text").release == "kept"
    assert len(records) == 1


def test_an_invalid_release_of_the_environment_is_repaired(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch, mode_options: dict[str, Any]
) -> None:
    monkeypatch.setenv("SENTRY_RELEASE", "feature/x")
    init(DSN, **mode_options)
    capture_message("text")

    assert sentry_events.messages.find("text").release == "feature-x"


def test_close_sends_what_is_open(sentry_events: SentryEvents, mode_options: dict[str, Any]) -> None:
    init(DSN, traces_sample_rate=1.0, **mode_options)
    t = start_transaction(name="open", op="root")
    child = start_transaction(op="child")
    assert sentryintegration.close()
    finish_transaction(child)
    finish_transaction(t)

    assert [one.op for one in sentry_events.transactions.find("open").tree.children] == ["child"]


@pytest.mark.parametrize("timeout", [0, 1, None, -1, "2", float("nan"), float("inf"), 10**30, True])
def test_flush_takes_any_timeout(sentry_events: SentryEvents, timeout: Any) -> None:
    assert flush(timeout)


def test_the_logger_is_ignored_by_the_sdk(sentry_events: SentryEvents) -> None:
    logging.getLogger("sentryintegration").error("not an event")
    capture_message("text")

    [event] = sentry_events
    assert event.message == "text"
    assert not [crumb for crumb in event.breadcrumbs if crumb.category == "sentryintegration"]


def test_an_overdue_transaction_goes_out_and_later_children_continue_its_trace(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentryintegration._ledger.PATIENCE", 0.05)
    t = start_transaction(name="root", op="root")
    late = start_transaction(op="late", tags={"a": "b"}, data={"c": 1})
    finish_transaction(t)
    node: Any = t._node
    deadline = time.monotonic() + 5
    while not node.tree.sent and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    root = sentry_events.transactions.find("root")
    with set_task_transaction(late), start_transaction(op="later"):
        pass
    finish_transaction(late)

    [span] = [one for one in sentry_events.spans if one.op == "late"]
    assert (span.trace_id, span.parent_span_id, span.span_id) == (root.trace_id, root.span_id, late.span_id)
    assert (span.tags["a"], span.data["c"]) == ("b", 1)
    assert {one.trace_id for one in sentry_events.spans} == {root.trace_id}


def test_a_missing_internal_switches_tracing_off_and_events_go_on(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch, records: list[logging.LogRecord]
) -> None:
    # Else it would be looked for, once a process, while it is missing: for the tests that follow, too.
    finish_transaction(start_transaction(name="looks for what it needs"))
    monkeypatch.delenv("SENTRYINTEGRATION_RAISE")
    monkeypatch.delattr(sentry_sdk.Scope, "fork")
    for _ in range(3):
        with start_transaction(name="root") as t, start_transaction(op="child"):
            t.set_tag("a", 1)
    monkeypatch.undo()
    capture_message("goes on")

    [record] = records
    assert "tracing is off" in record.getMessage()
    assert sentry_events.messages.find("goes on")


def test_a_suppressed_transaction_with_headers_ends_one_that_nobody_holds(
    sentry_events: SentryEvents,
) -> None:
    start_transaction(name="dropped")
    with start_transaction(trace_id=None, headers={}):
        pass

    assert [transaction.name for transaction in sentry_events.transactions] == ["dropped"]
