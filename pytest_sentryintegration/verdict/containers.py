"""Logs, streamed spans and metrics: which elements of a container Sentry keeps.

Relay: relay-server/src/processing/{logs,spans,trace_metrics}. What is wrong with the container itself and
with the fields of its elements is known in `wire.containers`; here are the rules that need the envelope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.delivery import FUTURE, RETENTION, Delivery
from pytest_sentryintegration.verdict.drift import MINIMUM
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, capital, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import is_container
from pytest_sentryintegration.wire.containers import Problem, unpack
from pytest_sentryintegration.wire.dsn import is_public_key
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

MAX_OPERATIONS = 3_000_000
"""How many JSON values a container may hold. Relay: ``max_expanded_log_operations`` and its siblings."""
MAX_BYTES = {"log": 2 * 2**20, "trace_metric": 2**20, "span": 10 * 2**20}
"""The largest element, in bytes. Relay: ``max_log_size``, ``max_trace_metric_size``, ``max_span_size``."""

_SPAN_ID = re.compile(r"(?!0{16})[0-9a-fA-F]{16}")
_SEGMENT = ("sentry.segment.id", "sentry.segment_id")
_METRIC_NAME = re.compile(r"[^a-zA-Z0-9_.]+")
# Relay: relay-base-schema/src/metrics/units.rs.
_UNITS = re.compile(
    r"|none|nanosecond|ns|microsecond|millisecond|ms|second|s|minute|hour|day|week|bit|byte|ratio|percent"
    r"|(kilo|mega|giga|tera|peta|exa)byte|(ki|me|gi|te|pe|ex)bibyte"
)


def judge_container(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge a ``log``, ``span`` or ``trace_metric`` item beside the other items of its envelope."""
    # Relay: validate::invalid in processing/spans/mod.rs:176, before anything is parsed.
    if item.type == "span" and len({is_container(other) for other in siblings if other.type == "span"}) > 1:
        text = (
            "an envelope may hold spans of the first version or a container of them, not both; all are lost."
        )
        return dropped("duplicate_item", _loads(item.payload), text)
    container = unpack(item)
    payload = _loads(item.payload)
    for problem in container.problems:
        if problem.dropped and not problem.path:
            # Its JSON is read before it is counted. Relay: ItemContainer::parse in envelope/container.rs:256.
            if "item_count" in problem.text and (lost := _too_many(item, payload)):
                return lost
            return dropped(problem.reason, payload, f"{problem.text}; all of it is lost.")
    if lost := _too_many(item, payload):
        return lost
    elements = [payload] if container.legacy else payload["items"]
    problems: dict[int, list[Problem]] = {}
    for problem in container.problems:
        problems.setdefault(_index(problem.path), []).append(problem)
    rules = {"log": judge_log, "span": judge_span, "trace_metric": _metric}[item.type]
    last = _last_of_each_id(elements) if item.type == "span" else {}
    findings: list[Finding] = []
    at_once: list[Finding] = []
    stored: list[Any] = []
    for index, element in enumerate(elements):
        copy: Any = element
        found = [_finding(item, element, problem) for problem in problems.get(index, ())]
        if isinstance(element, dict):
            copy = _without_bad_attributes(element, found)
            known = {one.path for one in found}
            timed = all(one.rule != "timestamp" for one in found)
            more = rules(element, copy, delivery)
            found += [one for one in more if one.path not in known and (timed or one.rule != "timestamp")]
        if item.type == "span":
            found.extend(_doubled(element, index, last))
        found = in_order(item.type, found)
        if not any(map(loses, found)):
            stored.append(copy)
        placed = [_under(index, one, container.legacy) for one in found]
        findings.extend(placed)
        at_once.extend(one for one in placed[:1] if _stage("span", found[0]) < _OF_ALL_SPANS)
    # Relay: expand, then validate_and_set_dsc, in processing/spans: some spans are lost before.
    named = [elements[index] for index in last.values()]
    if named and (whole := judge_dsc(named, delivery)):
        ruling = dropped(whole[0], payload, whole[1])
        return replace(ruling, findings=(*ruling.findings, *at_once))
    if elements and not stored:
        return Ruling("dropped", findings[0].rule, tuple(findings))
    kept_of_it = stored[0] if container.legacy else {**payload, "items": stored}
    return kept(findings, kept_of_it, of_elements=True)


_STAGES: dict[str, tuple[tuple[str, str | None], ...]] = {
    "log": (("too_large:log", None), ("timestamp", None)),
    "trace_metric": (
        ("too_large:trace_metric", None),
        ("invalid_trace_metric", "type"),
        ("timestamp", None),
        ("invalid_trace_metric", "name"),
    ),
    "span": (("invalid_span", "span_id"), ("duplicate", None), ("timestamp", None), ("invalid_span", None)),
}
"""In which order Relay looks at one element, by reason and place: what comes first is the reason.

Relay: process in ``processing/{logs,trace_metrics,spans}/mod.rs``. Fields that are missing (``no_data``) come
last, with the schema.
"""
_OF_ALL_SPANS = 2
"""The stage from which spans are lost together, for the trace of their envelope."""


