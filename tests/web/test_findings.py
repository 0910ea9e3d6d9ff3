from __future__ import annotations

from tests.web.conftest import Api


def test_what_sentry_would_not_keep_is_listed(api: Api) -> None:
    api.send(("no_such_type", b"{}"))

    answer = api.get("/api/captured/findings").json

    assert (answer["count"], answer["cursor"]) == (1, 1)
    assert {name: answer["items"][0][name] for name in ("outcome", "reason")} == {
        "outcome": "dropped",
        "reason": "unknown",
    }


def test_findings_are_of_the_part_that_is_asked_for(api: Api) -> None:
    api.send(("no_such_type", b"{}"))

    assert api.get("/api/captured/findings?project=2").json["count"] == 0
    assert api.get("/api/captured/findings?after=1").json["count"] == 0
    assert api.get("/api/captured/findings?until=0").json["count"] == 0
    assert api.get("/api/captured/findings?until=1").json["count"] == 1
    assert api.get("/api/captured/findings?until=x").status == 400


def test_why_nothing_came_is_explained(api: Api) -> None:
    api.sentry.receive("/api/1/envelope/", {}, b"{} ")

    answer = api.get("/api/captured/explain").json

    assert answer["reasons"][0].startswith("1 request was refused by the fake Sentry with status 400")
    assert answer["text"].splitlines()[0] == answer["reasons"][0]


def test_nothing_is_said_that_is_not_known(api: Api) -> None:
    assert api.get("/api/captured/explain").json["reasons"] == [
        "No process has connected: does it get the DSN of this fake Sentry, does it need longer to start, "
        "and does it flush before it ends?"
    ]


def test_a_snapshot_is_equal_for_equal_events(api: Api) -> None:
    other = Api()
    for each in (api, other):
        each.message("one", event_id=None)

    assert api.get("/api/captured/snapshot").json == other.get("/api/captured/snapshot").json
    assert api.get("/api/captured/snapshot").json["events"][0]["message"] == "one"
    assert api.get("/api/captured/snapshot?after=1").json.get("events", []) == []
