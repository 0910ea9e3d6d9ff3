"""The fields of a crash report's form, kept in one item and read as parts of an event.

Relay: ``processing/errors/errors/utils/formdata.rs``, ``utils/param_parser.rs`` and ``utils/multipart.rs`` in
``relay-server/src``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_sentryintegration.wire import strict_json

__all__ = ["MAX_PATH_DEPTH", "deepest", "event_of_fields", "read_fields", "write_fields"]

MAX_PATH_DEPTH = 15
"""So many keys may be nested in the name of a field; see `deepest`."""

_CHUNK = re.compile(r"sentry__\+?0*([0-9]{1,20})", re.ASCII)
_LAST_CHUNK = 2**64 - 1
# As Relay reads it: a key that is not closed, and what comes after an equals sign, do not count.
_NESTED = re.compile(r"sentry(?=\[)((?:\[[^\]]*\])*)(?:=.*|\[[^\]]*)?", re.DOTALL)
_KEY = re.compile(r"\[([^\]]*)\]")


def event_of_fields(fields: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """Return the event that form fields describe.

    ``sentry`` and ``sentry___<name>`` hold JSON, ``sentry__1``, ``sentry__2``... JSON in pieces,
    ``sentry[tags][a]`` one value each; whatever else there is becomes ``extra``. What came first stays. What
    is no JSON is passed over, and so is a name with more than `MAX_PATH_DEPTH` keys.

    >>> event_of_fields([("sentry[tags][a]", b"1"), ("sentry[tags][a]", b"2"), ("guid", b"x")])
    {'tags': {'a': '1'}, 'extra': {'guid': 'x'}}
    """
    event: dict[str, Any] = {}
    chunks: dict[int, str] = {}
    for name, value in fields:
        text = value.decode("utf-8", "replace")
        if _is_json(name):
            _merge_json(event, text)
        elif (index := _chunk(name)) is not None:
            chunks[index] = text
        elif len(path := _path(name)) <= MAX_PATH_DEPTH:
            _put(event, path, text)
    if chunks:
        _merge_json(event, "".join(chunks[index] for index in sorted(chunks)))
    return event


def deepest(names: Iterable[str]) -> int:
    """Return how many keys are nested in the name of a field at most.

    Sentry loses an event with more than `MAX_PATH_DEPTH` of them, after it has answered.

    >>> deepest(["sentry", "sentry[tags][a]", "sentry__1"])
    2
    """
    nested = (name for name in names if not _is_json(name) and _chunk(name) is None)
    return max((len(_path(name)) for name in nested), default=0)


def write_fields(fields: Iterable[tuple[str, bytes]]) -> bytes:
    r"""Return fields as the item ``form_data`` has them: each text after its length in four bytes.

    >>> write_fields([("a", b"1")])
    b'\x01\x00\x00\x00a\x01\x00\x00\x001'
    """
    texts = (
        part.decode("utf-8", "replace").encode() for name, value in fields for part in (name.encode(), value)
    )
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def read_fields(payload: bytes) -> list[tuple[str, bytes]]:
    """Return the fields of an item ``form_data``; what is cut off at the end is passed over.

    >>> read_fields(write_fields([("a", b"1")]))
    [('a', b'1')]
    """
    texts = list(_texts(payload))
    pairs = zip(texts[::2], texts[1::2], strict=False)
    return [(name.decode("utf-8", "replace"), value) for name, value in pairs]


def _texts(payload: bytes) -> Iterator[bytes]:
    start = 0
    while start + 4 <= len(payload):
        end = start + 4 + int.from_bytes(payload[start : start + 4], "little")
        if end > len(payload):
            return
        yield payload[start + 4 : end]
        start = end


def _is_json(name: str) -> bool:
    return name == "sentry" or name.startswith("sentry___")


def _chunk(name: str) -> int | None:
    found = _CHUNK.fullmatch(name)
    return int(found[1]) if found and int(found[1]) <= _LAST_CHUNK else None


def _path(name: str) -> list[str]:
    nested = _NESTED.fullmatch(name)
    return _KEY.findall(nested[1]) if nested else ["extra", name]


def _merge_json(event: dict[str, Any], text: str) -> None:
    try:
        sent = strict_json.loads(text)
    except strict_json.StrictJSONError:
        return
    if isinstance(sent, dict):
        _fill(event, sent)


def _fill(event: dict[str, Any], sent: dict[str, Any]) -> None:
    """Add what is missing or null so far."""
    # Recursion is safe: strict JSON is at most 128 levels deep.
    for key, value in sent.items():
        there = event.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            _fill(there, value)
        elif there is None:
            event[key] = value


def _put(event: dict[str, Any], path: list[str], value: str) -> None:
    """Set a nested value where there is none yet; without a path, nothing."""
    target = event
    for key in path[:-1]:
        inner = target.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        target = inner
    for key in path[-1:]:
        target.setdefault(key, value)
