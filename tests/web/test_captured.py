from __future__ import annotations

import threading
import time

import pytest

from pytest_sentryintegration.model.nouns import NOUNS
from tests.web.conftest import Api, Local


def test_what_came_is_counted_by_noun(api: Api) -> None:
    api.message("one")
    api.error("ValueError", "boom")

    answer = api.get("/api/captured/").json

    assert {noun: count for noun, count in answer["counts"].items() if count} == {
        "events": 2,
        "messages": 1,
        "errors": 1,
        "envelopes": 2,
        "items": 2,
    }
    assert {name: answer[name] for name in ("cursor", "evicted", "limit")} == {
        "cursor": 2,
        "evicted": 0,
        "limit": None,
    }


def test_a_listing_holds_what_matches(api: Api) -> None:
    api.message("Spec failed", "warning", tags={"graph": "g1"})
    api.message("Spec passed")

    answer = api.get("/api/captured/messages?text=~^Spec&tags.graph=g1").json

    assert (answer["count"], answer["cursor"]) == (1, 2)
    item = answer["items"][0]
    assert (item["text"], item["level"], item["tags"], item["number"]) == (
        "Spec failed",
        "warning",
        {"graph": "g1"},
        1,
    )


def test_what_was_evicted_is_counted_for_an_inbox_and_for_all() -> None:
    api = Api(limit=2)
    api.sentry.store.open("w1")
    for number, inbox in enumerate(["w1", "", "", "", "w1"]):
        api.message(f"m{number}", inbox=inbox)

    assert [api.get(f"{inbox}/api/captured/").json["evicted"] for inbox in ("", "/w1", "/strays")] == [
        3,
        1,
        2,
    ]


@pytest.mark.parametrize("noun", list(NOUNS))
def test_the_newest_of_every_noun_is_asked_for_in_the_same_way(api: Api, noun: str) -> None:
    answer = api.get(f"/api/captured/{noun}/latest")

    assert (answer.status, list(answer.json)) == (404, ["text", "nearest", "reasons"])


def test_a_listing_is_cut_and_turned(api: Api) -> None:
    for text in ("one", "two", "three"):
        api.message(text)

    assert api.texts("/api/captured/messages?limit=2") == ["one", "two"]
    assert api.texts("/api/captured/messages?limit=2&order=newest") == ["three", "two"]
    assert api.get("/api/captured/messages?limit=1").json["count"] == 3


def test_a_cursor_leaves_out_what_came_before(api: Api) -> None:
    api.message("one")
    cursor = api.get("/api/captured/messages").json["cursor"]
    api.message("two")

    assert api.texts(f"/api/captured/messages?after={cursor}") == ["two"]


def test_a_cursor_never_goes_back(api: Api) -> None:
    api.sentry.store.open("w1")
    api.message("one")

    assert api.get("/api/captured/messages?inbox=w1&after=1").json["cursor"] == 1


def test_a_project_and_an_inbox_leave_out_the_others(api: Api) -> None:
    api.sentry.store.open("w1")
    api.message("mine", inbox="w1")
    api.message("first", project=1)
    api.message("second", project=2)

    assert api.texts("/api/captured/messages") == ["mine", "first", "second"]
    assert api.texts("/api/captured/messages?inbox=w1") == ["mine"]
    assert api.texts("/w1/api/captured/messages") == ["mine"]
    assert api.texts("/api/captured/messages?project=2") == ["second"]


def test_a_refused_request_is_of_the_project_that_its_path_names(api: Api) -> None:
    for project in (1, 2):
        api.sentry.receive(f"/api/{project}/envelope/", {}, b"no envelope")
    api.get("/api/capturd")

    refused = api.get("/api/captured/refused?project=2").json["items"]

    assert [item["path"] for item in refused] == ["/api/2/envelope/"]


def test_the_newest_is_there_alone(api: Api) -> None:
    api.message("one")
    api.message("two")
    api.message("three", "error")

    assert api.get("/api/captured/messages/latest?level=info").json["text"] == "two"


