"""One log, streamed span or metric: whether Sentry keeps it, and how.

Relay: relay-server/src/processing/{logs,spans,trace_metrics}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.delivery import FUTURE, RETENTION, Delivery
from pytest_sentryintegration.verdict.drift import MINIMUM
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import capital
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire.envelope import parse_event_id
from pytest_sentryintegration.wire.span_ids import is_span_id

MAX_BYTES = {"log": 2 * 2**20, "trace_metric": 2**20, "span": 10 * 2**20}
"""The largest element, in bytes. Relay: ``max_log_size``, ``max_trace_metric_size``, ``max_span_size``."""

_SEGMENT = ("sentry.segment.id", "sentry.segment_id")
_METRIC_NAME = re.compile(r"[^a-zA-Z0-9_.]+")
# Relay: relay-base-schema/src/metrics/units.rs.
_UNITS = re.compile(
    r"|none|nanosecond|ns|microsecond|millisecond|ms|second|s|minute|hour|day|week|bit|byte|ratio|percent"
    r"|(kilo|mega|giga|tera|peta|exa)byte|(ki|me|gi|te|pe|ex)bibyte"
)
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


def in_order(kind: str, found: Iterable[Finding]) -> list[Finding]:
    """Return the findings on one log, metric or span in the order in which Sentry comes upon them.

    What loses the element comes first.
    """
    return sorted(found, key=lambda one: stage(kind, one))


def stage(kind: str, found: Finding) -> int:
    """Return at which stage Sentry comes upon a finding; the last is for what loses nothing."""
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


def judge_log(element: dict[str, Any], copy: dict[str, Any], delivery: Delivery) -> Iterator[Finding]:
    """Yield what Sentry changes of one log that has all its fields; where nothing is stored, it is lost.

    Paths begin at the log. *copy* is what would be stored.
    """
    yield from _ids(element, "a log")
    yield from _time(element, copy, ("timestamp",), delivery)
    size = _size(element.get("body")) + _attribute_size(element)
    if size > MAX_BYTES["log"]:
        yield Finding("", "too_large:log", size, None, f"A log of {size:,} bytes; Sentry takes 2,097,152.")


def judge_metric(element: dict[str, Any], copy: dict[str, Any], delivery: Delivery) -> Iterator[Finding]:
    """Yield what Sentry changes of one metric, as `judge_log` does."""
    yield from _ids(element, "a metric")
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
    if not is_span_id(span_id):
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
        if value is not None and not is_span_id(value):
            text = "The segment's id is no span id; the span is lost."
            yield Finding(f"attributes.{name}", "invalid_span", value, None, text)


def _ids(element: dict[str, Any], what: str) -> Iterator[Finding]:
    trace_id = element.get("trace_id")
    if trace_id is not None and parse_event_id(trace_id) is None:
        text = f"{capital(what)} needs a trace_id of 32 hexadecimal digits; it is lost."
        yield Finding("trace_id", "no_data", trace_id, None, text)


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
