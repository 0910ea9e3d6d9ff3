from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.conftest import Api


def put(api: Api, value: Any, query: str = "") -> Any:
    return api.ask("PUT", f"/api/faults{query}", json.dumps(value).encode())


def sent(api: Api, inbox: str = "") -> int:
    path = f"{'/' + inbox if inbox else ''}/api/1/envelope/?sentry_key={'a' * 32}"
    return api.sentry.receive(path, {}, b'{}\n{"type":"event"}\n{}').status


EVERYTHING = {
    "rate_limit": {"categories": ["error"], "seconds": 60, "scope": "project", "reason": "quota"},
    "status": {"code": 503, "times": 1},
    "delay": {"seconds": 0.5, "item_type": "event"},
    "disconnect": {"times": 2},
    "truncate": {"times": 3, "probability": 0.25},
}


def test_faults_are_shown_as_they_are_set(api: Api) -> None:
    assert put(api, EVERYTHING).json == EVERYTHING
    assert api.get("/api/faults").json == EVERYTHING


def test_a_fault_holds_for_all_inboxes_or_for_one(api: Api) -> None:
    inbox = api.post("/api/inboxes").json["inbox"]
    put(api, {"status": {"code": 503}}, f"?inbox={inbox}")
    assert (sent(api), sent(api, inbox)) == (200, 503)

    put(api, {"status": {"code": 500}})
    assert (sent(api), sent(api, inbox)) == (500, 503)
    api.ask("DELETE", "/api/faults")
    assert (sent(api), sent(api, inbox)) == (200, 503)


def test_setting_replaces_what_was_set(api: Api) -> None:
    put(api, {"status": {"code": 503}})
    put(api, {"status": [{"code": 500, "times": 1}, {"code": 502, "times": 1}]})

    assert [sent(api) for _ in range(3)] == [500, 502, 200]
    assert api.get("/api/faults").json == {}


def test_a_fault_by_chance_is_the_same_again_for_the_same_seed(api: Api) -> None:
    def statuses(seed: int) -> list[int]:
        put(api, {"status": {"code": 503, "probability": 0.5, "seed": seed}})
        return [sent(api) for _ in range(40)]

    first = statuses(7)
    assert first == statuses(7)
    assert first != statuses(8)
    assert 5 < first.count(503) < 35


def test_a_limit_by_chance_takes_a_part(api: Api) -> None:
    put(api, {"rate_limit": {"categories": ["error"], "probability": 0.5, "seed": 1}})

    assert 5 < [sent(api) for _ in range(40)].count(429) < 35


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"stats": {}}, "there is no fault 'stats'; did you mean 'status'?"),
        ({"status": {"cod": 503}}, "there is no option of status 'cod'; did you mean 'code'?"),
        ({"status": {}}, "status needs code"),
        ({"status": 503}, "status is set with a JSON object, such as {\"code\": 503}, got '503'"),
        ({"truncate": 1}, "truncate is set with a JSON object, such as {}, got '1'"),
        ({"rate_limit": {"namespaces": "spans"}}, "namespaces are a list of names, got 'spans'"),
        (
            {"status": {"code": 503, "item_type": ["event"]}},
            "status: an item type is text such as 'transaction', got ['event']",
        ),
        ({"status": {"code": 200}}, "status: 200 is no status of a failure (300 to 599); nearest: 300"),
        ({"status": {"code": "503"}}, "status: code is an HTTP status such as 503, got '503'"),
        ({"delay": {"seconds": -1}}, "delay: seconds is a finite number from 0, got -1"),
        ({"rate_limit": {"categories": "error"}}, "categories are a list of names, got 'error'"),
        (
            {"rate_limit": {"categories": ["eror"]}},
            "rate_limit: unknown data category 'eror'; nearest: 'error'",
        ),
        ({"truncate": {"times": 0}}, "truncate: times is at least 1, got 0"),
        ({"truncate": {"probability": 2}}, "truncate: probability is a number from 0 to 1, got 2"),
        ({"truncate": {"probability": "1"}}, "truncate: probability is a number from 0 to 1, got '1'"),
        ({"truncate": {"seed": 1.5}}, "truncate: seed is a whole number or None, got 1.5"),
    ],
)
def test_a_wrong_fault_is_a_400_and_changes_nothing(api: Api, value: Any, error: str) -> None:
    put(api, {"status": {"code": 503}})

    answer = put(api, value)

    assert (answer.status, answer.error) == (400, error)
    assert api.get("/api/faults").json == {"status": {"code": 503}}
