"""The HTTP request of an event, as sent and as stored."""

from __future__ import annotations

import json
from typing import Any

from pytest_sentryintegration.verdict.losses import Walk, noted_only, nothing, plain, record, scalar
from pytest_sentryintegration.verdict.meta import Node
from pytest_sentryintegration.verdict.pairs import headers, pairs


def method(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the method of a request, which is stored in capitals."""
    if not (isinstance(sent, str) and sent.upper() == stored):
        plain(walk, path, sent, stored, noted, own)


def body(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the body of a request; a text that is JSON or a form is stored as what it means."""
    if isinstance(sent, str) and not isinstance(stored, str):
        try:
            sent = json.loads(sent)
        except ValueError:
            noted_only(walk, path, sent, stored, noted, own)
            return
    plain(walk, path, sent, stored, noted, own)


def url(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare the URL of a request; its query and fragment become fields of their own."""
    if not walk.annotated(path, sent, stored, noted, own) and sent and stored is None:
        scalar(walk, path, sent, stored)


def request(walk: Walk, path: str, sent: Any, stored: Any, noted: Node, own: Node) -> None:
    """Compare a request; the header ``Cookie`` is stored as cookies."""
    if isinstance(sent, dict) and isinstance(stored, dict) and not sent.get("cookies"):
        sent = {key: value for key, value in sent.items() if key != "cookies"}
    _REQUEST(walk, path, sent, stored, noted, own)


_REQUEST = record(
    {
        "url": url,
        "method": method,
        "data": body,
        "headers": headers,
        "query_string": pairs,
        "cookies": pairs,
        "inferred_content_type": nothing,
    }
)
