"""Whether something secret was sent: in any payload, header or attachment, however it is encoded."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from pytest_sentryintegration.inbox.reader import IncompleteWarning
from pytest_sentryintegration.matching import secrets as searched
from pytest_sentryintegration.matching.secrets import Secret, secrets_of_settings, unset_variables
from pytest_sentryintegration.model import Contents, Envelope, Item
from pytest_sentryintegration.wire.unwrapping import Layer, Unwrapping

__all__ = ["Occurrence", "found_secrets", "masked", "occurrences", "secrets_of_settings", "unset_variables"]

LISTED: Final = 20
"""Places that a message names."""

_NAMED: Final = (
    "events", "transactions", "logs", "metrics", "check_ins", "feedback", "sessions", "client_reports",
)  # fmt: skip
"""Nouns by whose names the places in payloads go."""


class Occurrence(NamedTuple):
    """One place where a secret was found."""

    secret: Secret
    place: str
    """Such as ``events[0].tags.card``; where a name itself holds the secret, its number stands there."""


def occurrences(contents: Contents, secrets: Sequence[Secret]) -> list[Occurrence]:
    """Return where *secrets* occur in all that came; warn of what could not be searched as a whole."""
    return _Search(secrets).all(contents) if secrets else []


def found_secrets(found: Sequence[Occurrence]) -> str:
    """Return what to say of secrets that were sent, without showing them."""
    secrets = sorted({occurrence.secret for occurrence in found}, key=lambda secret: secret.number)
    what = "a secret was" if len(secrets) == 1 else f"{len(secrets)} secrets were"
    places = "1 place" if len(found) == 1 else f"{len(found)} places"
    lines = [f"{what} sent, in {places}:"]
    for secret in secrets:
        own = [occurrence.place for occurrence in found if occurrence.secret is secret]
        lines.append(f"{secret.name} ({secret.kind}):")
        lines += [f"  {place}" for place in own[:LISTED]]
        if len(own) > LISTED:
            lines.append(f"  ... and {len(own) - LISTED} more")
    return "\n".join(lines)


def masked(text: str, lines: Iterable[str]) -> str:
    """Return *text* without the secrets that ``sentry_secrets`` names, where they stand unencoded."""
    return searched.masked(text, known_secrets(lines))


def known_secrets(lines: Iterable[str]) -> list[Secret]:
    """Return the secrets of ``sentry_secrets``; none where a line is wrong, of which the policy tells."""
    try:
        return secrets_of_settings(lines)
    except ValueError:
        return []


class _Search:
    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._secrets = secrets
        self._shortest = min(secret.shortest for secret in secrets)
        self._found: dict[Occurrence, None] = {}
        self._left_out: list[str] = []
        self._known: dict[str, _Looked] = {}

    def all(self, contents: Contents) -> list[Occurrence]:
        named = {
            id(obj.raw): f"{noun}[{position}]"
            for noun in _NAMED
            for position, obj in enumerate(getattr(contents, noun))
        }
        attached = {id(obj.item): position for position, obj in enumerate(contents.attachments)}
        number = 0
        for position, envelope in enumerate(contents.envelopes):
            self._envelope(f"envelopes[{position}]", envelope)
            for item in envelope.items:
                if id(item) in attached:
                    self._attachment(attached[id(item)], item)
                else:
                    self._item(f"items[{number}]", item, named)
                number += 1
        for position, refused in enumerate(contents.refused):
            place = f"refused[{position}]"
            self._text(f"{place}.raw.path", refused.raw.path)
            self._headers(f"{place}.raw.headers", refused.raw.headers)
            self._bytes(f"{place}.body", refused.body)
        if self._left_out:
            text = "too large or too deeply encoded to be searched for secrets as a whole: "
            warnings.warn(IncompleteWarning(text + ", ".join(self._left_out[:LISTED])), stacklevel=5)
        return list(self._found)

    def _envelope(self, place: str, envelope: Envelope) -> None:
        self._headers(f"{place}.arrival.headers", envelope.arrival.headers)
        self._text(f"{place}.arrival.public_key", envelope.arrival.public_key)
        self._text(f"{place}.arrival.query", envelope.arrival.query)
        self._tree(f"{place}.headers", envelope.headers, {})

    def _attachment(self, position: int, item: Item) -> None:
        name = json.dumps(item.headers.get("filename"), ensure_ascii=False)
        is_secret = self._hits(name) or not isinstance(item.headers.get("filename"), str)
        place = f"attachments[{position if is_secret else name}]"
        self._tree(f"{place}.item.headers", item.headers, {})
        self._bytes(place, item.payload)

    def _item(self, place: str, item: Item, named: dict[int, str]) -> None:
        parsed = item._parsed[0]
        own = named.get(id(parsed), place)
        self._tree(f"{own}.item.headers" if own != place else f"{place}.headers", item.headers, {})
        if not isinstance(parsed, dict | list):
            self._bytes(f"{place}.payload", item.payload)
            return
        before = len(self._found)
        # Text by text, as a pattern may be anchored. Equal texts are looked at once, and most repeat.
        self._tree(own, parsed, named)
        if len(self._found) > before:
            return
        # What parsing does not give back: how numbers are spelled, and keys that stand twice.
        place = f"{own}.item.payload" if own != place else f"{place}.payload"
        if _has_doubled_keys(item.payload):
            self._bytes(place, item.payload)
        for secret in self._secrets:
            if (start := secret.find(item.payload)) >= 0:
                self._note(secret, f"{place}, offset {start}")

    def _headers(self, place: str, headers: Iterable[tuple[str, str]]) -> None:
        for position, (name, value) in enumerate(headers):
            if self._hits(name):
                self._text(f"{place}, name {position}", name)
                name = f"name {position}"
            self._text(f"{place}[{name!r}]", value)

    def _tree(self, place: str, value: Any, named: dict[int, str]) -> None:
        waiting = [(place, value)]
        while waiting:
            place, value = waiting.pop()
            place = named.get(id(value), place)
            if isinstance(value, dict):
                below = []
                for position, (key, inner) in enumerate(value.items()):
                    self._text(f"{place}, key {position}", key)
                    name = f"<key {position}>" if self._hits(key) else key
                    below.append((f"{place}.{name}", inner))
                waiting += reversed(below)
            elif isinstance(value, list):
                waiting += [(f"{place}[{at}]", value[at]) for at in range(len(value) - 1, -1, -1)]
            elif isinstance(value, str):
                self._text(place, value)
            elif value is not None:
                self._text(place, json.dumps(value))

    def _text(self, place: str, text: str) -> None:
        hits, complete = self._layers_of(text)
        for secret, (layer, _) in hits.items():
            self._note(secret, f"{place}{_encodings(layer)}")
        if not complete:
            self._left_out.append(place)

    def _bytes(self, place: str, data: bytes) -> None:
        hits, complete = self._layers(data)
        for secret, (layer, start) in hits.items():
            offset = f", offset {start}" if layer.whole else ""
            inside = " of what is inside" if layer.undone and offset else ""
            self._note(secret, f"{place}{offset}{inside}{_encodings(layer)}")
        if not complete:
            self._left_out.append(place)

    def _note(self, secret: Secret, place: str) -> None:
        self._found[Occurrence(secret, place)] = None

    def _hits(self, text: str) -> bool:
        return bool(self._layers_of(text).hits)

    def _layers_of(self, text: str) -> _Looked:
        """Look into a text, and into the bytes that it may be if each character is one."""
        if text not in self._known:
            looked = self._layers(text.encode("utf-8", "surrogatepass"))
            if not looked.hits and _BINARY.match(text):
                looked = self._layers(text.encode("latin-1"))
            self._known[text] = looked
        return self._known[text]

    def _layers(self, data: bytes) -> _Looked:
        hits: dict[Secret, tuple[Layer, int]] = {}
        unwrapping = Unwrapping(data, shortest=self._shortest)
        for layer in unwrapping:
            for secret in self._secrets:
                if secret not in hits and (start := secret.find(layer.data)) >= 0:
                    hits[secret] = (layer, start)
            if len(hits) == len(self._secrets):
                return _Looked(hits, True)
        return _Looked(hits, unwrapping.complete)


class _Looked(NamedTuple):
    hits: dict[Secret, tuple[Layer, int]]
    """Which secrets are there, and in which layer each is first seen, at which offset."""
    complete: bool


# Text of bytes alone, of which one is no text. A pattern with two greedy parts would be quadratic.
_BINARY: Final = re.compile(r"(?=[\x00-\xff]*\Z)[\x00-\xff]*?[\x00-\x08\x0e-\x1f\x80-\xff]")


def _has_doubled_keys(payload: bytes) -> bool:
    doubled = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal doubled
        doubled |= len(dict(pairs)) != len(pairs)

    json.loads(payload, object_pairs_hook=look)
    return doubled


def _encodings(layer: Layer) -> str:
    return f", in {' in '.join(reversed(layer.undone))}" if layer.undone else ""
