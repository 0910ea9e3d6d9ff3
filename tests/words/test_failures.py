from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from pytest_sentryintegration.matching import span
from pytest_sentryintegration.words import Evidence
from tests.words.inboxes import Received


def failure(call: Callable[[], Any]) -> str:
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


def text(block: str) -> str:
    return textwrap.dedent(block).strip("\n")


def test_a_near_miss_is_shown_with_what_differs() -> None:
    received = Received(timeout=0.02)
    received.message("Spec failed: structure", "error")
    received.message("Something else", "info")
    received.transaction("checkout", "http.server")
    received.dropped("before_send", "error", 2)

    message = failure(lambda: received.events.messages.find(re.compile("^Spec failed"), level="warning"))

    assert message == text("""
        Expected one message matching text=re('^Spec failed'), level='warning' within 0.02 s; 2 messages arrived, none matched.
          nearest: 'Spec failed: structure'   (1 of 2 criteria differs)
            level: expected 'warning', got 'error'
        Also received: 1 transaction, 1 client report (2 events dropped by before_send).
        """)  # noqa: E501


def test_without_waiting_no_time_is_told() -> None:
    received = Received()
    received.error(("ValueError", "boom"))

    assert failure(lambda: received.events.errors.find(KeyError)) == text("""
        Expected one error matching exception=KeyError; 1 error arrived, which does not match.
          nearest: ValueError: 'boom'
            exception: expected KeyError, got ValueError
        """)


def test_whole_seconds_are_told_as_in_the_documentation() -> None:
    received = Received()

    message = failure(lambda: received.events.find("x", timeout=0.1))

    assert message.splitlines()[0] == "Expected one event matching text='x' within 0.1 s; no event arrived."


def test_when_nothing_arrived_the_reason_is_told() -> None:
    received = Received(evidence=Evidence(client=True, dsn=False))

    assert failure(lambda: received.events.errors.find()) == text("""
        Expected one error; no error arrived.
        - The application's SDK client has no DSN, so it sends nothing: pass dsn= or set
          SENTRY_DSN.
        """)


def test_when_nothing_of_the_kind_arrived_the_rest_is_counted() -> None:
    received = Received()
    received.message("one")
    received.message("two")
    received.refused(413, "envelope exceeded size limits")

    assert failure(lambda: received.events.logs.find("started")) == text("""
        Expected one log matching body='started'; no log arrived.
        Also received: 2 messages, 1 refused request.
        - 1 request was refused by the fake Sentry with status 413: envelope exceeded
          size limits.
        """)


def test_a_field_that_the_application_would_set_is_explained_where_it_made_no_client() -> None:
    received = Received(evidence=Evidence(fallback=True))
    received.message("full")

    assert failure(lambda: received.events.messages.find("full", release="shop@1")) == text("""
        Expected one message matching text='full', release='shop@1'; 1 message arrived, which does not match.
          nearest: 'full'   (1 of 2 criteria differs)
            release: expected 'shop@1', got None
        - The application made no SDK client here (sentryintegration.init without a DSN
          makes none), so what this process sent has the options of sentry_options. With
          sentry_dsn = on an application finds a DSN.
        """)


def test_a_field_that_the_test_sets_is_not_explained_by_it() -> None:
    received = Received(evidence=Evidence(fallback=True))
    received.message("disk full", tags={"disk": "a"})

    assert "SDK client" not in failure(lambda: received.events.messages.find(tags={"disk": "b"}))


def test_several_are_listed_with_what_tells_them_apart() -> None:
    received = Received()
    received.message("disk full", "error", tags={"disk": "a"})
    received.message("disk full", "warning", tags={"disk": "b"})
    received.message("other")

    assert failure(lambda: received.events.messages.find("disk full")) == text("""
        Expected one message matching text='disk full'; 2 of 3 messages matched:
          1. 'disk full'
          2. 'disk full'
        They differ in level ('error', 'warning'), tags ({'disk': 'a'}, {'disk': 'b'}).
        Add a criterion; or take all of them with where(), or with wait(2).
        """)


def test_of_several_that_look_alike_no_criterion_is_asked_for() -> None:
    received = Received()
    received.message("disk full", contexts={"trace": {"trace_id": "a" * 32, "span_id": "a" * 16}})
    received.message("disk full", contexts={"trace": {"trace_id": "b" * 32, "span_id": "b" * 16}})

    assert failure(lambda: received.events.messages.find("disk full")) == text("""
        Expected one message matching text='disk full'; 2 of 2 messages matched:
          1. 'disk full'
          2. 'disk full'
        They look alike: take all of them with where(), or with wait(2).
        """)


def test_of_very_many_a_few_are_listed() -> None:
    received = Received()
    for number in range(30):
        received.message(f"message {number}")

    assert failure(lambda: received.events.messages.find()) == text("""
        Expected one message; 30 messages arrived:
          1. 'message 0'
          2. 'message 1'
          3. 'message 2'
          4. 'message 3'
          5. 'message 4'
          ... and 25 more
        Add a criterion; or take all of them with where(), or with wait(30).
        """)


def test_a_wait_that_gets_too_few_tells_how_many_there_are() -> None:
    received = Received()
    received.message("job done", tags={"job": "1"})
    received.message("job failed")

    assert failure(lambda: received.events.messages.wait(2, "job done")) == text("""
        Expected at least 2 messages matching text='job done'; 2 messages arrived, 1 matched.
          nearest: 'job failed'
            text: expected 'job done', got 'job failed'
        """)


