from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.wire.envelope import (
    RawEnvelope,
    RawItem,
    parse_envelope,
    parse_event_id,
    serialize_envelope,
)
from pytest_sentryintegration.wire.refusal import Refusal

EVENT_ID = "9ec79c33ec9942ab8353589fcb2e04dc"


def causes(data: bytes) -> tuple[str, ...]:
    with pytest.raises(Refusal) as refused:
        parse_envelope(data)
    assert (refused.value.status, refused.value.detail) == (400, "invalid event envelope")
    return refused.value.causes


def items(data: bytes) -> list[tuple[str, bytes]]:
    return [(item.type, item.payload) for item in parse_envelope(data).items]


def test_headers_and_payloads_come_out_as_they_were_sent() -> None:
    data = b'{"event_id":"%s","x":[1]}\n{"type":"event","length":2,"y":null}\n{}\n' % EVENT_ID.encode()

    assert parse_envelope(data) == RawEnvelope(
        {"event_id": EVENT_ID, "x": [1]},
        (RawItem({"type": "event", "length": 2, "y": None}, b"{}"),),
    )


@pytest.mark.parametrize("data", [b"{}", b"{}\n", b"\n\n {}\n", b'{\n "sdk": {}\n}\n', b"\t\r\n{}"])
def test_an_envelope_without_items_is_fine(data: bytes) -> None:
    assert parse_envelope(data).items == ()


def test_a_payload_without_length_ends_at_the_newline_and_keeps_its_carriage_return() -> None:
    assert items(b'{}\n{"type":"a"}\nfirst\r\n{"type":"b"}\nsecond') == [("a", b"first\r"), ("b", b"second")]


def test_a_payload_with_length_may_hold_newlines() -> None:
    assert items(b'{}\n{"type":"a","length":3}\n\n\n\n\n{"type":"b"}\n') == [("a", b"\n\n\n"), ("b", b"")]


def test_the_last_header_may_end_the_envelope() -> None:
    assert items(b'{}\n{"type":"a"}') == [("a", b"")]


def test_the_last_payload_with_length_needs_no_newline() -> None:
    assert items(b'{}\n{"type":"a","length":2}\nab') == [("a", b"ab")]


def test_an_empty_payload_of_length_zero_is_followed_by_a_newline() -> None:
    assert items(b'{}\n{"type":"a","length":0}\n\n{"type":"b"}\nx') == [("a", b""), ("b", b"x")]


def test_blank_lines_before_an_item_header_are_skipped() -> None:
    assert items(b'{}\n\n \t\r\n{"type":"a"}\nx') == [("a", b"x")]


def test_headers_may_span_lines() -> None:
    data = b'{\n"sdk": {"name": "x}\\"{"}\n}\n{\n"type":\n"a",\n"deep": [{"}": "]"}]\n}\nx'

    assert parse_envelope(data) == RawEnvelope(
        {"sdk": {"name": 'x}"{'}}, (RawItem({"type": "a", "deep": [{"}": "]"}]}, b"x"),)
    )


def test_two_newlines_at_the_end_are_one_too_many() -> None:
    assert causes(b"{}\n\n") == ("unexpected end of file",)
    assert causes(b'{}\n{"type":"a"}\nx\n\n') == ("unexpected end of file",)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t"])
def test_nothing_but_space_has_no_header(data: bytes) -> None:
    assert causes(data) == ("missing envelope header",)


@pytest.mark.parametrize(
    "data",
    [
        b"{} \n",
        b"{}\r\n",
        b"{}x",
        b'{}\n{"type":"a"} \nx',
        b'{}\n{"type":"a"}\r\nx\r\n',
        b'{}\n{"type":"a","length":1}\nxy\n',
        b'{}\n{"type":"a","length":1}\nx\r\n',
        b'{\n}\r\n{"type":"a"}\n',
        b'{}\xff\n{"type":"a"}\n',
    ],
)
def test_only_a_newline_ends_headers_and_payloads(data: bytes) -> None:
    assert causes(data) == ("missing newline after header or payload",)


def test_a_payload_cut_short_is_an_unexpected_end() -> None:
    assert causes(b'{}\n{"type":"a","length":3}\nab') == ("unexpected end of file",)
    assert causes(b'{}\n{"type":"a","length":1}') == ("unexpected end of file",)
    assert causes(b'{}\n{"type":"a","length":18446744073709551615}\nab') == ("unexpected end of file",)


