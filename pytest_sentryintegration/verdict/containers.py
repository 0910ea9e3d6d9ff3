"""Logs, streamed spans and metrics: which elements of a container Sentry keeps.

Relay: relay-server/src/processing/{logs,spans,trace_metrics}. What is wrong with the container itself and
with the fields of its elements is known in `wire.containers`; here are the rules that need the envelope, in
`elements` those of one element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.elements import (
    in_order,
    judge_log,
    judge_metric,
    judge_span,
    loses,
    stage,
)
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, capital, dropped, kept
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import is_container
from pytest_sentryintegration.wire.containers import Problem, unpack
from pytest_sentryintegration.wire.dsn import is_public_key
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id
from pytest_sentryintegration.wire.span_ids import is_span_id

MAX_OPERATIONS = 3_000_000
"""How many JSON values a container may hold. Relay: ``max_expanded_log_operations`` and its siblings."""
_OF_ALL_SPANS = 2
"""The stage from which spans are lost together, for the trace of their envelope."""


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
    rules = {"log": judge_log, "span": judge_span, "trace_metric": judge_metric}[item.type]
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
        at_once.extend(one for one in placed[:1] if stage("span", found[0]) < _OF_ALL_SPANS)
    # Relay: expand, then validate_and_set_dsc, in processing/spans: some spans are lost before.
    named = [elements[index] for index in last.values()]
    if named and (whole := judge_dsc(named, delivery)):
        ruling = dropped(whole[0], payload, whole[1])
        return replace(ruling, findings=(*ruling.findings, *at_once))
    if elements and not stored:
        return Ruling("dropped", findings[0].rule, tuple(findings))
    kept_of_it = stored[0] if container.legacy else {**payload, "items": stored}
    return kept(findings, kept_of_it, of_elements=True)


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


def _last_of_each_id(elements: list[Any]) -> dict[str, int]:
    """Return where the last span of each id stands; spans without a valid one are left out."""
    ids = [(below(element, "span_id"), index) for index, element in enumerate(elements)]
    return {span_id.lower(): index for span_id, index in ids if is_span_id(span_id)}


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
