"""Events searched in bytes before they are parsed: none is left out that matches."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.model import arrived
from pytest_sentryintegration.model.items import is_verbatim
from tests.model.sent import Sender, event, item, received

TEXT = st.text(alphabet='ab "\\/\n\u00e9\u20ac\x7f19.-e%s', max_size=8)


@given(
    TEXT,
    TEXT,
    st.booleans(),
    st.sampled_from(["message", "formatted", "template", "params", "exception", "number"]),
)
def test_what_contains_a_text_is_always_found(before: str, needle: str, ascii_only: bool, place: str) -> None:
    text = f"{before}{needle}"
    payloads: dict[str, dict[str, Any]] = {
        "message": {"message": text},
        "formatted": {"logentry": {"formatted": text}},
        "template": {"logentry": {"message": text}},
        "params": {"logentry": {"message": "%s", "params": [text]}},
        "exception": {"exception": [{"type": "E", "value": text}]},
        "number": {"message": 1.5e7},
    }
    contents = received(item("event", json.dumps(payloads[place], ensure_ascii=ascii_only).encode("utf-8")))
    sent = contents.events[0]
    texts = [sent.message or "", *(exception.value or "" for exception in sent.exceptions)]

    if any(needle in shown for shown in texts):
        assert sent.might_contain(needle.encode())
        assert contents.events.containing(needle.encode()) == [sent]


def test_events_without_the_text_are_left_out_unparsed() -> None:
    contents = received(
        item("event", {"message": "one"}), item("event", b"broken two"), item("event", {"message": "two"})
    )

    assert [found.message for found in contents.events.containing(b"two")] == ["two"]
    assert [found.message for found in contents.messages.containing(b"one")] == ["one"]
    assert contents.errors.containing(b"two") == []
    assert not event(message="one").might_contain(b"two")


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
    ("needle", "verbatim"),
    [
        (b"Spec failed", True),
        (b"a.b-c_d", True),
        (b"", False),
        (b"1.5", False),
        (b'"', False),
        (b"nan", False),
    ],
)
def test_only_plain_text_is_searched_in_bytes(needle: bytes, verbatim: bool) -> None:
    assert is_verbatim(needle) is verbatim


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

    assert contents.events[0].might_contain(shown.encode())
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
    for count in (1, arrived.GROUP - 1, arrived.GROUP + 1, 2 * arrived.GROUP, 3):
        messages = [f"n{len(sent) + number}x" for number in range(count)]
        sent += messages
        fill = {"extra": {"filling": "-" * filling}}
        contents = sender.send(*(item("event", {"message": message, **fill}) for message in messages))

        assert [found.message for found in contents.events.containing(b"x")] == sent
        assert [found.message for each in sent for found in contents.events.containing(each.encode())] == sent
