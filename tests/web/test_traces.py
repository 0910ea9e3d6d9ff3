"""What the captured API says of a trace as a whole: continuous or not, complete or not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.words.continuity import discontinuous
from tests.web.conftest import Api
from tests.web.test_payloads import TRACE, transaction

CALL = f"{17:016x}"
HEADER = {"trace_id": TRACE, "public_key": "a" * 32, "release": "page@1", "sampled": "true"}
CONTINUITY = f"/api/captured/traces/{TRACE}/continuity"


def send_page(api: Api) -> None:
    kind, page = transaction("/shop", spans=1)
    page["spans"][0].update(op="http.client", description="GET /stock")
    api.send((kind, {**page, "server_name": "page"}), trace=HEADER)


def send_stock(api: Api, **fields: Any) -> None:
    kind, stock = transaction("GET /stock", span_id="b" * 16, parent_span_id=CALL)
    api.send((kind, {**stock, "server_name": "api-1"}), trace={**HEADER, **fields})


def complete(wait: float, path: str = "") -> str:
    return f"/api/captured/traces{path}?trace_id={TRACE}&complete=true&wait={wait}"


def test_a_sound_trace_is_continuous(api: Api) -> None:
    send_page(api)
    send_stock(api)

    assert api.get(CONTINUITY).json == {
        "trace_id": TRACE,
        "continuous": True,
        "text": None,
        "breaks": [],
    }


def test_a_break_is_told_in_the_words_of_assert_continuous(api: Api) -> None:
    send_page(api)
    send_stock(api, release="api@2")
    contents = Contents.of_inbox(api.sentry.store, None)
    contents.update()
    (trace,) = contents.traces

    answer = api.get(CONTINUITY).json

    assert answer["text"] == discontinuous(trace, trace.breaks())
    assert answer["continuous"] is False
    assert answer["breaks"] == [
        {
            "kind": "changed",
            "hop": "From 'page' (http.client 'GET /stock') to 'api-1' (http.server 'GET /stock')",
            "caller": {
                "service": "page",
                "op": "http.client",
                "description": "GET /stock",
                "trace_id": TRACE,
                "span_id": CALL,
            },
            "callee": {
                "service": "api-1",
                "op": "http.server",
                "description": "GET /stock",
                "trace_id": TRACE,
                "span_id": "b" * 16,
            },
            "differences": [{"name": "release", "before": "page@1", "after": "api@2"}],
            "event": None,
            "evidence": "the trace header has changed: release was 'page@1' and is 'api@2'",
            "cure": "Something between them replaces the header baggage (a proxy, another tracing library), "
            "or the service makes a trace header of its own.",
        }
    ]


def test_a_service_of_which_only_an_error_came_is_one_side(api: Api) -> None:
    send_page(api)
    trace = {"trace_id": TRACE, "span_id": "c" * 16, "parent_span_id": CALL}
    api.message("sold out", server_name="api-1", contexts={"trace": trace}, event_id="e" * 32)

    (broken,) = api.get(CONTINUITY).json["breaks"]

    assert (broken["kind"], broken["event"], broken["callee"]) == (
        "unsampled",
        "e" * 32,
        {
            "service": "api-1",
            "op": None,
            "description": None,
            "trace_id": TRACE,
            "span_id": "c" * 16,
        },
    )


def test_what_may_come_yet_is_waited_for_before_a_trace_is_judged(api: Api) -> None:
    thread = threading.Timer(0.05, send_page, [api])
    thread.start()

    answer = api.get(f"{CONTINUITY}?wait=20")

    thread.join()
    assert (answer.status, answer.json["continuous"]) == (200, True)


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("", 404, f"there is no trace '{TRACE}' among the 0 that came"),
        ("?wait=soon", 400, "wait is a number of seconds from 0 to 600, got 'soon'"),
        ("?inbox=nope", 404, "there is no inbox 'nope': it was closed, or never opened"),
        ("?wiat=1", 400, "there is no parameter 'wiat'; did you mean 'wait'?"),
    ],
)
def test_what_cannot_be_answered_is_said(api: Api, query: str, status: int, error: str) -> None:
    answer = api.get(f"{CONTINUITY}{query}")

    assert (answer.status, answer.error) == (status, error)


def test_a_trace_is_complete_when_its_last_parent_has_come(api: Api) -> None:
    send_stock(api)
    thread = threading.Timer(0.05, send_page, [api])
    thread.start()

    answer = api.get(complete(20))

    thread.join()
    assert [trace["missing"] for trace in answer.json["items"]] == [[]]
    assert len(answer.json["items"][0]["spans"]) == 3


@pytest.mark.parametrize(("path", "status"), [("", 408), ("/latest", 404)])
def test_a_trace_that_is_not_complete_names_who_owes_a_span(api: Api, path: str, status: int) -> None:
    send_stock(api)

    answer = api.get(complete(0.01, path))

    owed = f"The caller of 'api-1' owes span {CALL}, the parent of http.server 'GET /stock'"
    assert answer.status == status
    assert [reason.partition(";")[0] for reason in answer.json["reasons"]] == [owed]
    assert answer.json["text"].startswith(
        "Expected one complete trace within 0.01 s; not all of it has come:"
    )


def test_complete_is_asked_of_traces_alone(api: Api) -> None:
    assert api.get("/api/captured/spans?complete=true").status == 400
    assert api.get("/api/captured/traces?complete=yes").error == "complete is true or false, got 'yes'"
    assert api.get("/api/captured/traces?complete=true&follow=true").error == (
        "follow=true sends each match as it comes: leave out complete"
    )
