from __future__ import annotations

import itertools
import json
import threading
import traceback
import warnings
from typing import Any

import pytest

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import IncompleteWarning
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from tests.words.inboxes import TRACE, Held, Received


def messages(*texts: str) -> Received:
    received = Received()
    for text in texts:
        received.message(text)
    return received


def test_a_view_shows_what_came_since_it_was_taken() -> None:
    received = Received()
    view = received.events.messages

    assert not view
    received.message("one")
    assert [event.message for event in view] == ["one"]


def test_every_noun_has_its_view() -> None:
    received = Received()

    assert {noun: len(getattr(received.events, noun)) for noun in NOUNS} == dict.fromkeys(NOUNS, 0)


def test_each_noun_holds_its_own() -> None:
    received = Received()
    received.message("one")
    received.error(("ValueError", "boom"))
    received.transaction("checkout", "http.server", ("db", "q"))
    received.dropped("before_send", "error", 1)
    received.refused(400, "bad")
    counts = {noun: len(getattr(received.events, noun)) for noun in NOUNS}

    assert {noun: count for noun, count in counts.items() if count} == {
        "events": 2,
        "messages": 1,
        "errors": 1,
        "transactions": 1,
        "spans": 2,
        "traces": 1,
        "client_reports": 1,
        "envelopes": 4,
        "items": 4,
        "refused": 1,
    }


@pytest.mark.parametrize(
    ("noun", "main"),
    [
        ("events", "boom"),
        ("messages", "one"),
        ("errors", ValueError),
        ("transactions", "checkout"),
        ("spans", "db"),
        ("traces", TRACE),
        ("attachments", "query.sql"),
        ("logs", "started"),
        ("check_ins", "nightly"),
        ("feedback", "nice"),
        ("client_reports", "before_send"),
        ("envelopes", "check_in"),
        ("items", "check_in"),
        ("refused", "bad"),
    ],
)
def test_each_noun_is_found_by_its_own_criterion(noun: str, main: Any) -> None:
    received = Received()
    received.message("one")
    received.error(("ValueError", "boom"))
    received.transaction("checkout", "http.server", ("db", "q"))
    received.dropped("before_send", "error", 1)
    received.refused(400, "bad")
    received.item("attachment", b"DROP", filename="query.sql")
    received.item("check_in", {"monitor_slug": "nightly", "status": "ok"})
    received.item("feedback", {"contexts": {"feedback": {"message": "nice"}}})
    received.item("log", {"items": [{"body": "started", "level": "info"}]}, item_count=1)
    view = getattr(received.events, noun)

    assert view.find(main) is view.where(main)[0]
    view.none("nothing of the kind")


def test_the_events_are_a_view_themselves() -> None:
    received = messages("one", "two")

    assert received.events == received.events.events == received.events.messages
    assert received.events.find("two") is received.events[1]
    assert len(received.events) == 2


def test_a_view_equals_lists_and_tuples_of_the_same_objects() -> None:
    received = messages("one", "two")
    first, second = received.events

    assert received.events == [first, second]
    assert received.events == (first, second)
    assert received.events.messages != [second, first]
    assert received.events.errors == []
    assert received.events != "ab"


def test_a_view_is_indexed_and_sliced() -> None:
    received = messages("one", "two", "three")
    events = list(received.events)

    assert received.events[0] is events[0]
    assert received.events[-1] is events[2]
    assert received.events[1:] == (events[1], events[2])
    assert list(reversed(received.events)) == events[::-1]
    assert events[1] in received.events
    assert received.events.index(events[1]) == 1
    assert received.events.count(events[1]) == 1
    assert None not in received.events


def test_text_in_a_view_is_an_error_as_it_never_is() -> None:
    with pytest.raises(TypeError, match="'one' is text, and messages holds objects: use where"):
        assert "one" not in messages("one").events.messages  # type: ignore[comparison-overlap]


def test_an_index_beyond_the_end_tells_how_many_arrived() -> None:
    with pytest.raises(IndexError, match=r"^messages\[3\]: 2 messages arrived$"):
        messages("one", "two").events.messages[3]


