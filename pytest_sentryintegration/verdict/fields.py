"""The fields of an event and a transaction: which form each is stored in, and what gets lost on the way.

The rules themselves are Relay's and are applied by its own code (`relay`); this module only knows where
in the stored payload the counterpart of a sent value is found, and which differences mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.losses import (
    Check,
    Walk,
    identifier,
    left_over,
    listed,
    means_the_same,
    moment,
    noted_only,
    nothing,
    plain,
    record,
    scalar,
    seconds,
    values,
)
from pytest_sentryintegration.verdict.meta import NOTHING, Node
from pytest_sentryintegration.verdict.pairs import headers, pairs, tags

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
_OLD_FRAMES = 50


def _spelled(names: Mapping[Any, str]) -> Check:
    def check(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
        if walk.annotated(path, sent, stored, noted, own):
            return
        if not (isinstance(sent, str | int) and names.get(sent) == stored):
            scalar(walk, path, sent, stored)

    return check


level = _spelled(_LEVELS)
status = _spelled(_STATUSES)


def method(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the method of a request, which is stored in capitals."""
    if not (isinstance(sent, str) and sent.upper() == stored):
        plain(walk, path, sent, stored, noted, own)


def function(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the name of a function; ``?`` means that there is none."""
    plain(walk, path, None if sent == "?" else sent, stored, noted, own)


def mechanism(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare an exception's mechanism; without a ``type`` Relay takes it for one of an older protocol."""
    if not isinstance(sent, dict) or not isinstance(stored, dict) or "type" in sent:
        _MECHANISM(walk, path, sent, stored, noted, own)
        return
    walk.annotated(path, sent, stored, noted, own)
    moved = stored.get("data")
    for key, value in sent.items():
        if key in ("data", "posix_signal", "mach_exception") or value is None or stored.get(key) == value:
            continue
        if isinstance(moved, dict) and key in moved:
            walk.add(f"{path}.{key}", "legacy_mechanism", value, stored.get(key))
        else:
            scalar(walk, f"{path}.{key}", value, stored.get(key))


_MECHANISM = record({"meta": noted_only})


def frame_part(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare what frames in the middle of a large stack lose: variables and the lines around the line."""
    if sent and stored is None and not noted:
        walk.add(path, "stack_frames", sent, stored)
    elif isinstance(sent, list):
        plain(walk, path, ["" if line is None else line for line in sent], stored, noted, own)
    else:
        plain(walk, path, sent, stored, noted, own)


_FRAME = record(
    {
        "function": function,
        "symbol": function,
        "vars": frame_part,
        "pre_context": frame_part,
        "post_context": frame_part,
        "image_addr": noted_only,
        "instruction_addr": noted_only,
        "symbol_addr": noted_only,
        "function_id": noted_only,
    }
)


def frame(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare a stack frame; an absolute path may have been moved out of its filename."""
    if (
        isinstance(sent, dict)
        and isinstance(stored, dict)
        and not sent.get("abs_path")
        and sent.get("filename")
    ):
        sent = {**sent, "filename": None, "abs_path": sent["filename"]}
    _FRAME(walk, path, sent, stored, noted, own)


def frames(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the frames of a stack; of more than 250, Sentry keeps the first 50 and the last 200."""
    if sent == stored and not noted:
        return
    cut = walk.annotated(path, sent, stored, noted, own)
    if not isinstance(sent, list) or not isinstance(stored, list):
        return
    removed = len(sent) - len(stored) if cut else 0
    for index, after in enumerate(stored):
        place = index + removed if index >= _OLD_FRAMES else index
        if place < len(sent):
            mine = meta.child(own, place)
            frame(walk, f"{path}.{place}", sent[place], after, meta.child(noted, index), mine)


stack = record({"frames": frames, "registers": noted_only})


def exception(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare an exception; a value ``Type: text`` without a type is split in two."""
    if isinstance(sent, dict) and isinstance(stored, dict) and not sent.get("type") and stored.get("type"):
        walk.add(f"{path}.value", "split", sent.get("value"), stored.get("value"))
        sent = {**sent, "value": stored.get("value")}
    _EXCEPTION(walk, path, sent, stored, noted, own)


def exception_value(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare an exception's value; what is no text is stored as JSON."""
    if isinstance(sent, dict | list) and isinstance(stored, str):
        try:
            if json.loads(stored) == sent:
                return
        except ValueError:
            pass
    plain(walk, path, sent, stored, noted, own)


_EXCEPTION = record(
    {"stacktrace": stack, "raw_stacktrace": stack, "mechanism": mechanism, "value": exception_value}
)
_THREAD = record({"stacktrace": stack, "raw_stacktrace": stack, "held_locks": noted_only})
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


def body(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the body of a request; a text that is JSON or a form is stored as what it means."""
    if isinstance(sent, str) and not isinstance(stored, str):
        try:
            sent = json.loads(sent)
        except ValueError:
            noted_only(walk, path, sent, stored, noted, own)
            return
    plain(walk, path, sent, stored, noted, own)


def url(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the URL of a request; its query and fragment become fields of their own."""
    if not walk.annotated(path, sent, stored, noted, own) and sent and stored is None:
        scalar(walk, path, sent, stored)


def request(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare a request; the header ``Cookie`` is stored as cookies."""
    if isinstance(sent, dict) and isinstance(stored, dict) and not sent.get("cookies"):
        sent = {key: value for key, value in sent.items() if key != "cookies"}
    _REQUEST(walk, path, sent, stored, noted, own)


_REQUEST = record(
    {
        "url": url,
        "method": method,
        "data": body,
        "headers": headers,
        "query_string": pairs,
        "cookies": pairs,
        "inferred_content_type": nothing,
    }
)


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
    "threads": values(_THREAD),
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
