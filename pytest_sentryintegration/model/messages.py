"""The level and the message of an event as Sentry shows them; a security report's message is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pytest_sentryintegration.model.reading import mapping, shown, text

__all__ = ["event_level", "event_message", "security_message"]

_CONVERSION = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?(?P<spec>[-+ #0]*\d{0,2}(?:\.\d{1,2})?)(?P<kind>[diouxXeEfFgGcrsa%])"
)
_BRACES = re.compile(r"\{(?P<key>[^{}:!]{0,80})(?:![rsa])?(?::[^{}]{0,20})?\}")


def event_level(payload: dict[str, Any]) -> str:
    """Return the level of an event: of a number of Python's logging its name, ``error`` for none.

    >>> event_level({"level": 40}), event_level({"level": "warn"}), event_level({})
    ('error', 'warn', 'error')
    """
    level = payload.get("level")
    if isinstance(level, int) and not isinstance(level, bool) and level in _NUMBERED_LEVELS:
        return _NUMBERED_LEVELS[level]
    return text(level) or "error"


_NUMBERED_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "fatal"}


def event_message(payload: dict[str, Any]) -> str | None:
    """Return the message of an event, formatted: ``None`` where it has none.

    Relay: ``message`` is text or a log entry; ``logentry`` has ``formatted``, or ``message`` with ``params``
    in Python's ``%`` or ``{}`` notation.

    >>> event_message({"logentry": {"message": "%s failed", "params": ["q"]}})
    'q failed'
    """
    plain = text(payload.get("message"))
    if plain and not mapping(payload.get("sentry.interfaces.Message")):
        return plain
    for name in ("logentry", "sentry.interfaces.Message", "message"):
        entry = mapping(payload.get(name))
        formatted = text(entry.get("formatted"))
        if formatted:
            return formatted
        template = text(entry.get("message"))
        if template:
            return formatted_message(template, entry.get("params"))
        plain = text(payload.get(name)) or plain
    return plain or None


def formatted_message(template: str, params: object) -> str:
    """Return *template* with *params* put in; what does not fit stays as it is.

    Widths of three digits and more are not followed: they would let a sender ask for any amount of memory.

    >>> formatted_message("%s has %05.1f %%", ["cpu", 7])
    'cpu has 007.0 %'
    >>> formatted_message("{} by {name}", {"name": "bob"})
    '{} by bob'
    """
    if not isinstance(params, list | dict) or not params:
        return template
    left: Iterator[Any] = iter(params if isinstance(params, list) else ())

    def find(key: str | None) -> tuple[bool, Any]:
        if isinstance(params, dict):
            return (True, params[key]) if key in params else (False, None)
        if key:
            if not key.isdecimal() or len(key) > 3:
                return False, None
            position = int(key)
            return (True, params[position]) if position < len(params) else (False, None)
        try:
            return True, next(left)
        except StopIteration:
            return False, None

    def put(match: re.Match[str]) -> str:
        groups = match.groupdict()
        kind = groups.get("kind")
        if kind == "%":
            return "%"
        found, value = find(groups["key"])
        if not found:
            return match.group()
        if kind is not None and isinstance(value, int | float) and kind not in "sra":
            try:
                return str(f"%{groups['spec']}{kind}" % value)
            except (TypeError, ValueError, OverflowError):
                pass
        return "None" if value is None else str(shown(value))

    pattern = _CONVERSION if _CONVERSION.search(template) else _BRACES
    return pattern.sub(put, template)


def security_message(payload: dict[str, Any]) -> str:
    """Return the message that Sentry gives a browser's security report.

    >>> security_message({"csp-report": {"violated-directive": "img-src x.com", "blocked-uri": "http://a.b/c.png"}})
    "Blocked 'img-src' from 'a.b'"
    """
    if "csp-report" in payload or payload.get("type") == "csp-violation":
        report = mapping(payload.get("csp-report")) or mapping(payload.get("body"))
        directive = _first(report, "effective-directive", "effectiveDirective", "violated-directive")
        blocked = _first(report, "blocked-uri", "blockedURL")
        return f"Blocked {(directive.split() or ['?'])[0]!r} from {_host(blocked)!r}"
    kind = next((name for name in ("expect-ct-report", "expect-staple-report") if name in payload), None)
    if kind is not None:
        hostname = _first(mapping(payload.get(kind)), "hostname")
        return f"{'Expect-CT' if kind == 'expect-ct-report' else 'Expect-Staple'} failed for {hostname!r}"
    if "known-pins" in payload:
        return f"Public key pinning validation failed for {_first(payload, 'hostname')!r}"
    return "Security report"


def _first(report: dict[str, Any], *names: str) -> str:
    return next((found for found in (text(report.get(name)) for name in names) if found), "")


def _host(blocked: str) -> str:
    if blocked in ("", "self", "'self'"):
        return "self"
    try:
        return urlsplit(blocked).hostname or blocked
    except ValueError:
        return blocked