def in_order(kind: str, found: Iterable[Finding]) -> list[Finding]:
    """Return the findings on one log, metric or span in the order in which Sentry comes upon them.

    What loses the element comes first.
    """
    return sorted(found, key=lambda one: _stage(kind, one))


def _stage(kind: str, found: Finding) -> int:
    stages = _STAGES[kind]
    if not loses(found):
        return len(stages) + 1
    fitting = (
        n for n, (rule, path) in enumerate(stages) if rule == found.rule and path in (None, found.path)
    )
    return next(fitting, len(stages))


def loses(found: Finding) -> bool:
    """Whether an element is lost for what was found on it; its path begins at the element."""
    return found.stored is None and (found.rule == "invalid_span" or not found.path.startswith("attributes"))


def _too_many(item: RawItem, payload: Any) -> Ruling | None:
    if len(item.payload) <= MAX_OPERATIONS or _count(payload) <= MAX_OPERATIONS:
        return None
    return dropped("request_too_large", None, "it holds more than 3,000,000 JSON values; all of it is lost.")


def _finding(item: RawItem, element: Any, problem: Problem) -> Finding:
    path = problem.path.split(".", 2)[2] if problem.path.count(".") > 1 else ""
    head, _, name = path.partition("attributes.")
    sent = below(below(element, "attributes"), name) if name else below(element, head) if head else element
    what = "attribute" if name else item.type.replace("_", " ")
    text = capital(f"{problem.text}; Sentry drops the {what}.")
    return Finding(path, problem.reason, sent, None, text)


def judge_log(element: dict[str, Any], copy: dict[str, Any], delivery: Delivery) -> Iterator[Finding]:
    """Yield what Sentry changes of one log that has all its fields; where nothing is stored, it is lost.

    Paths begin at the log. *copy* is what would be stored.
    """
    yield from _ids(element, "a log", "no_data")
    yield from _time(element, copy, ("timestamp",), delivery)
    size = _size(element.get("body")) + _attribute_size(element)
    if size > MAX_BYTES["log"]:
        yield Finding("", "too_large:log", size, None, f"A log of {size:,} bytes; Sentry takes 2,097,152.")


def _metric(element: dict[str, Any], copy: dict[str, Any], delivery: Delivery) -> Iterator[Finding]:
    yield from _ids(element, "a metric", "no_data")
    yield from _time(element, copy, ("timestamp",), delivery)
    name, unit = element.get("name"), element.get("unit")
    if not isinstance(name, str) or not name.strip():
        yield Finding("name", "invalid_trace_metric", name, None, "A metric needs a name; it is lost.")
        return
    copy["name"] = _METRIC_NAME.sub("_", name)
    if copy["name"] != name:
        text = (
            "The name of a metric may have letters, digits, '_' and '.' only; for others Sentry stores '_'."
        )
        yield Finding("name", "metric_name", name, copy["name"], text)
    if isinstance(unit, str) and not _UNITS.fullmatch(unit):
        copy["unit"] = "none"
        yield Finding(
            "unit", "metric_unit", unit, "none", "Sentry knows no unit of this name; it stores none."
        )
    # As it was sent. Relay: calculate_size in processing/trace_metrics/utils.rs.
    size = _size(name) + _size(element.get("value")) + _attribute_size(element)
    if size > MAX_BYTES["trace_metric"]:
        text = f"A metric of {size:,} bytes; Sentry takes 1,048,576."
        yield Finding("", "too_large:trace_metric", size, None, text)


def judge_span(element: dict[str, Any], copy: dict[str, Any], delivery: Delivery) -> Iterator[Finding]:
    """Yield what Sentry changes of one span, as `judge_log` does."""
    span_id = element.get("span_id")
    if not (isinstance(span_id, str) and _SPAN_ID.fullmatch(span_id)):
        text = "A span id is 16 hexadecimal digits, not all zero; the span is lost."
        yield Finding("span_id", "invalid_span", span_id, None, text)
        return
    end = "end_timestamp" if "end_timestamp" in element else "timestamp"
    started, ended = seconds(element.get("start_timestamp")), seconds(element.get(end))
    if started is None or ended is None or started > ended:
        text = "A span needs a start and an end that is not before it; the span is lost."
        yield Finding(end, "timestamp", element.get(end), None, text)
        return
    yield from _time(element, copy, ("start_timestamp", end), delivery)
    for name in _SEGMENT:
        value = below(below(element.get("attributes"), name), "value")
        if value is not None and not (isinstance(value, str) and _SPAN_ID.fullmatch(value)):
            text = "The segment's id is no span id; the span is lost."
            yield Finding(f"attributes.{name}", "invalid_span", value, None, text)


