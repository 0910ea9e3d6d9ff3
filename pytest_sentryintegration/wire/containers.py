"""Containers: items that hold several elements, such as logs, streamed spans and metrics.

Relay: ``relay-server/src/envelope/container.rs``. What is wrong is listed, never raised: the answer to the
sender was given long before anybody looks inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import CONTAINER_CONTENT_TYPES, is_container
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.strict_json import StrictJSONError

__all__ = ["REQUIRED", "Attribute", "Container", "Problem", "read_attributes", "unpack"]

REQUIRED: dict[str, tuple[str, ...]] = {
    "log": ("timestamp", "trace_id", "level", "body"),
    "span": ("trace_id", "span_id", "name", "status", "start_timestamp", "end_timestamp"),
    "trace_metric": ("timestamp", "trace_id", "name", "type", "value"),
}
"""What each element needs, by item type; Sentry drops an element without it."""

METRIC_TYPES = ("counter", "gauge", "distribution")
"""What the ``type`` of a metric may be."""

_TEXTS = ("level", "body", "name", "status", "type")
_MISSING = {"trace_metric": {"name": "invalid_trace_metric", "type": "invalid_trace_metric"}}
_SPAN_MISSING = {
    "span_id": "invalid_span",
    "trace_id": "invalid_dsc",
    "start_timestamp": "timestamp",
    "end_timestamp": "timestamp",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that Sentry would not take."""

    path: str
    """Where: ``items.0.body``, ``items.2.attributes.size``; empty for the container as a whole."""
    reason: str
    """The outcome's reason in Relay's words, such as ``invalid_json``."""
    text: str
    """The same for people."""
    dropped: bool
    """Whether what `path` names is dropped; the whole element for a field that it needs."""


@dataclass(frozen=True, slots=True)
class Container:
    """What is in an item that may hold several elements."""

    type: str
    elements: tuple[dict[str, Any], ...]
    """Every element that is a JSON object, also those that Sentry drops."""
    problems: tuple[Problem, ...] = ()
    settings: dict[str, Any] | None = None
    """The container's ``ingest_settings``."""
    version: int | None = None
    legacy: bool = False
    """A ``span`` item that is no container: one span of the first version."""

    @property
    def readable(self) -> bool:
        """Whether Sentry takes anything of it: no problem concerns the container as a whole."""
        return not any(problem.dropped and not problem.path for problem in self.problems)


def unpack(item: RawItem) -> Container:
    """Return the elements of *item* and everything that is wrong with them.

    Reading is generous: where Sentry would drop all of a container (wrong ``item_count``, say), the
    elements are there all the same, beside the problem that says so.

    >>> headers = {"type": "log", "item_count": 1, "content_type": "application/vnd.sentry.items.log+json"}
    >>> unpack(RawItem(headers, b'{"items":[{"body":"hi","level":"info","timestamp":1}]}')).problems
    (Problem(path='items.0.trace_id', reason='no_data', text="a log needs 'trace_id'", dropped=True),)
    """
    expected = CONTAINER_CONTENT_TYPES.get(item.type)
    content_type = item.headers.get("content_type")
    if item.type == "span" and not is_container(item):
        return _unpack_legacy(item)
    problems: list[Problem] = []
    if expected is not None and (not isinstance(content_type, str) or content_type.lower() != expected):
        text = f"content_type is {content_type!r:.100}, not {expected!r}"
        problems.append(_whole("invalid_json", text))
    try:
        payload = strict_json.loads(item.payload)
    except StrictJSONError as error:
        return Container(item.type, (), (*problems, _whole("invalid_json", f"not JSON: {error}")))
    raw = payload.get("items") if isinstance(payload, dict) else None
    if not isinstance(raw, list):
        if isinstance(payload, dict) and "items" not in payload:
            # Not a container at all: the one element without its wrapping.
            problems.append(_whole("invalid_json", "the payload has no 'items'"))
            return Container(item.type, (payload,), tuple(problems))
        return Container(item.type, (), (*problems, _whole("invalid_json", "'items' is not a list")))
    count = item.headers.get("item_count")
    if type(count) is not int or count != len(raw):
        text = f"item_count is {count!r:.40}, but there are {len(raw)} items"
        problems.append(_whole("invalid_json", text))
    for index, element in enumerate(raw):
        problems.extend(_element_problems(item.type, f"items.{index}", element))
    elements = tuple(element for element in raw if isinstance(element, dict))
    settings, version = payload.get("ingest_settings"), payload.get("version")
    return Container(
        item.type,
        elements,
        tuple(problems),
        settings if isinstance(settings, dict) else None,
        version if type(version) is int else None,
    )


