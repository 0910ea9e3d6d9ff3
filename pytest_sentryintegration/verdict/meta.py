"""Sentry's annotations (``_meta``): what Relay noted at one place of a payload. Knows no field of an event.

A node of the tree holds its children by key or index, and its own annotation under ``""``: ``err`` (what
was wrong), ``rem`` (what was cut or replaced), ``len`` (how much there was) and ``val`` (what was sent).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]
NOTHING: Node = {}


def child(node: Node, key: str | int) -> Node:
    """Return what is annotated below *key*."""
    found = node.get(str(key)) if node else None
    return found if isinstance(found, dict) else NOTHING


def own(node: Node) -> Node:
    """Return the annotation of the place itself."""
    return child(node, "")


def added(node: Node, sent: Node, what: str) -> list[Any]:
    """Return the ``err`` or ``rem`` entries of *node* that the sender had not put there itself.

    >>> added({"": {"rem": [["!limit", "s", 0, 3]]}}, NOTHING, "rem")
    [['!limit', 's', 0, 3]]
    """
    entries = own(node).get(what)
    if not isinstance(entries, list):
        return []
    before = own(sent).get(what)
    return entries if not isinstance(before, list) else [entry for entry in entries if entry not in before]


def length(node: Node, sent: Node) -> int | None:
    """Return how much there was before it was cut, ``None`` where nothing was or the sender did it."""
    found = own(node).get("len")
    return found if isinstance(found, int) and found != own(sent).get("len") else None


def rule(entry: Any) -> tuple[str, str]:
    """Return the name of the rule in an ``err`` or ``rem`` entry, and its reason.

    >>> rule(["invalid_data", {"reason": "invalid level"}])
    ('invalid_data', 'invalid level')
    >>> rule("past_timestamp")
    ('past_timestamp', '')
    """
    if isinstance(entry, str):
        return entry, ""
    if isinstance(entry, list) and entry:
        details = entry[1] if len(entry) > 1 and isinstance(entry[1], dict) else {}
        reason = details.get("reason") or details.get("attribute") or ""
        return str(entry[0]), str(reason)
    return str(entry), ""
