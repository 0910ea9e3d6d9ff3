"""Uploads that come in pieces, until they are complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.wire.limits import MAX_UPLOAD_SIZE

__all__ = [
    "COMPLETED",
    "EMPTIED",
    "FORGOTTEN",
    "MOST",
    "MOST_BYTES",
    "UNKNOWN",
    "UploadError",
    "Uploads",
    "ended",
    "misplaced",
]

MOST = 100
"""How many may be incomplete."""

MOST_BYTES = MAX_UPLOAD_SIZE
"""How many bytes of incomplete uploads are kept, all together: as many as one upload may have."""

_REMEMBERED = 1000
"""Of how many uploads it is remembered how they ended."""

COMPLETED = "upload already completed"
EMPTIED = "its inbox was cleared or closed before it was complete"
FORGOTTEN = f"it was forgotten: at most {MOST} uploads and {MOST_BYTES} bytes that are not complete are kept"
UNKNOWN = "this fake Sentry has not begun it, or long ago"
"""How uploads end, and what is said of one that is not known."""


class UploadError(Exception):
    """A piece that is not taken; the text says why."""

    def __init__(self, text: str, *, known: bool = True) -> None:
        super().__init__(text)
        self.known = known
        """Whether there is, or was, such an upload."""


def ended(cause: str) -> UploadError:
    """Return the error of a piece for an upload that ended so."""
    return UploadError(cause) if cause == COMPLETED else UploadError(f"no such upload: {cause}", known=False)


def misplaced(offset: int, received: int) -> UploadError:
    """Return the error of a piece that does not begin where the last one ended."""
    return UploadError(f"invalid Upload-Offset {offset}, expected {received}")


@dataclass(slots=True)
class _Upload:
    inbox: str
    length: int
    pieces: list[bytes] = field(default_factory=list)
    received: int = 0


class Uploads:
    """The uploads that are not complete yet. Every method may be called from any thread.

    Where there are too many, or too many bytes, those that got nothing for the longest time are forgotten.

    >>> uploads = Uploads()
    >>> uploads.start("a", "strays", 5)
    >>> uploads.joined("a", 0, b"he")
    >>> take_back = uploads.append("a", 0, b"he")
    >>> uploads.joined("a", 2, b"llo")
    b'hello'
    """

    def __init__(self) -> None:
        self._incomplete: dict[str, _Upload] = {}
        self._ended: dict[str, str] = {}
        self._lock = reentrant_lock()

    def start(self, upload_id: str, inbox: str, length: int) -> None:
        """Begin an upload of so many bytes."""
        with self._lock:
            self._incomplete[upload_id] = _Upload(inbox, length)
            self._make_room()

    def joined(self, upload_id: str, offset: int, chunk: bytes) -> bytes | None:
        """Return all bytes where a piece completes the upload, else ``None``; changes nothing.

        Raises:
            UploadError: It does not begin where the last piece ended, nothing is missing any more, or the
                upload is not known.
        """
        with self._lock:
            upload = self._find(upload_id, offset)
            if upload.received + len(chunk) < upload.length:
                return None
            return b"".join((*upload.pieces, chunk)) if upload.pieces else chunk

    def append(self, upload_id: str, offset: int, chunk: bytes) -> Callable[[], None]:
        """Add a piece; raises as `joined` does, where another request was faster.

        Returns:
            What takes the piece back; of several pieces, the last is to be taken back first.
        """
        with self._lock:
            upload = self._find(upload_id, offset)
            del self._incomplete[upload_id]
            upload.received += len(chunk)
            if upload.received >= upload.length:
                self._end(upload_id, COMPLETED)
            else:
                if chunk:
                    upload.pieces.append(chunk)
                self._incomplete[upload_id] = upload
                self._make_room()
        return partial(self._take_back, upload_id, upload, offset)

    def forget(self, inbox: str) -> None:
        """Forget the uploads to an inbox that was cleared or closed."""
        with self._lock:
            for known in [known for known, upload in self._incomplete.items() if upload.inbox == inbox]:
                del self._incomplete[known]
                self._end(known, EMPTIED)

    def _take_back(self, upload_id: str, upload: _Upload, offset: int) -> None:
        with self._lock:
            if self._ended.get(upload_id, COMPLETED) != COMPLETED:
                return  # It was forgotten meanwhile.
            self._ended.pop(upload_id, None)
            if upload_id in self._incomplete and upload.received > offset:
                upload.pieces.pop()
            upload.received = offset
            self._incomplete[upload_id] = upload

    def _find(self, upload_id: str, offset: int) -> _Upload:
        upload = self._incomplete.get(upload_id)
        if upload is None:
            raise ended(self._ended.get(upload_id, UNKNOWN))
        if offset != upload.received:
            raise misplaced(offset, upload.received)
        return upload

    def _make_room(self) -> None:
        total = sum(upload.received for upload in self._incomplete.values())
        while len(self._incomplete) > MOST or total > MOST_BYTES:
            oldest = next(iter(self._incomplete))
            total -= self._incomplete.pop(oldest).received
            self._end(oldest, FORGOTTEN)

    def _end(self, upload_id: str, cause: str) -> None:
        self._ended[upload_id] = cause
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]