def test_a_wait_in_which_all_matched_tells_what_was_lost() -> None:
    received = Received()
    received.error(("ValueError", "boom"))
    received.dropped("event_processor", "error", 1)

    assert failure(lambda: received.events.errors.wait(2)) == text("""
        Expected at least 2 errors; 1 error arrived.
        Also received: 1 client report (1 event dropped by an event processor).
        - 1 event was dropped: an event processor returned None (one is the SDK's
          deduplication, which drops an exception that was captured before).
        """)


def test_a_wait_in_which_all_matched_does_not_say_that_nothing_was_captured() -> None:
    received = Received(evidence=Evidence(imported=True, client=True))
    received.message("a")

    assert failure(lambda: received.events.wait(2)) == text("""
        Expected at least 2 events; 1 event arrived.
        - Nothing was lost on the way: no further event was captured, or the SDK passed
          over it silently (an ignored logger).
        """)


def test_what_should_not_be_there_is_listed() -> None:
    received = Received()
    received.error(("ValueError", "boom"))
    received.error(("shop.errors.CartError", "empty"))

    assert failure(lambda: received.events.errors.none(level="error")) == text("""
        Expected no error matching level='error'; 2 of 2 errors matched:
          1. ValueError: 'boom'
          2. shop.errors.CartError: 'empty'
        """)


def test_none_is_not_believed_while_something_is_still_queued() -> None:
    received = Received(drain=lambda: ["3 envelopes were still queued after 5 s of waiting"])

    assert failure(lambda: received.events.errors.none()) == text("""
        Expected no error; none matched, but not everything that was sent has arrived:
        - 3 envelopes were still queued after 5 s of waiting
        """)


def test_what_could_not_be_drained_is_told_in_every_failure() -> None:
    received = Received(drain=lambda: ["the SDK could not send its logs: ValueError: x"])
    received.message("one")

    assert failure(lambda: received.events.messages.find("two")).splitlines()[-1] == (
        "- the SDK could not send its logs: ValueError: x"
    )


def test_long_criteria_get_a_line_each() -> None:
    received = Received(timeout=0.02)
    received.message("x" * 50, tags={"graph": "g1"})

    message = failure(
        lambda: received.events.messages.find("y" * 50, tags={"graph": "g2", "spec": "s" * 30}, level="fatal")
    )

    assert message == text(f"""
        Expected one message matching
            text='{"y" * 50}',
            tags={{'graph': 'g2', 'spec': '{"s" * 30}'}},
            level='fatal'
        within 0.02 s; 1 message arrived, which does not match.
          nearest: '{"x" * 22}...{"x" * 21}'
            (3 of 3 criteria differ)
            text
              expected: '{"y" * 50}'
              got:      '{"x" * 50}'
            tags.graph: expected 'g2', got 'g1'
            tags.spec: expected '{"s" * 30}', got nothing
            level: expected 'fatal', got 'error'
        """)


def test_long_texts_are_shown_from_where_they_part() -> None:
    received = Received()
    received.message("a" * 500 + " the end")

    lines = failure(lambda: received.events.messages.find("a" * 500 + " the start")).splitlines()

    assert lines[-2:] == [
        "      expected: ...'aaaaaaaaaaaaaaa the start'",
        "      got:      ...'aaaaaaaaaaaaaaa the end'",
    ]


def test_a_tree_that_differs_is_shown_as_a_tree() -> None:
    received = Received()
    received.transaction("checkout", "http.server", ("db.query", "SELECT 1"), ("cache.get", "k"))

    message = failure(
        lambda: received.events.transactions.find(
            "checkout", tree=span("http.server", span("db.query", "SELECT 2"), span("auth"))
        )
    )

    assert message.splitlines()[4:] == [
        "  nearest: 'checkout', op http.server   (1 of 2 criteria differs)",
        "    tree: the span trees differ",
        "        http.server 'checkout'",
        "      !   db.query 'SELECT 1'",
        "      !       description: expected 'SELECT 2', got 'SELECT 1'",
        "      -   auth",
        "      +   cache.get 'k'",
    ]


def test_very_many_differences_are_counted() -> None:
    received = Received()
    received.message("one")

    message = failure(lambda: received.events.messages.find(tags={f"t{n}": "x" for n in range(20)}))

    assert message.splitlines()[-1] == "    ... 8 more differences"


@pytest.mark.parametrize(
    "call",
    [
        lambda events: events.messages.find("\x1b[31m", tags={"a" * 500: "b" * 500}),
        lambda events: events.spans.find(re.compile("x" * 5000)),
        lambda events: events.transactions.find(lambda name: False, data={str(n): n for n in range(999)}),
        lambda events: events.find(extra=[{"k": ["v" * 300] * 50}] * 50),
    ],
)
def test_no_line_is_far_too_long(call: Callable[[Any], Any]) -> None:
    received = Received()
    received.message("m" * 100_000, tags={"a" * 500: "c" * 500}, extra={"k": "v" * 9999})
    received.transaction("t" * 1000, "op" * 500, ("d" * 500, "e" * 500))

    message = failure(lambda: call(received.events))

    assert max(map(len, message.splitlines())) <= 140
    assert message.replace("\n", "").isprintable()
