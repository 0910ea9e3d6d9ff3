"""Crash reports of Unreal Engine: a compressed container of files, one of which says what happened, in XML.

Relay reads them with the crate ``symbolic-unreal`` (``container.rs``, ``context.rs``), long after it has
answered, so nothing here is an HTTP error. Relay: ``relay-server/src/utils/unreal.rs``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from xml.parsers import expat

from pytest_sentryintegration.wire import strict_json

__all__ = ["Context", "ReportError", "ReportFile", "read_context", "read_report", "take_event"]

_OCTETS = "application/octet-stream"
_BY_NAME = {
    "CrashReportClient.ini": ("event.attachment", _OCTETS),
    "CrashContext.runtime-xml": ("unreal.context", "text/xml"),
    "__sentry-event": ("event.payload", "application/x-msgpack"),
    "__sentry-breadcrumb1": ("event.breadcrumbs", "application/x-msgpack"),
    "__sentry-breadcrumb2": ("event.breadcrumbs", "application/x-msgpack"),
}
_BY_START = {
    b"MDMP": ("event.minidump", "application/x-dmp"),
    b"Incident Identifier:": ("event.applecrashreport", "text/plain"),
}
# In order of precedence: what Relay looks at first.
_KNOWN_NAMES = ("CrashReportClient.ini", "CrashContext.runtime-xml")
_SECTIONS = ("RuntimeProperties", "EngineData", "GameData")


class ReportError(ValueError):
    """A crash report of which Sentry keeps nothing."""

    def __init__(self, message: str, reason: str = "process_unreal") -> None:
        super().__init__(message)
        self.reason = reason
        """Why, in Relay's words: ``ProcessingError::to_outcome`` in ``services/processor.rs``."""


class ReportFile(NamedTuple):
    """One file of a report."""

    name: str
    content: bytes
    attachment_type: str
    content_type: str


@dataclass(slots=True)
class Context:
    """What the engine says of a crash."""

    properties: dict[str, str] = field(default_factory=dict)
    """``RuntimeProperties``: of the process and its machine; those that are empty are left out."""
    engine: dict[str, str] = field(default_factory=dict)
    """``EngineData``: of the graphics card, among others."""
    game: dict[str, str] = field(default_factory=dict)
    """``GameData``: whatever the game set; an event as JSON in ``__sentry``."""


def read_report(report: bytes, limit: int) -> list[ReportFile]:
    r"""Return the files of a report.

    Args:
        report: The body of the request, compressed by zlib.
        limit: How many bytes may come out; also bounds the memory that is used.

    Raises:
        ReportError: It is broken, or too large.

    >>> text = lambda text: struct.pack("<i", len(text)) + text
    >>> header = text(b"folder") + text(b"crash") + struct.pack("<ii", 0, 1)
    >>> file = struct.pack("<i", 0) + text(b"game.log\0") + text(b"hi")
    >>> read_report(zlib.compress(b"CR1" + header + file), 1000)[0][:3]
    ('game.log', b'hi', 'unreal.logs')
    """
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(report, limit + 1)
    except zlib.error:
        raise ReportError("bad compression", "invalid_compression") from None
    if len(data) > limit:
        raise ReportError("crash file contents are too large")
    if not stream.eof:
        raise ReportError("bad compression", "invalid_compression")
    reader = _Reader(data)
    if data.startswith(b"CR1"):
        reader.position = 3
        files = list(reader.files(reader.header()))
    else:
        # The older format has the right number of files in a second header at its end.
        if len(data) < 4:
            raise ReportError("bad compression", "invalid_compression")
        reader.header()
        files = list(reader.files(*struct.unpack_from("<i", data, len(data) - 4)))
        reader.header()
    if reader.position != len(data):
        raise ReportError("unexpected trailing data")
    return files


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def header(self) -> int:
        """Read over a header; return how many files there are, by its words."""
        self._text()
        self._text()
        self._number()
        return self._number()

    def files(self, count: int) -> Iterator[ReportFile]:
        """Yield so many files; each takes twelve bytes at least."""
        if not 0 <= count <= len(self._data) // 12:
            raise ReportError("invalid crash file contents")
        for _ in range(count):
            self._number()
            name = self._text()
            content = self._bytes()
            yield ReportFile(name, content, *_type_of(name, content))

    def _number(self) -> int:
        start, self.position = self.position, self.position + 4
        if self.position > len(self._data):
            raise ReportError("invalid crash file contents")
        return int.from_bytes(self._data[start : self.position], "little", signed=True)

    def _bytes(self) -> bytes:
        length = self._number()
        start, self.position = self.position, self.position + length
        if not start <= self.position <= len(self._data):
            raise ReportError("invalid crash file contents")
        return self._data[start : self.position]

    def _text(self) -> str:
        return self._bytes().decode("utf-8", "replace").rstrip("\0")


def _type_of(name: str, content: bytes) -> tuple[str, str]:
    """Return attachment type and content type of a file."""
    if name in _KNOWN_NAMES:
        return _BY_NAME[name]
    if name.endswith(".log"):
        return "unreal.logs", "text/plain"
    for start, types in _BY_START.items():
        if content.startswith(start):
            return types
    return _BY_NAME.get(name, ("event.attachment", _OCTETS))


def read_context(content: bytes) -> Context:
    """Return what ``CrashContext.runtime-xml`` says.

    Raises:
        ReportError: It is no XML, or declares entities, which the engine does not.

    >>> xml = b"<C><RuntimeProperties><UserName>joe</UserName><GameName/></RuntimeProperties></C>"
    >>> read_context(xml).properties
    {'UserName': 'joe'}
    """
    found: dict[str, dict[str, str]] = {}
    path: list[str] = []
    pieces: list[str] = []

    def opened(name: str, attributes: object) -> None:
        path.append(name)
        if len(path) == 2 and name in _SECTIONS:
            found.setdefault(name, {})
        if len(path) == 3:
            pieces.clear()

    def closed(name: str) -> None:
        if len(path) == 3 and path[1] in _SECTIONS:
            found[path[1]][name] = "".join(pieces)
        path.pop()

    def written(text: str) -> None:
        if len(path) == 3:
            pieces.append(text)

    def declared(*_: object) -> None:
        raise ReportError("invalid xml: it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = written
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, ReportError):
            raise
        raise ReportError(f"invalid xml: {error}") from None
    properties, engine, game = (found.get(section, {}) for section in _SECTIONS)
    return Context({name: value for name, value in properties.items() if value}, engine, game)


def take_event(context: Context) -> dict[str, Any] | None:
    """Take the event that the game sent out of its data; ``None`` where there is none.

    Raises:
        ReportError: It is no JSON object.

    >>> take_event(Context(game={"__sentry": '{"release":"a@1"}'}))
    {'release': 'a@1'}
    """
    sent = context.game.pop("__sentry", "")
    if not sent:
        return None
    try:
        event = strict_json.loads(sent)
    except strict_json.StrictJSONError as error:
        raise ReportError(f"the event in its game data is no JSON: {error}", "invalid_json") from None
    if not isinstance(event, dict):
        raise ReportError("the event in its game data is no JSON object")
    return event
