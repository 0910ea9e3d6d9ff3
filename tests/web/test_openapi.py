"""The description is held against the table of routes, and real answers against the description."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from pytest_sentryintegration.model.nouns import NOUNS
from tests.web.conftest import Answer, Api
from tests.web.test_payloads import TRACE, transaction

pytestmark = pytest.mark.uncounted

CONTINUITY = "/api/captured/traces/{trace_id}/continuity"


@pytest.fixture(scope="module")
def full() -> Api:
    """An API with something of every noun."""
    api = Api(limit=1000)
    api.message("one", "warning", tags={"a": "b"}, breadcrumbs=[{"message": "click", "timestamp": 1}])
    frames = [{"filename": "a.py", "lineno": 1, "in_app": True, "vars": {"x": "1"}}]
    exception = {"type": "KeyError", "value": "'x'", "module": "a", "stacktrace": {"frames": frames}}
    api.send(
        ("event", {"exception": {"values": [exception]}, "contexts": {"trace": {"trace_id": TRACE}}}),
        ("attachment", b"x", {"filename": "a.txt"}),
    )
    api.send(transaction("checkout", spans=2))
    api.send(transaction("later", span_id="e" * 16, parent_span_id="d" * 16))
    api.send(("log", {"items": [{"level": "info", "body": "hello", "timestamp": 1}]}, {"item_count": 1}))
    api.send(
        ("trace_metric", {"items": [{"name": "n", "type": "counter", "value": 1}]}, {"item_count": 1}),
    )
    api.send(("check_in", {"check_in_id": "c" * 32, "monitor_slug": "nightly", "status": "ok"}))
    api.send(("feedback", {"contexts": {"feedback": {"message": "hm", "name": "Ada"}}}))
    api.send(("session", {"sid": "s", "status": "ok", "errors": 0, "attrs": {"release": "1"}}))
    api.send(("client_report", {"discarded_events": [{"reason": "r", "category": "error", "quantity": 1}]}))
    api.sentry.receive("/api/1/envelope/", {}, b"{} ")
    return api


@pytest.fixture(scope="module")
def description(full: Api) -> dict[str, Any]:
    value: dict[str, Any] = full.get("/api/openapi.json").json
    return value


def check(description: dict[str, Any], method: str, path: str, answer: Answer) -> Any:
    """Check an answer against what the description says of that operation."""
    responses = description["paths"][path][method]["responses"]
    assert str(answer.status) in responses, (answer.status, path)
    content = responses[str(answer.status)].get("content", {})
    if not content:
        assert answer.body == b""
        return None
    kind = answer.headers["content-type"].partition(";")[0]
    described = content.get(kind) or content["*/*"]
    if kind != "application/json":
        return answer.body
    value = answer.json
    schema = {**described["schema"], "components": description["components"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
    return value


def test_the_description_is_one_of_openapi(description: dict[str, Any]) -> None:
    # Two nouns stand for all: their operations are made in the same way, and checking takes its time.
    paths = {
        path: methods
        for path, methods in description["paths"].items()
        if not re.match(r"/api/captured/(\w+)(/latest)?$", path) or "messages" in path or "traces" in path
    }

    validate({**description, "paths": paths})


def test_the_description_has_every_route(full: Api, description: dict[str, Any]) -> None:
    described = {
        (method.upper(), path) for path, methods in description["paths"].items() for method in methods
    }
    routes = {
        (route.method, re.sub(r"<(\w+)>", r"{\1}", route.path).replace("{noun}", noun))
        for route in full.web.routes
        for noun in (NOUNS if "<noun>" in route.path else [""])
    }

    assert described == routes - {("GET", "/api/openapi.json"), ("GET", "/")}


@pytest.mark.parametrize("noun", NOUNS)
def test_a_listing_is_as_described(full: Api, description: dict[str, Any], noun: str) -> None:
    path = f"/api/captured/{noun}"

    listing = check(description, "get", path, full.get(path))
    check(description, "get", f"{path}/latest", full.get(f"{path}/latest"))
    check(description, "get", path, full.get(f"{path}?count=999"))
    check(description, "get", path, full.get(f"{path}?nope=1"))

    assert listing["count"] > 0


@pytest.mark.parametrize(
    ("method", "path", "target", "value"),
    [
        ("get", "/healthz", "", None),
        ("get", "/readyz", "", None),
        ("post", "/api/inboxes", "", {"name": "w"}),
        ("post", "/api/inboxes", "", {"nam": "w"}),
        ("delete", "/api/inboxes/{inbox}", "/api/inboxes/nope", None),
        ("delete", "/api/inboxes/{inbox}", "/api/inboxes/strays", None),
        ("get", "/api/captured/", "", None),
        ("get", "/api/captured/", "/api/captured/?inbox=nope", None),
        ("get", "/api/captured/envelopes/{number}", "/api/captured/envelopes/1", None),
        ("get", "/api/captured/envelopes/{number}", "/api/captured/envelopes/99", None),
        ("get", "/api/captured/attachments/{number}", "/api/captured/attachments/2-1", None),
        ("get", "/api/captured/traces/{trace_id}/tree", f"/api/captured/traces/{TRACE}/tree", None),
        ("get", CONTINUITY, CONTINUITY.format(trace_id=TRACE), None),
        ("get", CONTINUITY, CONTINUITY.format(trace_id="nope"), None),
        ("get", "/api/captured/findings", "", None),
        ("get", "/api/captured/explain", "", None),
        ("get", "/api/captured/snapshot", "", None),
        ("get", "/api/faults", "", None),
        ("put", "/api/faults", "", {"status": {"code": 503}}),
        ("put", "/api/faults", "", {"status": 1}),
        ("delete", "/api/faults", "", None),
        ("get", "/api/eventlist/", "", None),
        ("get", "/api/event/{event_id}", "/api/event/1-0", None),
        ("get", "/api/event/{event_id}", "/api/event/nope", None),
        ("get", "/api/session", "", None),
        ("post", "/api/session", "", None),
    ],
)
def test_an_answer_is_as_described(
    full: Api, description: dict[str, Any], method: str, path: str, target: str, value: Any
) -> None:
    body = b"" if value is None else json.dumps(value).encode()

    check(description, method, path, full.ask(method.upper(), target or path, body))
    if not path.startswith(("/healthz", "/readyz")):
        check(description, method, path, full.ask(method.upper(), target or path, body, host="evil.example"))


def test_a_tree_in_json_is_as_described(full: Api, description: dict[str, Any]) -> None:
    path = "/api/captured/traces/{trace_id}/tree"
    answer = full.get(f"/api/captured/traces/{TRACE}/tree", accept="application/json")

    roots = check(description, "get", path, answer)

    assert [root["description"] for root in roots] == ["checkout", "later"]


def test_a_broken_trace_is_as_described(description: dict[str, Any]) -> None:
    api = Api()
    for number in range(2):
        api.send(transaction("checkout", span_id=f"{number}" * 16), trace={"trace_id": "b" * 32})

    answer = check(description, "get", CONTINUITY, api.get(CONTINUITY.format(trace_id=TRACE)))

    assert [broken["kind"] for broken in answer["breaks"]] == ["second_root", "changed", "changed"]


def test_what_forgets_answers_as_described(description: dict[str, Any]) -> None:
    api = Api()
    inbox = api.post("/api/inboxes").json["inbox"]

    check(description, "delete", "/api/inboxes/{inbox}", api.ask("DELETE", f"/api/inboxes/{inbox}"))
    check(description, "delete", "/api/captured/", api.ask("DELETE", "/api/captured/"))
    check(description, "post", "/api/flush/", api.post("/api/flush/"))
