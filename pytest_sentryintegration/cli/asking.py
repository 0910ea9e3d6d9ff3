"""Asks a running fake Sentry, by its captured API."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pytest_sentryintegration.cli.options import Option, WrongUse

PORT: Final = 8969
"""The port of `serve`, where no other is named."""
PATIENCE: Final = 10.0
"""Seconds that an answer may take beside what it waits."""
PAUSE: Final = 0.05
"""Seconds between two tries to reach a server that is not there yet."""
_LATER: Final = (502, 503, 504)
"""Statuses of a server that may answer later: Redis is gone for a moment, or what a proxy stands before."""


class Answer(NamedTuple):
    """An answer of the server."""

    status: int
    value: Any
    """Its JSON."""


class UnreachableError(Exception):
    """No server answers, or only that it cannot answer at present; the text says where, and why."""


class Api:
    """The captured API of one server.

    Args:
        url: where the server is, as `serve` prints it.
        token: what it demands for reading where it listens on more than loopback.

    >>> Api("http://127.0.0.1:8969/").url
    'http://127.0.0.1:8969'
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._path = parts.path
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = (parts.hostname or "", parts.port or {"https": 443}.get(parts.scheme, 80))
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str, method: str = "GET", body: Any = None, wait: float = 0) -> Answer:
        """Ask once; *wait* is for how many seconds the server may wait.

        Raises:
            UnreachableError: no server answers, or one that cannot answer at present.
            WrongUse: it is no fake Sentry, or refuses to answer.
        """
        with self._asking(path, method, body, wait) as response:
            text = response.read()
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if response.status not in (200, 201, 204, 408):
            said = value.get("error") if isinstance(value, dict) else None
            if response.status in _LATER:
                raise UnreachableError(f"{self.url}: {said or f'it answers {response.status} to {path}'}")
            if response.status == 401:
                wrong = "the token is wrong" if self._headers else "reading needs a token"
                said = f"{wrong}: give --token TEXT or SENTRYINTEGRATION_TOKEN, as serve printed it"
            what = said or f"it answers {response.status} to {path}: is it a fake Sentry of this version?"
            raise WrongUse(f"{self.url}: {what}")
        return Answer(response.status, value)

    def bytes_of(self, path: str) -> bytes:
        """Return the body of an answer.

        Raises:
            UnreachableError: no server answers, or not with 200.
        """
        with self._asking(path, "GET", None, 0) as response:
            body = response.read()
        if response.status != 200:
            raise UnreachableError(f"{self.url} answers {response.status} to {path}")
        return body

    @contextmanager
    def _asking(self, path: str, method: str, body: Any, wait: float) -> Iterator[HTTPResponse]:
        connection = self._connection(*self._address, timeout=wait + PATIENCE)
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, f"{self._path}{path}", data, self._headers)
            yield connection.getresponse()
        except (OSError, HTTPException, UnicodeError) as error:
            # UnicodeError: of a name that DNS cannot hold.
            text = f"no fake Sentry answers at {self.url}: {error}; sentryintegration serve starts one"
            raise UnreachableError(text) from error
        finally:
            connection.close()

    def until_ready(self, timeout: float) -> None:
        """Return when the server is ready.

        Raises:
            UnreachableError: it was not, for so many seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.ask("/readyz")
                return
            except UnreachableError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE)


def server_url(text: str) -> str:
    """Return the URL of a server.

    Raises:
        ValueError: for anything else.

    >>> server_url("http://127.0.0.1:8969")
    'http://127.0.0.1:8969'
    """
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        valid &= not (parts.query or parts.fragment or re.search(r"\s", text))
    except ValueError:
        valid = False
    if not valid:
        near = f"; did you mean 'http://{text}'?" if "://" not in text else ""
        raise ValueError(f"expected a URL, such as http://127.0.0.1:{PORT}, got {text!r}{near}")
    return text


def token_text(text: str) -> str:
    """Return a token, which is sent in a header.

    Raises:
        ValueError: for what no header can hold; the text does not show it.
    """
    if not re.fullmatch(r"[!-~](?:[ -~]{0,998}[!-~])?", text):
        raise ValueError(
            "expected 1 to 1000 characters of ASCII, without a space at either end: it is sent in a header"
        )
    return text


SERVER: Final = Option("server", "a running fake Sentry", metavar="URL", read=server_url)
TOKEN: Final = Option("token", "what that server demands for reading", metavar="TEXT", read=token_text)
QUESTIONS: Final = (
    "NOUN?QUERY: transactions, 'errors?exception=ValueError&tags.graph=g1',\n"
    "'messages?text=~^Spec&count=2' (~ begins a pattern)"
)
"""Examples for the help of commands."""
