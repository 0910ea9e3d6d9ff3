"""Files that were sent along: their names, their bytes and what these mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.model.items import UnreadablePayload, parsed
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.parts import Part
from pytest_sentryintegration.model.reading import text
from pytest_sentryintegration.wire.uploads import is_reference

__all__ = ["SentFile"]


@dataclass(frozen=True, eq=False, repr=False)
class SentFile(Part):
    """What an `Attachment` is without the event that it belongs to."""

    @property
    def raw(self) -> bytes:
        """Its bytes, the same as `payload`."""
        return self.payload

    @property
    def filename(self) -> str:
        """Its name, ``""`` where it has none."""
        return text(self.item.headers.get("filename")) or ""

    @property
    def content_type(self) -> str | None:
        """What kind of file it is, as sent."""
        header = text(self.item.headers.get("content_type"))
        return text(self.item._fields.get("content_type")) if is_reference(header) else header

    @property
    def attachment_type(self) -> str:
        """What Sentry does with it. Relay: ``event.attachment`` where none was sent."""
        return text(self.item.headers.get("attachment_type")) or "event.attachment"

    @lazy
    def payload(self) -> bytes:
        """Its bytes: those that were uploaded where it only refers to them, and they came."""
        if is_reference(text(self.item.headers.get("content_type"))):
            path = (text(self.item._fields.get("location")) or "").partition("?")[0]
            return self.envelope.uploads.get(path, self.item.payload)
        return self.item.payload

    @property
    def text(self) -> str:
        """Its bytes as UTF-8; what is not UTF-8 is shown as U+FFFD."""
        return self.payload.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """Its bytes as JSON.

        Raises:
            UnreadablePayload: They are not JSON.
        """
        value, problem = self._parsed
        if problem is not None:
            raise UnreadablePayload(f"attachment {self.filename!r}: {problem}")
        return value

    @lazy
    def _parsed(self) -> tuple[Any, str | None]:
        return parsed(self.payload)

    def __repr__(self) -> str:
        return f"<Attachment {self.filename!r} {self.content_type} {len(self.payload)} bytes>"
