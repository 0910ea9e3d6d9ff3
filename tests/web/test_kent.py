"""What Kent's README documents, asked of the fake."""

from __future__ import annotations

import json

from tests.web.conftest import Api


def test_events_are_listed_and_shown_as_kent_does(api: Api) -> None:
    api.error("ValueError", "boom")
    api.send(("event", {"message": "one"}), project=2, sdk={"name": "sentry.x"})

    events = api.get("/api/eventlist/").json["events"]

    assert [(event["project_id"], event["summary"]) for event in events] == [
        (1, "ValueError: boom"),
        (2, "one"),
    ]
    assert api.get(f"/api/event/{events[1]['event_id']}").json == {
        "project_id": 2,
        "event_id": events[1]["event_id"],
        "payload": {
            "envelope_header": {"sdk": {"name": "sentry.x"}},
            "header": {"type": "event", "length": 18},
            "body": {"message": "one"},
        },
    }


def test_what_came_by_the_store_endpoint_has_no_envelope(api: Api) -> None:
    body = json.dumps({"message": "old"}).encode()
    assert api.sentry.receive(f"/api/1/store/?sentry_key={'a' * 32}", {}, body).status == 200
    event = api.get("/api/eventlist/").json["events"][0]

    payload = api.get(f"/api/event/{event['event_id']}").json["payload"]

    assert (payload["envelope_header"], payload["header"], payload["body"]["message"]) == (None, None, "old")


def test_an_unknown_event_is_a_404_as_kents(api: Api) -> None:
    answer = api.get("/api/event/nope")

    assert (answer.status, answer.json) == (404, {"error": "Event nope not found"})


def test_flushing_forgets_everything(api: Api) -> None:
    api.message("one")

    assert api.post("/api/flush/").json == {"success": True}
    assert api.get("/api/eventlist/").json == {"events": []}


def test_what_has_no_text_has_no_summary(api: Api) -> None:
    api.send(("session", {"sid": "x"}), ("attachment", b"\xff", {"filename": "a"}))

    assert [event["summary"] for event in api.get("/api/eventlist/").json["events"]] == ["no summary"] * 2
