"""Section 4: a noun is a live, read-only sequence of what arrived so far, in order."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Sequence
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import child, event, fail, post, root

SENTRY_NAMES = ("attachments", "logs", "metrics", "check_ins", "feedback", "sessions", "client_reports")
READ = ("events", "messages", "errors", "transactions", "spans", "traces")
NOUNS = (*READ, *SENTRY_NAMES, "envelopes", "items", "refused")


@pytest.mark.parametrize("noun", NOUNS)
def test_each_noun_is_an_empty_sequence_before_anything_came(sentry_events: SentryEvents, noun: str) -> None:
    view: Any = getattr(sentry_events, noun)
    assert isinstance(view, Sequence)
    assert len(view) == 0
    assert not view
    empty: Any = ([], ())
    for nothing in empty:
        assert view == nothing


def test_transactions_that_end_one_after_another_come_in_that_order(sentry_events: SentryEvents) -> None:
    names = [f"checkout {number}" for number in range(12)]
    for name in names:
        with root(name):
            pass

    assert [transaction.name for transaction in sentry_events.transactions] == names


def test_transactions_come_in_the_order_of_their_ends_also_where_they_overlap(
    sentry_events: SentryEvents,
) -> None:
    def end_inner() -> None:
        with root("inner"):
            pass

    with root("outer"):
        with child("db"):
            pass
        contextvars.Context().run(end_inner)

    assert [transaction.name for transaction in sentry_events.transactions] == ["inner", "outer"]


@pytest.mark.parametrize("noun", NOUNS)
def test_each_noun_can_be_asked_while_it_is_empty(sentry_events: SentryEvents, noun: str) -> None:
    view: Any = getattr(sentry_events, noun)
    assert view.where() == ()
    assert view.wait(0) == ()
    view.none()
    with pytest.raises(AssertionError):
        view.find(timeout=0)
    with pytest.raises(IndexError):
        view[0]


def test_sentry_events_itself_is_the_view_of_its_events(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    fail(ValueError("oh"))
    assert isinstance(sentry_events, Sequence)
    assert len(sentry_events) == 2
    assert list(sentry_events) == list(sentry_events.events)
    assert sentry_events[0] is sentry_events.events[0]
    assert sentry_events.find("hello") is sentry_events.events.find("hello")


def test_events_are_in_the_order_in_which_they_came(sentry_events: SentryEvents) -> None:
    for number in range(5):
        sentry_sdk.capture_message(f"number {number}")
    assert [seen.message for seen in sentry_events] == [f"number {number}" for number in range(5)]


def test_messages_have_no_exception_and_errors_have_one(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a message", level="error")
    fail(ValueError("an error"))
    assert [seen.message for seen in sentry_events.messages] == ["a message"]
    assert [seen.exceptions[-1].value for seen in sentry_events.errors] == ["an error"]


def test_transactions_are_not_events(sentry_events: SentryEvents) -> None:
    with root("checkout"):
        pass
    assert len(sentry_events.transactions) == 1
    assert len(sentry_events.events) == 0


def test_spans_are_all_spans_roots_too(sentry_events: SentryEvents) -> None:
    with root("checkout", "http.server"), child("db.query"), child("db.connect"):
        pass
    assert {span.op for span in sentry_events.spans} == {"http.server", "db.query", "db.connect"}


def test_a_trace_holds_all_spans_of_one_trace_id(sentry_events: SentryEvents) -> None:
    with root("one", "task"), child("inside"):
        pass
    with root("two", "task"):
        pass
    assert [len(trace.spans) for trace in sentry_events.traces] == [2, 1]


def test_a_view_is_live(sentry_events: SentryEvents) -> None:
    view = sentry_events.messages
    assert len(view) == 0
    sentry_sdk.capture_message("later")
    assert len(view) == 1


def test_reading_drains_the_sdk_so_that_no_test_sleeps(sentry_events: SentryEvents) -> None:
    for count in range(1, 20):
        sentry_sdk.capture_message("hello")
        assert len(sentry_events.messages) == count


def test_spans_are_drained_too(sentry_events: SentryEvents) -> None:
    for count in range(1, 10):
        with root("checkout"), child("db"):
            pass
        assert len(sentry_events.transactions) == count
        assert len(sentry_events.spans) == 2 * count


def test_indexes_slices_and_membership_are_those_of_a_sequence(sentry_events: SentryEvents) -> None:
    for text in ("a", "b", "c"):
        sentry_sdk.capture_message(text)
    view = sentry_events.messages
    first, second, third = view
    assert view[0] is first
    assert view[-1] is third
    assert list(view[1:]) == [second, third]
    assert second in view
    assert view.index(third) == 2
    assert view.count(first) == 1
    assert list(reversed(view)) == [third, second, first]


def test_the_same_object_comes_back_each_time(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages[0] is sentry_events.messages[0]
    assert sentry_events.messages[0] is sentry_events.events[0]


def test_views_equal_lists_and_tuples_of_the_same_objects(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("b")
    view = sentry_events.messages
    assert view == list(view)
    assert view == tuple(view)
    assert view == sentry_events.events
    assert view != list(view)[:1]
    assert view != []


def test_iteration_is_over_a_snapshot(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    for seen in sentry_events.messages:
        sentry_sdk.capture_message(f"{seen.message} again")
    assert [seen.message for seen in sentry_events.messages] == ["a", "a again"]


def test_repr_never_drains(sentry_events: SentryEvents) -> None:
    sentry_events.faults.delay(1.0)
    sentry_sdk.capture_message("hello")
    begin = time.monotonic()
    assert repr(sentry_events.messages)
    assert repr(sentry_events)
    assert time.monotonic() - begin < 0.5
    sentry_events.faults.clear()


def test_repr_says_that_something_is_not_sent_yet(sentry_events: SentryEvents) -> None:
    sentry_events.faults.delay(60)
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("b")
    assert repr(sentry_events.errors) == "<0 errors; the SDK holds more that is not sent yet>"


def test_repr_says_that_a_log_is_not_sent_yet(sentry_events: SentryEvents) -> None:
    logs: Any = pytest.importorskip("sentry_sdk.logger", reason="this SDK has no logs")
    sentry_sdk.init(_experiments={"enable_logs": True})
    logs.info("hello")
    assert repr(sentry_events.logs) == "<0 logs; the SDK holds more that is not sent yet>"

    assert len(sentry_events.logs) == 1
    assert repr(sentry_events.errors) == "<0 errors>"


def test_a_view_is_read_only(sentry_events: SentryEvents) -> None:
    view: Any = sentry_events.messages
    sentry_sdk.capture_message("a")
    with pytest.raises(TypeError):
        view[0] = None
    with pytest.raises(TypeError):
        del view[0]
    assert not hasattr(view, "append")


def test_clear_forgets_what_came_and_nothing_that_comes(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("before")
    post(sentry_events.dsn, event("from elsewhere"))
    sentry_events.clear()
    assert len(sentry_events.envelopes) == 0
    assert len(sentry_events.events) == 0
    sentry_sdk.capture_message("after")
    assert [seen.message for seen in sentry_events] == ["after"]


def test_clear_forgets_refused_requests_and_traces_too(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, ({"type": "event"}, b"{"), event_id="not an id")
    with root("checkout"):
        pass
    assert len(sentry_events.refused) == 1
    assert len(sentry_events.traces) == 1
    sentry_events.clear()
    assert sentry_events.refused == []
    assert sentry_events.traces == ()


def test_a_noun_that_does_not_exist_is_an_attribute_error(sentry_events: SentryEvents) -> None:
    with pytest.raises(AttributeError, match="transaction"):
        _ = sentry_events.transaction  # type: ignore[attr-defined]
