from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.wire.strict_json import StrictJSONError, loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "x"]}', {"a": [1, 2.5, True, None, "x"]}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        ('"ü"'.encode(), "ü"),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"18446744073709551616", 2**64),
        (b"1e308", 1e308),
        (b" \t\r\n1 ", 1),
    ],
)
def test_what_sentry_parses_is_parsed(text: bytes, value: Any) -> None:
    assert loads(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"NaN",
        b"[Infinity]",
        b'{"a":-Infinity}',
        b"1e999",
        b"-1e999",
        b"1" * 400,
        b"1" * 5000,
        b'"\\ud800"',
        b'"\\udc00"',
        b'{"\\ud800":1}',
        b'["\\ud800\\u0041"]',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"a\nb"',
        b"",
        b"{} {}",
        b"[1,]",
        b"01",
        b"+1",
        b"'a'",
        "1".encode("utf-16"),
        b"[" * 128 + b"]" * 128,
        b'{"a":' * 128 + b"1" + b"}" * 128,
        b"[" * 1_000_000,
    ],
)
def test_what_sentry_does_not_parse_is_refused(text: bytes) -> None:
    with pytest.raises(StrictJSONError):
        loads(text)


def test_nesting_ends_at_127_levels() -> None:
    value = loads(b"[" * 127 + b"]" * 127)

    for _ in range(126):
        (value,) = value
    assert value == []


def test_width_is_no_depth() -> None:
    assert len(loads(b"[" + b"[]," * 1000 + b"{}]")) == 1001


def test_an_error_says_where() -> None:
    with pytest.raises(StrictJSONError) as refused:
        loads(b'{\n "a": nonsense}')

    assert (refused.value.line, refused.value.column) == (2, 7)
    assert str(refused.value) == f"{refused.value.message} at line 2 column 7"


def test_broken_utf_8_says_where() -> None:
    with pytest.raises(StrictJSONError) as refused:
        loads(b'{\n"\xff"}')

    assert str(refused.value) == "invalid unicode code point at line 2 column 2"
