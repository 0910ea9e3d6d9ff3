r"""The envelope: one request body of headers and items, framed exactly as Relay frames it.

Relay reads headers with a streaming JSON parser instead of splitting lines, so blank lines before a header
and headers over several lines are legal, while a space or ``\r`` after one is not.

Relay: ``relay-server/src/envelope/mod.rs`` and ``item.rs``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.dsn import Dsn
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.wire.strict_json import StrictJSONError

__all__ = [
    "MAX_ITEMS",
    "RawEnvelope",
    "RawItem",
    "is_timestamp",
    "parse_envelope",
    "parse_event_id",
    "serialize_envelope",
]

MAX_ITEMS = 500
"""How many items an envelope may have. Relay: ``MAX_ENVELOPE_ITEMS``."""


@dataclass(frozen=True, slots=True)
class RawItem:
    """One item as it was sent: its headers, and its payload undecoded."""

    headers: dict[str, Any]
    payload: bytes

    @property
    def type(self) -> str:
        """The item type, such as ``event``, ``transaction``, ``attachment``; any text."""
        return cast(str, self.headers["type"])


@dataclass(frozen=True, slots=True)
class RawEnvelope:
    """One envelope as it was sent."""

    headers: dict[str, Any]
    items: tuple[RawItem, ...]


def parse_envelope(data: bytes) -> RawEnvelope:
    r"""Take an envelope apart.

    Args:
        data: The decoded body of a request.

    Raises:
        Refusal: 400 ``invalid event envelope``, with Relay's cause.

    >>> parse_envelope(b'{}\n{"type":"session","length":2}\n{}\n')
    RawEnvelope(headers={}, items=(RawItem(headers={'type': 'session', 'length': 2}, payload=b'{}'),))
    """
    headers, position = _read_header(data, 0, "missing envelope header", "invalid envelope header")
    _check_envelope_headers(headers)
    end = len(data)
    items: list[RawItem] = []
    while position < end:
        header, start = _read_header(data, position, "unexpected end of file", "invalid item header")
        doubled = header.doubled if type(header) is strict_json.Doubled else ()
        item_type = header.get("type")
        if type(item_type) is not str:
            what = "missing field `type`" if item_type is None else "invalid type, expected a string"
            raise _invalid("invalid item header", what)
        if "type" in doubled:
            raise _invalid("invalid item header", "duplicate field `type`")
        if "length" in header:
            length = header["length"]
            if type(length) is not int or not 0 <= length < 2**64:
                raise _invalid("invalid item header", f"invalid length {length!r:.40}, expected usize")
            stop = start + length
            if stop > end:
                raise _invalid("unexpected end of file")
            if stop < end and data[stop] != 10:
                raise _invalid("missing newline after header or payload")
        else:
            stop = data.find(b"\n", start)
            if stop < 0:
                stop = end
        header["type"] = _NAMES.get(item_type, item_type)
        items.append(RawItem(dict(header) if doubled else header, data[start:stop]))
        if len(items) > MAX_ITEMS:
            raise _invalid("too many individual items")
        position = stop + 1
    return RawEnvelope(headers, tuple(items))


def serialize_envelope(envelope: RawEnvelope) -> bytes:
    r"""Return *envelope* as bytes that `parse_envelope` reads back equal.

    A ``length`` that does not fit the payload, or is missing where the payload needs one, is put right.

    >>> serialize_envelope(RawEnvelope({}, (RawItem({"type": "log"}, b"a\nb"),)))
    b'{}\n{"type":"log","length":3}\na\nb\n'
    """
    lines = [_dump(envelope.headers)]
    for item in envelope.items:
        headers = item.headers
        if b"\n" in item.payload or "length" in headers:
            headers = {**headers, "length": len(item.payload)}
        lines.append(_dump(headers))
        lines.append(item.payload)
    lines.append(b"")
    return b"\n".join(lines)


_dump_text = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _dump(headers: dict[str, Any]) -> bytes:
    return _dump_text(headers).encode()


# The decoder makes a new string for each key; thousands of envelopes are kept, and share these.
_NAMES = {
    name: name
    for name in (
        *("dsn", "event_id", "sdk", "sent_at", "trace"),
        *("attachment_type", "content_type", "filename", "item_count", "length", "name", "platform", "type"),
        *("environment", "org_id", "public_key", "release", "replay_id", "sample_rand", "sample_rate"),
        *("sampled", "trace_id", "transaction", "user_id", "version"),
        *("attachment", "check_in", "client_report", "event", "feedback", "log", "profile", "session"),
        *("sessions", "span", "statsd", "trace_metric"),
    )
}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = {_NAMES.get(key, key): value for key, value in pairs}
    if len(members) == len(pairs):
        return members
    return strict_json.marked(pairs)


# Reads one value and says where it ended.
_scan = strict_json.decoder(_object).raw_decode
_SPACE = re.compile(rb"[ \t\r\n]*")
# A string that is never closed is one token too; else each quote inside it would be tried as a start.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)


def _read_header(data: bytes, position: int, missing: str, invalid: str) -> tuple[dict[str, Any], int]:
    """Read the header that begins at or after *position*; return it and where its payload begins."""
    if data[position : position + 1] != b"{":
        position = cast("re.Match[bytes]", _SPACE.match(data, position)).end()
        if position == len(data):
            raise _invalid(missing)
    newline = data.find(b"\n", position)
    try:
        text = str(data[position:newline] if newline >= 0 else data[position:], "utf-8")
        value, stop = _scan(text)
        whole = stop == len(text)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        # Not the common one header on one line: find where the JSON ends, and read just that.
        newline = _json_end(data, position)
        try:
            text = str(data[position:newline], "utf-8")
            value, stop = _scan(text)
        except (ValueError, RecursionError) as error:
            raise _invalid(invalid, str(error)) from None
        if newline < len(data) and data[newline] != 10:
            raise _invalid("missing newline after header or payload")
    if not isinstance(value, dict):
        raise _invalid(invalid, "invalid type, expected a map")
    try:
        strict_json.check(text, value)
    except StrictJSONError as error:
        raise _invalid(invalid, str(error)) from None
    return value, newline + 1 if 0 <= newline < len(data) else len(data)


def _json_end(data: bytes, position: int) -> int:
    """Return where the object or array at *position* ends, or the end of *data*."""
    if data[position : position + 1] not in (b"{", b"["):
        newline = data.find(b"\n", position)
        return newline if newline >= 0 else len(data)
    depth = 0
    for token in _TOKEN.finditer(data, position):
        character = token[0]
        if character in (b"{", b"["):
            depth += 1
            if depth > strict_json.MAX_DEPTH:
                # Too deep, so refused anyway; the rest need not be read.
                return token.end()
        elif character in (b"}", b"]"):
            depth -= 1
            if depth <= 0:
                return token.end()
    return len(data)


def _invalid(*causes: str) -> Refusal:
    return Refusal(400, "invalid event envelope", causes)


_PLAIN_ID = re.compile(r"[0-9a-f]{32}")
_UUID = re.compile(
    r"(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}"
    r"|\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}",
    re.ASCII | re.IGNORECASE,
)
# What chrono reads as a date and time: RFC 3339, relaxed.
_TIMESTAMP = re.compile(
    r"[+-]?(\d{4,6})-(\d{1,2})-(\d{1,2})(?:\s*[Tt]\s*|\s+)"
    r"(?:[01]?\d|2[0-3]):[0-5]?\d:(?:[0-5]?\d|60)(?:\.\d+)?\s*([Zz]|UTC|[+-]\s*\d\d\s*:?\s*\d\d)",
    re.ASCII,
)


def parse_event_id(value: object) -> str | None:
    """Return an event id as 32 lower-case digits, or ``None`` where *value* is none.

    Relay: any spelling of a UUID.

    >>> parse_event_id("9EC79C33-EC99-42AB-8353-589FCB2E04DC")
    '9ec79c33ec9942ab8353589fcb2e04dc'
    """
    if not isinstance(value, str):
        return None
    if _PLAIN_ID.fullmatch(value):  # as the SDKs spell it
        return value
    if not _UUID.fullmatch(value):
        return None
    return value.removeprefix("urn:uuid:").strip("{}").replace("-", "").lower()


def _is_dsn(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        Dsn.parse(value)
    except ValueError:
        return False
    return True


def is_timestamp(value: object) -> bool:
    """Whether *value* is a time as Relay's structs read one: RFC 3339, a little relaxed.

    >>> is_timestamp("2026-03-01T12:00:00Z"), is_timestamp("2026-03-01"), is_timestamp(0)
    (True, False, False)
    """
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) and len(value) <= 100 else None
    if match is None:
        return False
    year, month, day = map(int, match.groups()[:3])
    try:
        date(2000 + year % 400, month, day)
    except ValueError:
        return False
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# Which headers Relay knows, what each has to be, and whether null is as good as absent.
_KNOWN: dict[str, tuple[Callable[[Any], bool], bool]] = {
    "event_id": (lambda value: parse_event_id(value) is not None, True),
    "dsn": (_is_dsn, True),
    "sent_at": (is_timestamp, True),
    "trace": (lambda value: True, True),
    "client": (_is_text, True),
    "version": (lambda value: type(value) is int and 0 <= value < 2**16, False),
    "origin": (_is_text, True),
    "remote_addr": (_is_text, True),
    "forwarded_for": (_is_text, False),
    "user_agent": (_is_text, True),
    "no_cache": (lambda value: isinstance(value, bool), False),
    "required_features": (lambda value: isinstance(value, list), False),
}


def _check_envelope_headers(headers: dict[str, Any]) -> None:
    if type(headers) is strict_json.Doubled:
        for name in sorted(headers.doubled & _KNOWN.keys()):
            raise _invalid("invalid envelope header", f"duplicate field `{name}`")
    for name, value in headers.items():
        known = _KNOWN.get(name)
        if known is not None and not (known[0](value) if value is not None else known[1]):
            raise _invalid("invalid envelope header", f"invalid value for `{name}`: {value!r:.80}")
