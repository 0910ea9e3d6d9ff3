"""The description of the API as OpenAPI 3.1, made of the table of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from pytest_sentryintegration.web.asking import PART
from pytest_sentryintegration.web.routes import Route
from pytest_sentryintegration.web.schemas import ANY, NUMBER, TEXT, array_of, object_of, schemas

__all__ = ["described"]

_ERROR: Final = {"$ref": "#/components/schemas/Error"}
_NOT_THERE: Final = {"$ref": "#/components/schemas/NotThere"}


def described(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the description of *routes*."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"<(\w+)>", r"{\1}", route.path)
        for real, noun in _expanded(path):
            paths.setdefault(real, {})[route.method.lower()] = _operation(route, real, noun)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sentryintegration, captured API",
            "version": "1",
            "description": "What a fake Sentry was sent: asked for, waited for, streamed.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
        # For clients: the objects of each noun, and the criterion that `find` takes without a name.
        "x-nouns": {
            name: {"object": CLASSES[name].__name__, "find": noun.main} for name, noun in NOUNS.items()
        },
    }


def _expanded(path: str) -> list[tuple[str, str]]:
    """Return *path* for each noun: each has criteria and objects of its own."""
    if "{noun}" not in path:
        return [(path, "")]
    return [(path.replace("{noun}", noun), noun) for noun in NOUNS]


def _operation(route: Route, path: str, noun: str) -> dict[str, Any]:
    variables = re.findall(r"\{(\w+)\}", path)
    function = getattr(route.handler, "func", route.handler)  # of a `partial`
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()} {path}").strip("_"),
        "summary": (function.__doc__ or "Answer with this description.").splitlines()[0],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": TEXT} for name in variables),
            *(_PARAMETERS[name] for name in _parameters_of(route, path, noun)),
        ],
        "responses": _responses(route, path, noun),
    }
    if noun:
        # Criteria have any names that the noun's objects have, with dots into these.
        criteria = {"type": "object", "additionalProperties": {"type": ["string", "array"]}}
        operation["parameters"].append(
            {"name": "criteria", "in": "query", "style": "form", "explode": True, "schema": criteria}
        )
    body = _BODIES.get((route.method, route.path))
    if body is not None:
        operation["requestBody"] = body
    return operation


def _parameters_of(route: Route, path: str, noun: str) -> list[str]:
    if route.path.startswith("/api/captured"):
        if route.method == "DELETE":
            return ["inbox"]
        if path.endswith(("}", "/tree")):
            return ["inbox", "project"]
        if path.endswith("/continuity"):
            return ["inbox", "project", "wait"]
        further = ["complete"] if noun == "traces" else []
        if path.endswith("/stream"):
            return [*sorted(PART), "noun", "verdicts", "Last-Event-ID"]
        if path.endswith("/findings"):
            return [*sorted(PART), "until"]
        if noun and path.endswith("/latest"):
            return [*sorted(PART), "wait", *further]
        return [
            *sorted(PART),
            *(["wait", "count", "expect", "limit", "order", "follow", *further] if noun else []),
        ]
    if route.path.startswith(("/api/faults", "/api/event", "/api/flush")):
        return ["inbox"]
    return []


def _responses(route: Route, path: str, noun: str) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, text, content_type, schema in _answers(route, path, noun):
        response = responses.setdefault(status, {"description": text})
        if content_type:
            response.setdefault("content", {})[content_type] = {"schema": schema}
    if not route.open:
        for status, text in (
            ("400", "A wrong question"),
            ("401", "No token"),
            ("403", "Not for this client"),
            ("429", "Too many wrong tokens"),
            ("503", "It cannot answer at present"),
        ):
            responses.setdefault(status, {"description": text, "content": _json(_ERROR)})
    return responses


def _answers(route: Route, path: str, noun: str) -> list[tuple[str, str, str, Any]]:
    if noun:
        item = {"$ref": f"#/components/schemas/{CLASSES[noun].__name__}"}
        missing = {"anyOf": [_NOT_THERE, _ERROR]}
        if path.endswith("/latest"):
            return [
                ("200", "The newest that matches", "application/json", item),
                ("404", "None matches", "application/json", missing),
            ]
        return [
            ("200", "What matches", "application/json", _listing(item)),
            ("200", "What matches", "application/x-ndjson", ANY),
            ("404", "No such inbox", "application/json", _ERROR),
            ("408", "There was not enough", "application/json", _NOT_THERE),
            ("409", "There is more than was expected", "application/json", _NOT_THERE),
        ]
    done = ("200", "Done", "application/json", {"type": "object"})
    return _OTHERS.get((route.method, route.path), [done])


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _listing(item: Any) -> dict[str, Any]:
    return object_of(count=NUMBER, items=array_of(item), cursor=NUMBER)


_FAULTS: Final = {"$ref": "#/components/schemas/Faults"}
_OCTETS: Final = {"type": "string", "format": "binary"}
_GONE: Final = ("404", "There is none", "application/json", _ERROR)
_OTHERS: Final[dict[tuple[str, str], list[tuple[str, str, str, Any]]]] = {
    ("GET", "/readyz"): [
        ("200", "It takes what comes", "application/json", {"type": "object"}),
        ("503", "It does not at present", "application/json", _ERROR),
    ],
    ("GET", "/favicon.ico"): [("204", "There is none", "", None)],
    ("POST", "/api/inboxes"): [
        ("201", "Opened", "application/json", object_of(inbox=TEXT, dsn=TEXT, url=TEXT))
    ],
    ("DELETE", "/api/inboxes/<inbox>"): [
        ("204", "Closed", "", None),
        _GONE,
        ("409", "It cannot be closed", "application/json", _ERROR),
    ],
    ("GET", "/api/captured/"): [
        (
            "200",
            "Counts by noun",
            "application/json",
            object_of(
                counts=object_of(**dict.fromkeys(NOUNS, NUMBER)),
                cursor=NUMBER,
                evicted=NUMBER,
                limit={"type": ["integer", "null"]},
            ),
        ),
        ("200", "What came", "text/plain", TEXT),
        _GONE,
    ],
    ("DELETE", "/api/captured/"): [("200", "Forgotten", "application/json", object_of(cursor=NUMBER)), _GONE],
    ("GET", "/api/captured/envelopes/<number>"): [
        ("200", "Its bytes", "application/x-sentry-envelope", _OCTETS),
        _GONE,
    ],
    ("GET", "/api/captured/attachments/<number>"): [("200", "Its bytes", "*/*", _OCTETS), _GONE],
    ("GET", "/api/captured/traces/<trace_id>/tree"): [
        ("200", "The tree", "text/plain", TEXT),
        ("200", "The tree", "application/json", array_of({"$ref": "#/components/schemas/SpanTree"})),
        _GONE,
    ],
    ("GET", "/api/captured/traces/<trace_id>/continuity"): [
        ("200", "Whether it is", "application/json", {"$ref": "#/components/schemas/Continuity"}),
        _GONE,
    ],
    ("GET", "/api/captured/findings"): [
        (
            "200",
            "What Sentry would not keep",
            "application/json",
            object_of(
                count=NUMBER,
                items=array_of({"$ref": "#/components/schemas/Objection"}),
                cursor=NUMBER,
                payloads_judged={"type": "boolean"},
            ),
        ),
        _GONE,
    ],
    ("GET", "/api/captured/explain"): [
        ("200", "Reasons", "application/json", object_of(text=TEXT, reasons=array_of(TEXT))),
        _GONE,
    ],
    ("GET", "/api/captured/snapshot"): [
        ("200", "The snapshot", "application/json", {"type": "object"}),
        _GONE,
    ],
    ("GET", "/api/captured/stream"): [("200", "Summaries", "text/event-stream", TEXT), _GONE],
    ("GET", "/api/faults"): [("200", "What is set", "application/json", _FAULTS), _GONE],
    ("PUT", "/api/faults"): [("200", "What is set", "application/json", _FAULTS), _GONE],
    ("DELETE", "/api/faults"): [("200", "Taken back", "application/json", {"type": "object"}), _GONE],
    ("GET", "/api/eventlist/"): [
        (
            "200",
            "All items",
            "application/json",
            object_of(events=array_of(object_of(project_id=ANY, event_id=TEXT, summary=TEXT))),
        ),
        _GONE,
    ],
    ("GET", "/api/event/<event_id>"): [
        (
            "200",
            "The item",
            "application/json",
            object_of(
                project_id=ANY,
                event_id=TEXT,
                payload=object_of(envelope_header=ANY, header=ANY, body=ANY),
            ),
        ),
        _GONE,
    ],
    ("POST", "/api/flush/"): [
        ("200", "Forgotten", "application/json", object_of(success={"type": "boolean"})),
        _GONE,
    ],
    ("GET", "/api/session"): [
        ("200", "The form", "text/html", TEXT),
        ("403", "Not for this client", "application/json", _ERROR),
    ],
    ("POST", "/api/session"): [
        ("303", "The cookie is set", "", None),
        ("401", "A wrong token", "application/json", _ERROR),
        ("403", "Not for this client", "application/json", _ERROR),
        ("429", "Too many wrong tokens", "application/json", _ERROR),
    ],
}
_BODIES: Final = {
    ("POST", "/api/inboxes"): {
        "content": _json(
            {"type": "object", "properties": {"name": TEXT, "test": TEXT}, "additionalProperties": False}
        )
    },
    ("PUT", "/api/faults"): {"required": True, "content": _json(_FAULTS)},
    ("POST", "/api/session"): {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": object_of(token=TEXT)}},
    },
}


def _query(name: str, text: str, schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": schema}


_PARAMETERS: Final = {
    "inbox": _query("inbox", "One inbox; without it all of them.", TEXT),
    "project": _query("project", "One project; without it all of them.", TEXT),
    "after": _query("after", "A cursor: only what came after it.", NUMBER),
    "until": _query("until", "A cursor: only what came up to it.", NUMBER),
    "wait": _query("wait", "Seconds to wait for enough.", {"type": "number", "minimum": 0, "maximum": 600}),
    "count": _query("count", "How many are enough.", {"type": "integer", "minimum": 1}),
    "expect": _query(
        "expect", "Whether exactly one is to match, or none within `wait`.", {"enum": ["one", "none"]}
    ),
    "limit": _query("limit", "How many are listed.", {"type": "integer", "minimum": 1}),
    "order": _query("order", "Which comes first.", {"enum": ["oldest", "newest"]}),
    "verdicts": _query(
        "verdicts", "Whether to tell the outcome of the verdict on each thing.", {"enum": ["true", "false"]}
    ),
    "follow": _query("follow", "Whether to send each match as it comes.", {"enum": ["true", "false"]}),
    "complete": _query("complete", "Whether to wait until it is complete.", {"enum": ["true", "false"]}),
    "noun": _query("noun", "One noun, and criteria for it beside.", {"enum": list(NOUNS)}),
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event that was read.",
        "schema": TEXT,
    },
}
