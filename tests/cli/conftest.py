"""Commands in this process, and a program that reports without an SDK: those take long to start."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from pytest_sentryintegration.cli.main import main
from pytest_sentryintegration.cli.options import PREFIX

_SEND = """
import os, sys, urllib.parse, urllib.request
dsn = urllib.parse.urlsplit(os.environ["SENTRY_DSN"])
path, _, project = dsn.path.rpartition("/")
url = f"http://{dsn.hostname}:{dsn.port}{path}/api/{project}/envelope/"
headers = {"x-sentry-auth": f"Sentry sentry_key={dsn.username}, sentry_version=7"}
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for body in sys.argv[1:]:
    opener.open(urllib.request.Request(url, body.encode(), headers))
"""


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; what its own children write counts too."""

    def run_command(*line: Any) -> Done:
        capfd.readouterr()
        code = main([str(word) for word in line])
        return Done(code, *capfd.readouterr())

    return run_command


def envelope(*items: tuple[str, dict[str, Any]], **headers: Any) -> str:
    """Return an envelope of items, each a type and its payload."""
    lines = [json.dumps(headers)]
    for kind, payload in items:
        lines += [json.dumps({"type": kind}), json.dumps(payload)]
    return "\n".join(lines) + "\n"


def message(text: str, level: str = "info", **fields: Any) -> str:
    return envelope(("event", {"event_id": "1" * 32, "message": text, "level": level, **fields}))


def error(kind: str, value: str, **fields: Any) -> str:
    exception = {"values": [{"type": kind, "value": value}]}
    return envelope(("event", {"event_id": "2" * 32, "level": "error", "exception": exception, **fields}))


def sending(*envelopes: str) -> list[str]:
    """Return the command line of a program that posts these to its ``SENTRY_DSN``."""
    return [sys.executable, "-S", "-c", _SEND, *envelopes]


def unused_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
