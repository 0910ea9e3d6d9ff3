"""Events and transactions: what Sentry's own ingestion code makes of them, and what gets lost."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from pytest_sentryintegration.verdict import drift, relay
from pytest_sentryintegration.verdict.delivery import FUTURE, MAX_TRANSACTION_AGE, Delivery
from pytest_sentryintegration.verdict.fields import compare
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.wire import strict_json

_TIMES = ("start_timestamp", "timestamp")


def judge_event(payload: bytes, kind: str, delivery: Delivery) -> Ruling:
    """Judge the payload of an ``event``, ``feedback`` or ``transaction`` item.

    Without sentry-relay only what makes Relay drop it before it looks at the fields is known.
    """
    try:
        sent = strict_json.loads(payload)
    except strict_json.StrictJSONError as error:
        return dropped(
            "invalid_json",
            payload,
            f"this is no JSON that Sentry can read ({error}); the whole {kind} is lost.",
        )
    if not isinstance(sent, dict):
        # Relay: of a transaction that is an internal error, in transactions/mod.rs:40.
        reason = "internal" if kind == "transaction" else "no_event_payload"
        return dropped(reason, sent, f"the payload must be a JSON object; the whole {kind} is lost.")
    if not relay.available():
        return Ruling("accepted", needs_relay=True)
    return _normalized(payload, sent, kind, delivery)


def _normalized(payload: bytes, sent: dict[str, Any], kind: str, delivery: Delivery) -> Ruling:
    behind = delivery.behind
    read = _as_read(sent, kind, delivery, behind)
    # What is sent as it is read needs no second pass through Python's JSON.
    data = payload if read is sent else json.dumps(read, ensure_ascii=False)
    try:
        stored = relay.normalize(
            data, project_id=delivery.project_id, client=delivery.client, received=delivery.received
        )
        if kind == "transaction":
            _check_age(stored, delivery.received)
            _keep_spans_in_time(stored, delivery.received)
    except relay.Rejected as error:
        return dropped(
            "invalid_transaction",
            sent,
            f"Sentry drops the whole {kind}: {str(error).partition(': ')[2] or error}.",
        )
    if delivery.event_id is not None and _bare(delivery.event_id):
        stored["event_id"] = _bare(delivery.event_id)
    if read.get("event_id") != sent.get("event_id"):
        sent = {**sent, "event_id": read.get("event_id")}
    return kept(compare(sent, stored, behind), stored, event=True)


def _as_read(sent: dict[str, Any], kind: str, delivery: Delivery, behind: float) -> dict[str, Any]:
    read = sent
    forced = kind if kind in ("transaction", "feedback") else None
    if sent.get("type") != forced and (forced or sent.get("type") in ("transaction", "feedback")):
        # Relay: the item's type decides; the payload's own is ignored.
        read = {**read, "type": forced}
    header = _bare(delivery.event_id)
    own = sent.get("event_id")
    if header and (own is None or _bare(own) not in (None, header)):
        read = {**read, "event_id": header}
    if behind:
        read = drift.corrected(read, behind)
    return read


def _bare(value: Any) -> str | None:
    try:
        return uuid.UUID(value).hex if isinstance(value, str) else None
    except ValueError:
        return None


def _check_age(stored: dict[str, Any], received: datetime) -> None:
    # Relay: validate_timestamps, with the transaction_timestamp_range that the library leaves out.
    now = received.timestamp()
    start, end = stored.get("start_timestamp"), stored.get("timestamp")
    if isinstance(start, int | float) and int(start) < int(now) - MAX_TRANSACTION_AGE:
        raise relay.Rejected("invalid: start timestamp is out of the valid range for metrics")
    if isinstance(end, int | float) and int(end) >= int(now) + FUTURE:
        raise relay.Rejected("invalid: end timestamp is out of the valid range for metrics")


def _keep_spans_in_time(stored: dict[str, Any], received: datetime) -> None:
    """Give spans that lie too far in the past or future the times of their transaction.

    Relay: validate_transaction_span in relay-event-normalization/src/validation.rs, with the
    transaction_timestamp_range that the library leaves out.
    """
    now = int(received.timestamp())
    for span in stored.get("spans") or ():
        for name in _TIMES if isinstance(span, dict) else ():
            moment = span.get(name)
            if (
                isinstance(moment, int | float)
                and not now - MAX_TRANSACTION_AGE <= int(moment) < now + FUTURE
            ):
                span[name] = stored.get(name)
        start, end = (span.get(name) if isinstance(span, dict) else None for name in _TIMES)
        if isinstance(start, int | float) and isinstance(end, int | float) and end < start:
            raise relay.Rejected("invalid: end timestamp is smaller than start timestamp")
