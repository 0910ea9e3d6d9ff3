from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest

from pytest_sentryintegration.verdict import Finding
from pytest_sentryintegration.words import captured, not_accepted, unexpected
from pytest_sentryintegration.words.policies import Objection, is_allowed, objections_to
from tests.words.inboxes import Received


def text(block: str) -> str:
    return textwrap.dedent(block).strip("\n")


def one_error() -> Any:
    received = Received()
    received.error(("KeyError", "'cart'"), ("shop.errors.CartError", "cart is empty"))
    return received.events.errors[0]


@pytest.mark.parametrize(
    "entry",
    [
        KeyError,
        Exception,
        "cart is empty",
        "empty",
        "CartError",
        "shop.errors.CartError",
        re.compile("^cart"),
    ],
)
def test_an_entry_that_allows_an_error(entry: Any) -> None:
    assert is_allowed(one_error(), [OSError, entry])


@pytest.mark.parametrize("entry", [OSError, "full", "Cart", "errors.CartError", re.compile("^empty")])
def test_an_entry_that_does_not_allow_an_error(entry: Any) -> None:
    assert not is_allowed(one_error(), [entry])


def test_nothing_is_allowed_by_nothing() -> None:
    assert not is_allowed(one_error(), [])


def test_events_that_nobody_looked_at_are_told_with_the_remedy() -> None:
    received = Received()
    frame = {"filename": "shop.py", "lineno": 12, "in_app": True}
    received.item(
        "event",
        {
            "exception": {
                "values": [{"type": "ValueError", "value": "boom", "stacktrace": {"frames": [frame]}}]
            },
            "transaction": "checkout",
        },
    )
    received.message("disk full", "fatal")

    assert unexpected(received.reader.unlooked()) == text("""
        2 events were reported that the test never looked at:
          1. ValueError: 'boom'   (error, in checkout, at shop.py:12)
          2. 'disk full'   (fatal)
        Look at them, as with sentry_events.find(...); or allow them:
          @pytest.mark.sentry(allow=[ValueError])
        """)


def test_a_message_is_allowed_by_its_text() -> None:
    received = Received()
    received.message("disk full")

    assert unexpected(received.reader.unlooked()).splitlines()[-1] == (
        "  @pytest.mark.sentry(allow=['disk full'])"
    )


def test_findings_are_grouped_worst_first_and_equal_ones_are_told_once() -> None:
    cut = Finding("tags.graph", "!limit", "g" * 300, "g" * 197 + "...", "A tag has at most 200 characters.")
    lost = Finding("release", "invalid_data", "a/b", None, "A release has no slash.")
    found = [
        Objection("refused", "invalid event envelope", "request, answered with status 400", ()),
        Objection("trimmed", None, "event 'one'", (cut, lost)),
        Objection("trimmed", None, "event 'two'", (cut,)),
    ]

    assert not_accepted(found) == text("""
        Sentry would not keep all of what was sent: 1 refused, 2 trimmed.
        refused:
          request, answered with status 400
            invalid event envelope
        trimmed:
          event 'one'
            release: A release has no slash.
              sent 'a/b', stored None
          event 'one'   (2 times)
            tags.graph: A tag has at most 200 characters.
              sent 'ggggggggggggggggg...ggggggggggggggggg', stored 'ggggggggggggggggg...gggggggggggggg...'
        """)


def test_elements_of_one_list_are_one_line() -> None:
    findings = tuple(
        Finding(f"breadcrumbs.values.{number}.level", "invalid_data", "warn", "error", "No such level.")
        for number in range(50)
    )

    lines = not_accepted([Objection("trimmed", None, "event 'one'", findings)]).splitlines()

    assert lines[2:4] == ["  event 'one'   (50 times)", "    breadcrumbs.values.*.level: No such level."]


def test_what_was_refused_is_an_objection() -> None:
    received = Received()
    received.refused(413, "too large")
    received.contents.update()

    assert objections_to(received.contents) == [
        Objection("refused", "too large", "request, answered with status 413", ())
    ]


def test_what_a_fault_refused_is_no_objection() -> None:
    received = Received()
    received.refused(500, "fault set by the test: status 500", fault=True)
    received.contents.update()

    assert objections_to(received.contents) == []


def test_an_objection_names_what_it_is_about() -> None:
    pytest.importorskip("sentry_relay", reason="events are judged by the library")
    received = Received()
    received.message("disk full", timestamp=1)
    received.contents.update()

    assert [(found.outcome, found.what) for found in objections_to(received.contents)] == [
        ("trimmed", "event 'disk full'")
    ]
    assert objections_to(received.contents, allow=["timestamp"]) == []


def test_the_captured_section_shows_events_and_trees() -> None:
    received = Received()
    received.message("Spec failed", "warning", tags={"graph": "g1"}, user={"id": "7"})
    received.transaction("checkout", "http.server", ("db.query", "SELECT 1"))
    received.dropped("before_send", "error", 2)
    received.refused(400, "bad")

    assert received.captured() == text("""
        1 event:
          'Spec failed'
            level='warning', tags={'graph': 'g1'}, user={'id': '7'}
        1 transaction:
          'checkout', op http.server
            http.server  checkout  10000.0 ms
            └─ db.query  SELECT 1  500.0 ms
        1 client report:
          2 error before_send
        1 refused request:
          status 400: bad
        The senders report: 2 events dropped by before_send.
        """)


def test_the_captured_section_of_an_empty_inbox_is_empty() -> None:
    assert captured(Received().contents) == ""


def test_the_captured_section_is_bounded() -> None:
    received = Received()
    for number in range(500):
        received.message(f"message {number}", tags={"n": str(number)})
        received.transaction("t", "op", *[("db", str(n)) for n in range(99)])
    section = received.captured()

    assert len(section.splitlines()) == 200
    assert section.splitlines()[-1].endswith("more lines")
