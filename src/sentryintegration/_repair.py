"""What Sentry would refuse, null or drop, made acceptable before it is sent.

Every function returns something that Relay keeps, for any argument whatever, and writes one log record
for each thing that it had to change. Knows nothing of ``sentry_sdk``.
"""

from __future__ import annotations

import itertools
import math
import re
import reprlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sentryintegration._guard import repaired, shown

MESSAGE_LIMIT = 8192
NAME_LIMIT = 200
OP_LIMIT = 128
DESCRIPTION_LIMIT = 8192
TAG_LIMIT = 200
TAGS_LIMIT = 200
DATA_ROOM = 16_384
EMPTY = "(empty)"

LINE_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
TAG_KEY = re.compile(r"[a-zA-Z0-9_.:-]{1,200}\Z")
NOT_IN_TAG_KEY = re.compile(r"[^a-zA-Z0-9_.:-]")
NOT_IN_DIST = re.compile(r"[^a-zA-Z0-9_.-]")
TRACE_ID = re.compile(r"[0-9a-fA-F]{32}\Z")
SPAN_ID = re.compile(r"[0-9a-fA-F]{16}\Z")

# Relay: an event has these as fields, and loses tags of the same name.
FIELDS = frozenset({"release", "environment", "dist"})
LOST_TAGS = frozenset({"user", "filename", "function", "device.class"})

BRIEF = reprlib.Repr()
BRIEF.maxdict = BRIEF.maxlist = BRIEF.maxtuple = BRIEF.maxset = BRIEF.maxfrozenset = BRIEF.maxdeque = 50
BRIEF.maxstring = BRIEF.maxother = BRIEF.maxlong = 1000


class Tags(NamedTuple):
    """The tags of one call, and the event fields that were written as tags."""

    tags: dict[str, str]
    fields: dict[str, str]


