from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.inbox.queries import (
    Question,
    QuestionError,
    Spelled,
    parse_question,
    seconds,
    whole_number,
)
from pytest_sentryintegration.matching.fields import UnknownField, fields_of
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from tests.words.inboxes import Received


@pytest.fixture
def shop() -> Received:
    """An inbox with two errors, two messages and a refused request."""
    received = Received()
    received.error(("KeyError", "cart"), ("shop.errors.OutOfStock", "no cart"), tags={"http.status": "503"})
    received.error(("ValueError", "boom"), extra={"rows": 3, "job": {"name": "nightly"}})
    received.message("Spec failed: tree", "warning", tags={"graph": "g1", "region": "eu"}, user={"id": "7"})
    received.message("Spec passed", "info", tags={"graph": "g2"}, breadcrumbs=[{"message": "click"}])
    received.refused(413, "too large")
    return received


def found(shop: Received, text: str) -> list[Any]:
    return [getattr(obj, "text", obj) for obj in parse_question(text).where(shop.events)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("messages", ["Spec failed: tree", "Spec passed"]),
        ("messages?text=Spec passed", ["Spec passed"]),
        ("messages?text=Spec+passed", ["Spec passed"]),
        ("messages?text=Spec%20passed", ["Spec passed"]),
        ("messages?text=~^Spec f", ["Spec failed: tree"]),
        ("messages?text=~Spec&text=~passed$", ["Spec passed"]),
        ("messages?user=*", ["Spec failed: tree"]),
        ("messages?user.id=7", ["Spec failed: tree"]),
        ("messages?tags.graph=g1&tags.region=eu", ["Spec failed: tree"]),
        ("messages?tags.graph=g1&tags.region=us", []),
        ("messages?breadcrumbs.0.message=click", ["Spec passed"]),
        ("messages?breadcrumbs.1.message=click", []),
        ("errors?tags.http.status=503", ["no cart"]),
        ("errors?extra.rows=3&extra.job.name=nightly", ["boom"]),
        ("errors?exception=ValueError", ["boom"]),
        ("errors?exception=KeyError", ["no cart"]),
        ("errors?exception=OutOfStock", ["no cart"]),
        ("errors?exception=shop.errors.OutOfStock&exception=KeyError", ["no cart"]),
        ("errors?exception=errors.OutOfStock", []),
        ("errors?exception=builtins.ValueError", ["boom"]),
        ("errors?exception=~builtins", []),
        ("errors?exception=~Error$", ["no cart", "boom"]),
        ("errors?exception=*", ["no cart", "boom"]),
        ("errors?exception=OutOfStock&text=cart", ["no cart"]),
        ("errors?exception=OutOfStock&text=boom", []),
        ("errors?exception.module=shop.errors", ["no cart"]),
        ("errors?timestamp=*", []),
    ],
)
def test_a_question_finds_what_matches_each_of_its_criteria(
    shop: Received, text: str, expected: list[str]
) -> None:
    assert found(shop, text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("messages?text.graph=1", "'text' of a message is text, and has no parts; did you mean 'text'?"),
        (
            "refused?status.code=1",
            "'status' of a refused request is a number, and has no parts; did you mean",
        ),
        ("errors?exceptions.type=E", "'exceptions' of an error is a list; did you mean 'exceptions.0.type'?"),
        ("errors?exceptions.-1.type=E", "'exceptions' of an error is a list; did you mean 'exceptions.0.typ"),
        ("errors?exceptions.-1=E", "'exceptions' of an error is a list; did you mean 'exceptions.0'?"),
        ("errors?exceptions.x.y=E", "'exceptions' of an error is a list; did you mean 'exceptions.0'?"),
        ("client_reports?discarded.0.cause=x", "a Discarded has no field 'cause'; it has category, quantity"),
        ("client_reports?discarded.0.0.reason=x", "'discarded.0.0' of a client report is text, and has no"),
        ("messages?complete=true", "a message has no field 'complete': that is for waiting for traces"),
        ("errors?exceptions.0.typ=E", "a SentException has no field 'typ'; did you mean 'type'?"),
        ("errors?exception.value.x=E", "'exception.value' of an error is text, and has no parts; did you"),
        ("errors?verdict.outcom=dropped", "a Verdict has no field 'outcom'; did you mean 'outcome'?"),
        ("spans?parent.opp=db", "a Span has no field 'opp'; did you mean 'op'?"),
        ("metrics?value.x=1", "'value' of a metric is a number, and has no parts; did you mean 'value'?"),
        ("client_reports?reason.x=1", "a client report has no field 'reason'; it has discarded, "),
    ],
)
def test_a_name_that_leads_nowhere_is_told_whatever_has_come(text: str, error: str) -> None:
    with pytest.raises(QuestionError) as refused:
        parse_question(text)

    assert str(refused.value).startswith(error)


@pytest.mark.parametrize(
    "text",
    [
        "errors?extra.job.name.x=1",
        "spans?parent.parent.op=db",
        "attachments?json.rows.0=1",
        "attachments?event.tags.http.status=503",
        "errors?timestamp.year=2026",
        "traces?tree.children.0.op=db",
        "spans?raw.whatever=1",
        "traces?raw.0.contexts.trace.op=task",
        "client_reports?discarded.0.reason=before_send",
    ],
)
def test_a_name_with_dots_may_lead_to_whatever_may_be_sent(text: str) -> None:
    assert parse_question(text).criteria


def test_numbers_are_compared_as_such(shop: Received) -> None:
    assert len(found(shop, "refused?status=413")) == 1
    assert found(shop, "refused?status=500") == []


