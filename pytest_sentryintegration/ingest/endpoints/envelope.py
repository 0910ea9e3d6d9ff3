"""``POST /api/<project>/envelope/``, and Spotlight's ``/stream``.

Relay: ``relay-server/src/endpoints/envelope.rs``.
"""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from pytest_sentryintegration.ingest.answers import json_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.auth import Auth, check_public_key
from pytest_sentryintegration.wire.categories import kind_of
from pytest_sentryintegration.wire.dsn import Dsn, is_project_id, plain_project_id
from pytest_sentryintegration.wire.envelope import RawEnvelope, parse_envelope, parse_event_id
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["check_envelope", "event_id_of", "parse_body", "take", "take_stream"]


def take(call: Call) -> Taken:
    """Take an envelope.

    Raises:
        Refusal: As Relay does; without authentication only in strict mode.
    """
    project_id = call.project()
    auth = call.auth()
    if auth is None:
        auth, project_id = _auth_of_body(call, project_id)
    envelope = _parse(call)
    if auth is not None:
        check_envelope(call, envelope, project_id, auth)
    return Taken([envelope], project_id, auth, json_reply(event_id_of(envelope)))


def take_stream(call: Call) -> Taken:
    """Take an envelope as Spotlight does: without authentication and project."""
    envelope = _parse(call)
    return Taken([envelope], "0", None, json_reply(event_id_of(envelope)))


def _parse(call: Call) -> RawEnvelope:
    data = call.body()
    if not data:
        raise Refusal(400, "empty request body")
    return parse_body(data)


def parse_body(data: bytes) -> RawEnvelope:
    """Take an envelope apart, and refuse one with items that only Relay may make (400)."""
    envelope = parse_envelope(data)
    for item in envelope.items:
        if item.headers["type"] == "integration":
            raise Refusal(400, "envelope contains internal items")
    return envelope


def event_id_of(envelope: RawEnvelope) -> str | None:
    """Return the event id that Sentry answers with: the envelope's, or a new one where an item needs one."""
    event_id = parse_event_id(envelope.headers.get("event_id"))
    if event_id is None and any(kind_of(item).creates_event for item in envelope.items):
        return uuid.uuid4().hex
    return event_id


def check_envelope(call: Call, envelope: RawEnvelope, project_id: str, auth: Auth) -> None:
    """Refuse an envelope whose headers contradict the request (400)."""
    headers = envelope.headers
    origin = headers.get("origin")
    if origin is not None and _origin(origin) != (
        _origin(call.headers.get("origin")) or _origin(call.headers.get("referer"))
    ):
        raise _mismatch("origin")
    text = headers.get("dsn")
    if text is None:
        return
    dsn = Dsn.parse(text)
    if not is_project_id(dsn.project_id):
        raise Refusal(400, "invalid event envelope", ("invalid envelope header", "no valid project id"))
    if plain_project_id(dsn.project_id) != project_id:
        raise _mismatch("project id")
    if dsn.public_key != auth.public_key.partition(".")[0] and dsn.public_key != auth.public_key:
        raise _mismatch("public key")


def _mismatch(what: str) -> Refusal:
    cause = f"{what} header mismatch between envelope and request"
    return Refusal(400, "invalid event envelope", (cause,))


def _origin(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path or '/'}{parts.query and '?' + parts.query}"


def _auth_of_body(call: Call, project_id: str) -> tuple[Auth | None, str]:
    """Read the authentication from the ``dsn`` in the envelope's header, which must be the first line."""
    line = call.body().partition(b"\n")[0]
    try:
        header = strict_json.loads(line)
        text = header.get("dsn") if isinstance(header, dict) else None
        if text is None:
            raise ValueError("missing field `dsn` at line 1 column 2")
    except ValueError as error:
        if call.strict:
            raise _bad_envelope_auth(error) from None
        return None, project_id
    try:
        if not isinstance(text, str):
            raise ValueError("invalid type, expected a dsn")
        dsn = Dsn.parse(text)
        if not is_project_id(dsn.project_id):
            raise ValueError("no valid project id")
    except ValueError as error:
        raise _bad_envelope_auth(error) from None
    if call.strict:
        check_public_key(dsn.public_key)
    return Auth(dsn.public_key, source="dsn"), plain_project_id(dsn.project_id)


def _bad_envelope_auth(error: ValueError) -> Refusal:
    return Refusal(401, "bad envelope authentication header", (str(error),))
