from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Api


def test_what_sentry_would_not_keep_is_listed(api: Api) -> None:
    api.send(("no_such_type", b"{}"))

    answer = api.get("/api/captured/findings").json

    assert (answer["count"], answer["cursor"]) == (1, 1)
    assert {name: answer["items"][0][name] for name in ("outcome", "reason")} == {
        "outcome": "dropped",
        "reason": "unknown",
    }


def test_the_verdict_on_an_object_is_among_its_attributes(api: Api) -> None:
    api.message("fine")
    api.message("cut", tags={"a": "x" * 300})
    api.send(("transaction", {"type": "transaction", "transaction": "no times"}))
    api.send(("no_such_type", b"\xff" * 20_000))

    def verdict_of(noun: str, query: str = "") -> Any:
        return api.get(f"/api/captured/{noun}/latest?{query}").json["verdict"]

    assert verdict_of("messages", "text=fine") == {"outcome": "accepted", "reason": None, "findings": []}
    (cut,) = verdict_of("messages", "text=cut")["findings"]
    assert (cut["path"], cut["sent"], sorted(cut)) == (
        "tags.a",
        "x" * 300,
        ["path", "rule", "sent", "stored", "text"],
    )
    assert verdict_of("transactions")["reason"] == "invalid_transaction"
    lost = verdict_of("items")
    assert (lost["outcome"], lost["findings"][0]["sent"]) == ("dropped", "no_such_type")


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("outcome=trimmed", ["cut"]),
        ("outcome=~^acc", ["fine"]),
        ("reason=null", ["fine"]),
        ("outcome=x", []),
    ],
)
def test_objects_are_found_by_their_verdict(api: Api, query: str, texts: list[str]) -> None:
    api.message("fine")
    api.message("cut", tags={"a": "x" * 300})

    assert api.texts(f"/api/captured/messages?verdict.{query}") == texts


def test_an_unknown_field_of_a_verdict_is_a_400(api: Api) -> None:
    api.message("fine")

    assert api.get("/api/captured/messages?verdict.outcom=x").error == (
        "a Verdict has no field 'outcom'; did you mean 'outcome'?"
    )


def test_a_finding_about_a_whole_payload_shows_the_beginning_of_it(api: Api) -> None:
    api.send(
        ("log", b"x" * 30_000, {"item_count": 1, "content_type": "application/vnd.sentry.items.log+json"})
    )

    (finding,) = api.get("/api/captured/items/latest").json["verdict"]["findings"]
    assert finding["sent"] == "x" * 10_000 + " ... 20000 more bytes"


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
