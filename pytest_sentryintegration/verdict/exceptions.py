"""Exceptions, threads and their stack traces, as sent and as stored."""

from __future__ import annotations

import json
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.losses import Walk, noted_only, plain, record, scalar
from pytest_sentryintegration.verdict.meta import Node

_OLD_FRAMES = 50


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
    },
    # SDKs for Android send it, and Sentry has no use for it: its loss is nobody's mistake.
    ignored=frozenset({"native"}),
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
thread = record({"stacktrace": stack, "raw_stacktrace": stack, "held_locks": noted_only})
