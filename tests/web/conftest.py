"""A fake Sentry without a socket: requests are handed to it, and its answers are looked at."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.app import Web


class Local:
    """A client on this machine."""

    peer = "127.0.0.1"

    def __init__(self) -> None:
        self.left = threading.Event()

    def has_left(self) -> bool:
        return self.left.is_set()


class Answer:
    """What was answered."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = dict(reply.headers)
        self.chunks = reply.chunks
        self.body = reply.body

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def error(self) -> str:
        text = self.json["error"]
        assert isinstance(text, str)
        assert "\n" not in text
        return text


class Api:
    """The API of a fake Sentry that has no socket."""

    def __init__(self, access: Access | None = None, **options: Any) -> None:
        self.sentry = FakeSentry(**options)
        self.web = Web(self.sentry, access)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        client: Any = None,
        **headers: Any,
    ) -> Answer:
        """Ask for something; header names are written with underscores."""
        sent = {"host": "127.0.0.1:8969", **{name.replace("_", "-"): text for name, text in headers.items()}}
        request = Request(method, target, tuple(sent.items()), body)
        reply = self.web(request, client or Local())
        return Answer(self.sentry.ingest.handle(request) if reply is None else reply)

    def get(self, target: str, **headers: Any) -> Answer:
        return self.ask("GET", target, **headers)

    def post(self, target: str, value: Any = None, **headers: Any) -> Answer:
        return self.ask("POST", target, b"" if value is None else json.dumps(value).encode(), **headers)

    def send(self, *items: Any, inbox: str = "", project: int = 1, **headers: Any) -> None:
        """Send an envelope of items, each a type, its payload (bytes, or what becomes JSON), and headers."""
        lines = [json.dumps(headers).encode()]
        for kind, payload, *further in items:
            data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            lines.append(json.dumps({"type": kind, "length": len(data), **(further or [{}])[0]}).encode())
            lines.append(data)
        path = f"{'/' + inbox if inbox else ''}/api/{project}/envelope/?sentry_key={'a' * 32}"
        assert self.sentry.receive(path, {}, b"\n".join(lines)).status == 200

    def message(
        self, text: str, level: str = "info", inbox: str = "", project: int = 1, **fields: Any
    ) -> None:
        self.send(("event", {"message": text, "level": level, **fields}), inbox=inbox, project=project)

    def error(self, kind: str, value: str, inbox: str = "", **fields: Any) -> None:
        exception = {"values": [{"type": kind, "value": value}]}
        self.send(("event", {"level": "error", "exception": exception, **fields}), inbox=inbox)

    def texts(self, target: str) -> list[str]:
        """Return the texts of what is listed."""
        return [item["text"] for item in self.get(target).json["items"]]


@pytest.fixture
def api() -> Api:
    return Api()