def _unpack_legacy(item: RawItem) -> Container:
    try:
        span = strict_json.loads(item.payload)
    except StrictJSONError as error:
        problem = _whole("invalid_json", f"not JSON: {error}")
        return Container("span", (), (problem,), legacy=True)
    if not isinstance(span, dict):
        return Container("span", (), (_whole("invalid_span", "not an object"),), legacy=True)
    if isinstance(span.get("items"), list):
        expected = CONTAINER_CONTENT_TYPES["span"]
        text = f"a container needs the content_type {expected!r}: Sentry reads it as one span of version 1"
        elements = tuple(element for element in span["items"] if isinstance(element, dict))
        return Container("span", elements, (_whole("invalid_span", text),))
    return Container("span", (span,), legacy=True)


def _whole(reason: str, text: str) -> Problem:
    return Problem("", reason, text, True)


def _element_problems(item_type: str, path: str, element: Any) -> list[Problem]:
    if not isinstance(element, dict):
        return [Problem(path, "no_data", f"not an object: {element!r:.60}", True)]
    problems = []
    for name in REQUIRED.get(item_type, ()):
        reasons = _SPAN_MISSING if item_type == "span" else _MISSING.get(item_type, {})
        if element.get(name) is None:
            article = f"a {item_type.replace('_', ' ')}"
            problems.append(
                Problem(f"{path}.{name}", reasons.get(name, "no_data"), f"{article} needs {name!r}", True)
            )
        elif name in _TEXTS and not isinstance(element[name], str):
            text = f"{name!r} must be text, and is {element[name]!r:.60}"
            problems.append(Problem(f"{path}.{name}", reasons.get(name, "no_data"), text, True))
    if (
        item_type == "trace_metric"
        and isinstance(element.get("type"), str)
        and element["type"] not in METRIC_TYPES
    ):
        text = f"type is {element['type']!r:.60}, none of {', '.join(METRIC_TYPES)}"
        problems.append(Problem(f"{path}.type", "invalid_trace_metric", text, True))
    if element.get("attributes") is not None:
        problems.extend(read_attributes(element["attributes"], f"{path}.attributes")[1])
    return problems


@dataclass(frozen=True, slots=True)
class Attribute:
    """One typed attribute of a log, span or metric."""

    type: str
    value: Any


_SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "double": (int, float),
    "boolean": bool,
}


def read_attributes(raw: Any, path: str = "attributes") -> tuple[dict[str, Attribute], list[Problem]]:
    """Return the attributes in *raw* that Sentry keeps, and what is wrong with the others.

    Args:
        raw: ``{"name": {"type": "string", "value": ...}}`` as it was sent.
        path: Where *raw* stands, for the problems.

    >>> read_attributes({"size": {"type": "integer", "value": 3}})
    ({'size': Attribute(type='integer', value=3)}, [])
    """
    if not isinstance(raw, dict):
        return {}, [Problem(path, "invalid_data", f"not an object: {raw!r:.60}", True)]
    kept: dict[str, Attribute] = {}
    problems: list[Problem] = []
    for name, attribute in raw.items():
        at = f"{path}.{name}"
        if attribute is None:
            continue
        if not isinstance(attribute, dict):
            problems.append(Problem(at, "invalid_data", f"not an object: {attribute!r:.60}", True))
            continue
        type_name, value = attribute.get("type"), attribute.get("value")
        if type_name is None or value is None:
            missing = "type" if type_name is None else "value"
            problems.append(Problem(at, "missing_attribute", f"the attribute has no {missing}", True))
        elif not _fits(type_name, value):
            text = f"{value!r:.60} is no {type_name!r:.40}"
            problems.append(Problem(at, "invalid_data", text, True))
        else:
            kept[name] = Attribute(type_name, value)
    return kept, problems


def _fits(type_name: Any, value: Any) -> bool:
    if type_name == "array":
        kinds = {type(one) for one in value} if isinstance(value, list) else {dict}
        return kinds <= {str, int, float, bool} and (len(kinds) <= 1 or kinds == {int, float})
    kind = _SCALARS.get(type_name) if isinstance(type_name, str) else None
    if kind is None or not isinstance(value, kind):
        return False
    if isinstance(value, bool):
        return bool(type_name == "boolean")
    return not isinstance(value, int) or type_name != "integer" or -(2**63) <= value < 2**63
