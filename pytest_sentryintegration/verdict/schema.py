"""What the fields of an item must be, as tables: how Relay reads JSON into its structs.

A check is given a value and where it stands, and returns the first place that is wrong. Relay: the crate
``serde``, with ``relay-common/src/macros.rs`` (ids and addresses are text) and
``relay-profiling/src/utils.rs`` (numbers that may be written as text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from pytest_sentryintegration.verdict.delivery import is_number, is_uint
from pytest_sentryintegration.verdict.ruling import Ruling, dropped
from pytest_sentryintegration.wire.envelope import is_timestamp, parse_event_id
from pytest_sentryintegration.wire.span_ids import is_span_id
from pytest_sentryintegration.wire.strict_json import Doubled

__all__ = [
    "ADDRESS",
    "DEBUG_ID",
    "IP_ADDRESS",
    "MOMENT",
    "NUMBER",
    "SPAN_ID",
    "TEXT",
    "TRACE_ID",
    "TRUTH",
    "UUID",
    "WRITTEN_NUMBER",
    "Check",
    "Wrong",
    "by_name",
    "known",
    "many",
    "misfit",
    "nullable",
    "one_of",
    "scalar",
    "struct",
    "uint",
    "written_uint",
]


class Wrong(NamedTuple):
    """A place where a value is missing or wrong."""

    path: str
    needed: str
    """What has to be there."""
    sent: Any
    """What is there."""


Check = Callable[[Any, str], "Wrong | None"]
"""Returns the first place that is wrong, of a value that stands at a path."""


def misfit(sent: Any, check: Check, what: str, reason: str = "profiling_invalid_json") -> Ruling | None:
    """Return the ruling that an item is lost for a field that is not what it must be.

    Args:
        sent: What its payload holds.
        check: What that must be.
        what: What is lost, for the sentence.
        reason: As Relay says it.
    """
    wrong = check(sent, "")
    if wrong is None:
        return None
    value = None if wrong.sent is _MISSING else wrong.sent
    place = f"{wrong.path!r} must be" if wrong.path else "the payload must be"
    return dropped(reason, value, f"{place} {wrong.needed}; {what} is lost.", wrong.path)


def scalar(needed: str, is_right: Callable[[Any], object]) -> Check:
    """Return the check of a value without parts."""
    return lambda value, path: None if is_right(value) else Wrong(path, needed, value)


def known(pattern: str) -> Callable[[Any], object]:
    """Return whether a value is text of that pattern."""
    fits = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and fits(value)


_WRITTEN = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|(?i:inf(inity)?|nan))", re.ASCII)


def _is_address(value: Any) -> bool:
    # Digits after 0x are hexadecimal; Rust takes one sign and no underscores.
    match = re.fullmatch(r"(0[xX])?\+?([0-9a-fA-F]+)", value) if isinstance(value, str) else None
    try:
        return match is not None and int(match[2], 16 if match[1] else 10) < 2**64
    except ValueError:
        return False


def _is_ip_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and (value == "{{auto}}" or "%" not in str(ip_address(value)))
    except ValueError:
        return False


def _is_written_number(value: Any) -> bool:
    if isinstance(value, str):
        return _WRITTEN.fullmatch(value) is not None
    return is_number(value)


TEXT = scalar("a text", lambda value: isinstance(value, str))
TRUTH = scalar("true or false", lambda value: isinstance(value, bool))
NUMBER = scalar("a number", is_number)
WRITTEN_NUMBER = scalar("a number, or a text that is one", _is_written_number)
UUID = scalar("a UUID", parse_event_id)
SPAN_ID = scalar("a span id of 16 hexadecimal digits", is_span_id)
TRACE_ID = scalar("a UUID that is not all zero", lambda value: parse_event_id(value) not in (None, "0" * 32))
MOMENT = scalar("a time such as 2026-03-01T12:00:00Z", is_timestamp)
ADDRESS = scalar("a text with an address, such as 0x7f00", _is_address)
IP_ADDRESS = scalar("an IP address, or {{auto}}", _is_ip_address)
_HEX = "[0-9a-fA-F]"
DEBUG_ID = scalar(
    # The crate debugid: a UUID with an appendix, of which 8 digits count, or 8 digits with one.
    "a debug id",
    known(
        rf"{_HEX}{{32}}({_HEX}{{1,7}}|{_HEX}{{8}}.*)?|{_HEX}{{8}}-{_HEX}{{1,8}}|{_HEX}{{9,16}}"
        rf"|{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}(-({_HEX}{{1,7}}|{_HEX}{{8}}.*))?"
    ),
)


def uint(bits: int) -> Check:
    """Return the check of a whole number from 0 that so many bits hold."""
    return scalar(f"a whole number from 0, of {bits} bits", lambda value: is_uint(value, bits))


def written_uint(bits: int = 64) -> Check:
    """Return the check of such a number, or of a text with its digits."""
    limit: int = 2**bits

    def is_right(value: Any) -> bool:
        if isinstance(value, str):
            return re.fullmatch(r"\+?[0-9]{1,400}", value) is not None and int(value) < limit
        return is_uint(value, bits)

    return scalar(f"a whole number from 0 of {bits} bits, or a text that is one", is_right)


def one_of(*names: str) -> Check:
    """Return the check of a text that is one of *names*."""
    return scalar(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names)


def nullable(check: Check) -> Check:
    """Return the check of a value that may be null too."""
    return lambda value, path: None if value is None else check(value, path)


def many(check: Check) -> Check:
    """Return the check of a list."""

    def every(value: Any, path: str) -> Wrong | None:
        if not isinstance(value, list):
            return Wrong(path, "a list", value)
        found = (check(one, f"{path}.{index}") for index, one in enumerate(value))
        return next(filter(None, found), None)

    return every


def by_name(check: Check) -> Check:
    """Return the check of an object whose members are all alike."""

    def every(value: Any, path: str) -> Wrong | None:
        if not isinstance(value, dict):
            return Wrong(path, "an object", value)
        found = (check(one, f"{path}.{name}") for name, one in value.items())
        return next(filter(None, found), None)

    return every


def struct(fields: Mapping[str, Check]) -> Check:
    """Return the check of an object with known fields; others do not matter.

    Args:
        fields: By name; one that may be missing ends with ``?``, and ``|`` stands between the names of one
            that has several. Of the names of a field one may be there, once.

    >>> check = struct({"id|event_id": UUID, "release?": TEXT})
    >>> check({"id": "a", "release": "1"}, "profile")
    Wrong(path='profile.id', needed='a UUID', sent='a')
    >>> check({"id": "a" * 32, "release": None}, "")
    Wrong(path='release', needed='a text', sent=None)
    """
    rows = [(name.rstrip("?").split("|"), name.endswith("?"), check) for name, check in fields.items()]

    def every(value: Any, path: str) -> Wrong | None:
        if not isinstance(value, dict):
            return Wrong(path, "an object", value)
        doubled = value.doubled if isinstance(value, Doubled) else frozenset()
        for names, optional, check in rows:
            sent = [name for name in names if name in value]
            at = ".".join(filter(None, (path, sent[0] if sent else names[0])))
            if len(sent) > 1 or doubled.intersection(sent):
                once = "there once" + (f", as {' or '.join(names)}" if len(names) > 1 else "")
                return Wrong(at, once, value[sent[0]])
            if not sent and optional:
                continue
            if wrong := check(value[sent[0]] if sent else _MISSING, at):
                return wrong
        return None

    return every


_MISSING = object()
