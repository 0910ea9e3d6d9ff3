"""Uploads that come in pieces, shared by all replicas of a store: each piece may come to another one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from pytest_sentryintegration.store import uploads
from pytest_sentryintegration.store.holding import HolderError
from pytest_sentryintegration.store.records import name_of
from pytest_sentryintegration.store.scripts import UPLOADS
from pytest_sentryintegration.store.stream import Stream
from pytest_sentryintegration.store.uploads import Uploads, ended, misplaced

__all__ = ["SharedUploads"]


class SharedUploads(Uploads):
    """The uploads of a stream that are not complete yet: `Uploads` of which every replica has the same.

    Redis holds their pieces until they are complete, or until nothing has come of them for an hour; the
    scripts that clear or close an inbox forget those of it.

    Args:
        stream: Whose Redis it is.

    Raises:
        HolderError: From `start`, `joined` and `append`: Redis cannot be reached, or is full.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream

    def start(self, upload_id: str, inbox: str, length: int) -> None:
        """Begin an upload of so many bytes."""
        self._do("start", upload_id, name_of(inbox), length)

    def joined(self, upload_id: str, offset: int, chunk: bytes) -> bytes | None:
        """Return all bytes where a piece completes the upload, else ``None``; see `Uploads.joined`.

        Raises:
            UploadError: Also where Redis has forgotten pieces: it keeps those of a complete upload for 10 s,
                and the last one may be taken back later than that.
        """
        found = self._do("find", upload_id, offset, len(chunk))
        if not found:
            return None
        pieces = sorted((int(at), piece) for at, piece in zip(found[0][::2], found[0][1::2], strict=True))
        left = sum(len(piece) for _, piece in pieces)
        if left != offset:
            raise ended(f"{left} of its first {offset} bytes are left, so it has to be begun anew")
        return b"".join((*(piece for _, piece in pieces), chunk))

    def append(self, upload_id: str, offset: int, chunk: bytes) -> Callable[[], None]:
        """Add a piece; see `Uploads.append`."""
        self._do("append", upload_id, offset, chunk)
        return partial(self._back, upload_id, offset, offset + len(chunk))

    def _back(self, upload_id: str, offset: int, received: int) -> None:
        # Where Redis cannot be reached either, the piece stays, and the upload has to be begun anew.
        with suppress(HolderError):
            self._do("take back", upload_id, offset, received)

    def _do(self, what: str, upload_id: str, *given: Any) -> list[Any]:
        said = self._stream.run(UPLOADS[what], upload_id, *given, uploads.MOST, uploads.MOST_BYTES)
        outcome, *found = said or [b""]
        if outcome == b"misplaced":
            raise misplaced(given[0], int(found[0]))
        if outcome in (b"ended", b"unknown"):
            raise ended(found[0].decode() if found else uploads.UNKNOWN)
        return found
