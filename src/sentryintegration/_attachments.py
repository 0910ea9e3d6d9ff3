"""The attachments of an event: files, bytes, texts and JSON."""

from __future__ import annotations

import itertools
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sentryintegration import _repair
from sentryintegration._guard import repaired, shown
from sentryintegration._internals import ATTACHMENTS, optional

_SDK_ATTACHMENT = optional("attachments.Attachment")

COUNT_LIMIT = 30
"""Above this count Relay refuses the whole envelope, and the event with it."""

SIZE_LIMIT = 20 * 2**20
"""Bytes of all attachments of an event together; the SDK keeps them in memory until they are sent."""

TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Attachment:
    """A file that goes with an event.

    >>> Attachment(b"...", filename="screen.png", content_type="image/png").filename
    'screen.png'
    """

    payload: Any
    """``bytes``, ``str``, a ``pathlib.Path``, or any value that JSON holds."""

    filename: str | None = None
    """As shown in Sentry; by default the path's name, or ``attachment-<n>`` with a fitting suffix."""

    content_type: str | None = None
    """The MIME type; by default it follows from the filename."""


Attachable: TypeAlias = "Attachment | Path | bytes | str | Mapping[str, Any] | tuple[str, Any] | Any"


def attachments(given: object) -> list[Any]:
    """Read the ``attachments=`` of a call; return the SDK's attachments, within the limits of an envelope."""
    if given is None or (type(given) is tuple and not given) or not ATTACHMENTS.usable:
        return []
    if isinstance(given, (str, bytes, bytearray, memoryview, os.PathLike, Mapping, Attachment)):
        repaired("attachments= was given %s alone, which is taken as the one attachment", shown(given))
        given = [given]
    made: list[Any] = []
    room = SIZE_LIMIT
    try:
        if not isinstance(given, Iterable):
            raise TypeError("not iterable")
        for number, item in enumerate(itertools.islice(given, COUNT_LIMIT + 1), 1):
            if number > COUNT_LIMIT:
                repaired("more than %d attachments, the rest is left out", COUNT_LIMIT)
                break
            attachment = _attachment(item, number, room)
            room -= len(attachment.bytes)
            made.append(attachment)
    except Exception as error:
        repaired("attachments=%s could not be read (%s)", shown(given), shown(error))
    return made


def _attachment(item: object, number: int, room: int) -> Any:
    filename: object = None
    content_type: object = None
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
        filename, item = item
    if isinstance(item, Attachment):
        filename = item.filename if item.filename is not None else filename
        content_type = item.content_type
        item = item.payload
    payload, suffix, name, kind = _read(item, room)
    if len(payload) > room:
        repaired("attachment %d is cut: an event carries %d bytes at most", number, SIZE_LIMIT)
        payload = payload[: max(room, 0)]
    filename = _repair.line(filename, 256) if filename is not None else name
    content_type = _repair.line(content_type, 128) if content_type is not None else kind
    return _SDK_ATTACHMENT(
        bytes=payload, filename=filename or f"attachment-{number}{suffix}", content_type=content_type or None
    )


def _read(item: object, room: int) -> tuple[bytes, str, str | None, str | None]:
    """Return the bytes of *item*, the suffix for its name, its own name, and its content type."""
    if isinstance(item, Path):
        name = _repair.line(item.name, 256) or None
        try:
            return _content(item, room), item.suffix, name, None
        except Exception as error:
            reason = f"{item} could not be read: {type(error).__name__}: {error}"
            repaired("attachment %s", reason)
            return _repair.text(reason).encode(), ".txt", name, TEXT
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item), ".bin", None, None
    if isinstance(item, str):
        if _names_a_file(item):
            repaired("attachment %s is sent as text: give pathlib.Path(...) to send the file", shown(item))
        return item.encode("utf-8", "backslashreplace"), ".txt", None, TEXT
    return _json(item).encode("utf-8", "backslashreplace"), ".json", None, "application/json"


def _names_a_file(text: str) -> bool:
    # Not on another machine (//host/share), which may take its time to answer.
    if len(text) > 1024 or text.startswith(("//", "\\\\")) or not text.isprintable():
        return False
    try:
        return os.path.isfile(text)
    except Exception:
        return False


def _content(path: Path, room: int) -> bytes:
    # A pipe or a device has no end, and opening one may wait for ever.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("not a regular file")
    with path.open("rb") as file:
        return file.read(room + 1)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_leaf)
    except Exception:
        return json.dumps(_tree(value, (), 50), ensure_ascii=False)


def _leaf(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return _repr(value)


def _tree(value: object, parents: tuple[int, ...], depth: int) -> Any:
    """Return *value* as JSON data: what JSON cannot hold, or too deep, as its ``repr``."""
    if value is None or type(value) in (str, bool, int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else repr(float(value))
    if depth and id(value) not in parents:
        inside = (*parents, id(value))
        if isinstance(value, dict):
            return {
                key if isinstance(key, str) else _repr(key): _tree(item, inside, depth - 1)
                for key, item in dict.items(value)
            }
        if isinstance(value, list):
            return [_tree(item, inside, depth - 1) for item in list.__iter__(value)]
        if isinstance(value, tuple):
            return [_tree(item, inside, depth - 1) for item in tuple.__iter__(value)]
    return _repr(value)


def _repr(value: object) -> str:
    try:
        return _repair.text(repr(value), 100_000)
    except Exception:
        return f"<unprintable {type(value).__name__}>"
