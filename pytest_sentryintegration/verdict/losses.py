"""Walk a payload as sent beside the payload as stored, and note each place where something got lost.

Relay annotates most of what it changes (``_meta``), and those annotations are read here. What it changes
without a word is found by comparing. Knows values and annotations; the fields of an event are in `fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_sentryintegration.verdict import meta, words
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.meta import Node
from pytest_sentryintegration.verdict.sameness import bare, means_the_same, seconds

Check = Callable[["Walk", str, Any, Any, Node, Node], None]
"""Compares one place: ``check(walk, path, sent, stored, noted, noted_by_sender)``."""


PAIRED = frozenset({"tags", "request.headers", "request.cookies", "request.query_string"})
"""The fields that Sentry stores as a list of pairs; a path names such a pair by its key."""


# An attribute that is stored under the name it has got since.
_RENAMED = "attribute.deprecated"


class Walk:
    """The findings of one comparison, and by how much its timestamps were moved."""

    def __init__(self, shift: float = 0.0) -> None:
        self.findings: list[Finding] = []
        self.shift = shift
        self.explained: set[int] = set()

    def add(
        self, path: str, rule: str, sent: Any, stored: Any, reason: str = "", size: int | None = None
    ) -> None:
        """Note a finding; its sentence is composed from the rule and the place."""
        text = words.sentence(path, rule, sent, stored, reason, size)
        self.findings.append(Finding(path, rule, sent, stored, text))

    def annotated(self, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> bool:
        """Note what Relay says of this very place; return whether that explains the difference."""
        if not noted:
            return False
        self.explained.add(id(noted))
        errors = meta.added(noted, own, "err")
        if errors:
            rule, reason = meta.rule(errors[0])
            self.add(path, rule, sent, stored, reason)
            return True
        remarks = [one for one in meta.added(noted, own, "rem") if meta.rule(one)[0] != _RENAMED]
        size = meta.length(noted, own)
        if remarks and sent != stored:
            self.add(path, meta.rule(remarks[0])[0], sent, stored, size=size)
            return True
        if size is not None and isinstance(sent, dict | list) and sent != stored:
            self.add(path, "!limit", sent, stored, size=size)
            return True
        return False


def plain(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare any value whose fields have no meaning of their own: extra data, variables, contexts."""
    if sent == stored and not noted:
        return
    if walk.annotated(path, sent, stored, noted, own) and type(sent) is not type(stored):
        return
    cut = id(noted) in walk.explained and meta.length(noted, own) is not None
    if isinstance(sent, dict) and isinstance(stored, dict):
        for key, value in sent.items():
            if (cut and key not in stored) or _untouched(key, value, stored, noted):
                continue
            at = f"{path}.{key}" if path else str(key)
            plain(walk, at, value, stored.get(key), meta.child(noted, key), meta.child(own, key))
    elif isinstance(sent, list) and isinstance(stored, list):
        if len(sent) == len(stored) or cut:
            elements(walk, path, sent, stored, noted, own, plain)
        elif not _noted_now(noted, own):
            walk.add(path, "removed", sent, stored)
    elif not _noted_now(noted, own):
        scalar(walk, path, sent, stored)


def _untouched(key: str, value: Any, stored: dict[str, Any], noted: Node) -> bool:
    return key not in noted and key in stored and bool(value == stored[key])


def _noted_now(noted: Node, own: Node) -> bool:
    return bool(meta.added(noted, own, "err") or meta.added(noted, own, "rem"))


def elements(
    walk: Walk, path: str, sent: list[Any], stored: list[Any], noted: Node, own: Node, check: Check
) -> None:
    """Compare two lists place by place, as far as both go."""
    for index, (before, after) in enumerate(zip(sent, stored, strict=False)):
        check(
            walk,
            f"{path}.{index}",
            before,
            after,
            meta.child(noted, index),
            meta.child(own, index),
        )


def scalar(walk: Walk, path: str, sent: Any, stored: Any) -> None:
    """Compare two values about which Relay says nothing."""
    if means_the_same(sent, stored):
        return
    if isinstance(sent, dict | list) and isinstance(stored, str):
        walk.add(path, "depth", sent, stored)
    elif stored is None:
        walk.add(path, "removed", sent, stored)
    elif isinstance(sent, str) != isinstance(stored, str):
        walk.add(path, "coerced", sent, stored)
    else:
        walk.add(path, "changed", sent, stored)


