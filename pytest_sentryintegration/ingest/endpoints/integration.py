"""What comes in formats that are not Sentry's: kept as it was sent, in an item of the type ``integration``.

Relay too reads it long after it has answered. Relay: ``relay-server/src/extractors/integration_builder.rs``.
"""

from __future__ import annotations

from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

__all__ = ["media_type_of", "take_integration"]


def take_integration(call: Call, integration: str, reply: Reply) -> Taken:
    """Take the body of a request, unread.

    Args:
        call: The request.
        integration: What the format is called in the item's header.
        reply: The answer when all goes well.

    Raises:
        Refusal: 401 or 400, the authentication; 413 or 400, the body.
    """
    project_id, auth = call.project(), call.required_auth()
    payload = call.body()
    headers = {
        "type": "integration",
        "integration": integration,
        "content_type": call.headers.get("content-type", ""),
        "length": len(payload),
    }
    return Taken([RawEnvelope({}, (RawItem(headers, payload),))], project_id, auth, reply)


def media_type_of(content_type: str) -> str:
    """Return a content type without its charset, in lower case; with any other parameter as it is.

    Relay: ``match_content_type_and_charset`` in ``relay-server/src/envelope/content_type.rs``.

    >>> media_type_of("application/json; charset=UTF-8")
    'application/json'
    """
    media_type, *parameters = (part.strip(" \t").lower() for part in content_type.split(";"))
    fine = ("", "charset=utf-8", 'charset="utf-8"')
    return media_type if all(one in fine for one in parameters) else content_type
