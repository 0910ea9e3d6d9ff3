"""Mappings that Sentry stores as a list of pairs: tags, headers, cookies, queries."""

from __future__ import annotations

import json
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.losses import Walk, plain
from pytest_sentryintegration.verdict.meta import Node
from pytest_sentryintegration.verdict.sameness import means_the_same

# Relay: normalize_event_tags and normalize_device_class in event.rs.
RESERVED = frozenset({"release", "dist", "user", "filename", "function", "device.class"})
"""Tags that Sentry sets itself and removes where they are sent."""


def tags(
    walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node, *, environment: Any = None
) -> None:
    """Compare tags; *environment* is the event's own where it was taken from the tag of that name."""
    walk.annotated(path, sent, stored, noted, own)
    rows = list(enumerate(stored)) if isinstance(stored, list) else []
    first: dict[str, Any] = {}
    for place, key, value in _sent_pairs(sent):
        label = _text(key)
        name = label.replace(" ", "-").strip()
        at = f"{path}.{label}"
        mine = meta.child(own, place) if isinstance(sent, dict) else _at(own, place, "1")
        if name in RESERVED:
            walk.add(at, "reserved_tag", value, None)
        elif name == "environment":
            if not means_the_same(value, environment):
                walk.add(at, "reserved_tag", value, None)
        elif name in first:
            if first[name] != value:
                walk.add(at, "duplicate", value, _stored_value(stored, name))
        else:
            first[name] = value
            _tag(walk, at, label, name, value, rows, noted, mine)


def _tag(
    walk: Walk,
    path: str,
    label: str,
    name: str,
    value: Any,
    rows: list[tuple[int, Any]],
    noted: Node,
    mine: Node,
) -> None:
    for position, (index, pair) in enumerate(rows):
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        about_key = _at(noted, index, "0")
        if pair[0] is None:
            if meta.own(about_key).get("val", "") not in (name, label):
                continue
        elif pair[0] != name and not (meta.own(about_key).get("rem") and name.startswith(pair[0][:-3])):
            continue
        del rows[position]
        if not walk.annotated(path, label, pair[0], about_key, {}) and pair[0] != label:
            walk.add(path, "tag_key", label, pair[0])
        if pair[0] is not None:
            _tag_value(walk, path, value, pair[1], _at(noted, index, "1"), mine)
        return
    walk.add(path, "duplicate_key" if name else "empty", value, None)


def _tag_value(walk: Walk, path: str, value: Any, kept: Any, noted: Node, mine: Node) -> None:
    if value == "" and kept is None:
        if not walk.annotated(path, value, kept, noted, mine):
            walk.add(path, "empty", value, kept)
    else:
        plain(walk, path, value, kept, noted, mine)


def _stored_value(stored: Any, name: str) -> Any:
    rows = stored if isinstance(stored, list) else ()
    return next((pair[1] for pair in rows if isinstance(pair, list) and pair[:1] == [name]), None)


def _sent_pairs(sent: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(sent, dict):
        return [(key, key, value) for key, value in sent.items()]
    if isinstance(sent, list):
        return [
            (str(index), pair[0], pair[1])
            for index, pair in enumerate(sent)
            if isinstance(pair, list) and len(pair) == 2
        ]
    return []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, bool) else json.dumps(value)


def _at(noted: Node, *keys: str | int) -> Node:
    for key in keys:
        noted = meta.child(noted, key)
    return noted


def headers(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare headers, whose names are stored with capitals; ``Cookie`` is stored as the cookies."""
    pairs(walk, path, sent, stored, noted, own, capitals=True, moved=("cookie",))


def pairs(
    walk: Walk,
    path: str,
    sent: Any,
    stored: Any,
    noted: Node,
    own: Node,
    *,
    capitals: bool = False,
    moved: tuple[str, ...] = (),
) -> None:
    """Compare a mapping or pairs with the pairs that are stored; a text is read by Relay alone."""
    cut = walk.annotated(path, sent, stored, noted, own)
    kept: dict[str, list[tuple[int, Any]]] = {}
    for index, pair in enumerate(stored if isinstance(stored, list) else ()):
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
            kept.setdefault(pair[0].lower() if capitals else pair[0], []).append((index, pair[1]))
    for place, key, value in _sent_pairs(sent):
        name = _text(key)
        rows = kept.get(name.lower() if capitals else name)
        mine = meta.child(own, place) if isinstance(sent, dict) else _at(own, place, "1")
        if rows:
            index, found = rows.pop(0)
            if isinstance(value, list) and isinstance(found, str):
                value = ",".join(_text(part) for part in value)
            plain(walk, f"{path}.{name}", value, found, _at(noted, index, "1"), mine)
        elif not cut and name.lower() not in moved:
            plain(walk, f"{path}.{name}", value, None, {}, mine)
