"""The HTTP request of an event, as sent and as stored."""

from __future__ import annotations

import json
from dataclasses import replace

from pytest_sentryintegration.verdict.comparing import Place, noted_only, nothing, plain, record, scalar
from pytest_sentryintegration.verdict.pairs import headers, pairs


def method(place: Place) -> None:
    """Compare the method of a request, which is stored in capitals."""
    if not (isinstance(place.sent, str) and place.sent.upper() == place.stored):
        plain(place)


def body(place: Place) -> None:
    """Compare the body of a request; a text that is JSON or a form is stored as what it means."""
    if isinstance(place.sent, str) and not isinstance(place.stored, str):
        try:
            place = replace(place, sent=json.loads(place.sent))
        except ValueError:
            noted_only(place)
            return
    plain(place)


def url(place: Place) -> None:
    """Compare the URL of a request; its query and fragment become fields of their own."""
    if not place.annotated() and place.sent and place.stored is None:
        scalar(place)


def request(place: Place) -> None:
    """Compare a request; the header ``Cookie`` is stored as cookies."""
    sent = place.sent
    if isinstance(sent, dict) and isinstance(place.stored, dict) and not sent.get("cookies"):
        place = replace(place, sent={key: value for key, value in sent.items() if key != "cookies"})
    _REQUEST(place)


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