def test_an_index_into_nothing_tells_why_nothing_arrived() -> None:
    received = Received()
    received.dropped("before_send", "error", 1)

    with pytest.raises(IndexError) as caught:
        received.events.errors[0]

    assert str(caught.value).splitlines() == [
        "errors[0]: no error arrived",
        "- 1 event was dropped: before_send returned None.",
    ]


def test_an_iteration_is_over_a_snapshot() -> None:
    received = messages("one")
    seen = 0
    for _ in received.events:
        received.message("another")
        seen += 1

    assert (seen, len(received.events)) == (1, 2)


def test_a_view_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Received().events.errors)


@pytest.mark.parametrize(
    "read",
    [
        len,
        bool,
        iter,
        reversed,
        lambda view: view == [],
        lambda view: None in view,
        lambda view: view.where("x"),
        lambda view: view.none("x"),
        lambda view: view[:1],
    ],
)
def test_reading_drains_first(read: Any) -> None:
    drained: list[str] = []

    def drain() -> list[str]:
        drained.append("drained")
        return []

    received = Received(drain=drain)
    read(received.events.messages)

    assert drained == ["drained"]


def test_repr_does_not_drain_and_shows_what_is_there() -> None:
    received = Received(drain=lambda: pytest.fail("drained"))
    for number in range(10):
        received.message(f"m{number}")

    assert repr(received.events.errors) == "<0 errors>"
    assert repr(received.events.messages).startswith("<10 messages: <Event error 'm0'>, ")
    assert repr(received.events.messages).endswith("<Event error 'm7'>, ... 2 more>")


def test_a_drain_that_fails_warns_where_nothing_else_would_tell() -> None:
    received = Received(drain=lambda: ["3 envelopes were still queued after 5 s of waiting"])

    with pytest.warns(IncompleteWarning, match="not everything that was sent has arrived: 3 envelopes"):
        assert not received.events.errors


