"""Check-ins, sessions, client reports and user reports.

Relay: relay-monitors/src/lib.rs and relay-server/src/processing/{check_ins,sessions,client_reports,
user_reports}. For sessions and client reports Relay emits no outcome: their loss is reported nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.verdict.comparing import below
from pytest_sentryintegration.verdict.delivery import (
    FUTURE,
    MAX_SESSION_AGE,
    RETENTION,
    Delivery,
    is_uint,
)
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.verdict.schema import (
    IP_ADDRESS,
    MOMENT,
    NUMBER,
    TEXT,
    TRACE_ID,
    TRUTH,
    UUID,
    Wrong,
    many,
    misfit,
    nullable,
    one_of,
    struct,
    uint,
)
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

MAX_SLUG = 50
MAX_CHECK_IN_ENVIRONMENT = 64
MAX_REASON = 200
_STATUSES = ("ok", "error", "in_progress", "unknown")


def judge_check_in(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``check_in`` item."""
    sent = _read(item)
    if isinstance(sent, Ruling):
        return sent
    if ruling := misfit(sent, _CHECK_IN, "the check-in", "invalid_json"):
        return ruling
    stored, findings = dict(sent), []
    slug, environment = sent.get("monitor_slug", ""), sent.get("environment")
    if not slug:
        return dropped(
            "invalid_check_in", slug, "a check-in needs a monitor_slug; it is lost.", "monitor_slug"
        )
    if environment is not None and len(environment) > MAX_CHECK_IN_ENVIRONMENT:
        text = "an environment may have at most 64 characters; the check-in is lost."
        return dropped("invalid_check_in", environment, text, "environment")
    if len(slug) > MAX_SLUG:
        stored["monitor_slug"] = slug[:MAX_SLUG]
        text = f"This has {len(slug)} characters; Sentry keeps the first 50."
        findings.append(Finding("monitor_slug", "!limit", slug, stored["monitor_slug"], text))
    if sent["status"] not in _STATUSES:
        stored["status"] = "unknown"
        text = "A check-in is ok, error or in_progress; Sentry stores 'unknown'."
        findings.append(Finding("status", "invalid_data", sent["status"], "unknown", text))
    return kept(findings, stored)


_SCHEDULES = {
    "crontab": struct({"type": TEXT, "value": TEXT}),
    "interval": struct(
        {"type": TEXT, "value": uint(64), "unit": one_of("year", "month", "week", "day", "hour", "minute")}
    ),
}


def _schedule(value: Any, path: str) -> Wrong | None:
    check = _SCHEDULES.get(str(below(value, "type")))
    return check(value, path) if check else Wrong(path, "an object of the type crontab or interval", value)


_MAYBE_UINT, _MAYBE_TEXT = nullable(uint(64)), nullable(TEXT)
_CONFIG = struct(
    {
        "schedule": _schedule,
        **dict.fromkeys(("checkin_margin?", "max_runtime?"), _MAYBE_UINT),
        **dict.fromkeys(("failure_issue_threshold?", "recovery_threshold?"), _MAYBE_UINT),
        **dict.fromkeys(("timezone?", "owner?"), _MAYBE_TEXT),
    }
)
_CHECK_IN = struct(
    {
        "check_in_id?": UUID,
        "monitor_slug?": TEXT,
        "status": TEXT,
        "environment?": _MAYBE_TEXT,
        "duration?": nullable(NUMBER),
        "monitor_config?": nullable(_CONFIG),
        "contexts?": nullable(struct({"trace?": nullable(struct({"trace_id": TRACE_ID}))})),
    }
)
"""Relay: relay-monitors/src/lib.rs:164."""