def test_what_is_not_there_is_answered_with_the_message_of_the_fixture(api: Api) -> None:
    api.message("Spec failed", "error")

    answer = api.get("/api/captured/messages?text=Spec failed&level=warning&wait=0")

    assert answer.status == 408
    assert answer.json == {
        "text": (
            "Expected at least 1 message matching text='Spec failed', level='warning'; "
            "1 message arrived, which does not match.\n"
            "  nearest: 'Spec failed'   (1 of 2 criteria differs)\n"
            "    level: expected 'warning', got 'error'"
        ),
        "nearest": [
            {
                "number": 1,
                "label": "'Spec failed'",
                "differences": [
                    {
                        "path": "level",
                        "expected": "'warning'",
                        "got": "'error'",
                        "text": "level: expected 'warning', got 'error'",
                    }
                ],
            }
        ],
        "reasons": [],
        "cursor": 1,
    }


@pytest.mark.parametrize(("path", "status"), [("errors?wait=0", 408), ("errors/latest", 404)])
def test_where_nothing_came_the_reasons_of_the_fixture_are_answered(api: Api, path: str, status: int) -> None:
    answer = api.get(f"/api/captured/{path}")

    (reason,) = answer.json["reasons"]
    assert (answer.status, reason.partition(":")[0]) == (status, "No process has connected")
    assert " ".join(answer.json["text"].split()).endswith(f"- {reason}")


def test_a_failure_says_which_part_it_is_about(api: Api) -> None:
    api.message("one")
    api.message("two", project=2)

    answer = api.get("/api/captured/messages/latest?text=two&project=1&after=1")

    assert answer.status == 404
    assert answer.json["text"].startswith(
        "Of project 1, what came after cursor 1: Expected at least 1 message matching text='two'; no message"
    )


def test_more_than_the_one_that_is_expected_is_a_409_with_the_message_of_the_fixture(api: Api) -> None:
    api.message("Spec failed: tree", tags={"graph": "g1"})
    alone = api.get("/api/captured/messages?text=~^Spec&expect=one")
    api.message("Spec failed: leaf", tags={"graph": "g2"})

    answer = api.get("/api/captured/messages?text=~^Spec&expect=one&wait=5")

    assert (alone.status, alone.json["count"]) == (200, 1)
    assert answer.status == 409
    assert answer.json == {
        "text": "Expected one message matching text=re('^Spec'); 2 of 2 messages matched:\n"
        "  1. 'Spec failed: tree'\n"
        "  2. 'Spec failed: leaf'\n"
        "They differ in tags ({'graph': 'g1'}, {'graph': 'g2'}).\n"
        "Add a criterion; or take all of them with where(), or with wait(2).",
        "nearest": [],
        "reasons": [],
        "cursor": 2,
    }
    assert api.get("/api/captured/messages?text=other&expect=one").status == 408


def test_what_is_expected_not_to_come_is_a_409_once_it_comes(api: Api) -> None:
    target = "/api/captured/messages?expect=none&wait="
    nothing = api.get(f"{target}0").json
    sending = threading.Timer(0.05, api.message, ["late"])
    sending.start()

    answer = api.get(f"{target}30")

    sending.join()
    assert nothing == {"count": 0, "items": [], "cursor": 0}
    text = "Expected no message within 30.0 s; 1 message arrived:\n  1. 'late'"
    assert (answer.status, answer.json["text"]) == (409, text)


def test_what_came_is_text_where_that_is_asked_for(api: Api) -> None:
    api.message("Spec failed", "warning", tags={"graph": "g1"})

    answer = api.get("/api/captured/", accept="text/plain")

    assert answer.body.decode() == ("1 event:\n  'Spec failed'\n    level='warning', tags={'graph': 'g1'}")


def test_a_wait_is_answered_when_there_is_enough(api: Api) -> None:
    api.message("one")
    sender = threading.Timer(0.05, api.message, ["two"])
    sender.start()

    answer = api.get("/api/captured/messages?wait=20&count=2")

    sender.join()
    assert (answer.status, answer.json["count"]) == (200, 2)


