"""The fields of a crash report's form, read as parts of an event.

Relay: ``relay-server/src/processing/errors/errors/utils/formdata.rs``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pytest_sentryintegration.wire import strict_json

__all__ = ["event_of_fields"]

_CHUNK = re.compile(r"sentry__\+?([0-9]{1,9})", re.ASCII)
_NESTED = re.compile(r"sentry((?:\[[^\[\]]*\])+)")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_MAX_DEPTH = 20


def event_of_fields(fields: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """Return the event that form fields describe.

    ``sentry`` and ``sentry___<name>`` hold JSON, ``sentry__1``, ``sentry__2``... JSON in pieces,
    ``sentry[tags][a]`` one value each; whatever else there is becomes ``extra``. What is no JSON is passed
    over.

    >>> event_of_fields([("sentry[tags][a]", b"1"), ("guid", b"x")])
    {'tags': {'a': '1'}, 'extra': {'guid': 'x'}}
    """
    event: dict[str, Any] = {}
    chunks: dict[int, str] = {}
    for name, value in fields:
        text = value.decode("utf-8", "replace")
        if name == "sentry" or name.startswith("sentry___"):
            _merge_json(event, text)
        elif chunk := _CHUNK.fullmatch(name):
            chunks[int(chunk[1])] = text
        elif nested := _NESTED.fullmatch(name):
            _put(event, _KEY.findall(nested[1]), text)
        else:
            _put(event, ["extra", name], text)
    if chunks:
        _merge_json(event, "".join(chunks[index] for index in sorted(chunks)))
    return event


def _merge_json(event: dict[str, Any], text: str) -> None:
    try:
        sent = strict_json.loads(text)
    except strict_json.StrictJSONError:
        return
    if isinstance(sent, dict):
        _merge(event, sent)


def _merge(into: dict[str, Any], sent: dict[str, Any]) -> None:
    # Recursion is safe: strict JSON is at most 128 levels deep.
    for key, value in sent.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _put(event: dict[str, Any], path: list[str], value: str) -> None:
    """Set a nested value where there is none yet."""
    *way, last = path[:_MAX_DEPTH]
    target = event
    for key in way:
        inner = target.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        target = inner
    target.setdefault(last, value)