def judge_session(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``session`` or ``sessions`` item."""
    sent = _read(item, "invalid")
    if isinstance(sent, Ruling):
        return sent
    check, what = (_SESSION, "the session") if item.type == "session" else (_SESSIONS, "all of the sessions")
    if ruling := misfit(sent, check, what, "invalid"):
        return ruling
    stored = dict(sent)
    findings: list[Finding] = []
    if item.type == "session":
        if lost := _too_old(sent, "", delivery):
            return lost
    else:
        stored["aggregates"] = []
        for index, group in enumerate(sent.get("aggregates", ())):
            lost = _too_old(group, f"aggregates.{index}.", delivery)
            if lost is None:
                stored["aggregates"].append(group)
            else:
                findings.extend(lost.findings)
        if sent.get("aggregates") and not stored["aggregates"]:
            return Ruling("dropped", "invalid", tuple(findings))
    release, environment = sent["attrs"]["release"], sent["attrs"].get("environment")
    if not is_release(release):
        return dropped("invalid", release, "a session needs a valid release; it is lost.", "attrs.release")
    if environment is not None and not is_environment(environment):
        stored["attrs"] = {**sent["attrs"], "environment": None}
        text = f"Sentry accepts no environment {environment!r}; it stores none."
        findings.append(Finding("attrs.environment", "invalid_data", environment, None, text))
    return kept(findings, stored)


_ATTRIBUTES = struct(
    {
        "release": TEXT,
        "environment?": _MAYBE_TEXT,
        "user_agent?": _MAYBE_TEXT,
        "ip_address?": nullable(IP_ADDRESS),
    }
)
_SESSION = struct(
    {
        "sid?": UUID,
        "did?": _MAYBE_TEXT,
        "seq?": uint(64),
        "init?": TRUTH,
        "errors?": uint(64),
        "timestamp?": MOMENT,
        "started": MOMENT,
        "status?": TEXT,
        "abnormal_mechanism?": _MAYBE_TEXT,
        "attrs": _ATTRIBUTES,
    }
)
_COUNTS = ("exited?", "errored?", "abnormal?", "unhandled?", "crashed?")
_GROUP = struct({"started": MOMENT, "did?": _MAYBE_TEXT, **dict.fromkeys(_COUNTS, uint(32))})
_SESSIONS = struct({"aggregates?": many(_GROUP), "attrs": _ATTRIBUTES})
"""Relay: relay-event-schema/src/protocol/session.rs:195 and 305."""


def _too_old(session: dict[str, Any], path: str, delivery: Delivery) -> Ruling | None:
    for name in ("timestamp", "started"):
        value = session.get(name)
        moment = seconds(value)
        if moment is not None and not -FUTURE <= delivery.age(moment) <= MAX_SESSION_AGE:
            text = "a session may lie 5 days in the past and 60 seconds in the future; it is lost."
            return dropped("invalid", value, text, path + name)
    return None


def judge_client_report(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``client_report`` item: the sender's own count of what it dropped."""
    sent = _read(item, "invalid")
    if isinstance(sent, Ruling):
        return sent
    if not isinstance(sent.get("discarded_events"), list):
        return dropped(
            "invalid", sent, "a client report needs discarded_events; it is lost.", "discarded_events"
        )
    moment = seconds(sent.get("timestamp"))
    if sent.get("timestamp") is not None and moment is None:
        return dropped("invalid", sent["timestamp"], "this is no time; the report is lost.", "timestamp")
    if moment is not None and not -FUTURE <= delivery.age(moment) <= RETENTION:
        text = "a client report may lie 90 days in the past and 60 seconds in the future; it is lost."
        return dropped("invalid", sent["timestamp"], text, "timestamp")
    findings = []
    lists = ("discarded_events", "rate_limited_events", "filtered_events", "filtered_sampling_events")
    stored = dict(sent)
    for name in lists:
        counts = sent.get(name)
        if counts is None:
            continue
        if not isinstance(counts, list):
            return dropped("invalid", counts, "this must be a list of counts; the report is lost.", name)
        for index, count in enumerate(counts):
            if not _is_count(count):
                text = (
                    "a count needs a reason, a category that Sentry knows and a quantity; the report is lost."
                )
                return dropped("invalid", count, text, f"{name}.{index}")
            if len(count["reason"].encode()) > MAX_REASON:
                text = "A reason may have at most 200 bytes; this count is lost."
                findings.append(Finding(f"{name}.{index}.reason", "invalid", count["reason"], None, text))
        stored[name] = [count for count in counts if len(count["reason"].encode()) <= MAX_REASON]
    if findings and not any(stored.get(name) for name in lists):
        return Ruling("dropped", "invalid", tuple(findings))
    return kept(findings, stored)


def _is_count(count: Any) -> bool:
    if not isinstance(count, dict) or not isinstance(count.get("reason"), str):
        return False
    category = count.get("category")
    # Relay: an unknown category is read as the category "unknown".
    return isinstance(category, str) and is_uint(count.get("quantity"))


def judge_user_report(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge a ``user_report`` item."""
    if any(other.type == "feedback" for other in siblings):
        # Relay: errors/process.rs:71, and user_report_v2.rs:32 takes none.
        text = "Sentry takes no user report beside feedback; it is lost."
        return dropped("invalid_envelope", None, text)
    if not delivery.has_event_id(siblings):
        text = "a user report needs the envelope header event_id; it is lost."
        return dropped("invalid_event_id", delivery.event_id, text, "event_id")
    sent = _read(item)
    if isinstance(sent, Ruling):
        return sent
    if parse_event_id(sent.get("event_id")) is None:
        text = "a user report needs the event_id of its event; it is lost."
        return dropped("invalid_json", sent.get("event_id"), text, "event_id")
    for name in ("name", "email", "comments"):
        if not isinstance(sent.get(name), str | None):
            return dropped("invalid_json", sent[name], "this must be text; the user report is lost.", name)
    fields = {name: sent.get(name) or "" for name in ("name", "email", "comments")}
    unknown = [
        Finding(name, "removed", value, None, "A user report has no field of this name; Sentry drops it.")
        for name, value in sent.items()
        if name not in fields and name != "event_id"
    ]
    return kept(unknown, {"event_id": parse_event_id(sent["event_id"]), **fields})


def _read(item: RawItem, reason: str = "invalid_json") -> dict[str, Any] | Ruling:
    what = item.type.replace("_", " ")
    try:
        payload = item.payload.strip() if item.type == "user_report" else item.payload
        sent = strict_json.loads(payload, mark_doubled=True)
    except strict_json.StrictJSONError as error:
        text = f"this is no JSON that Sentry can read ({error}); the {what} is lost."
        return dropped(reason, item.payload, text)
    if not isinstance(sent, dict):
        return dropped(reason, sent, f"the payload must be a JSON object; the {what} is lost.")
    return sent


def is_release(text: str) -> bool:
    """Whether Sentry takes *text* as a release.

    >>> is_release("shop@1.2"), is_release("a/b"), is_release("latest")
    (True, False, False)
    """
    bare = text.strip()
    return _is_name(bare, 200) and bare.lower() != "latest"


def is_environment(text: str) -> bool:
    """Whether Sentry takes *text* as an environment.

    >>> is_environment("production"), is_environment("None")
    (True, False)
    """
    return _is_name(text, 64) and text.lower() != "none"


def _is_name(text: str, size: int) -> bool:
    # Relay: the crate sentry-release-parser.
    return (
        0 < len(text.encode()) <= size
        and text not in (".", "..")
        and not any(char in "/\\" or ord(char) < 32 or ord(char) == 127 for char in text)
    )