def _last_of_each_id(elements: list[Any]) -> dict[str, int]:
    """Return where the last span of each id stands; spans without a valid one are left out."""
    ids = [(below(element, "span_id"), index) for index, element in enumerate(elements)]
    return {
        span_id.lower(): index
        for span_id, index in ids
        if isinstance(span_id, str) and _SPAN_ID.fullmatch(span_id)
    }


def _doubled(element: Any, index: int, last: dict[str, int]) -> Iterator[Finding]:
    span_id = below(element, "span_id")
    if last.get(str(span_id).lower(), index) != index:
        text = "Two spans have the same id; Sentry keeps the last of them."
        yield Finding("span_id", "duplicate", span_id, None, text)


def judge_dsc(elements: list[Any], delivery: Delivery) -> tuple[str, str] | None:
    """Return why all spans are lost for the envelope header ``trace``: reason and sentence."""
    # Relay: validate_and_set_dsc in spans/dynamic_sampling.rs. An invalid trace header counts as none.
    trace = delivery.headers.get("trace")
    trace_id = parse_event_id(trace.get("trace_id")) if isinstance(trace, dict) else None
    key = trace.get("public_key") if isinstance(trace, dict) else None
    if trace_id is None or not isinstance(key, str) or not is_public_key(key):
        return "missing_dsc", (
            "spans need the envelope header 'trace', with a trace_id and the DSN's public_key; all are lost."
        )
    for element in elements:
        if isinstance(element, dict) and parse_event_id(element.get("trace_id")) != trace_id:
            return "invalid_dsc", (
                "every span must have the trace_id that the envelope header 'trace' names; all are lost."
            )
    return None


def _ids(element: dict[str, Any], what: str, reason: str) -> Iterator[Finding]:
    trace_id = element.get("trace_id")
    if trace_id is not None and parse_event_id(trace_id) is None:
        text = f"{capital(what)} needs a trace_id of 32 hexadecimal digits; it is lost."
        yield Finding("trace_id", reason, trace_id, None, text)


def _time(
    element: dict[str, Any], copy: dict[str, Any], names: tuple[str, ...], delivery: Delivery
) -> Iterator[Finding]:
    """Yield what is wrong with the time of an element; what is moved with it is named behind it."""
    name = names[0]
    value = element.get(name)
    moment = seconds(value)
    if moment is None:
        if value is not None:
            yield Finding(
                name, "no_data", value, None, "This is no time that Sentry can read; all of it is lost."
            )
        return
    age = delivery.age(moment)
    if age > RETENTION:
        yield Finding(name, "timestamp", value, None, "This lies more than 90 days in the past; it is lost.")
    elif age < -FUTURE and -age >= MINIMUM:
        when = delivery.received.timestamp()
        for moved in names:
            copy[moved] = when + (seconds(element.get(moved)) or 0.0) - moment
        text = "This lies more than 55 minutes in the future; Sentry stores when it was received."
        yield Finding(name, "future_timestamp", value, when, text)


def _size(value: Any) -> int:
    """Return the size of a value, with all that is in it. Relay: value_size in eap/size.rs."""
    size, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            size += len(one.encode())
        elif isinstance(one, dict):
            size += sum(len(key.encode()) for key in one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif one is not None:
            size += 1 if isinstance(one, bool) else 8
    return size


def _attribute_size(element: dict[str, Any]) -> int:
    attributes = element.get("attributes")
    if not isinstance(attributes, dict):
        return 0
    return sum(_size(name) + _size(below(value, "value")) for name, value in attributes.items())


def _without_bad_attributes(element: dict[str, Any], findings: list[Finding]) -> dict[str, Any]:
    copy = dict(element)
    bad = {found.path.removeprefix("attributes.") for found in findings}
    if bad and isinstance(element.get("attributes"), dict):
        copy["attributes"] = {key: value for key, value in element["attributes"].items() if key not in bad}
    return copy


def _under(index: int, found: Finding, legacy: bool) -> Finding:
    if legacy:
        return found
    path = f"items.{index}.{found.path}" if found.path else f"items.{index}"
    return Finding(path, found.rule, found.sent, found.stored, found.text)


def _index(path: str) -> int:
    part = path.split(".")[1:2]
    return int(part[0]) if part and part[0].isdecimal() else 0


def _loads(payload: bytes) -> Any:
    try:
        return strict_json.loads(payload)
    except strict_json.StrictJSONError:
        return payload


def _count(value: Any) -> int:
    total, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        total += 1
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return total
