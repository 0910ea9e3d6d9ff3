"""What a person may have meant instead is said beside what differs; what to write comes last."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest

from pytest_sentryintegration.matching import span
from tests.words.inboxes import Received


def shop() -> Any:
    """Return an inbox with one of each."""
    received = Received()
    received.message(
        "declined: 1111",
        tags={"card": "visa", "http.status": "200"},
        extra={"n": 7, "ok": True, "none": None},
    )
    received.error(("shop.errors.CartError", "cart  is Empty"), ("ValueError", "no such cart (42)"))
    received.transaction("checkout", "http.server", ("db.query", "SELECT 1"), ("cache.get", "k"))
    return received.events


def differences(view: Any, *args: Any, **criteria: Any) -> str:
    """Return the lines of a failure between the headline and what else was received, and those after."""
    with pytest.raises(AssertionError) as caught:
        view.find(*args, **criteria)
    lines = str(caught.value).split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("  nearest:"))
    return "\n".join(line for line in lines[start + 1 :] if not line.startswith("Also received"))


def text(block: str) -> str:
    return (
        textwrap.indent(textwrap.dedent(block).strip("\n"), "    ")
        .replace("\n    -", "\n-")
        .replace("\n        find", "\n    find")
    )


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            "declined",
            """
            text: expected 'declined', got 'declined: 1111' (which contains it)
            - Text is compared as a whole; to find a part of it, pass re.compile('declined')
            """,
        ),
        (
            "Declined: 1111",
            """
            text
              expected: 'Declined: 1111'
              got:      'declined: 1111' (which differs in case only)
            """,
        ),
        (
            "declined:  1111 ",
            """
            text
              expected: 'declined:  1111 '
              got:      'declined: 1111' (which differs in white space only)
            """,
        ),
        (
            " Declined:",
            """
            text: expected ' Declined:', got 'declined: 1111'
            """,
        ),
    ],
)
def test_a_text_that_is_nearly_right(wanted: str, said: str) -> None:
    assert differences(shop().messages, wanted) == text(said)


def test_the_pattern_to_write_keeps_on_one_line_and_escapes_what_means_something() -> None:
    assert differences(shop().errors, "no such cart (42") == "\n".join(
        [
            "    text",
            "      expected: 'no such cart (42'",
            "      got:      'no such cart (42)' (which contains it)",
            "- Text is compared as a whole; to find a part of it, pass",
            r"    re.compile(r'no such cart \(42')",
        ]
    )


def test_a_part_in_another_case_is_found_by_a_pattern_that_ignores_case() -> None:
    assert differences(shop().messages, "DECLINED").splitlines()[-1] == (
        "    re.compile('DECLINED', re.IGNORECASE)"
    )


def test_a_pattern_given_as_text_is_told() -> None:
    lines = differences(shop().messages, "^decl.*1$").splitlines()

    assert lines[2:] == [
        "      got:      'declined: 1111' (which it matches as a pattern)",
        "- Text is compared as it is; to search by a pattern, pass",
        "    re.compile('^decl.*1$')",
    ]


def test_a_pattern_that_matches_in_another_case_is_told() -> None:
    assert differences(shop().messages, re.compile("^DECLINED")) == text("""
        text
          expected: re('^DECLINED')
          got:      'declined: 1111' (which matches in another case)
        - To ignore case, pass re.compile(..., re.IGNORECASE)
        """)
    assert "case" not in differences(shop().messages, re.compile("^accepted"))


def test_a_text_with_the_class_before_it_is_told() -> None:
    assert differences(shop().errors, "ValueError: no such cart (42)").splitlines()[2:] == [
        "      got:      'no such cart (42)' (which has no class)",
        "- The class is no part of the text: find('no such cart (42)')",
    ]


@pytest.mark.parametrize("wanted", ["(a+)+$", "[", "a*b*c*d*", "\\"])
def test_text_that_is_no_harmless_pattern_is_not_searched_for(wanted: str) -> None:
    received = Received()
    received.message("a" * 200)

    assert "pattern" not in differences(received.events.messages, wanted)


def test_another_text_of_an_event_that_is_nearly_right_is_named() -> None:
    assert differences(shop().errors, "cart is empty") == text("""
        text
          expected: 'cart is empty'
          got:      'no such cart (42)'
                    (beside 'cart  is Empty', which differs in case and white space only)
        """)


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ({"tags": {"crad": "visa"}}, "tags.crad: expected 'visa', got nothing (did you mean 'card'?)"),
        ({"tags": {"Card ": "visa"}}, "tags.Card : expected 'visa', got nothing (did you mean 'card'?)"),
        (
            {"tags": {"http_status": "200"}},
            "tags.http_status: expected '200', got nothing (did you mean 'http.status'?)",
        ),
        ({"extra": {"m": 7}}, "extra.m: expected 7, got nothing"),
        ({"tags": {"http.status": 200}}, "tags.http.status: expected 200, got '200' (which is text)"),
        ({"extra": {"n": "7"}}, "extra.n: expected '7', got 7 (which is no text, but a number)"),
        ({"extra": {"ok": "true"}}, "extra.ok: expected 'true', got True (which is no text, but a bool)"),
        ({"extra": {"none": "None"}}, "extra.none: expected 'None', got None (which is no text, but None)"),
        ({"level": "ERROR"}, "level: expected 'ERROR', got 'error' (which differs in case only)"),
        ({"tags": {"card": "is"}}, "tags.card: expected 'is', got 'visa' (which contains it)"),
    ],
)
def test_a_key_or_a_value_that_is_nearly_right(criteria: dict[str, Any], said: str) -> None:
    assert differences(shop().messages, **criteria).splitlines()[0] == f"    {said}"


def test_a_key_far_below_is_compared_with_those_beside_it() -> None:
    received = Received()
    received.message("m", contexts={"app": {"data": {"retries": 3}}})

    assert differences(received.events.messages, contexts={"app": {"data": {"retrys": 3}}}) == (
        "    contexts.app.data.retrys: expected 3, got nothing (did you mean 'retries'?)"
    )


def test_of_equal_misses_the_one_with_a_near_key_is_shown_alone() -> None:
    received = Received()
    received.message("paid", tags={"card": "visa"})
    received.message("paid")

    assert differences(received.events.messages, "paid", tags={"crad": "visa"}) == (
        "    tags.crad: expected 'visa', got nothing (did you mean 'card'?)"
    )


@pytest.mark.parametrize(
    ("name", "cls"), [("ValueError", "ValueError"), ("shop.errors.CartError", "CartError")]
)
def test_a_class_given_as_text_is_told(name: str, cls: str) -> None:
    lines = differences(shop().errors, name).splitlines()

    assert lines[2:] == [
        "      got:      'no such cart (42)' (which an exception of that class says)",
        "- Text is compared with what an exception says; to find it by its class, use",
        f"    find({cls})",
    ]


def test_a_class_given_as_text_for_the_exception_is_told() -> None:
    assert differences(shop().errors, exception="ValueError").splitlines()[2:] == [
        "      got:      <SentException ValueError: 'no such cart (42)'>",
        "                (whose class has that name)",
        "- To compare the class, pass it and not its name: ValueError",
    ]


def test_a_class_where_its_name_was_sent_is_told() -> None:
    assert differences(shop().errors, exception={"type": ValueError}) == text("""
        exception.type
          expected: ValueError
          got:      'ValueError' (which is its name, as text)
        - Compare the name: 'ValueError'
        """)


def test_a_class_of_the_same_name_in_another_module_is_told() -> None:
    cart_error = type("CartError", (Exception,), {"__module__": "shop"})

    assert differences(shop().errors, cart_error) == text("""
        exception
          expected: shop.CartError
          got:      ValueError, shop.errors.CartError
                    (the same name, but in another module)
        """)


def test_a_class_that_was_sent_within_a_text_alone_is_told() -> None:
    received = Received()
    received.message("it was a ValueError")

    assert differences(received.events.messages, ValueError) == text("""
        exception
          expected: ValueError
          got:      nothing (its text names ValueError, and no exception was sent)
        - What was sent without an exception is found by its text:
            find('it was a ValueError')
        """)


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("warn", "'warn', got 'error' (Sentry's word for 'warn' is 'warning')"),
        ("ERR", "'ERR', got 'error' (Sentry's word for 'ERR' is 'error')"),
        (50, "50, got 'error' (Sentry's word for 50 is 'fatal')"),
        (40, "40, got 'error' (Sentry's word for 40 is 'error')"),
        ("loud", "'loud', got 'error'"),
        (41, "41, got 'error'"),
        (b"warn", "b'warn', got 'error'"),
        ([40], "[40], got 'error'"),
    ],
)
def test_a_level_as_others_write_it_is_told(level: Any, said: str) -> None:
    assert differences(shop().messages, level=level) == text(f"level: expected {said}")


def test_a_text_that_another_field_has_is_told() -> None:
    assert differences(shop().transactions, "http.server") == text("""
        name: expected 'http.server', got 'checkout' (which has it as its op)
        - transactions.find compares its first argument with name; use op='http.server'
        """)
    assert differences(shop().spans, "SELECT 1") == text("""
        op: expected 'SELECT 1', got 'db.query' (which has it as its description)
        - spans.find compares its first argument with op; use description='SELECT 1'
        """)


def nested() -> Any:
    """Return an inbox with http.server > view > db.query."""
    received = Received()
    received.item(
        "transaction",
        {
            "transaction": "checkout",
            "contexts": {"trace": {"trace_id": "a" * 32, "span_id": "b" * 16, "op": "http.server"}},
            "start_timestamp": 1000,
            "timestamp": 1010,
            "spans": [
                {
                    "trace_id": "a" * 32,
                    "span_id": letter * 16,
                    "parent_span_id": parent * 16,
                    "op": op,
                    "start_timestamp": 1001,
                    "timestamp": 1002,
                }
                for letter, parent, op in [("c", "b", "view"), ("d", "c", "db.query")]
            ],
        },
    )
    return received.events


def test_a_parent_further_up_is_told() -> None:
    root = nested().transactions[0].tree
    assert root is not None

    for parent in (span("http.server", ...), {"op": "http.server"}):
        said = differences(nested().spans, "db.query", parent=parent)
        assert "(that one is there, 2 levels above the span)" in said


def test_a_span_at_another_depth_is_told_where_trees_differ() -> None:
    assert differences(nested().transactions, tree=span("http.server", span("db.query"))) == text("""
        tree: the span trees differ
            http.server 'checkout'
          -   db.query
          -       there is one below http.server > view
          -       span.anywhere(...) matches at any depth
          +   view
          +     db.query
        """)


def test_the_patterns_repr_says_where_a_missing_span_is() -> None:
    pattern = span("http.server", span("db.query"))

    assert nested().transactions[0].tree != pattern
    assert "db.query is missing; there is one below http.server > view" in repr(pattern)


def test_what_is_hostile_makes_neither_a_hint_nor_an_error() -> None:
    received = Received()
    received.message("x" * 100_000, tags={str(number): "v" for number in range(5000)})

    said = differences(received.events.messages, "x" * 99_999, tags={"k" * 10_000: re.compile("v")})

    assert max(map(len, said.splitlines())) <= 80
