"""DSNs: where to send, and with which key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

__all__ = ["MAX_PROJECT_ID", "Dsn", "is_project_id", "is_public_key"]

MAX_PROJECT_ID = 2**64 - 1
"""The greatest project id. Relay: ``ProjectId`` is a ``u64``."""

_PROJECT_ID = re.compile(r"\+?[0-9]+", re.ASCII)


def is_project_id(text: str) -> bool:
    """Whether *text* is a project id for Sentry: a whole number that 64 bits hold.

    >>> is_project_id("42"), is_project_id("my-project"), is_project_id("99999999999999999999")
    (True, False, False)
    """
    # The length first: int() of a million digits is slow, and raises from 4,300 on, zeros included.
    if not _PROJECT_ID.fullmatch(text):
        return False
    number = plain_project_id(text)
    return len(number) <= 20 and int(number) <= MAX_PROJECT_ID


def plain_project_id(text: str) -> str:
    """Return a project id as Sentry writes it.

    >>> plain_project_id("+0042"), plain_project_id("0")
    ('42', '0')
    """
    return text.lstrip("+0") or "0"


def is_public_key(text: str) -> bool:
    """Whether Sentry takes *text* as a public key: exactly 32 ASCII characters, hexadecimal or not.

    Relay: ``relay-base-schema/src/project.rs``. Flags may follow after a dot (``<key>.no-cache``).

    >>> is_public_key("e12d836b15bb49d7bbf99e64295d995b"), is_public_key("public")
    (True, False)
    """
    key = text.partition(".")[0]
    return len(key) == 32 and key.isascii()


@dataclass(frozen=True, slots=True)
class Dsn:
    """A DSN taken apart.

    >>> Dsn.parse("https://public:secret@example.com:8000/inbox/42")
    Dsn(scheme='https', public_key='public', host='example.com', port=8000, path='inbox', project_id='42')
    """

    scheme: str
    public_key: str
    host: str
    port: int
    path: str
    """What lies between host and project id, without slashes at its ends; empty for Sentry itself."""
    project_id: str

    @classmethod
    def parse(cls, text: str) -> Dsn:
        """Take *text* apart.

        Neither the project id nor the key is judged here: see `is_project_id` and `is_public_key`.

        Raises:
            ValueError: *text* is no DSN; the message says what is missing.
        """
        try:
            parts = urlsplit(text.strip())
            host, port, user = parts.hostname, parts.port, parts.username
        except ValueError:
            raise ValueError("invalid url") from None
        if not parts.scheme or not parts.netloc:
            raise ValueError("no valid url")
        if parts.scheme not in ("http", "https"):
            raise ValueError("no valid scheme")
        if not user:
            raise ValueError("username is empty")
        if not host:
            raise ValueError("no host")
        path, _, project_id = parts.path.strip("/").rpartition("/")
        if not project_id:
            raise ValueError("empty path")
        port = port if port is not None else {"http": 80, "https": 443}[parts.scheme]
        return cls(parts.scheme, unquote(user), host, port, path, project_id)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == {"http": 80, "https": 443}[self.scheme] else f":{self.port}"
        path = f"{self.path}/" if self.path else ""
        return f"{self.scheme}://{self.public_key}@{host}{port}/{path}{self.project_id}"
