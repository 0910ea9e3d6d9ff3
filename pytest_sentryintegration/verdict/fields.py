"""The fields of an event and a transaction: which form each is stored in, and what gets lost on the way.

The rules themselves are Relay's and are applied by its own code (`relay`); this module only knows where
in the stored payload the counterpart of a sent value is found, and which differences mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.exceptions import exception, stack, thread
from pytest_sentryintegration.verdict.losses import (
    Check,
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
from pytest_sentryintegration.verdict.meta import NOTHING, Node
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
    def check(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
        if walk.annotated(path, sent, stored, noted, own):
            return
        if not (isinstance(sent, str | int) and names.get(sent) == stored):
            scalar(walk, path, sent, stored)

    return check


level = _spelled(_LEVELS)
status = _spelled(_STATUSES)


_BREADCRUMB = record({"timestamp": moment, "level": level, "event_id": identifier})


def user(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare a user; fields that Sentry does not know are kept below ``user.data``."""
    walk.annotated(path, sent, stored, noted, own)
    if not isinstance(sent, dict) or not isinstance(stored, dict):
        if not meta.added(noted, own, "err"):
            scalar(walk, path, sent, stored)
        return
    moved, moved_notes = stored.get("data") or {}, meta.child(noted, "data")
    for key, value in sent.items():
        known = key in stored or key in _USER or meta.child(noted, key)
        kept, said = (stored, noted) if known else (moved, moved_notes)
        plain(
            walk,
            f"{path}.{key}",
            value,
            kept.get(key),
            meta.child(said, key),
            meta.child(own, key),
        )


_USER = frozenset({"id", "email", "ip_address", "username", "name", "sentry_user", "geo", "segment", "data"})


def contexts(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the contexts, by their type where Sentry knows it."""
    if walk.annotated(path, sent, stored, noted, own) or not isinstance(sent, dict):
        return
    kept = stored if isinstance(stored, dict) else {}
    for key, value in sent.items():
        kind = value.get("type") or key if isinstance(value, dict) else key
        one = _CONTEXTS.get(kind, plain) if isinstance(kind, str) else plain
        one(
            walk,
            f"{path}.{key}",
            value,
            kept.get(key),
            meta.child(noted, key),
            meta.child(own, key),
        )


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

# What SDKs send and Sentry has no use for: its loss is nobody's mistake.
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
    ignored=frozenset({"same_process_as_parent"}),
)


def transaction_info(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare where a transaction's name comes from; a ``url`` is stored as ``sanitized``."""
    _TRANSACTION_INFO(walk, path, sent, stored, noted, own)


_TRANSACTION_INFO = record({"source": _spelled({"url": "sanitized"}), "changes": noted_only})


def platform(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the platform; one that Sentry does not know is stored as ``other``."""
    if sent != stored and isinstance(sent, str):
        walk.add(path, "unknown_platform", sent, stored)
    else:
        plain(walk, path, sent, stored, noted, own)


def _transaction(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    if sent:
        plain(walk, path, sent, stored, noted, own)


def fingerprint(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare a fingerprint, whose parts are stored as text."""
    if walk.annotated(path, sent, stored, noted, own):
        return
    listed(plain)(walk, path, sent, stored, noted, own)


def _logentry(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    if walk.annotated(path, sent, stored, noted, own):
        return
    if not isinstance(sent, dict):
        _message(walk, path, sent, stored, noted, own)
        return
    kept = stored if isinstance(stored, dict) else {}
    for key, value in sent.items():
        # A message that nothing is formatted into is stored as the formatted one.
        at = "formatted" if key == "message" and kept.get("message") is None else key
        below = meta.child(noted, at)
        plain(walk, f"{path}.{key}", value, kept.get(at), below, meta.child(own, key))


def _message(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    if isinstance(sent, dict):
        _logentry(walk, path, sent, stored, noted, own)
        return
    if walk.annotated(path, sent, stored, noted, own) or sent is None or sent is False:
        return
    kept = stored if isinstance(stored, dict) else {}
    if sent == "" and not kept:
        walk.add(path, "empty", sent, None)
    elif not any(means_the_same(sent, text) for text in (kept.get("message"), kept.get("formatted"))):
        plain(walk, path, sent, kept.get("formatted"), meta.child(noted, "formatted"), own)


_FIELDS: dict[str, Check] = {
    "event_id": identifier,
    "level": level,
    "platform": platform,
    "timestamp": moment,
    "start_timestamp": moment,
    "transaction": _transaction,
    "transaction_info": transaction_info,
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


def compare(walk: Walk, sent: Mapping[str, Any], stored: Mapping[str, Any], drift: float = 0.0) -> None:
    """Note in *walk* what of an event as *sent* is lost or changed in the event as *stored*.

    Args:
        walk: Takes the findings.
        sent: The event as it was sent.
        stored: The event as Sentry stores it, with its ``_meta``.
        drift: By how many seconds all timestamps were moved because the sender's clock is wrong.
    """
    noted, own = meta.child(stored, "_meta"), meta.child(sent, "_meta")
    walk.shift = drift
    before, after = seconds(sent.get("timestamp")), seconds(stored.get("timestamp"))
    if meta.added(meta.child(noted, "timestamp"), NOTHING, "err") and before and after:
        # Relay then moves the times of breadcrumbs and spans by as much as the event's own.
        walk.shift = after - before
    for key, value in sent.items():
        name = ALIASES.get(key, key)
        if name in _SENTRY_S or value is None:
            continue
        at, mine = meta.child(noted, name), meta.child(own, key)
        if name == "type":
            if value in ("transaction", "feedback") and stored.get("type") != value:
                walk.add("type", "type", value, stored.get("type"))
        elif name == "tags":
            tags(walk, name, value, stored.get("tags"), at, mine, environment=_promoted(sent, stored))
        elif name in ("server_name", "site"):
            _as_tag(walk, name, value, stored, noted)
        elif name in ("message", "logentry"):
            entry = meta.child(noted, "logentry")
            (_message if name == "message" else _logentry)(
                walk, name, value, stored.get("logentry"), entry, mine
            )
        elif name == "stacktrace" and stored.get("stacktrace") is None:
            _moved_stack(walk, value, stored, noted, mine)
        else:
            _FIELDS.get(name, plain)(walk, name, value, stored.get(name), at, mine)
    left_over(walk, sent, stored, noted, own)


def _promoted(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> Any:
    return stored.get("environment") if not sent.get("environment") else None


def _as_tag(walk: Walk, name: str, sent: Any, stored: Mapping[str, Any], noted: Node) -> None:
    kept, notes = None, NOTHING
    for index, pair in enumerate(stored.get("tags") or ()):
        if isinstance(pair, list) and pair[0] == name:
            kept, notes = (
                pair[1],
                meta.child(meta.child(meta.child(noted, "tags"), index), "1"),
            )
    plain(walk, name, sent, kept, notes, NOTHING)


def _moved_stack(walk: Walk, sent: Any, stored: Mapping[str, Any], noted: Node, own: Node) -> None:
    # Beside a single exception, the event's own stack trace is stored as the exception's.
    inside = "exception", "values", "0", "stacktrace"
    kept: Any = stored
    notes = noted
    for key in inside:
        kept = (
            kept.get(key)
            if isinstance(kept, dict)
            else (kept[0] if isinstance(kept, list) and kept else None)
        )
        notes = meta.child(notes, key)
    stack(walk, "stacktrace", sent, kept, notes, own)
