"""Section 4: what a criterion can be."""

from __future__ import annotations

import builtins
import gc
import re
import sys
from typing import Any
from unittest import mock

import pytest
import sentry_sdk
from dirty_equals import HasLen, IsPartialDict, IsStr

from pytest_sentryintegration import SentryEvents, capture
from tests.contract.sending import child, event, fail, post, root, thrown


def tagged(text: str, **tags: str) -> None:
    """A message with tags of its own."""
    with sentry_sdk.new_scope() as scope:
        for key, value in tags.items():
            scope.set_tag(key, value)
        sentry_sdk.capture_message(text)


def test_a_plain_value_is_compared_whole(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello world")
    assert sentry_events.messages.where("hello") == ()
    assert len(sentry_events.messages.where("hello world")) == 1


def test_equality_comes_first_so_that_any_and_dirty_equals_work(sentry_events: SentryEvents) -> None:
    tagged("hello", graph="g1")
    assert sentry_events.messages.find(mock.ANY, level=mock.ANY, tags=IsPartialDict(graph="g1"))
    assert sentry_events.messages.find(IsStr(regex="h.*o"))
    assert sentry_events.messages.where(tags=HasLen(2)) == ()


def test_a_compiled_pattern_searches(sentry_events: SentryEvents) -> None:
    tagged("Spec failed: structure", graph="g17")
    assert sentry_events.messages.find(re.compile("structure$"), tags={"graph": re.compile("^g")})
    assert sentry_events.messages.where(re.compile("^structure")) == ()


def test_a_pattern_does_not_match_what_is_not_there(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.where(transaction=re.compile("None|")) == ()


def test_a_callable_decides(sentry_events: SentryEvents) -> None:
    for text in ("a", "bb", "ccc"):
        sentry_sdk.capture_message(text)
    assert sentry_events.messages.find(lambda text: len(text) == 2).message == "bb"
    assert [seen.message for seen in sentry_events.messages.where(message=lambda text: text > "b")] == [
        "bb",
        "ccc",
    ]


def test_a_dict_matches_recursively_as_a_subset(sentry_events: SentryEvents) -> None:
    sentry_sdk.set_context("order", {"id": 7, "paid": {"by": "card", "at": "noon"}})
    tagged("hello", graph="g1", step="2")
    assert sentry_events.messages.find(tags={"graph": "g1"})
    assert sentry_events.messages.find(contexts={"order": {"paid": {"by": "card"}}})
    assert sentry_events.messages.where(contexts={"order": {"paid": {"by": "cash"}}}) == ()
    assert sentry_events.messages.where(tags={"graph": "g1", "missing": "x"}) == ()


def test_an_ellipsis_accepts_anything_that_is_there(sentry_events: SentryEvents) -> None:
    tagged("hello", graph="g1")
    assert sentry_events.messages.find(..., tags={"graph": ...})
    assert sentry_events.messages.where(tags={"step": ...}) == ()
    assert sentry_events.messages.where(transaction=...) == ()


def test_criteria_inside_a_dict_are_criteria_too(sentry_events: SentryEvents) -> None:
    tagged("hello", graph="g1", rows="30")
    assert sentry_events.messages.find(tags={"graph": mock.ANY, "rows": lambda rows: int(rows) > 20})


def test_none_as_criterion_means_absent(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find(transaction=None)


class ShopError(Exception):
    """An error of the application."""


class CartError(ShopError):
    """A more exact one."""


def test_an_exception_class_matches_its_type_and_its_subclasses(sentry_events: SentryEvents) -> None:
    fail(CartError("empty"))
    assert sentry_events.errors.find(CartError)
    assert sentry_events.errors.find(ShopError)
    assert sentry_events.errors.find(Exception)
    assert sentry_events.errors.where(ValueError) == ()


def report_with_classes_of_its_own() -> None:
    """Report an error and its cause, whose classes are gone afterwards."""

    class OuterError(Exception):
        pass

    class InnerError(LookupError):
        pass

    try:
        raise OuterError("outer") from InnerError("inner")
    except OuterError:
        sentry_sdk.capture_exception()


def test_an_exception_class_matches_a_subclass_that_only_a_function_had(sentry_events: SentryEvents) -> None:
    report_with_classes_of_its_own()
    gc.collect()

    assert sentry_events.errors.find(LookupError).text == "outer"


@pytest.mark.parametrize("allow", ["LookupError", LookupError])
def test_what_is_allowed_covers_a_subclass_that_only_a_function_had(allow: object) -> None:
    with capture(unexpected="fail", allow=[allow]):
        report_with_classes_of_its_own()
        gc.collect()


def test_an_exception_class_matches_in_the_cause_chain(sentry_events: SentryEvents) -> None:
    error = RuntimeError("outer")
    error.__cause__ = CartError("inner")
    fail(error)
    assert sentry_events.errors.find(RuntimeError) is sentry_events.errors.find(CartError)
    assert sentry_events.errors.find(ShopError)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups are of 3.11")
def test_an_exception_class_matches_a_member_of_a_group(sentry_events: SentryEvents) -> None:
    group: Any = vars(builtins)["ExceptionGroup"]
    fail(group("several", [ValueError("one"), CartError("two")]))
    assert sentry_events.errors.find(CartError)
    assert sentry_events.errors.find(ShopError)
    assert sentry_events.errors.find(group)
    assert sentry_events.errors.where(KeyError) == ()


def test_of_another_process_an_exception_class_matches_by_name_and_module(
    sentry_events: SentryEvents,
) -> None:
    post(sentry_events.dsn, thrown({"type": "CartError", "module": "their.shop", "value": "empty"}))
    theirs = type("CartError", (Exception,), {"__module__": "their.shop"})
    assert sentry_events.errors.find(theirs)
    assert sentry_events.errors.where(CartError) == ()


def test_an_exception_class_can_be_the_criterion_of_events_too(sentry_events: SentryEvents) -> None:
    fail(CartError("empty"))
    sentry_sdk.capture_message("hello")
    assert sentry_events.events.find(CartError) is sentry_events.errors[0]


def test_text_matches_the_message_or_the_value_of_an_exception(sentry_events: SentryEvents) -> None:
    fail(CartError("the cart is empty"))
    sentry_sdk.capture_message("the cart is full")
    assert sentry_events.events.find("the cart is empty") is sentry_events.errors[0]
    assert sentry_events.errors.find(re.compile("empty$"))
    assert len(sentry_events.events.where(re.compile("^the cart"))) == 2


def test_text_matches_the_value_of_a_cause(sentry_events: SentryEvents) -> None:
    error = RuntimeError("outer")
    error.__cause__ = CartError("inner")
    fail(error)
    assert sentry_events.errors.find("inner") is sentry_events.errors.find("outer")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes are of 3.11")
def test_text_is_the_value_of_an_exception_without_its_notes(sentry_events: SentryEvents) -> None:
    error: Any = CartError("the cart is empty")
    error.add_note("while testing")
    fail(error)
    assert sentry_events.errors.find("the cart is empty")


def test_a_formatted_message_is_compared_as_formatted(sentry_events: SentryEvents) -> None:
    entry = {"message": "user %s paid %s", "params": ["ada", 7]}
    header, payload = event(logentry=entry)
    del payload["message"]
    post(sentry_events.dsn, (header, payload))
    assert sentry_events.messages.find("user ada paid 7").message == "user ada paid 7"


def test_criteria_of_spans_are_those_of_events(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"):
        with child("db.query", "SELECT 1", rows=3):
            pass
        with child("db.query", "SELECT 2", rows=30):
            pass
    found = sentry_events.spans.find(re.compile("^db"), data={"rows": lambda rows: rows > 10})
    assert found.description == "SELECT 2"
