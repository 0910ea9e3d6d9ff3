from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_sentryintegration.matching.fields import fields_of, unknown_field
from pytest_sentryintegration.matching.nearest import nearest_misses
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.model.nouns import NOUNS


@dataclass
class FakeEvent:
    message: str | None = None
    level: str = "error"
    exceptions: tuple[Any, ...] = ()

    def snapshot(self) -> None: ...


def sent(kind: str, value: str | None, module: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(type=kind, value=value, module=module)


def query(main: Any = ..., noun: str = "events", cls: type | None = FakeEvent, **criteria: Any) -> Query:
    return Query(NOUNS[noun], main, criteria, cls)


@pytest.mark.parametrize(
    "main", ["boom", "cause", re.compile("^bo"), re.compile("e$"), str.islower, KeyError, ...]
)
def test_an_event_is_found_by_any_of_its_texts_and_classes(main: Any) -> None:
    event = FakeEvent(exceptions=(sent("KeyError", "cause"), sent("ValueError", "boom")))

    assert query(main).matches(event)


@pytest.mark.parametrize("main", ["boo", "Boom", re.compile("^oom"), str.isupper, OSError, None])
def test_an_event_is_not_found_by_other_texts_and_classes(main: Any) -> None:
    event = FakeEvent(exceptions=(sent("KeyError", "cause"), sent("ValueError", "boom")))

    assert not query(main).matches(event)


def test_an_event_is_found_by_its_message_and_by_its_exception() -> None:
    event = FakeEvent(message="spec failed", exceptions=(sent("ValueError", "boom"),))

    assert query("spec failed").matches(event)
    assert query("boom").matches(event)


@pytest.mark.parametrize("main", ["boom", re.compile("^boom$"), "boom\nsee page 4"])
def test_notes_of_an_exception_need_not_be_given(main: Any) -> None:
    assert query(main).matches(FakeEvent(exceptions=(sent("ValueError", "boom\nsee page 4"),)))


def test_an_event_without_any_text_matches_no_text() -> None:
    event = FakeEvent(exceptions=(sent("ValueError", None),))

    assert [difference.text for difference in query("boom").differences(event)] == [
        "text: expected 'boom', got nothing"
    ]


@pytest.mark.parametrize("main", [..., "boom", ValueError])
def test_a_class_is_looked_for_in_the_whole_chain_also_where_it_is_named(main: Any) -> None:
    event = FakeEvent(exceptions=(sent("KeyError", "cause"), sent("ValueError", "boom")))

    assert query(main, cls=None, exception=LookupError).matches(event)
    assert [
        difference.text for difference in query(main, cls=None, exception=OSError).differences(event)
    ] == ["exception: expected OSError, got ValueError, KeyError"]


def test_a_class_that_differs_is_told_with_what_was_sent() -> None:
    event = FakeEvent(exceptions=(sent("KeyError", "a"), sent("CartError", "b", "shop")))

    assert [difference.text for difference in query(ValueError).differences(event)] == [
        "exception: expected ValueError, got shop.CartError, KeyError"
    ]


@pytest.mark.parametrize(
    ("noun", "criteria", "searched"),
    [
        ("messages", {"tags": {"order": "order-1", "live": "True"}}, b"order-1"),
        ("errors", {"user": {"geo": {"city": "Berlin"}}, "release": "1.2"}, b"Berlin"),
        ("messages", {"tags": {"order": re.compile("order-1")}}, None),
        ("messages", {"level": "error"}, None),
        ("transactions", {"op": "db", "tags": {"order": "order-1"}}, b"order-1"),
        ("transactions", {"name": "GET /cart"}, b"GET /cart"),
        ("transactions", {"trace_id": "a" * 32}, None),
        ("spans", {"tags": {"order": "order-1"}}, None),
    ],
)
def test_a_text_among_the_criteria_is_searched_in_bytes(
    noun: str, criteria: Any, searched: bytes | None
) -> None:
    assert Query(NOUNS[noun], ..., criteria).needle == searched


def test_criteria_read_as_they_were_written() -> None:
    assert str(query(re.compile("^a"), level="error")) == "text=re('^a'), level='error'"
    assert str(query(ValueError)) == "exception=ValueError"
    assert str(query("x", noun="transactions", cls=None)) == "name='x'"
    assert str(query()) == ""


def test_the_positional_criterion_may_be_given_by_its_name() -> None:
    assert query(text="boom").matches(FakeEvent(message="boom"))
    assert not query(text="boom").matches(FakeEvent(message="bang"))


def test_an_unknown_field_is_an_error_before_anything_arrived() -> None:
    with pytest.raises(TypeError, match="an event has no field 'levl'; did you mean 'level'\\?"):
        query(levl="error")


def test_a_method_is_no_field() -> None:
    with pytest.raises(TypeError, match="no field 'snapshot'"):
        query(snapshot=True)


def test_an_unknown_field_near_to_nothing_lists_all_fields() -> None:
    assert (
        str(unknown_field("log", "zzzz", ["level", "body"]))
        == "a log has no field 'zzzz'; it has body, level"
    )


def test_fields_are_inherited() -> None:
    class Base:
        one: int

    class Derived(Base):
        __slots__ = ("two",)

        @property
        def three(self) -> int:
            return 3

    assert fields_of(Derived) == ("one", "three", "two")


def test_an_envelope_is_found_by_the_type_of_any_item() -> None:
    envelope = SimpleNamespace(items=[SimpleNamespace(type="event"), SimpleNamespace(type="attachment")])

    assert query("attachment", "envelopes", None).matches(envelope)
    assert not query("log", "envelopes", None).matches(envelope)


def test_a_client_report_is_found_by_any_reason() -> None:
    report = SimpleNamespace(discarded=[SimpleNamespace(reason="before_send")])

    assert query("before_send", "client_reports", None).matches(report)
    assert not query("sample_rate", "client_reports", None).matches(report)


def test_an_envelope_without_items_is_found_by_no_type() -> None:
    assert not query("event", "envelopes", None).matches(SimpleNamespace(items=[]))


def test_the_nearest_misses_differ_in_the_fewest_criteria() -> None:
    events = [FakeEvent("other", "info"), FakeEvent("boom", "info"), FakeEvent("other", "error")]

    misses = nearest_misses(events, query("boom", level="error"))

    assert [(miss.obj, miss.differing) for miss in misses] == [(events[1], 1)]


def test_of_equal_misses_the_most_alike_comes_first() -> None:
    events = [FakeEvent("nothing alike"), FakeEvent("spec filed"), FakeEvent("spec")]

    misses = nearest_misses(events, query("spec failed"))

    assert [miss.obj.message for miss in misses] == ["spec filed", "spec", "nothing alike"]


def test_of_many_candidates_the_newest_are_examined() -> None:
    seen: list[str] = []

    def examine(message: str) -> bool:
        seen.append(message)
        return False

    nearest_misses([FakeEvent(str(number)) for number in range(50_000)], query(message=examine))

    assert len(seen) == 1000
    assert seen[0] == "49999"


def test_what_matches_is_no_miss() -> None:
    assert nearest_misses([FakeEvent("boom")], query("boom")) == []
