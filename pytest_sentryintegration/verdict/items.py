"""Which rules hold for which item, and what holds for the envelope as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.verdict.attachments import (
    judge_attachment,
    judge_crash_files,
    judge_unreal_report,
)
from pytest_sentryintegration.verdict.containers import judge_container
from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.events import judge_event
from pytest_sentryintegration.verdict.integrations import judge_integration
from pytest_sentryintegration.verdict.profile_chunks import judge_profile_chunk
from pytest_sentryintegration.verdict.profiles import judge_profile
from pytest_sentryintegration.verdict.replays import judge_replay
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, fallen, kept, refused
from pytest_sentryintegration.verdict.security import judge_raw_security, judge_security
from pytest_sentryintegration.verdict.strictness import refusal
from pytest_sentryintegration.verdict.telemetry import (
    judge_check_in,
    judge_client_report,
    judge_session,
    judge_user_report,
)
from pytest_sentryintegration.wire.categories import kind_of
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.limits import check_limits
from pytest_sentryintegration.wire.refusal import Refusal

_EVENTS = frozenset({"event", "transaction", "feedback", "security"})
_CONTAINERS = frozenset({"log", "span", "trace_metric"})
_REPLAYS = frozenset({"replay_event", "replay_recording", "replay_video"})
_CHUNKS = frozenset({"profile_chunk", "profile_chunk_ui"})
_ALONE = {
    "check_in": judge_check_in,
    "session": judge_session,
    "sessions": judge_session,
    "client_report": judge_client_report,
    "raw_security": judge_raw_security,
    "integration": judge_integration,
    "unreal_report": judge_unreal_report,
}


def rule_on(arrival: Arrival, index: int, known: dict[str, Any]) -> Ruling:
    """Return what becomes of the item at *index* of what arrived; *known* is that of its `Delivery`."""
    items, headers = arrival.envelope.items, arrival.envelope.headers
    delivery = Delivery(arrival.received, arrival.project_id, arrival.client, headers, known)
    uploaded = _uploaded(items[index]) if arrival.endpoint == "upload" else None
    ruling = uploaded or _whole(arrival) or _crash(arrival, index) or _rule(items, index, delivery)
    finding = refusal(arrival)
    if finding is None or ruling.outcome == "refused":
        return ruling
    findings = (finding, *ruling.findings)
    return replace(ruling, outcome="refused", reason=finding.rule, findings=findings)


def _uploaded(item: RawItem) -> Ruling:
    if item.type == "upload_part" and "offset" not in item.headers:
        text = (
            "Sentry takes no bytes with the request that creates an upload; they are lost, without an error."
        )
        return dropped("unknown", item.payload, text)
    return kept((), item.payload)


def _whole(arrival: Arrival) -> Ruling | None:
    items = arrival.envelope.items
    if arrival.endpoint == "envelope" and any(item.type == "integration" for item in items):
        text = "items of the type 'integration' are Relay's own; Sentry refuses the whole envelope."
        return refused("400 envelope contains internal items", None, text)
    try:
        check_limits(items, arrival.endpoint)
    except Refusal as error:
        text = f"Sentry refuses the whole envelope with status {error.status}: {error.reason}."
        return refused(f"{error.status} {error.detail}", None, text)
    return None


def _crash(arrival: Arrival, index: int) -> Ruling | None:
    items = arrival.envelope.items
    kind = kind_of(items[index])
    # Of a minidump or another crash report that came to its endpoint, the event was made here.
    sent = any(item.type == "event" for item in items) and arrival.endpoint not in ("minidump", "unreal")
    return None if sent or not (kind.creates_event or kind.requires_event) else judge_crash_files(items)


def _rule(items: Sequence[RawItem], index: int, delivery: Delivery) -> Ruling:
    item = items[index]
    kind = kind_of(item)
    if not kind.known and item.type != "attachment":
        text = f"Sentry knows no items of the type {item.type!r}; it is lost, and Sentry reports no error."
        return dropped("unknown", item.type, text)
    if item.type == "security":
        return judge_security(item, delivery)
    if item.type in _EVENTS:
        return judge_event(item.payload, item.type, delivery)
    if item.type in _REPLAYS:
        # Relay takes replays out of an envelope before its event: processing/relay.rs:134.
        return judge_replay(item, delivery, items)
    lost = _lost_event(items, delivery) if kind.requires_event and not kind.creates_event else None
    if item.type == "profile":
        return judge_profile(item, items, lost)
    if item.type == "attachment":
        return judge_attachment(item, delivery, items, lost)
    if lost is not None:
        return fallen(lost)
    if item.type == "user_report":
        return judge_user_report(item, delivery, items)
    if item.type in _CONTAINERS:
        return judge_container(item, delivery, items)
    if item.type in _CHUNKS:
        return judge_profile_chunk(item)
    if item.type == "form_data" and not any(kind_of(other).creates_event for other in items):
        return dropped("invalid_envelope", None, "form data without an event is lost.")
    judge_alone = _ALONE.get(item.type)
    return judge_alone(item, delivery) if judge_alone else kept((), item.payload)


def _lost_event(items: Sequence[RawItem], delivery: Delivery) -> Ruling | None:
    for other in items:
        if other.type in _EVENTS:
            ruling = judge_event(other.payload, other.type, delivery)
            return ruling if ruling.outcome == "dropped" else None
    return None
