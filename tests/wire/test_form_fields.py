from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.wire.form_fields import deepest, event_of_fields, read_fields, write_fields

DEEP = "sentry" + "[a]" * 16
HUGE = "sentry__" + "9" * 5_000
NESTED = {"a": {"b": {"c": {"d": {"e": {"f": {"g": "deep"}}}}}}}


# The cases up to the empty line are unit tests of Relay: relay-server/src/utils/param_parser.rs:148 and
# relay-server/src/processing/errors/errors/utils/formdata.rs:69.
@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ([("sentry[a][b][c][d][e][f][g]", b"deep")], NESTED),
        ([("sentry", b"{not valid json")], {}),
        ([("sentry__1", b"{not valid json")], {}),
        ([("sentry__0", b'{"message":'), ("sentry__1", b'"hi"}')], {"message": "hi"}),
        ([("sentry__0", b'{"message":'), ("sentry__4000000000", b'"hi"}')], {"message": "hi"}),
        ([("sentry__1", b'"hi"}'), ("sentry__0", b'{"message":')], {"message": "hi"}),
        ([("sentry__0", b"x"), ("sentry__0", b"{}")], {}),
        ([("sentry[abc][123][]=SomeVal", b"1")], {"abc": {"123": {"": "1"}}}),
        ([("sentry[a]b[33]", b"1")], {"extra": {"sentry[a]b[33]": "1"}}),
        ([("sentry[a][b33]xx", b"1")], {"extra": {"sentry[a][b33]xx": "1"}}),
        ([("sentry__-1", b"1"), ("sentry__xx", b"2")], {"extra": {"sentry__-1": "1", "sentry__xx": "2"}}),
        ([("sentry", b'{"message":"one"}'), ("sentry___b", b'{"message":"two"}')], {"message": "one"}),
        ([("sentry__1", b'{"level":"info"}'), ("sentry[level]", b"error")], {"level": "error"}),
        (
            [("sentry___crashpad", b'{"tags":{"b":2}}'), ("sentry", b'{"tags":{"a":1,"b":3}}')],
            {"tags": {"a": 1, "b": 2}},
        ),
        ([("sentry", b'{"user":null,"a":1}'), ("sentry___b", b'{"user":{},"a":{}}')], {"user": {}, "a": 1}),
        ([("sentry", b'{"user":null}'), ("sentry[user][id]", b"1")], {"user": None}),
        ([("sentry", b"nonsense"), ("sentry", b"[]")], {}),
        ([("sentry[a][b]", b"1"), ("sentry[a]", b"2"), ("sentry[a][b][c]", b"3")], {"a": {"b": "1"}}),
        ([("sentry[", b"1"), ("sentry[b", b"2"), ("sentry[=c", b"3")], {}),
        ([("sentry[a][b", b"1")], {"a": "1"}),
        ([("sentry[a[b][c]", b"1")], {"a[b": {"c": "1"}}),
        ([("sentry__+01", b'{"a":1}')], {"a": 1}),
        ([("sentry__" + "0" * 5_000, b'{"a":1}')], {"a": 1}),
        ([("sentry__18446744073709551615", b'{"a":1}')], {"a": 1}),
        ([("sentry__18446744073709551616", b"1")], {"extra": {"sentry__18446744073709551616": "1"}}),
        ([(HUGE, b"1")], {"extra": {HUGE: "1"}}),
        ([("sentry" + "[a]" * 50_000, b"too deep")], {}),
        ([("name", b"\xff")], {"extra": {"name": "\ufffd"}}),
    ],
)
def test_fields_describe_the_event(fields: list[tuple[str, bytes]], event: dict[str, Any]) -> None:
    assert event_of_fields(fields) == event


@pytest.mark.parametrize(
    ("names", "depth"),
    [
        ([], 0),
        (["sentry", "sentry___" + "[a]" * 16, "sentry__1"], 0),
        (["guid"], 2),
        (["sentry[", "sentry[a]", DEEP], 16),
        ([DEEP + "x"], 2),
    ],
)
def test_the_deepest_name_is_that_with_the_most_keys(names: list[str], depth: int) -> None:
    # Relay: relay-server/src/utils/param_parser.rs:26.
    assert deepest(names) == depth


FIELDS = [("a", "ä".encode()), ("", b"")]


@pytest.mark.parametrize("cut", range(1, 16))
def test_fields_that_are_cut_off_are_passed_over(cut: int) -> None:
    # Relay: split_front in relay-server/src/utils/multipart.rs:38.
    kept = write_fields(FIELDS)

    assert read_fields(kept) == FIELDS
    assert read_fields(kept[:-cut]) == FIELDS[: 1 if cut <= 8 else 0]
