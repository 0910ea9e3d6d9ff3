"""Events searched in bytes before they are parsed: none is left out that matches."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.matching.exception_classes import wire_names
from pytest_sentryintegration.model import Event, Searchable, searching
from pytest_sentryintegration.model.events import event_of
from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.objects import Evicted
from pytest_sentryintegration.model.searching import verbatim_part
from pytest_sentryintegration.wire.envelope import RawItem
from tests.model.sent import (
    TRACE,
    Sender,
    container,
    item,
    ops,
    received,
    span,
    streamed,
    transaction,
)

TEXT = st.text(alphabet='ab "\\/\n\u00e9\u20ac\x7f19.-e%s', max_size=8)


@given(
    TEXT,
    TEXT,
    st.booleans(),
    st.sampled_from(
        ["message", "formatted", "template", "params", "logged", "logged elsewhere", "exception", "number"]
    ),
)
def test_what_contains_a_text_is_always_found(before: str, needle: str, ascii_only: bool, place: str) -> None:
    text = f"{before}{needle}"
    payloads: dict[str, dict[str, Any]] = {
        "message": {"message": text},
        "formatted": {"logentry": {"formatted": text}},
        "template": {"logentry": {"message": text}},
        "params": {"logentry": {"message": "%s", "params": [text]}},
        "logged": {"logentry": {"message": "%s", "formatted": text, "params": [1]}},
        "logged elsewhere": {
            "logentry": {"message": "%s", "params": [text]},
            "extra": {"formatted": "other", "params": []},
        },
        "exception": {"exception": [{"type": "E", "value": text}]},
        "number": {"message": 1.5e7},
    }
    contents = received(item("event", json.dumps(payloads[place], ensure_ascii=ascii_only).encode("utf-8")))
    sent = contents.events[0]
    texts = [sent.message or "", *(exception.value or "" for exception in sent.exceptions)]

    if any(needle in shown for shown in texts):
        assert contents.events.containing(needle.encode()) == [sent]


def test_events_without_the_text_are_left_out_unparsed() -> None:
    contents = received(
        item("event", {"message": "one"}), item("event", b"broken two"), item("event", {"message": "two"})
    )

    assert [found.message for found in contents.events.containing(b"two")] == ["two"]
    assert [found.message for found in contents.messages.containing(b"one")] == ["one"]
    assert contents.errors.containing(b"two") == []


def test_a_transaction_is_found_by_its_name_and_no_other_is_read() -> None:
    contents = received(
        item("transaction", transaction(transaction="one")),
        item("transaction", transaction(transaction="two", spans=[span("a")])),
        item("transaction", b"broken two"),
    )
    one, _, _ = contents.items

    (found,) = contents.transactions.containing(b"two")

    assert "_parsed" not in vars(one)
    assert (found.name, ops(found.tree.children)) == ("two", ["a"])
    assert contents.transactions[1] is found


def test_a_streamed_transaction_is_found_by_its_name_before_its_trace_is_read() -> None:
    sender = Sender()
    sender.send(container("span", streamed("other", None)))
    sender.send(container("span", streamed("below", "root", start=101), streamed("more", "other")))
    contents = sender.send(container("span", streamed("root", name="GET /cart")))
    other, _, _ = contents.items

    (found,) = contents.transactions.containing(b"GET /cart")

    assert "_parsed" not in vars(other)
    assert ops(found.tree.children) == ["below"]
    assert list(contents.transactions) == [contents.traces[0].transactions[0], found]


def test_what_otlp_puts_together_is_found_too() -> None:
    attributes = [{"key": "http.request.method", "value": {"stringValue": "GET"}}]
    sent = {"traceId": TRACE, "spanId": "b" * 16, "name": "GET /cart", "kind": 2, "attributes": attributes}
    payload = {"resourceSpans": [{"scopeSpans": [{"spans": [sent]}]}]}
    contents = received(
        item("integration", payload, content_type="application/json", integration="otlp_traces")
    )

    (found,) = contents.transactions

    assert contents.transactions.containing(found.name.encode()) == [found]
    assert contents.transactions.containing(b"not in it") == [found]


def test_slashes_that_are_escaped_are_found() -> None:
    contents = received(item("event", b'{"message": "see \\/etc\\/hosts"}'))

    assert [found.message for found in contents.events.containing(b"/etc/hosts")] == ["see /etc/hosts"]


def test_events_that_come_later_are_found_by_the_same_search() -> None:
    sender = Sender()
    contents = sender.send(item("event", {"message": "one a"}))
    assert len(contents.events.containing(b"one")) == 1

    sender.send(item("event", {"message": "one b"}), item("raw_security", {"csp-report": {}}))

    assert [found.message for found in contents.events.containing(b"one")] == [
        "one a",
        "one b",
        "Blocked '?' from 'self'",
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Spec failed", "Spec failed"),
        ("GET /cart/{id}", "GET /cart/{id}"),
        ('name "x" is not defined\n', " is not defined"),
        ("a.b-c_d", "a.b-c_d"),
        ("", None),
        ("1.5", None),
        ("-1e+22", None),
        ("1.2.3", "1.2.3"),
        ("2026-03-01", "2026-03-01"),
        ("E", "E"),
        ('"', None),
        ("nan", None),
        ("[1, 2]", None),
    ],
)
def test_the_longest_plain_part_of_a_text_is_searched_in_bytes(text: str, part: str | None) -> None:
    assert verbatim_part(text.encode()) == (None if part is None else part.encode())


@pytest.mark.parametrize(
    "value",
    [
        "a/b",
        "\u00e9",
        "\\",
        '"',
        "",
        "True",
        True,
        False,
        3,
        1.50,
        1e22,
        "nan",
        *map(float, ("nan", "inf", "-inf")),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_tag_is_found_by_its_text_whatever_was_sent(value: Any, separators: tuple[str, str]) -> None:
    payload = json.dumps({"message": "m", "tags": {"key": value}}, separators=separators)
    contents = received(item("event", payload.encode()))
    (shown,) = contents.events[0].tags.values()

    assert contents.events.containing(shown.encode()) == [contents.events[0]]


def test_an_exception_whose_value_is_a_list_is_found_by_its_text() -> None:
    payload = b'{"exception":{"values":[{"type":"E","value":[1,2]}]}}'
    contents = received(item("event", payload))

    assert contents.events[0].exception.value == "[1, 2]"
    assert contents.events.containing(b"[1, 2]") == [contents.events[0]]


def test_many_searches_are_answered_alike() -> None:
    contents = received(*(item("event", {"message": f"number n{n}x"}) for n in range(100)))

    for _ in range(2):
        assert [
            found.message for n in range(100) for found in contents.events.containing(f"n{n}x".encode())
        ] == [f"number n{n}x" for n in range(100)]


@pytest.mark.parametrize("filling", [0, 5_000], ids=["joined", "too large to be joined"])
def test_what_comes_in_between_is_found_wherever_it_falls(filling: int) -> None:
    sender = Sender()
    sent: list[str] = []
    for count in (1, searching.GROUP - 1, searching.GROUP + 1, 2 * searching.GROUP, 3):
        messages = [f"n{len(sent) + number}x" for number in range(count)]
        sent += messages
        fill = {"extra": {"filling": "-" * filling}}
        contents = sender.send(*(item("event", {"message": message, **fill}) for message in messages))

        assert [found.message for found in contents.events.containing(b"x")] == sent
        assert [found.message for each in sent for found in contents.events.containing(each.encode())] == sent


def error(name: str) -> RawItem:
    return item("event", {"exception": {"values": [{"type": name, "value": "boom"}]}})


def test_errors_are_found_by_the_names_of_their_classes_and_no_other_is_read() -> None:
    sender = Sender()
    contents = sender.send(error("KeyError"), error("ValueError"), item("event", {"message": "KeyError"}))
    first = contents.errors.of_types([b"KeyError", b"IndexError"])
    sender.send(item("event", b'{"exception": [{"type"\n:\t"IndexError", "value": null}]}'))

    assert [found.exception.type for found in first] == ["KeyError"]
    assert [found.exception.type for found in contents.errors.of_types([b"KeyError", b"IndexError"])] == [
        "KeyError",
        "IndexError",
    ]
    assert "_parsed" not in vars(contents.items[1])


def test_a_class_whose_name_is_escaped_is_found() -> None:
    contents = received(item("event", b'{"exception": [{"type": "\\u004beyError"}]}'))

    assert [found.exception.type for found in contents.errors.of_types([b"KeyError"])] == ["KeyError"]


@pytest.mark.parametrize("name", ['Odd"Error', "Odd\\Error", "12", "\ud800Error"])
def test_a_class_with_an_odd_name_is_found(name: str) -> None:
    contents = received(error(name), error("KeyError"))

    assert contents.errors[0] in contents.errors.of_types([name.encode("utf-8", "surrogatepass")])


def test_a_class_whose_metaclass_gives_it_no_name_is_no_obstacle() -> None:
    class Nameless(type):
        __name__ = property(lambda cls: None)

    class Failure(Exception, metaclass=Nameless):
        pass

    assert [name for name, _ in wire_names(Failure)] == [Failure.__qualname__]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"logentry":{"message":"%s","params":["order"]},"extra":{"formatted":"a", "params":1}}',
        b'{"logentry":{"message":"%s","formatted":"","params":["order"]}}',
        b'{"logentry":{"message":"%s","formatted":"a","params":["ord\\u0065r"],"formatted":""}}',
        b'{"logentry":{"message":"%s\\u0065r","params":["ord"],"params":["ord"]}}',
        b'{"logentry":{"message":"%s","params":["order"], "x": {"params":[]}}}',
    ],
)
def test_a_message_that_sentry_formats_is_found(payload: bytes) -> None:
    contents = received(item("event", payload))

    assert [found.message for found in contents.events.containing(b"order")] == ["order"]


def test_what_was_logged_is_ruled_out_unparsed() -> None:
    logged = {"logentry": {"message": "order %s", "formatted": 'order "x"', "params": ["x"]}}
    plain = {"logentry": {"message": "plain", "formatted": "plain", "params": []}}
    contents = received(*(item("event", json.dumps(sent).encode()) for sent in (logged, plain)))

    assert [found.message for found in contents.events.containing(b'order "x"')] == ['order "x"']
    assert "_parsed" not in vars(contents.items[1])


def test_characters_that_are_escaped_elsewhere_rule_nothing_in() -> None:
    contents = received(item("event", {"message": "one", "extra": {"name": "caf\u00e9"}}))

    assert contents.events.containing(b"two") == []
    assert contents.events.containing("caf\u00e9 two".encode()) == [contents.events[0]]


@pytest.mark.parametrize("noun", ["messages", "errors", "transactions"])
def test_a_search_that_a_signal_interrupts_is_made_again(noun: str) -> None:
    sent = {
        "messages": {"message": "m\u00e9"},
        "errors": {"exception": {"type": "E", "value": "m\u00e9"}},
        "transactions": transaction(transaction="m\u00e9"),
    }
    payload = json.dumps(sent[noun]).encode()
    for step in itertools.count():
        contents = received(item("transaction" if noun == "transactions" else "event", payload))
        searched = getattr(contents, noun)
        with contextlib.suppress(KeyboardInterrupt), interrupted_after(step):
            searched.containing("m\u00e9".encode())
            break
        assert searched.containing("m\u00e9".encode()) == list(searched), step
        assert len(searched) == 1
    assert step > 20


@contextlib.contextmanager
def interrupted_after(lines: int) -> Iterator[None]:
    """Raise `KeyboardInterrupt` at a line of the search, as the handler of a signal does."""
    left = lines

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != searching.__file__:
            return trace
        if event == "line":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def test_a_look_from_within_a_look_doubles_nothing() -> None:
    contents = received(*(item("event", {"message": f"n{n}x"}) for n in range(10)))
    looks: list[int] = []

    class Garbage:
        def __del__(self) -> None:
            looks.append(len(searched))

    def read(item: Item) -> tuple[Event, ...]:
        if not looks:
            looks.append(0)
            Garbage()
        return (event_of(item),)

    searched = Searchable(threading.RLock(), contents.events._search, read, Evicted())

    assert [found.message for found in searched] == [f"n{n}x" for n in range(10)]
    assert looks == [0, 10]
