"""Uploads that come in pieces, until they are complete."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["Uploads"]

_MOST = 100
"""How many may be incomplete: of more, those that began first are forgotten."""


@dataclass(slots=True)
class _Upload:
    length: int
    received: bytearray = field(default_factory=bytearray)


class Uploads:
    """The uploads that are not complete yet. Every method may be called from any thread.

    >>> uploads = Uploads()
    >>> upload_id = uploads.start(length=5)
    >>> uploads.append(upload_id, 0, b"he"), uploads.append(upload_id, 2, b"llo")
    (None, b'hello')
    """

    def __init__(self) -> None:
        self._incomplete: dict[str, _Upload] = {}
        self._lock = reentrant_lock()

    def start(self, length: int) -> str:
        """Begin an upload of so many bytes; return its id."""
        upload_id = uuid.uuid4().hex
        with self._lock:
            self._incomplete[upload_id] = _Upload(length)
            while len(self._incomplete) > _MOST:
                del self._incomplete[next(iter(self._incomplete))]
        return upload_id

    def append(self, upload_id: str, offset: int, chunk: bytes) -> bytes | None:
        """Add a piece; return all bytes once they are complete, ``None`` before.

        Raises:
            Refusal: 409, it does not begin where the last piece ended, or nothing is missing any more.
        """
        with self._lock:
            upload = self._incomplete.get(upload_id)
            if upload is None:
                raise Refusal(409, "upload error: upload already completed", ("upload already completed",))
            if offset != len(upload.received):
                cause = f"invalid Upload-Offset {offset}, expected {len(upload.received)}"
                raise Refusal(409, f"upload error: {cause}", (cause,))
            upload.received += chunk
            if len(upload.received) < upload.length:
                return None
            del self._incomplete[upload_id]
            return bytes(upload.received)