def test_an_unknown_field_is_an_error_also_in_an_empty_inbox() -> None:
    with pytest.raises(TypeError, match="a check-in has no field 'statsu'; did you mean 'status'"):
        Received().events.check_ins.where(statsu="ok")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("message", "'SentryEvents' object has no attribute 'message'; did you mean 'messages'?"),
        (
            "assert_abscent",
            "'SentryEvents' object has no attribute 'assert_abscent'; did you mean 'assert_absent'?",
        ),
        ("zzzz", "'SentryEvents' object has no attribute 'zzzz'"),
        ("_message", "'SentryEvents' object has no attribute '_message'"),
    ],
)
def test_a_noun_that_there_is_not_is_an_error_that_names_the_nearest(wrong: str, said: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(Received().events, wrong)

    # A traceback of Python 3.12 or newer adds what is near by itself: not a second time.
    assert traceback.format_exception_only(caught.value) == [f"AttributeError: {said}\n"]


def test_what_others_call_the_text_is_told() -> None:
    with pytest.raises(TypeError, match=r"an event has no field 'value'; did you mean 'text'\?"):
        Received().events.where(value="boom")


def test_where_returns_all_matches_at_once_as_a_tuple() -> None:
    received = Received(timeout=60)
    received.message("one", "error")
    received.message("two", "warning")
    received.message("three", "error")

    assert [event.message for event in received.events.where(level="error")] == ["one", "three"]
    assert received.events.where("four") == ()
    assert isinstance(received.events.where(), tuple)


def test_clear_forgets_what_came_and_what_is_still_held() -> None:
    received = Held("late")
    received.message("one")

    received.events.clear()
    assert received.events == []
    received.message("two")
    assert [event.message for event in received.events] == ["two"]


def test_what_was_looked_at_is_known() -> None:
    received = Received()
    for text in ("find", "where", "wait", "index", "none of these"):
        received.message(text)
    received.events.messages.find("find")
    received.events.where("where")
    received.events.wait(1, "wait")
    _ = received.events[3]

    assert [event.message for event in received.reader.unlooked()] == ["none of these"]


@pytest.mark.parametrize("view", ["events", "errors"])
def test_iterating_any_view_looks(view: str) -> None:
    received = Received()
    received.error(("ValueError", "boom"))
    list(getattr(received.events, view))

    assert received.reader.unlooked() == ()


@pytest.mark.parametrize(
    "read",
    [len, bool, repr, lambda view: view == [], lambda view: None in view, lambda view: view.where("x")],
)
def test_what_does_not_look(read: Any) -> None:
    received = Received()
    received.error(("ValueError", "boom"))
    read(received.events.errors)

    assert len(received.reader.unlooked()) == 1


def test_what_a_trace_or_an_attachment_leads_to_is_not_looked_at() -> None:
    received = Received()
    event = RawItem({"type": "event"}, json.dumps({"contexts": {"trace": {"trace_id": TRACE}}}).encode())
    attachment = RawItem({"type": "attachment", "filename": "a.txt"}, b"a")
    received.store.add("t", project_id="1", envelope=RawEnvelope({}, (event, attachment)))
    received.transaction("checkout", "http.server")

    assert received.events.attachments.find("a.txt").event == received.events.traces[0].events[0]
    assert len(received.reader.unlooked()) == 1


def test_only_errors_and_worse_are_to_be_looked_at() -> None:
    received = Received()
    for level in ("debug", "info", "warning", "error", "fatal", "warn"):
        received.message(level, level)

    assert [event.message for event in received.reader.unlooked()] == ["error", "fatal", "warn"]
    assert [event.message for event in received.reader.unlooked("fatal")] == ["fatal"]


def test_what_is_allowed_need_not_be_looked_at() -> None:
    received = Received()
    received.error(("KeyError", "a"))
    received.message("disk full")

    assert received.reader.unlooked(allow=[LookupError, "disk"]) == ()


def test_assert_accepted_passes_on_what_sentry_keeps() -> None:
    received = Received()
    received.item("check_in", {"check_in_id": "a" * 32, "monitor_slug": "nightly", "status": "ok"})

    received.events.assert_accepted()


def test_assert_accepted_fails_with_what_was_refused() -> None:
    received = Received()
    received.refused(413, "too large")

    with pytest.raises(AssertionError) as caught:
        received.events.assert_accepted()

    assert str(caught.value).splitlines() == [
        "Sentry would not keep all of what was sent: 1 refused.",
        "refused:",
        "  request, answered with status 413",
        "    too large",
    ]


def test_what_needs_a_server_or_an_sdk_says_so() -> None:
    events = Received().events

    for name in ("dsn", "env", "url", "faults"):
        with pytest.raises(RuntimeError, match="no fake Sentry"):
            getattr(events, name)
    with pytest.raises(RuntimeError, match="no SDK"):
        events.adopt(threading.current_thread())


def test_the_source_is_asked_anew_each_time() -> None:
    class Numbered(Received):
        numbers = itertools.count(1)

        def dsn(self) -> str:
            return f"http://key@host/{next(self.numbers)}"

    events = Numbered().events

    assert (events.dsn, events.dsn) == ("http://key@host/1", "http://key@host/2")


def test_explain_tells_why_nothing_arrived() -> None:
    received = Received(drain=lambda: ["the SDK could not send its logs"])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert received.events.explain() == "the SDK could not send its logs"


def test_the_snapshot_is_plain_data_and_looks() -> None:
    received = messages("one")

    assert isinstance(received.events.snapshot(), dict)
    assert received.reader.unlooked() == ()


def test_sentry_events_is_empty_without_arrivals() -> None:
    assert isinstance(Received().events, SentryEvents)
    assert Received().captured() == ""


def test_printing_shows_what_came_and_what_was_still_held_and_looks_at_nothing() -> None:
    received = Held("late")
    received.error(("ValueError", "boom"))
    received.transaction("checkout", "http.server", ("db", "q"))
    printed = str(received.events)

    assert [line for line in printed.splitlines() if not line.startswith("    ")] == [
        "2 events:",
        "  ValueError: 'boom'",
        "  'late'",
        "1 transaction:",
        "  'checkout', op http.server",
    ]
    assert received.reader.unlooked() == tuple(received.contents.events)


def test_printing_a_view_shows_its_noun_alone() -> None:
    received = messages("one")
    received.error(("ValueError", "boom"))

    assert str(received.events.messages) == "1 message:\n  'one'\n    level='error'"
    assert str(received.events.items).splitlines()[0] == "2 items:"


def test_printing_nothing_says_why_there_is_nothing() -> None:
    assert str(Received().events).splitlines()[0] == "no event arrived"
    assert str(Received().events.logs).splitlines()[1].startswith("- ")
