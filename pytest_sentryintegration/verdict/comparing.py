"""Compare a payload as sent with the payload as stored, and note each place where something got lost.

Relay annotates most of what it changes (``_meta``), and those annotations are read here. What it changes
without an annotation is found by comparing. Knows values and annotations; the fields of an event are in
`fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_sentryintegration.verdict import meta
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.meta import NOTHING, Node
from pytest_sentryintegration.verdict.sameness import bare, means_the_same, seconds
from pytest_sentryintegration.verdict.sentences import sentence

Check = Callable[["Place"], None]
"""Compares one place and what is below it."""

PAIRED = frozenset({"tags", "request.headers", "request.cookies", "request.query_string"})
"""The fields that Sentry stores as a list of pairs; a path names such a pair by its key."""

# An attribute that Sentry has renamed since: it is stored under its new name.
_RENAMED = "attribute.deprecated"


@dataclass(slots=True)
class Walk:
    """One comparison: what it found, and by how many seconds timestamps were moved."""

    shift: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)
    """The ``id`` of each annotation that was read."""


@dataclass(slots=True)
class Place:
    """One place of a payload: the value as sent and as stored, and the annotations there."""

    walk: Walk
    path: str
    """Dotted."""
    sent: Any
    stored: Any
    noted: Node = field(default_factory=dict)
    """What is annotated in the stored payload, here and below."""
    own: Node = field(default_factory=dict)
    """What the sender had annotated itself."""

    def below(self, key: str | int, stored_key: str | int | None = None) -> Place:
        """Return the place at *key*, and at *stored_key* of the stored value where that differs."""
        other = key if stored_key is None else stored_key
        return Place(
            self.walk,
            f"{self.path}.{key}" if self.path else str(key),
            below(self.sent, key),
            below(self.stored, other),
            meta.child(self.noted, other) if self.noted else NOTHING,
            meta.child(self.own, key) if self.own else NOTHING,
        )

    def annotated_below(self) -> Iterator[Place]:
        """Yield the places right below this one that have annotations; pairs are named by their key."""
        for key, node in self.noted.items():
            if key != "" and isinstance(node, dict):
                yield replace(self.below(key), path=self._named(key))

    def _named(self, key: str) -> str:
        if self.path in PAIRED:
            pair = below(self.stored, key)
            if isinstance(pair, list) and len(pair) == 2 and pair[0] is not None:
                key = str(pair[0])
        elif self.path.rpartition(".")[0] in PAIRED and isinstance(self.stored, list):
            return self.path
        return f"{self.path}.{key}" if self.path else key

    def add(self, rule: str, reason: str = "", size: int | None = None) -> None:
        """Note a finding; its sentence is composed from the rule and the place."""
        text = sentence(self.path, rule, self.sent, self.stored, reason, size)
        self.walk.findings.append(Finding(self.path, rule, self.sent, self.stored, text))

    def annotated(self) -> bool:
        """Note what Relay says of this very place; return whether that explains the difference."""
        noted, own = self.noted, self.own
        if not noted:
            return False
        self.walk.explained.add(id(noted))
        errors = meta.added(noted, own, "err")
        if errors:
            self.add(*meta.rule(errors[0]))
            return True
        if self.sent == self.stored:
            return False
        remarks = [one for one in meta.added(noted, own, "rem") if meta.rule(one)[0] != _RENAMED]
        size = meta.length(noted, own)
        if remarks:
            self.add(meta.rule(remarks[0])[0], size=size)
        elif size is not None and isinstance(self.sent, dict | list):
            self.add("!limit", size=size)
        else:
            return False
        return True

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was changed or annotated, here and below."""
        return bool(self.sent == self.stored) and not self.noted

    @property
    def has_news(self) -> bool:
        """Whether Relay annotated this very place."""
        return bool(meta.added(self.noted, self.own, "err") or meta.added(self.noted, self.own, "rem"))

    def keeps(self, key: str) -> bool:
        """Whether the object's field *key* loses nothing and is not annotated. Costs less than `below`."""
        if key in self.noted:
            return False
        sent = self.sent[key]
        return sent is None or (key in self.stored and bool(sent == self.stored[key]))


def below(value: Any, key: str | int) -> Any:
    """Return what lies at *key*, in an object or a list; ``None`` where there is nothing.

    >>> below({"a": 1}, "a"), below([1, 2], "1"), below([1, 2], 5), below(3, "a")
    (1, 2, None, None)
    """
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(key, int) and isinstance(value, list):
        return value[key] if key < len(value) else None
    # A name of very many digits is no index; Python refuses to read more than 4,300.
    if isinstance(value, list) and len(str(key)) < 10 and str(key).isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


