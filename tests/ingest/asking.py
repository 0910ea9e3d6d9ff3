"""Requests to a fake Sentry without a socket."""

from __future__ import annotations

import json
from typing import Any

from pytest_sentryintegration.ingest.app import Ingest
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.store import Arrival, RefusedRequest, Store
from pytest_sentryintegration.wire.envelope import RawEnvelope

KEY = "e12d836b15bb49d7bbf99e64295d995b"
EVENT_ID = "9ec79c33ec9942ab8353589fcb2e04dc"
AUTH = f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.test/1.0"
EVENT = b'{"event_id":"%s"}\n{"type":"event"}\n{"message":"hi"}\n' % EVENT_ID.encode()


class Fake:
    """Ingest over a store with one running inbox."""

    def __init__(self, *, strict: bool = False) -> None:
        self.store = Store()
        self.store.open("test", test="test_it.py::test_it")
        self.store.start("test")
        self.ingest = Ingest(self.store, strict=strict)

    def post(
        self, path: str = "/api/42/envelope/", body: bytes = EVENT, *, auth: str | None = AUTH, **headers: str
    ) -> Reply:
        return self.ask("POST", path, body, auth=auth, **headers)

    def ask(
        self, method: str, path: str, body: bytes = b"", *, auth: str | None = None, **headers: str
    ) -> Reply:
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if auth is not None:
            sent.append(("x-sentry-auth", auth))
        return self.ingest.handle(Request(method, path, tuple(sent), body))

    @property
    def faults(self) -> Faults:
        return self.ingest.faults_for("test")

    @property
    def arrivals(self) -> list[Arrival]:
        return [entry for entry in self.store.since("test") if isinstance(entry, Arrival)]

    @property
    def refused(self) -> list[RefusedRequest]:
        return [entry for entry in self.store.since("test") if isinstance(entry, RefusedRequest)]

    @property
    def envelope(self) -> RawEnvelope:
        """The one envelope that came."""
        (arrival,) = self.arrivals
        return arrival.envelope


def header(reply: Reply, name: str) -> str | None:
    """Return the one header of that name."""
    values = [value for key, value in reply.headers if key == name]
    assert len(values) < 2
    return values[0] if values else None


def said(reply: Reply) -> tuple[int, Any]:
    """Return status and body of an answer in JSON."""
    assert header(reply, "content-type") == "application/json"
    return reply.status, json.loads(reply.body)


def text(reply: Reply) -> tuple[int, str]:
    """Return status and body of an answer in plain text."""
    assert header(reply, "content-type") == "text/plain; charset=utf-8"
    return reply.status, reply.body.decode()