@pytest.mark.parametrize("length", ["null", '"3"', "3.0", "-1", "true", "[]", "18446744073709551616"])
def test_a_length_is_a_whole_number_from_zero(length: str) -> None:
    assert causes(b'{}\n{"type":"a","length":%s}\nabc' % length.encode())[0] == "invalid item header"


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b'{"type":null}',
        b'{"type":1}',
        b"[]",
        b'"event"',
        b"1",
        b"nonsense",
        b'{"type":"a"',
        b'{"type":"a","x":NaN}',
        b'{"type":"a","x":1e999}',
        b'{"type":"a","x":"\\ud800"}',
        b'{"type":"a","x":"\xff"}',
        b'{"type":"a","type":"b"}',
        b'{"type":"a","x":' + b"[" * 127 + b"]" * 127 + b"}",
        b'{"type":"a","x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_item_header_is_refused(header: bytes) -> None:
    assert causes(b"{}\n" + header + b"\nx")[0] == "invalid item header"


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"1",
        b"null",
        b'"x"',
        b"nonsense",
        b"\xef\xbb\xbf{}",
        b"{",
        b'{"a":"',
        b'{"sent_at":"yesterday"}',
        b'{"sent_at":1600000000}',
        b'{"sent_at":"2023-02-30T00:00:00Z"}',
        b'{"sent_at":"2023-02-01T25:00:00Z"}',
        b'{"sent_at":"2023-02-01T00:00:00"}',
        b'{"event_id":"not-an-id"}',
        b'{"event_id":1}',
        b'{"event_id":""}',
        b'{"dsn":"nonsense"}',
        b'{"dsn":1}',
        b'{"dsn":"http://localhost/1"}',
        b'{"version":"7"}',
        b'{"no_cache":null}',
        b'{"sdk":Infinity}',
    ],
)
def test_what_is_no_envelope_header_is_refused(header: bytes) -> None:
    assert causes(header)[0] == "invalid envelope header"


@pytest.mark.parametrize("name", ["event_id", "dsn", "sent_at", "trace", "client"])
def test_a_doubled_header_that_sentry_knows_is_refused(name: str) -> None:
    header = b'{"NAME":null,"NAME":null}'.replace(b"NAME", name.encode())

    assert causes(header) == ("invalid envelope header", f"duplicate field `{name}`")


def test_a_known_header_doubled_by_an_escape_is_refused() -> None:
    assert causes(b'{"trace":{},"tr\\u0061ce":{}}')[1] == "duplicate field `trace`"


def test_of_doubled_unknown_headers_the_last_counts() -> None:
    assert parse_envelope(b'{"a":1,"a":2}\n{"type":"x","b":1,"b":2}\n') == RawEnvelope(
        {"a": 2}, (RawItem({"type": "x", "b": 2}, b""),)
    )


@pytest.mark.parametrize(
    "header",
    [
        {"event_id": None, "sent_at": None, "dsn": None, "trace": None},
        {"trace": "nonsense"},
        {"trace": {"trace_id": 7}},
        {"sent_at": "2020-02-07T14:16:00Z"},
        {"sent_at": "2020-02-29 14:16:00.123456789+02:00"},
        {"event_id": EVENT_ID.upper()},
        {"event_id": "9ec79c33-ec99-42ab-8353-589fcb2e04dc"},
        {"dsn": "https://public@localhost:8000/inbox/1"},
        {"unknown": [1, {"two": 3.5}]},
    ],
)
def test_what_sentry_takes_in_an_envelope_header_is_kept(header: dict[str, Any]) -> None:
    assert parse_envelope(serialize_envelope(RawEnvelope(header, ()))).headers == header


def test_five_hundred_items_are_fine_and_one_more_is_not() -> None:
    item = b'{"type":"a"}\n\n'

    assert len(parse_envelope(b"{}\n" + item * 500).items) == 500
    assert causes(b"{}\n" + item * 501) == ("too many individual items",)


def test_a_header_may_be_as_deep_as_json() -> None:
    deep = b"[" * 126 + b"]" * 126

    assert len(parse_envelope(b'{"x":' + deep + b"}").headers) == 1


def test_other_item_headers_may_have_any_type() -> None:
    header = b'{"type":"a","item_count":"many","content_type":7,"filename":null}'

    assert parse_envelope(b"{}\n" + header).items[0].headers["item_count"] == "many"


def test_serialising_puts_a_wrong_length_right() -> None:
    envelope = RawEnvelope({}, (RawItem({"type": "a", "length": 99}, b"xyz"),))

    assert serialize_envelope(envelope) == b'{}\n{"type":"a","length":3}\nxyz\n'


@pytest.mark.parametrize(
    ("text", "event_id"),
    [
        (EVENT_ID, EVENT_ID),
        (EVENT_ID.upper(), EVENT_ID),
        ("9ec79c33-ec99-42ab-8353-589fcb2e04dc", EVENT_ID),
        ("{9ec79c33-ec99-42ab-8353-589fcb2e04dc}", EVENT_ID),
        ("urn:uuid:9ec79c33-ec99-42ab-8353-589fcb2e04dc", EVENT_ID),
        ("9ec79c33ec9942ab-8353589fcb2e04dc", None),
        (EVENT_ID + "0", None),
        (EVENT_ID + "\n", None),
        ("\u0661" * 32, None),
        (7, None),
        (None, None),
    ],
)
def test_an_event_id_is_any_spelling_of_a_uuid(text: object, event_id: str | None) -> None:
    assert parse_event_id(text) == event_id
