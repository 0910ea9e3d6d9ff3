"""Check-ins, sessions, client reports and user reports.

Relay: relay-monitors/src/lib.rs and relay-server/src/processing/{check_ins,sessions,client_reports,
user_reports}. For sessions and client reports Relay emits no outcome: their loss is reported nowhere.
"""

from __future__ import annotations

from typing import Any

from pytest_sentryintegration.verdict.delivery import (
    FUTURE,
    MAX_SESSION_AGE,
    RETENTION,
    Delivery,
    is_number,
    is_uint,
)
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

MAX_SLUG = 50
MAX_CHECK_IN_ENVIRONMENT = 64
MAX_REASON = 200
_STATUSES = ("ok", "error", "in_progress", "unknown")
_UNITS = ("year", "month", "week", "day", "hour", "minute")


def judge_check_in(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``check_in`` item."""
    sent = _read(item)
    if isinstance(sent, Ruling):
        return sent
    wrong = _wrong_check_in(sent)
    if wrong:
        return dropped("invalid_json", sent.get(wrong[0]), f"{wrong[1]}; the check-in is lost.", wrong[0])
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


def _wrong_check_in(sent: dict[str, Any]) -> tuple[str, str] | None:
    if not isinstance(sent.get("status"), str):
        return "status", "a check-in needs a status"
    if "check_in_id" in sent and parse_event_id(sent["check_in_id"]) is None:
        return "check_in_id", "the id of a check-in is a UUID"
    if not isinstance(sent.get("monitor_slug", ""), str):
        return "monitor_slug", "the monitor_slug must be text"
    if not isinstance(sent.get("environment"), str | None):
        return "environment", "the environment must be text"
    if sent.get("duration") is not None and not is_number(sent["duration"]):
        return "duration", "the duration must be a number of seconds"
    config = sent.get("monitor_config")
    if config is None:
        return None
    return _wrong_config(config)


def _wrong_config(config: Any) -> tuple[str, str] | None:
    if not isinstance(config, dict) or not isinstance(config.get("schedule"), dict):
        return "monitor_config", "a monitor's configuration needs a schedule"
    schedule = config["schedule"]
    crontab = schedule.get("type") == "crontab" and isinstance(schedule.get("value"), str)
    interval = (
        schedule.get("type") == "interval"
        and is_uint(schedule.get("value"))
        and schedule.get("unit") in _UNITS
    )
    if not crontab and not interval:
        text = "a schedule is a crontab with a text, or an interval with a whole number and a unit up to year"
        return "monitor_config.schedule", text
    for name in ("checkin_margin", "max_runtime", "failure_issue_threshold", "recovery_threshold"):
        if config.get(name) is not None and not is_uint(config[name]):
            return f"monitor_config.{name}", "this must be a whole number"
    return None


def judge_session(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``session`` or ``sessions`` item."""
    sent = _read(item, "invalid")
    if isinstance(sent, Ruling):
        return sent
    attributes: dict[str, Any] = sent["attrs"] if isinstance(sent.get("attrs"), dict) else {}
    release = attributes.get("release")
    if not isinstance(release, str) or not is_release(release):
        return dropped("invalid", release, "a session needs a valid release; it is lost.", "attrs.release")
    stored, findings = dict(sent), []
    environment = attributes.get("environment")
    if isinstance(environment, str) and not is_environment(environment):
        stored["attrs"] = {**attributes, "environment": None}
        text = f"Sentry accepts no environment {environment!r}; it stores none."
        findings.append(Finding("attrs.environment", "invalid_data", environment, None, text))
    if item.type == "session":
        lost = _too_old(sent, "", delivery)
        return lost or kept(findings, stored)
    groups = sent.get("aggregates")
    stored["aggregates"] = []
    for index, group in enumerate(groups if isinstance(groups, list) else []):
        lost = _too_old(group if isinstance(group, dict) else {}, f"aggregates.{index}.", delivery)
        if lost is None:
            stored["aggregates"].append(group)
        else:
            findings.extend(lost.findings)
    if groups and not stored["aggregates"]:
        return Ruling("dropped", "invalid", tuple(findings))
    return kept(findings, stored)


def _too_old(session: dict[str, Any], path: str, delivery: Delivery) -> Ruling | None:
    for name in ("started", "timestamp"):
        value = session.get(name)
        if value is None and name == "timestamp":
            continue
        moment = seconds(value) if isinstance(value, str) else None
        if moment is None:
            return dropped("invalid", value, f"a session needs a time {name!r}; it is lost.", path + name)
        if not -FUTURE <= delivery.age(moment) <= MAX_SESSION_AGE:
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


def judge_user_report(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``user_report`` item."""
    if parse_event_id(delivery.event_id) is None:
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
        sent = strict_json.loads(item.payload.strip() if item.type == "user_report" else item.payload)
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