def identifier(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare two ids, which may be spelled in capitals and with hyphens."""
    if walk.annotated(path, sent, stored, noted, own):
        return
    if not (isinstance(sent, str) and isinstance(stored, str) and bare(sent) == bare(stored)):
        scalar(walk, path, sent, stored)


def moment(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare two timestamps; both sides are moved by the same when the sender's clock is wrong."""
    if walk.annotated(path, sent, stored, noted, own):
        return
    before, after = seconds(sent), seconds(stored)
    if before is None or after is None:
        scalar(walk, path, sent, stored)
    elif abs(before + walk.shift - after) > 0.001:
        walk.add(path, "moved", sent, stored)


def record(fields: Mapping[str, Check], *, ignored: frozenset[str] = frozenset()) -> Check:
    """Return the check of an object with these fields; those not named are compared plainly."""

    def check(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
        if sent == stored and not noted:
            return
        if walk.annotated(path, sent, stored, noted, own) and not isinstance(stored, dict):
            return
        if not isinstance(sent, dict) or not isinstance(stored, dict):
            if not _noted_now(noted, own):
                scalar(walk, path, sent, stored)
            return
        for key, value in sent.items():
            if key in ignored or _untouched(key, value, stored, noted):
                continue
            at = f"{path}.{key}" if path else key
            one = fields.get(key, plain)
            one(walk, at, value, stored.get(key), meta.child(noted, key), meta.child(own, key))

    return check


def listed(check: Check) -> Check:
    """Return the check of a list whose elements are all compared by *check*."""

    def check_all(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
        if sent == stored and not noted:
            return
        said = walk.annotated(path, sent, stored, noted, own)
        if isinstance(sent, list) and isinstance(stored, list):
            elements(walk, path, sent, stored, noted, own, check)
            if len(sent) > len(stored) and not said:
                walk.add(path, "removed", sent, stored)
        elif not said:
            scalar(walk, path, sent, stored)

    return check_all


def values(check: Check) -> Check:
    """Return the check of ``{"values": [...]}``, which may also be sent as a bare list or a single object."""
    all_of_them = listed(check)

    def check_values(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
        walk.annotated(path, sent, stored, noted, own)
        wrapped = isinstance(sent, dict) and "values" in sent
        inner = sent["values"] if wrapped else sent if isinstance(sent, list) else [sent]
        owned = meta.child(own, "values") if wrapped else own
        kept = stored.get("values") if isinstance(stored, dict) else stored
        if inner is None or (not inner and not kept):
            return
        all_of_them(walk, f"{path}.values", inner, kept, meta.child(noted, "values"), owned)

    return check_values


def left_over(walk: Walk, sent: Any, stored: Any, noted: Node, own: Node, path: str = "") -> None:
    """Note the errors that no comparison came by: those at places that the sender did not fill."""
    if meta.own(noted) and id(noted) not in walk.explained:
        errors = meta.added(noted, own, "err")
        if errors:
            rule, reason = meta.rule(errors[0])
            walk.add(path, rule, meta.own(noted).get("val", sent), stored, reason)
    for key, node in noted.items():
        if key != "" and isinstance(node, dict):
            name = named(path, stored, key)
            left_over(walk, below(sent, key), below(stored, key), node, meta.child(own, key), name)


def named(path: str, stored: Any, key: str) -> str:
    """Return the path of what lies at *key* of the stored value at *path*; pairs go by their key."""
    if path in PAIRED:
        pair = below(stored, key)
        if isinstance(pair, list) and len(pair) == 2 and pair[0] is not None:
            key = str(pair[0])
    elif path.rpartition(".")[0] in PAIRED and isinstance(stored, list):
        return path
    return f"{path}.{key}" if path else key


def below(value: Any, key: str) -> Any:
    """Return what lies at *key*, in an object or a list; ``None`` where there is nothing."""
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


def nothing(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Pass over a field that Sentry sets itself."""


def noted_only(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Pass over a field whose form Relay changes; what it annotates is still found by `left_over`."""
