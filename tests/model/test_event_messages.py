"""The message of an event, formatted as Sentry formats it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.model.messages import formatted_message, security_message
from tests.model.sent import event, item, received

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"message": "plain"}, "plain"),
        ({"message": "plain", "logentry": {"formatted": "other"}}, "plain"),
        ({"message": None, "logentry": {"formatted": "done", "message": "%s"}}, "done"),
        ({"message": "", "logentry": {"message": "as it is"}}, "as it is"),
        ({"logentry": {"message": "%s of %d", "params": ["a", 3]}}, "a of 3"),
        ({"logentry": {"message": "%(who)s ran", "params": {"who": "bob"}}}, "bob ran"),
        ({"logentry": {"message": "{} of {1}", "params": ["a", "b"]}}, "a of b"),
        ({"message": {"message": "legacy %s", "params": ["one"]}}, "legacy one"),
        ({"message": {"formatted": "legacy"}}, "legacy"),
        ({"logentry": "only text"}, "only text"),
        ({"message": 3}, "3"),
        ({"message": ""}, None),
        ({"message": []}, None),
        ({"logentry": {"message": 5.5}}, "5.5"),
        ({}, None),
    ],
)
def test_the_message_is_the_formatted_one(payload: dict[str, Any], message: str | None) -> None:
    assert event(payload).message == message


@pytest.mark.parametrize(
    ("template", "params", "text"),
    [
        ("100 %", ["a"], "100 %"),
        ("%s %s", ["a"], "a %s"),
        ("%s", ["a", "b"], "a"),
        ("%s%%", [None], "None%"),
        ("%d", ["no number"], "no number"),
        ("%(x)s", ["a list"], "%(x)s"),
        ("{9} {x}", ["a"], "{9} {x}"),
        ("%.2f of %05d", [1.239, 42], "1.24 of 00042"),
        ("%c", [-1], "-1"),
        ("%s", "no list", "%s"),
    ],
)
def test_parameters_that_do_not_fit_are_left_alone(template: str, params: Any, text: str) -> None:
    assert formatted_message(template, params) == text


@pytest.mark.parametrize(
    "template", ["%999999999d", "%.999999999f", "%*d", "{:>999999999}", "{0.__class__}", "{0[0]}"]
)
def test_a_hostile_template_takes_no_memory_and_reads_no_attributes(template: str) -> None:
    assert len(formatted_message(template, [1])) < 40


@given(st.text(), JSON)
def test_formatting_never_fails(template: str, params: Any) -> None:
    assert isinstance(formatted_message(template, params), str)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (
            {"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://evil.example/x.png"}},
            "Blocked 'img-src' from 'evil.example'",
        ),
        (
            {"csp-report": {"violated-directive": "script-src 'self'", "blocked-uri": "inline"}},
            "Blocked 'script-src' from 'inline'",
        ),
        (
            {"type": "csp-violation", "body": {"effectiveDirective": "font-src", "blockedURL": "data:x"}},
            "Blocked 'font-src' from 'data:x'",
        ),
        ({"csp-report": {"blocked-uri": "http://[bad"}}, "Blocked '?' from 'http://[bad'"),
        ({"csp-report": 3}, "Blocked '?' from 'self'"),
        ({"expect-ct-report": {"hostname": "a.example"}}, "Expect-CT failed for 'a.example'"),
        ({"expect-staple-report": {}}, "Expect-Staple failed for ''"),
        ({"known-pins": [], "hostname": "a.example"}, "Public key pinning validation failed for 'a.example'"),
        ({}, "Security report"),
    ],
)
def test_a_security_report_has_the_message_that_sentry_gives_it(report: dict[str, Any], message: str) -> None:
    assert security_message(report) == message


def test_a_security_report_is_an_event() -> None:
    raw = item("raw_security", {"csp-report": {}}, sentry_release="1.0", sentry_environment="prod")

    (sent,) = received(raw).messages

    assert (sent.message, sent.level, sent.release, sent.environment) == (
        "Blocked '?' from 'self'",
        "error",
        "1.0",
        "prod",
    )


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"message": "hi"}, "hi"),
        ({"exception": [{"type": "E", "value": "cause"}, {"type": "E", "value": "boom"}]}, "boom"),
        ({"message": "hi", "exception": [{"type": "E", "value": "boom"}]}, "hi"),
        ({"exception": [{"type": "E"}]}, None),
        ({"message": "", "exception": [{"type": "E", "value": ""}]}, ""),
        ({}, None),
    ],
)
def test_the_text_is_the_message_or_what_the_outermost_exception_says(
    payload: dict[str, Any], text: str | None
) -> None:
    assert event(payload).text == text