def test_what_is_not_there_fails_with_the_message_of_the_fixture(shop: Received) -> None:
    with pytest.raises(AssertionError) as failure:
        parse_question("messages?text=~Spec&tags.graph=g3").wait(shop.events, 0)

    assert str(failure.value) == (
        "Expected at least 1 message matching text=re('Spec'), tags.graph='g3'; "
        "2 messages arrived, none matched.\n"
        "  nearest: 'Spec passed'   (1 of 2 criteria differs)\n"
        "    tags.graph: expected 'g3', got 'g2'\n"
        "  nearest: 'Spec failed: tree'   (1 of 2 criteria differs)\n"
        "    tags.graph: expected 'g3', got 'g1'\n"
        "Also received: 2 errors, 1 refused request."
    )


def test_each_of_two_tags_counts_as_a_criterion(shop: Received) -> None:
    with pytest.raises(AssertionError, match=r"\(1 of 2 criteria differs\)\n    tags.graph: expected 'g2'"):
        parse_question("messages?tags.graph=g2&tags.region=eu").wait(shop.events, 0)


def test_a_class_by_name_is_shown_as_a_class_is(shop: Received) -> None:
    with pytest.raises(AssertionError) as failure:
        parse_question("errors?exception=TypeError").wait(shop.events, 0)

    assert str(failure.value).splitlines()[:3] == [
        "Expected at least 1 error matching exception=TypeError; 2 errors arrived, none matched.",
        "  nearest: ValueError: 'boom'",
        "    exception: expected TypeError, got ValueError",
    ]


def test_a_near_key_is_named(shop: Received) -> None:
    with pytest.raises(
        AssertionError, match=r"tags.grahp: expected 'g1', got nothing \(did you mean 'graph'"
    ):
        parse_question("messages?text=~failed&tags.grahp=g1").wait(shop.events, 0)


def test_two_criteria_of_one_field_are_shown_together(shop: Received) -> None:
    with pytest.raises(AssertionError, match=r"matching text=re\('a'\) and re\('zz'\); 2 messages arrived"):
        parse_question("messages?text=~a&text=~zz").wait(shop.events, 0)


def test_refusing_fails_for_what_is_there(shop: Received) -> None:
    parse_question("messages?level=fatal").none(shop.events)

    with pytest.raises(AssertionError, match=r"Expected no message matching level='info'; 1 of 2 messages"):
        parse_question("messages?level=info").none(shop.events)


def test_a_question_knows_how_many_it_asks_for() -> None:
    assert parse_question("logs?count=3").count == 3
    assert parse_question("logs") == Question("logs")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mesages", "there is no noun 'mesages'; did you mean 'messages'?"),
        ("messages?levl=error", "a message has no field 'levl'; did you mean 'level'?"),
        ("messages?cuont=1", "a message has no field 'cuont'; did you mean 'count'?"),
        ("messages?tag.graph=g1", "a message has no field 'tag'; did you mean 'tags'?"),
        ("messages?_set=1", "a message has no field '_set'; did you mean 'user'?"),
        ("messages?text=~[a", "text=~[a: the pattern is broken at character 1: unterminated character set"),
        ("messages?count=none", "count is a whole number from 1 to 1000000000, got 'none'"),
        ("messages?count=1&count=2", "count is given twice"),
        ("messages?text=~a{9999999999999}", "text=~a{9999999999999}: the pattern is broken"),
    ],
)
def test_a_wrong_question_is_one_sentence_that_names_the_nearest(text: str, message: str) -> None:
    with pytest.raises(QuestionError) as error:
        parse_question(text)

    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["errors?exception.__class__=*", "spans?item.__init__=*", "errors?snapshot=*"]
)
def test_only_fields_can_be_asked_about(shop: Received, text: str) -> None:
    shop.transaction("checkout", "http.server")

    with pytest.raises((QuestionError, UnknownField)):
        found(shop, text)


@pytest.mark.parametrize("noun", NOUNS)
def test_no_parameter_of_the_api_has_the_name_of_a_field(noun: str) -> None:
    parameters = {"inbox", "project", "after", "limit", "order", "wait", "count", "complete", "follow"}

    # How many sessions an element stands for is the one exception.
    assert parameters & set(fields_of(CLASSES[noun])) == ({"count"} if noun == "sessions" else set())


@pytest.mark.parametrize(
    ("text", "value", "equal"),
    [
        ("503", 503, True),
        ("1.5", 1.5, True),
        ("12345678901234567890", 12345678901234567890, True),
        ("1", True, False),
        ("true", True, True),
        ("False", False, True),
        ("null", None, True),
        ("503", "503", True),
        ("1.50", "1.5", False),
        ("9" * 5000, 1, False),
        ("1", [1], False),
    ],
)
def test_text_is_compared_with_what_it_spells(text: str, value: object, equal: bool) -> None:
    assert (Spelled(text) == value) is equal


def test_a_time_is_compared_as_a_moment() -> None:
    received = Received()
    received.message("now", timestamp="2026-03-01T12:00:00Z")

    assert found(received, "messages?timestamp=2026-03-01T13:00:00%2B01:00") == ["now"]
    assert found(received, "messages?timestamp=2026-03-01") == []


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "²", "1e3", "9" * 5000])
def test_what_is_no_number_is_said_so(text: str) -> None:
    with pytest.raises(QuestionError, match="limit is a whole number from 1 to 10, got"):
        whole_number("limit", text, most=10)


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1", "1e9", "soon"])
def test_what_is_no_time_to_wait_is_said_so(text: str) -> None:
    with pytest.raises(QuestionError, match="wait is a number of seconds from 0 to 600, got"):
        seconds("wait", text, 600)