def text(value: object, limit: int = MESSAGE_LIMIT) -> str:
    r"""Return *value* as text that JSON and Relay take, at most *limit* characters long.

    A lone surrogate is written out, since Relay refuses an envelope that holds one.

    >>> text("\ud800"), text(b"caf\xc3\xa9"), text(3), text("x" * 9, 5)
    ('\\ud800', 'café', '3', 'xx...')
    """
    if type(value) is str and len(value) <= limit and value.isascii():
        return value
    if isinstance(value, str):
        result = str.__str__(value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        result = _rendered(lambda raw: bytes(raw[: limit * 4 + 4]).decode("utf-8", "replace"), value)
    elif isinstance(value, (dict, list, tuple, set, frozenset)):
        result = _rendered(BRIEF.repr, value)
    else:
        result = _rendered(str, value)
    if len(result) > limit:
        result = result[: limit - 3] + "..."
    if not result.isascii():
        try:
            result.encode()
        except UnicodeEncodeError:
            result = result.encode("utf-8", "backslashreplace").decode()
            result = result if len(result) <= limit else result[: limit - 3] + "..."
    return result


def line(value: object, limit: int) -> str:
    """Return *value* as one line of text without blanks around it, at most *limit* characters long."""
    if type(value) is str and len(value) <= limit:
        known = _known_line(value) if len(value) <= 64 else _plain_line(value)
        if known is not None:
            return known
    result = text(value, limit * 2 + 100)
    if not result.isprintable():
        result = LINE_BREAKS.sub(" ", result)
    result = result.strip()
    return result if len(result) <= limit else result[: limit - 3] + "..."


def _plain_line(value: str) -> str | None:
    return value.strip() if value.isascii() and value.isprintable() else None


# The names and ops of an application are few.
_known_line = lru_cache(maxsize=256)(_plain_line)


def message(value: object) -> str:
    """Return the text of a message: ``"(empty)"`` if there is none, since Relay drops empty messages."""
    result = text(value, MESSAGE_LIMIT)
    return result if result.strip() else EMPTY


def tag_key(key: object) -> str:
    """Return the legal tag key nearest to *key*.

    >>> tag_key("spec desc"), tag_key("user"), tag_key("größe")
    ('spec-desc', 'tag.user', 'gr__e')
    """
    if type(key) is str and TAG_KEY.match(key) and key not in LOST_TAGS:
        return key
    result = NOT_IN_TAG_KEY.sub("_", re.sub(r"\s", "-", line(key, TAG_LIMIT)))[:TAG_LIMIT] or "tag"
    if result in LOST_TAGS:
        result = f"tag.{result}"
    if type(key) is not str or result != key:
        repaired("tag key %s is not one that Sentry keeps, sent as %r", shown(key), result)
    return result


def tag_value(value: object) -> str:
    r"""Return *value* as the value of a tag: one line, at most 200 characters, never empty.

    >>> tag_value("a\nb"), tag_value(3.5), tag_value(None), tag_value("")
    ('a b', '3.5', 'None', '(empty)')
    """
    return line(value, TAG_LIMIT) or EMPTY


def tags(given: object) -> Tags:
    """Read the ``tags=`` of a call: a mapping, or pairs.

    >>> tags([("url", "/cart"), ("release", "1.2")])
    Tags(tags={'url': '/cart'}, fields={'release': '1.2'})
    """
    found = Tags({}, {})
    made: set[str] = set()
    if given is None:
        return found
    for key, value in _pairs(given, "tags"):
        if len(found.tags) == TAGS_LIMIT:
            repaired("more than %d tags in one call, the rest is left out", TAGS_LIMIT)
            break
        if isinstance(key, str) and key in FIELDS:
            valid = field(key, value)
            if valid is not None:
                found.fields[key] = valid
            continue
        legal = tag_key(key)
        changed = type(key) is not str or legal != key
        if legal in found.tags and (changed or legal in made):
            legal = next(name for n in itertools.count(2) if (name := f"{legal[:190]}-{n}") not in found.tags)
        if changed:
            made.add(legal)
        found.tags[legal] = tag_value(value)
    return found


def field(name: str, value: object) -> str | None:
    """Return a valid release, environment or dist, or ``None`` where nothing can be made of *value*.

    Relay nulls a release over 200 bytes, an environment over 64 and a dist over 64, those with slashes or
    control characters (of a dist, all but ``[a-zA-Z0-9_.-]``), ``.``, ``..``, ``latest`` and ``none``.

    >>> field("release", "app/1.2"), field("environment", "none"), field("dist", "42")
    ('app-1.2', 'environment-none', '42')
    """
    if value is None:
        return None
    result = text(value, 1000).strip()
    if name == "dist":
        result = NOT_IN_DIST.sub("-", result)[:64]
    else:
        limit = 200 if name == "release" else 64
        result = CONTROLS.sub("-", re.sub(r"[/\\]", "-", result)).strip()
        reserved = ("latest", ".", "..") if name == "release" else ("none", ".", "..")
        if result.lower() in reserved:
            result = f"{name}-{result}"
        result = result.encode()[:limit].decode("utf-8", "ignore").strip()
    if not result:
        repaired("%s %s is empty and is left out", name, shown(value))
        return None
    if type(value) is not str or result != value:
        repaired("%s %s is not one that Sentry keeps, sent as %r", name, shown(value), result)
    return result


def trace_id(value: object) -> str | None:
    """Return a trace id as 32 lower-case hexadecimal digits, or ``None`` where *value* is none."""
    return _identifier(value, TRACE_ID, 32, "trace id")


def span_id(value: object) -> str | None:
    """Return a span id as 16 lower-case hexadecimal digits, or ``None`` where *value* is none."""
    return _identifier(value, SPAN_ID, 16, "span id")


def _identifier(value: object, pattern: re.Pattern[str], digits: int, what: str) -> str | None:
    if isinstance(value, uuid.UUID):
        value = value.hex[-digits:]
    if isinstance(value, str) and pattern.match(value) and value.strip("0"):
        return str.lower(value)
    near = re.sub(r"[^0-9a-f]", "", text(value, 200).lower())[:digits].rjust(digits, "0")
    near = near if near.strip("0") else near[:-1] + "1"
    repaired("malformed %s %s, a new trace starts; the nearest valid one is %r", what, shown(value), near)
    return None


def pairs_of_data(given: object) -> dict[str, Any]:
    """Read the ``data=`` of a call: a mapping, or pairs, with values that JSON holds."""
    if given is None:
        return {}
    pairs = itertools.islice(_pairs(given, "data"), TAGS_LIMIT)
    return {line(key, TAG_LIMIT) or EMPTY: data(value) for key, value in pairs}


def data(value: object) -> Any:
    """Return *value* as JSON data, bounded in depth and size; what JSON cannot hold becomes text.

    >>> data({"rows": 3, "rate": float("nan"), "at": {1, 2}})
    {'rows': 3, 'rate': 'nan', 'at': '{1, 2}'}
    """
    return _data(value, 5, [DATA_ROOM])


def _data(value: object, depth: int, room: list[int]) -> Any:
    """Return *value* as JSON data; *room* counts down the characters that are left for all of it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if depth and isinstance(value, dict):
        return {
            line(key, TAG_LIMIT) or EMPTY: _data(item, depth - 1, room)
            for key, item in itertools.islice(dict.items(value), 100)
            if _take(room, 8)
        }
    if depth and isinstance(value, (list, tuple)):
        items = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        return [_data(item, depth - 1, room) for item in itertools.islice(items, 100) if _take(room, 4)]
    result = text(value, max(16, min(MESSAGE_LIMIT, room[0])))
    _take(room, len(result))
    return result


def _take(room: list[int], size: int) -> bool:
    room[0] -= size
    return room[0] > 0


def seconds(value: object, default: float) -> float:
    """Return a timeout in seconds, between 0 and a day."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 86_400:
        return float(value)
    if isinstance(value, (int, float)) and value > 86_400:
        return 86_400.0
    repaired("timeout %s is no number of seconds, %s is used", shown(value), default)
    return default


def _pairs(given: object, what: str) -> Iterator[tuple[object, object]]:
    try:
        if isinstance(given, Mapping):
            items: Iterable[object] = list(given.items())
        elif isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise TypeError("neither a mapping nor pairs")
        else:
            items = itertools.islice(given, TAGS_LIMIT + 1)
        for item in items:
            if isinstance(item, (tuple, list)) and len(item) == 2:
                yield item[0], item[1]
            else:
                repaired("%s hold %s, which is no pair and is left out", what, shown(item))
    except Exception as error:
        repaired("%s=%s could not be read (%s) and are left out", what, shown(given), shown(error))


def _rendered(render: Any, value: object) -> str:
    try:
        return str.__str__(render(value))
    except Exception:
        return f"<unprintable {type(value).__name__}>"
