"""Locations of uploaded files: what an upload is answered with, and what an attachment then refers to.

A location is signed, so that nobody refers to a file that was never uploaded, or to a longer one. Relay:
``relay-server/src/services/upload.rs`` (``Location``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

__all__ = ["REFERENCE_TYPE", "Location", "LocationError", "is_reference", "parse_length"]

REFERENCE_TYPE = "application/vnd.sentry.attachment-ref+json"
"""The content type of an attachment that refers to an upload."""

# No secret: it tells locations of any fake Sentry from others.
_KEY = b"sentryintegration"

_FIELDS = {
    "upload_length": "upload_length",
    "upload_id": "upload_id",
    "upload_signature": "upload_signature",
    "length": "upload_length",
    "signature": "upload_signature",
}
"""Parameters of the query that may be there once, with the older names of two of them."""


def is_reference(content_type: object) -> bool:
    """Whether an attachment of that content type refers to an upload. Relay: ``envelope/content_type.rs``.

    >>> is_reference("application/vnd.sentry.attachment-ref")
    True
    """
    return isinstance(content_type, str) and content_type.lower() in (
        REFERENCE_TYPE,
        REFERENCE_TYPE.removesuffix("+json"),
    )


def parse_length(digits: str) -> int | None:
    """Return a number of bytes that 64 bits hold, in decimal digits; ``None`` for another text.

    >>> parse_length("018446744073709551615"), parse_length("18446744073709551616"), parse_length("-1")
    (18446744073709551615, None, None)
    """
    if not (digits.isascii() and digits.isdecimal()):
        return None
    significant = digits.lstrip("0") or "0"
    # Python refuses to read a number of more than 4,300 digits.
    number = int(significant) if len(significant) <= 20 else 2**64
    return number if number < 2**64 else None


class LocationError(ValueError):
    """A text that is no location, with the reason."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the bytes of one upload are sent to, or were sent to."""

    path: str
    """``/api/<project>/upload/<key>/``, after the inbox."""
    length: int | None = None
    """How many bytes it has; ``None`` where that is not known yet."""
    upload_id: str | None = None
    """Names an upload that comes in pieces; ``None`` once it is complete, or comes in one."""
    others: tuple[tuple[str, str], ...] = ()
    """Further parameters of the query that begin with ``upload_``."""
    signature: str = ""
    """As it was read; not looked at by `signed`."""

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Read a location from a URI reference, its signature unchecked.

        Raises:
            LocationError: A parameter is missing or malformed.

        >>> Location.parse(Location("/api/1/upload/a/", 11).signed()).length
        11
        """
        path, _, query = uri.partition("?")
        fields: dict[str, str] = {}
        parameters: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            known = _FIELDS.get(name)
            if known is None:
                parameters[name] = value
            elif known in fields:
                raise LocationError(f"duplicate field `{known}`")
            else:
                fields[known] = value
        length, signature = fields.get("upload_length"), fields.get("upload_signature")
        if signature is None:
            raise LocationError("missing field `upload_signature`")
        number = None if length is None else parse_length(length)
        if number is None and length is not None:
            raise LocationError("upload_length: invalid digit found in string")
        others = tuple(sorted(pair for pair in parameters.items() if pair[0].startswith("upload_")))
        return cls(path, number, fields.get("upload_id"), others, signature)

    def signed(self) -> str:
        """Return it as a URI reference, with a signature.

        >>> Location("/api/1/upload/a/", 11).signed().rpartition("=")[0]
        '/api/1/upload/a/?upload_length=11&upload_signature'
        """
        return f"{self._uri()}{'&' if '?' in self._uri() else '?'}upload_signature={self._sign()}"

    @property
    def is_valid(self) -> bool:
        """Whether a fake Sentry gave it out as it is."""
        return hmac.compare_digest(self.signature.encode(), self._sign().encode())

    def _uri(self) -> str:
        parameters = {"upload_length": self.length, "upload_id": self.upload_id}
        known = [(name, value) for name, value in parameters.items() if value is not None]
        query = urlencode([*known, *self.others])
        return f"{self.path}?{query}" if query else self.path

    def _sign(self) -> str:
        digest = hmac.digest(_KEY, self._uri().encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