def plain(place: Place) -> None:
    """Compare any value whose fields have no meaning of their own: extra data, variables, contexts."""
    sent, stored = place.sent, place.stored
    if place.is_untouched or (place.annotated() and type(sent) is not type(stored)):
        return
    cut = id(place.noted) in place.walk.explained and meta.length(place.noted, place.own) is not None
    if isinstance(sent, dict) and isinstance(stored, dict):
        for key in sent:
            if not ((cut and key not in stored) or place.keeps(key)):
                plain(place.below(key))
    elif isinstance(sent, list) and isinstance(stored, list) and (len(sent) == len(stored) or cut):
        elements(place, plain)
    elif not place.has_news:
        if isinstance(sent, list) and isinstance(stored, list):
            place.add("removed")
        else:
            scalar(place)


def elements(place: Place, check: Check) -> None:
    """Compare two lists place by place, as far as both go."""
    for index in range(min(len(place.sent), len(place.stored))):
        check(place.below(index))


def scalar(place: Place) -> None:
    """Compare two values about which Relay says nothing."""
    sent, stored = place.sent, place.stored
    if means_the_same(sent, stored):
        return
    if isinstance(sent, dict | list) and isinstance(stored, str):
        place.add("depth")
    elif stored is None:
        place.add("removed")
    elif isinstance(sent, str) != isinstance(stored, str):
        place.add("coerced")
    else:
        place.add("changed")


def identifier(place: Place) -> None:
    """Compare two ids, which may be spelled in capitals and with hyphens."""
    sent, stored = place.sent, place.stored
    if place.annotated():
        return
    if not (isinstance(sent, str) and isinstance(stored, str) and bare(sent) == bare(stored)):
        scalar(place)


def moment(place: Place) -> None:
    """Compare two timestamps; both sides are moved by the same when the sender's clock is wrong."""
    if place.annotated():
        return
    before, after = seconds(place.sent), seconds(place.stored)
    if before is None or after is None:
        scalar(place)
    elif abs(before + place.walk.shift - after) > 0.001:
        place.add("moved")


def record(fields: Mapping[str, Check], *, ignored: frozenset[str] = frozenset()) -> Check:
    """Return the check of an object with these fields; those not named are compared plainly."""

    def check(place: Place) -> None:
        sent, stored = place.sent, place.stored
        if place.is_untouched or (place.annotated() and not isinstance(stored, dict)):
            return
        if not isinstance(sent, dict) or not isinstance(stored, dict):
            if not place.has_news:
                scalar(place)
            return
        for key in sent:
            if key not in ignored and not place.keeps(key):
                fields.get(key, plain)(place.below(key))

    return check


def listed(check: Check) -> Check:
    """Return the check of a list whose elements are all compared by *check*."""

    def check_all(place: Place) -> None:
        if place.is_untouched:
            return
        said = place.annotated()
        if isinstance(place.sent, list) and isinstance(place.stored, list):
            elements(place, check)
            if len(place.sent) > len(place.stored) and not said:
                place.add("removed")
        elif not said:
            scalar(place)

    return check_all


def values(check: Check) -> Check:
    """Return the check of ``{"values": [...]}``, which may also be sent as a bare list or a single object."""
    all_of_them = listed(check)

    def check_values(place: Place) -> None:
        place.annotated()
        sent, inner = place.sent, place.below("values")
        if not (isinstance(sent, dict) and "values" in sent):
            inner = replace(inner, sent=sent if isinstance(sent, list) else [sent], own=place.own)
        if not isinstance(place.stored, dict):
            inner = replace(inner, stored=place.stored)
        if inner.sent is not None and (inner.sent or inner.stored):
            all_of_them(inner)

    return check_values


def left_over(place: Place) -> None:
    """Note the errors at places that no comparison reached, since the sender sent nothing there."""
    annotation = meta.own(place.noted)
    if annotation and id(place.noted) not in place.walk.explained:
        errors = meta.added(place.noted, place.own, "err")
        if errors:
            replace(place, sent=annotation.get("val", place.sent)).add(*meta.rule(errors[0]))
    for inner in place.annotated_below():
        left_over(inner)


def nothing(place: Place) -> None:
    """Pass over a field that Sentry sets itself."""


def noted_only(place: Place) -> None:
    """Pass over a field whose form Relay changes; what it annotates is still found by `left_over`."""
