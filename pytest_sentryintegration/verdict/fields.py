"""The fields of an event and a transaction: which form each is stored in, and what gets lost on the way.

The rules themselves are Relay's and are applied by its own code (`relay`); this module only knows where
in the stored payload the counterpart of a sent value is found, and which differences mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.comparing import (
    Check,
    Place,
    Walk,
    identifier,
    left_over,
    listed,
    moment,
    noted_only,
    nothing,
    plain,
    record,
    scalar,
    values,
)
from pytest_sentryintegration.verdict.exceptions import exception, stack, thread
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.meta import NOTHING
from pytest_sentryintegration.verdict.pairs import headers, pairs, tags
from pytest_sentryintegration.verdict.request import request
from pytest_sentryintegration.verdict.sameness import means_the_same, seconds

# Relay: the legacy_alias attributes of protocol/event.rs.
ALIASES = {
    "sentry.interfaces.User": "user",
    "sentry.interfaces.Http": "request",
    "sentry.interfaces.Contexts": "contexts",
    "sentry.interfaces.Breadcrumbs": "breadcrumbs",
    "sentry.interfaces.Exception": "exception",
    "sentry.interfaces.Stacktrace": "stacktrace",
    "sentry.interfaces.Template": "template",
    "sentry.interfaces.Csp": "csp",
    "sentry.interfaces.Message": "logentry",
}
_LEVELS = {
    "log": "info",
    "critical": "fatal",
    10: "debug",
    20: "info",
    30: "warning",
    40: "error",
    50: "fatal",
}
_STATUSES = {"success": "ok", "failure": "internal_error", "unknown_error": "internal_error"}


def _spelled(names: Mapping[Any, str]) -> Check:
    def check(place: Place) -> None:
        if place.annotated():
            return
        if not (isinstance(place.sent, str | int) and names.get(place.sent) == place.stored):
            scalar(place)

    return check


level = _spelled(_LEVELS)
status = _spelled(_STATUSES)


_BREADCRUMB = record({"timestamp": moment, "level": level, "event_id": identifier})


def user(place: Place) -> None:
    """Compare a user; fields that Sentry does not know are kept below ``user.data``."""
    place.annotated()
    sent, stored, noted = place.sent, place.stored, place.noted
    if not isinstance(sent, dict) or not isinstance(stored, dict):
        if not meta.added(noted, place.own, "err"):
            scalar(place)
        return
    moved = replace(place, stored=stored.get("data"), noted=meta.child(noted, "data"))
    for key in sent:
        known = key in stored or key in _USER or meta.child(noted, key)
        plain((place if known else moved).below(key))


_USER = frozenset({"id", "email", "ip_address", "username", "name", "sentry_user", "geo", "segment", "data"})


def contexts(place: Place) -> None:
    """Compare the contexts, by their type where Sentry knows it."""
    if place.annotated() or not isinstance(place.sent, dict):
        return
    for key, value in place.sent.items():
        kind = value.get("type") or key if isinstance(value, dict) else key
        check = _CONTEXTS.get(kind, plain) if isinstance(kind, str) else plain
        check(place.below(key))


_TRACE = record(
    {"trace_id": identifier, "span_id": identifier, "parent_span_id": identifier, "status": status}
)
_CONTEXTS: dict[str, Check] = {
    "trace": _TRACE,
    "replay": record({"replay_id": identifier}),
    "profile": record({"profile_id": identifier, "profiler_id": identifier}),
    "response": record({"headers": headers, "cookies": pairs}),
    "feedback": record({"associated_event_id": identifier, "replay_id": identifier}),
    "device": noted_only,
}

_SPAN = record(
    {
        "timestamp": moment,
        "start_timestamp": moment,
        "trace_id": identifier,
        "span_id": identifier,
        "parent_span_id": identifier,
        "segment_id": identifier,
        "profile_id": identifier,
        "status": status,
        "exclusive_time": nothing,
        "measurements": noted_only,
    },
    # SDKs send it, and Sentry has no use for it: losing it is no finding.
    ignored=frozenset({"same_process_as_parent"}),
)


# A source ``url`` is stored as ``sanitized``.
transaction_info = record({"source": _spelled({"url": "sanitized"}), "changes": noted_only})


def platform(place: Place) -> None:
    """Compare the platform; one that Sentry does not know is stored as ``other``."""
    if place.sent != place.stored and isinstance(place.sent, str):
        place.add("unknown_platform")
    else:
        plain(place)


def _transaction(place: Place) -> None:
    if place.sent:
        plain(place)


def fingerprint(place: Place) -> None:
    """Compare a fingerprint, whose parts are stored as text."""
    if not place.annotated():
        listed(plain)(place)


def _logentry(place: Place) -> None:
    if place.annotated():
        return
    if not isinstance(place.sent, dict):
        _message(place)
        return
    kept = place.stored if isinstance(place.stored, dict) else {}
    for key in place.sent:
        # A message that nothing is formatted into is stored as the formatted one.
        plain(place.below(key, "formatted" if key == "message" and kept.get("message") is None else key))


def _message(place: Place) -> None:
    sent = place.sent
    if isinstance(sent, dict):
        _logentry(place)
        return
    if place.annotated() or sent is None or sent is False:
        return
    kept = place.stored if isinstance(place.stored, dict) else {}
    if sent == "" and not kept:
        replace(place, stored=None).add("empty")
    elif not any(means_the_same(sent, text) for text in (kept.get("message"), kept.get("formatted"))):
        plain(replace(place, stored=kept.get("formatted"), noted=meta.child(place.noted, "formatted")))


_FIELDS: dict[str, Check] = {
    "event_id": identifier,
    "level": level,
    "platform": platform,
    "timestamp": moment,
    "start_timestamp": moment,
    "transaction": _transaction,
    "transaction_info": transaction_info,
    "message": _message,
    "logentry": _logentry,
    "fingerprint": fingerprint,
    "user": user,
    "request": request,
    "contexts": contexts,
    "breadcrumbs": values(_BREADCRUMB),
    "exception": values(exception),
    "threads": values(thread),
    "stacktrace": stack,
    "spans": listed(_SPAN),
    "debug_meta": noted_only,
    "csp": noted_only,
    "template": noted_only,
    "measurements": plain,
}
# Set by Sentry itself, or of no meaning in what is sent.
_SENTRY_S = frozenset(
    {
        "errors",
        "received",
        "version",
        "project",
        "key_id",
        "grouping_config",
        "ingest_path",
        "breakdowns",
        "scraping_attempts",
        "_meta",
        "_metrics",
        "_dsc",
        "_performance_issues_spans",
    }
)
_BY_MORE = frozenset({"tags", "server_name", "site", "timestamp", "start_timestamp"})
"""Fields of which more is compared than whether they are stored as they were sent."""


def compare(sent: Mapping[str, Any], stored: Mapping[str, Any], drift: float = 0.0) -> list[Finding]:
    """Return what of an event as *sent* is lost or changed in the event as *stored*.

    Args:
        sent: The event as it was sent.
        stored: The event as Sentry stores it, with its ``_meta``.
        drift: By how many seconds all timestamps were moved because the sender's clock is wrong.
    """
    walk = Walk(drift)
    event = Place(walk, "", sent, stored, meta.child(stored, "_meta"), meta.child(sent, "_meta"))
    before, after = seconds(sent.get("timestamp")), seconds(stored.get("timestamp"))
    if meta.added(meta.child(event.noted, "timestamp"), NOTHING, "err") and before and after:
        # Relay then moves the times of breadcrumbs and spans by as much as the event's own.
        walk.shift = after - before
    for key, value in sent.items():
        name = ALIASES.get(key, key)
        if name in _SENTRY_S or value is None or (name not in _BY_MORE and name == key and event.keeps(key)):
            continue
        place = event.below(key, "logentry" if name == "message" else name)
        place.path = name
        if name == "type":
            if value in ("transaction", "feedback") and place.stored != value:
                place.add("type")
        elif name == "tags":
            tags(place, stored.get("environment") if not sent.get("environment") else None)
        elif name in ("server_name", "site"):
            _as_tag(place, event)
        elif name == "stacktrace" and place.stored is None:
            _moved_stack(place, event)
        else:
            _FIELDS.get(name, plain)(place)
    left_over(event)
    return walk.findings


def _as_tag(place: Place, event: Place) -> None:
    kept = Place(place.walk, place.path, place.sent, None)
    rows = event.below("tags")
    for index, pair in enumerate(rows.stored or ()):
        if isinstance(pair, list) and pair[0] == place.path:
            value = rows.below(index).below("1")
            kept = replace(kept, stored=value.stored, noted=value.noted)
    plain(kept)


def _moved_stack(place: Place, event: Place) -> None:
    # Beside a single exception, the event's own stack trace is stored as the exception's.
    kept = event
    for key in ("exception", "values", "0", "stacktrace"):
        kept = kept.below(key)
    stack(replace(place, stored=kept.stored, noted=kept.noted))
