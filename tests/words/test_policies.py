from __future__ import annotations

import textwrap

import pytest

from pytest_sentryintegration.verdict import Finding
from pytest_sentryintegration.words import captured, not_accepted, unexpected
from pytest_sentryintegration.words.policies import Objection, objections_to, ready_paths
from tests.words.inboxes import Received


def text(block: str) -> str:
    return textwrap.dedent(block).strip("\n")


LOOKING = [
    "find, where, wait, an index and a loop of a view of events look at one; len, bool and repr do not,",
    "nor does what a trace or an attachment leads to.",
]


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
        find, where, wait, an index and a loop of a view of events look at one; len, bool and repr do not,
        nor does what a trace or an attachment leads to.
        Look at what is expected, or allow it:
          @pytest.mark.sentry(allow=[ValueError, 're:^disk full$'])
        """)


def test_the_ready_allow_names_each_entry_once_and_breaks_a_long_line() -> None:
    received = Received()
    for number in range(12):
        received.message(f"the {['first', 'second', 'third'][number % 3]} disk of the machine is full")

    assert unexpected(received.reader.unlooked(), "capture").splitlines()[11:] == [
        "  ... and 2 more",
        *LOOKING,
        "Look at what is expected, or allow it:",
        "  capture(",
        "      allow=[",
        "          're:^the first disk of the machine is full$',",
        "          're:^the second disk of the machine is full$',",
        "          're:^the third disk of the machine is full$',",
        "      ]",
        "  )",
    ]


def test_an_event_without_any_text_has_an_entry() -> None:
    received = Received()
    received.message("")

    assert unexpected(received.reader.unlooked()).splitlines()[4:] == [
        "Look at what is expected, or allow it:",
        "  @pytest.mark.sentry(allow=['<unlabeled event>'])",
    ]


def test_the_paths_of_findings_are_ready_for_the_ini_file_after_those_that_hold() -> None:
    finding = Finding("breadcrumbs.values.3.level", "invalid_data", "warn", "error", "No such level.")
    found = [Objection("trimmed", None, "event 'one'", (finding, finding))]

    assert ready_paths(found, ["extra.**"]) == text("""
        Correct it, or allow it, for all tests (the first lines are those that hold now):
          sentry_invalid_allow =
              extra.**
              breadcrumbs.values.*.level
        """)
    assert ready_paths([Objection("dropped", "too large", "event 'one'", ())]) == ""


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
          2 events dropped by before_send
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