def test_a_wait_ends_when_its_client_leaves(api: Api) -> None:
    client = Local()
    client.left.set()
    started = time.monotonic()

    assert api.ask("GET", "/api/captured/messages?wait=600", client=client).status == 408
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "what", ["messages?", "messages?expect=none&", "traces?complete=true&", "messages/latest?"]
)
def test_a_wait_ends_when_its_inbox_is_closed(api: Api, what: str) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    closing = threading.Timer(0.05, api.ask, ["DELETE", f"/api/inboxes/{inbox}"])
    closing.start()
    started = time.monotonic()

    answer = api.get(f"/api/captured/{what}inbox={inbox}&wait=600")

    closing.join()
    assert (answer.status, answer.error) == (
        404,
        f"there is no inbox {inbox!r}: it was closed, or never opened",
    )
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("/api/captured/mesages", "there is no noun 'mesages'; did you mean 'messages'?"),
        ("/api/captured/LOGS", "there is no noun 'LOGS'; did you mean 'logs'?"),
        ("/api/faults?test=a", "there is no parameter 'test'; there is inbox"),
        ("/api/captured/messages?levl=error", "a message has no field 'levl'; did you mean 'level'?"),
        ("/api/captured/messages?waitt=1", "a message has no field 'waitt'; did you mean 'wait'?"),
        ("/api/captured/?projct=1", "there is no parameter 'projct'; did you mean 'project'?"),
        ("/api/captured/messages?wait=1e9", "wait is a number of seconds from 0 to 600, got '1e9'"),
        ("/api/captured/messages?count=0", "count is a whole number from 1 to 1000000000, got '0'"),
        ("/api/captured/messages?limit=-1", "limit is a whole number from 1 to 1000000000, got '-1'"),
        ("/api/captured/messages?order=up", "order is oldest or newest, got 'up'"),
        ("/api/captured/messages?expect=two", "expect is one or none, got 'two'"),
        ("/api/captured/messages?expect=one&count=2", "expect=one says how many: leave out count"),
        ("/api/captured/traces?expect=none&complete=true", "complete waits for a trace, and expect=none"),
        ("/api/captured/messages?after=7", "after=7 is no cursor of this server, whose newest is 1"),
        ("/api/captured/messages?text=~(", "text=~(: the pattern is broken at character 1"),
        ("/api/captured/errors?exception.typ=x", "a SentException has no field 'typ'; did you mean 'type'?"),
    ],
)
def test_a_wrong_question_is_a_400_of_one_sentence(api: Api, target: str, error: str) -> None:
    api.error("ValueError", "boom")

    answer = api.get(target)

    assert answer.status == 400
    assert answer.error.startswith(error)


def test_an_inbox_that_is_not_open_is_a_404(api: Api) -> None:
    answer = api.get("/api/captured/messages?inbox=w9")

    assert (answer.status, answer.error) == (404, "there is no inbox 'w9': it was closed, or never opened")


def test_a_wrong_method_is_a_405_that_names_the_right_one(api: Api) -> None:
    answer = api.post("/api/captured/messages")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_path_that_nobody_has_is_refused_as_by_sentry(api: Api) -> None:
    assert api.get("/api/capturd/").status == 404
    assert [refused["path"] for refused in api.get("/api/captured/refused").json["items"]] == [
        "/api/capturd/"
    ]


def test_a_health_check_needs_no_host(api: Api) -> None:
    assert (api.get("/healthz", host="sentry").status, api.get("/readyz", host="sentry").status) == (200, 200)


def test_a_frame_is_shown_with_the_lines_around_it_and_a_span_with_its_service(api: Api) -> None:
    frame = {"lineno": 7, "pre_context": ["a"], "context_line": "b", "post_context": ["c"]}
    exception = {"values": [{"type": "E", "stacktrace": {"frames": [frame]}}]}
    api.send(("event", {"exception": exception}))
    times = {"start_timestamp": 1.0, "timestamp": 2.0}
    trace = {"trace_id": "a" * 32, "span_id": "b" * 16}
    api.send(("transaction", {**times, "server_name": "web", "contexts": {"trace": trace}}))

    shown = api.get("/api/captured/errors").json["items"][0]["exception"]["frames"][0]
    assert (shown["pre_context"], shown["context_line"], shown["post_context"]) == (["a"], "b", ["c"])
    assert api.get("/api/captured/spans").json["items"][0]["service"] == "web"
