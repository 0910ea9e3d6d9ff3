"""Values read out of JSON that may hold anything: what has the wrong type reads as empty, nothing raises."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Bound now: freezegun exchanges the class in this module's namespace while a clock is frozen.
_from_iso = datetime.fromisoformat
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(?:([Zz])|([+-]\d\d):?(\d\d)?)?)?",
    re.ASCII,
)
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)


def mapping(value: object) -> dict[str, Any]:
    """Return *value* where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """Return *value* where it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def values(value: object) -> list[dict[str, Any]]:
    """Return the objects in an array, or in the ``values`` of an object: Sentry takes either.

    >>> values({"values": [{"a": 1}, None]}) == values([{"a": 1}])
    True
    """
    inner = value.get("values") if isinstance(value, dict) else value
    return [element for element in listing(inner) if isinstance(element, dict)]


def text(value: object) -> str | None:
    """Return *value* where it is text or a number (as text), else ``None``.

    >>> text("a"), text(2.5), text(True), text(None)
    ('a', '2.5', None, None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def shown(value: object) -> str | None:
    """Return any JSON value as text, ``None`` for null.

    >>> shown("a"), shown(True), shown(3), shown([1, "b"]), shown(None)
    ('a', 'True', '3', '[1, "b"]', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):
        return "..."


def texts(value: object) -> dict[str, str]:
    """Return the tags of an object or of a list of pairs, as text; a tag without a value is none.

    Relay: tags are an object or a list of pairs, their values primitive; of doubled keys the first wins.

    >>> texts([["graph", "g1"], ["rows", 3], ["graph", "g2"], ["bad"]])
    {'graph': 'g1', 'rows': '3'}
    """
    pairs: Any = value.items() if isinstance(value, dict) else listing(value)
    read: dict[str, str] = {}
    for pair in pairs:
        if isinstance(pair, dict):
            pair = (pair.get("key"), pair.get("value"))
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            continue
        key, content = text(pair[0]), pair[1]
        if key is not None and isinstance(content, str | bool | int | float):
            read.setdefault(key, str(content))
    return read


def number(value: object) -> float | None:
    """Return *value* where it is a finite number, as float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def truth(value: object) -> bool | None:
    """Return *value* where it is a boolean."""
    return value if isinstance(value, bool) else None


def identifier(value: object) -> str | None:
    """Return an id as Sentry stores it: lower case, no hyphens. Other text stays, other types are ``None``.

    >>> identifier("5A3C0F5E-1B2D-4E6F-8A9B-0C1D2E3F4A5B")
    '5a3c0f5e1b2d4e6f8a9b0c1d2e3f4a5b'
    >>> identifier("mine"), identifier(7)
    ('mine', None)
    """
    if not isinstance(value, str):
        return None
    if value.islower() and value.isalnum():
        return value
    plain = value.strip().lower().replace("-", "")
    return (plain if _HEX.fullmatch(plain) else value) or None


def seconds(value: object) -> float | None:
    """Return a timestamp, a number or ISO 8601 text, as seconds since 1970.

    Relay: RFC 3339 text, naive text (which is UTC) or a number of seconds.
    """
    if isinstance(value, str):
        read = _moment_of_text(value)
        return None if read is None else (read - _EPOCH).total_seconds()
    return number(value)


def moment(value: object) -> datetime | None:
    """Return a timestamp, a number or ISO 8601 text, as an aware datetime in UTC.

    >>> moment(0), moment("1970-01-01T01:00:00+01:00")
    (datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))
    """  # noqa: E501
    if isinstance(value, str):
        return _moment_of_text(value)
    since = number(value)
    if since is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=round(since * 1_000_000))
    except OverflowError:
        return None


def _moment_of_text(value: str) -> datetime | None:
    # The shape that sentry-sdk writes is read without the pattern: there is one in every span.
    candidate = f"{value[:-1]}+00:00" if value[-1:] == "Z" else value
    try:
        read = _from_iso(candidate)
    except ValueError:
        read = None
    try:
        if read is None or read.tzinfo is None:
            read = _from_iso(_normalised(value))
        return read.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _normalised(value: str) -> str:
    # Python 3.10 reads three or six digits of a second, and an offset with its colon, only.
    match = _ISO.fullmatch(value.strip())
    if match is None:
        raise ValueError(value)
    day, minute, second, fraction, _, hours, minutes = match.groups()
    micros = f"{fraction or ''}000000"[:6]
    return f"{day}T{minute or '00:00'}:{second or '00'}.{micros}{hours or '+00'}:{minutes or '00'}"
