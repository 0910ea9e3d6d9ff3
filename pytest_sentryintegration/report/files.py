"""The files of a dump, each read as what came."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.model.reading import listing
from pytest_sentryintegration.report.manifest import ENVELOPE
from pytest_sentryintegration.store import Arrival, Entry, RefusedRequest
from pytest_sentryintegration.wire.dsn import Dsn
from pytest_sentryintegration.wire.envelope import parse_envelope

__all__ = ["is_plain", "read_arrival", "read_entry", "text"]

LARGEST: Final = 200 * 1024 * 1024
"""Bytes of a file that is read. No envelope that Sentry takes is larger."""


def is_plain(path: str | Path) -> bool:
    """Whether it is a file, not a link to somewhere else, and not larger than an envelope may be."""
    try:
        known = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(known.st_mode) and known.st_size <= LARGEST


def text(value: Any) -> str:
    """Return *value* where it is text, else an empty one; of a long one the beginning."""
    return value[:100_000] if isinstance(value, str) else ""


def read_entry(number: int, path: str, known: Mapping[str, Any], test: str) -> Entry:
    """Return what came, of the file that holds its body.

    Args:
        number: Its place in the order of arrival.
        path: The file. Not a `Path`, which takes longer than to read it.
        known: What the manifest says of it.
        test: The node id of its test.

    Raises:
        Refusal: It is no envelope.
        OSError: It cannot be read.
        ValueError: It is a link, or too large.
    """
    if not is_plain(path):
        raise ValueError("it is a link, or larger than an envelope may be")
    with open(path, "rb") as file:
        body = file.read()
    received = _moment(known.get("received"))
    written = received or datetime.fromtimestamp(os.stat(path).st_mtime, timezone.utc)
    if not path.endswith(ENVELOPE):
        headers = tuple((str(name), str(value)) for name, value in listing(known.get("headers")))
        status = known.get("status")
        return RefusedRequest(
            number,
            "",
            written,
            status if isinstance(status, int) else 0,
            text(known.get("reason")),
            text(known.get("method")),
            text(known.get("path")),
            headers,
            body,
            known.get("fault") is True,
        )
    if received is None:
        return read_arrival(number, body, written, test)
    return Arrival(
        number,
        "",
        received,
        text(known.get("project_id")),
        text(known.get("public_key")),
        text(known.get("client")) or None,
        parse_envelope(body),
        endpoint=text(known.get("endpoint")) or "envelope",
        tolerated=_tolerated(known.get("tolerated")),
        test=test,
        query=text(known.get("query")),
    )


def _tolerated(value: Any) -> Any:
    return value if value in ("toy_key", "no_authentication", "no_such_endpoint") else None


def read_arrival(number: int, body: bytes, written: datetime, test: str = "") -> Arrival:
    """Return an envelope that was written to a file, as if it had come when it was sent.

    Args:
        number: Its place in the order of arrival.
        body: The file.
        written: When it was written, for an envelope that does not say when it was sent.
        test: The node id of its test.

    Raises:
        Refusal: It is no envelope.
    """
    envelope = parse_envelope(body)
    headers = envelope.headers
    # Not every SDK writes its DSN into its envelopes.
    project_id = Dsn.parse(headers["dsn"]).project_id if headers.get("dsn") else ""
    # An event is judged by its age when it came; it was sent moments before.
    received = _moment(headers.get("sent_at")) or written
    return Arrival(number, "", received, project_id, "", None, envelope, test=test)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
