"""Values without what differs from run to run and from machine to machine: ids, times, paths, hosts, ..."""

from __future__ import annotations

import functools
import math
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from pytest_sentryintegration.model.reading import identifier

__all__ = ["Masks"]

_DEPTH = 40
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|[+-]\d\d:?\d\d))?"
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}"
_ADDRESS = r"0x[0-9a-fA-F]{6,16}"
_LOCAL = r"(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\])(?::\d{1,5})?"
_IP = r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?"
_VERSION = r"v?\d+\.\d+\.\d+(?:[-+.]?(?:[0-9]|[a-z]+\d|dev|post|rc|alpha|beta)[0-9A-Za-z.]*)*"
_ROOTS = r"/(?:home|Users|root|tmp|var|private|usr|opt|builds|mnt|srv)|[A-Za-z]:"
_PART = r"[^\s'\"<>|:*?()\[\],;\\/]*"

_SHORT_ID = re.compile(r"\b[0-9a-fA-F]{16}\b")
_NAMES = {
    "time": "<time>",
    "address": "<address>",
    "host": "<host>",
    "version": "<version>",
    "path": "<path>/",
}

# Where the sender says what machine, process or build it is.
_MACHINE = re.compile(
    r"(?:sentry\.|thread\.|process\.|code\.|host\.|os\.|device\.|server\.address$|telemetry\.|profiler|sys\.argv$)"
    r"|(?:^|.*[._-])(?:port|pid|hostname|server_name|build|version|release|dist)$"
)


class Masks:
    """Masks values, and gives the ids in them numbers in order of appearance: the same id, the same name.

    >>> masks = Masks()
    >>> masks.id("trace", "5a3c0f5e1b2d4e6f8a9b0c1d2e3f4a5b")
    'trace-1'
    >>> masks.text("in 5a3c0f5e1b2d4e6f8a9b0c1d2e3f4a5b at 2024-05-06T07:08:09Z of 127.0.0.1:8000")
    'in trace-1 at <time> of <host>'
    """

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pattern = _pattern()

    def id(self, kind: str, value: str | None) -> str | None:
        """Return the name of an id, such as ``span-2``; ``None`` for none."""
        if not value:
            return None
        key = identifier(value) or value
        if key not in self._ids:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._ids[key] = f"{kind}-{self._counts[kind]}"
        return self._ids[key]

    def text(self, value: str) -> str:
        """Return text with the parts masked that vary."""
        value = self._pattern.sub(self._named, value)
        if self._ids:
            value = _SHORT_ID.sub(lambda match: self._ids.get(match.group().lower(), match.group()), value)
        return value.encode("utf-8", "backslashreplace").decode("utf-8")

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return any JSON value masked, with its keys in order, without what says which machine it was."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, dict | list) and depth == _DEPTH:
            return "..."
        if isinstance(value, dict):
            kept = (key for key in sorted(value) if not _MACHINE.match(key))
            return {self.text(key): self.value(value[key], depth + 1) for key in kept}
        if isinstance(value, list | tuple):
            return [self.value(element, depth + 1) for element in value]
        return value

    def filled(self, **fields: Any) -> dict[str, Any]:
        """Return the fields that are not empty, masked, in the order in which they are given."""
        masked = {name: self.value(value) for name, value in fields.items()}
        return {name: value for name, value in masked.items() if value not in (None, "", {}, [])}

    def _named(self, match: re.Match[str]) -> str:
        kind = str(match.lastgroup)
        if kind == "id":
            return self.id("id", match.group()) or ""
        return _NAMES[kind]


@functools.lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    places = {str(Path.cwd()), str(Path.home()), tempfile.gettempdir(), sys.prefix, sys.base_prefix}
    roots = "|".join(
        [*sorted((re.escape(place) for place in places if len(place) > 3), reverse=True), _ROOTS]
    )
    own = platform.node()
    host = rf"\b{re.escape(own)}\b|" if len(own) > 3 else ""
    return re.compile(
        rf"(?P<time>\b{_TIME})|(?P<id>\b(?:{_UUID})\b)|(?P<address>\b{_ADDRESS}\b)"
        rf"|(?P<host>{host}(?<![\w.]){_LOCAL}|(?<![\w.]){_IP}(?![\w.]))"
        rf"|(?P<version>(?<![\w.]){_VERSION}(?!\w))"
        rf"|(?P<path>(?<![\w/.:\\])(?:{roots})[\\/](?:{_PART}[\\/])*)"
    )
