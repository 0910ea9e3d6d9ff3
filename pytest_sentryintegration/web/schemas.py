"""The objects of the API as JSON schemas, by the types of their attributes."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pytest_sentryintegration import model
from pytest_sentryintegration.matching.fields import type_of
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from pytest_sentryintegration.web.faults import KINDS, NEEDED
from pytest_sentryintegration.web.objects import FIELDS

__all__ = ["ANY", "NUMBER", "TEXT", "array_of", "object_of", "schemas"]

TEXT: Final = {"type": "string"}
NUMBER: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": "string", "format": "date-time"}
ANY: Final[dict[str, Any]] = {}


def object_of(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def array_of(items: Any) -> dict[str, Any]:
    """Return the schema of a list of these."""
    return {"type": "array", "items": items}


def schemas() -> dict[str, Any]:
    """Return the named schemas: one for each class of objects, and those of further answers."""
    entry = {"number": NUMBER, "inbox": TEXT, "received": _TIME}
    top = set(CLASSES.values())
    named: dict[str, Any] = dict(_ANSWERS)
    for cls, fields in FIELDS.items():
        hints = {name: _schema_of(type_of(cls, name)) for name in fields}
        shown = {**hints, **_FURTHER.get(cls, {})}
        # Inside of others these stand without the request that they came in.
        alone = cls in top and cls not in (model.Span, model.Attachment, model.Item)
        named[cls.__name__] = object_of(**entry, **shown) if alone else object_of(**shown)
    return named


def _schema_of(hint: Any) -> dict[str, Any]:
    if hint in FIELDS:
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (types.UnionType, Union):
        if Any in arguments:
            return ANY
        return {"anyOf": [_schema_of(argument) for argument in arguments]}
    if origin is tuple:
        return array_of(_schema_of(arguments[0]))
    if origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {"type": "object", "additionalProperties": _schema_of(arguments[1])}
    if origin is list:
        return array_of(_schema_of(arguments[0]))
    return dict(_PLAIN.get(hint, ANY))


_TEXTS: Final = array_of(TEXT)
_FURTHER: Final[dict[type, dict[str, Any]]] = {
    model.Event: {"exception": {"anyOf": [{"$ref": "#/components/schemas/SentException"}, {"type": "null"}]}},
    model.Attachment: {"event": {"type": ["string", "null"]}, "size": NUMBER, "path": TEXT},
    model.Envelope: {"path": TEXT},
    model.Item: {"project_id": TEXT, "size": NUMBER, "json": ANY},
    model.Frame: {"pre_context": array_of(ANY), "post_context": array_of(ANY)},
    model.Span: {"transaction": {"type": ["string", "null"]}, "service": TEXT},
    model.Trace: {
        "roots": array_of({"type": ["string", "null"]}),
        "orphans": array_of({"type": ["string", "null"]}),
        "transactions": _TEXTS,
        "events": array_of({"type": ["string", "null"]}),
        "logs": NUMBER,
    },
    model.Refused: {"method": TEXT, "path": TEXT, "size": NUMBER, "fault": {"type": "boolean"}},
}
"""What JSON shows in another way than a test reads it."""

_PLAIN: Final[dict[Any, dict[str, Any]]] = {
    str: TEXT,
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: _TIME,
    type(None): {"type": "null"},
}

_DIFFERENCE: Final = object_of(path=TEXT, expected=TEXT, got=TEXT, text=TEXT)
_FINDING: Final = object_of(path=TEXT, rule=TEXT, sent=ANY, stored=ANY, text=TEXT)
_OBJECTION: Final = object_of(
    outcome={"enum": ["refused", "dropped", "trimmed"]},
    reason={"type": ["string", "null"]},
    what=TEXT,
    findings=array_of(_FINDING),
)
_WHOLE: Final = {"type": "integer", "minimum": 1}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "categories": _TEXTS,
    "seconds": {"type": "number", "minimum": 0},
    "scope": TEXT,
    "namespaces": _TEXTS,
    "reason": TEXT,
    "code": {"type": "integer", "minimum": 300, "maximum": 599},
    "times": _WHOLE,
    "item_type": TEXT,
    "probability": {"type": "number", "minimum": 0, "maximum": 1},
    "seed": {"type": "integer"},
}


def _one_or_several(kind: str) -> dict[str, Any]:
    fault = {
        "type": "object",
        "properties": {name: _OPTIONS[name] for name in KINDS[kind]},
        "required": [NEEDED[kind]] if kind in NEEDED else [],
        "additionalProperties": False,
    }
    return {"anyOf": [fault, array_of(fault)]}


_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_SIDE: Final = object_of(
    service=_TEXT_OR_NULL,
    op=_TEXT_OR_NULL,
    description=_TEXT_OR_NULL,
    trace_id=_TEXT_OR_NULL,
    span_id=_TEXT_OR_NULL,
)
_BREAK: Final = object_of(
    kind={"enum": list(get_args(get_type_hints(model.Break)["kind"]))},
    hop=TEXT,
    caller={"anyOf": [_SIDE, {"type": "null"}]},
    callee={"anyOf": [_SIDE, {"type": "null"}]},
    differences=array_of(object_of(name=TEXT, before=ANY, after=ANY)),
    event=_TEXT_OR_NULL,
    evidence=TEXT,
    cure=TEXT,
)
_ANSWERS: Final = {
    "Error": object_of(error=TEXT),
    "NotThere": {
        **object_of(
            text=TEXT,
            nearest=array_of(object_of(number=NUMBER, label=TEXT, differences=array_of(_DIFFERENCE))),
            reasons=array_of(TEXT),
        ),
        "description": "The failure of the fixture, and what it is made of.",
    },
    "Objection": _OBJECTION,
    "SpanTree": {
        "allOf": [
            {"$ref": "#/components/schemas/Span"},
            object_of(children=array_of({"$ref": "#/components/schemas/SpanTree"})),
        ]
    },
    "Summary": {
        **object_of(
            number=NUMBER,
            inbox=TEXT,
            received=_TIME,
            project_id={"type": ["string", "null"]},
            test=TEXT,
            items=array_of(object_of(noun={"enum": list(NOUNS)}, label=TEXT)),
        ),
        "description": "What the stream tells of a request.",
    },
    "Continuity": object_of(
        trace_id=TEXT, continuous={"type": "boolean"}, text=_TEXT_OR_NULL, breaks=array_of(_BREAK)
    ),
    "Faults": {
        "type": "object",
        "properties": {kind: _one_or_several(kind) for kind in KINDS},
        "additionalProperties": False,
    },
}
