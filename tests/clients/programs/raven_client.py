"""Sends with raven, sentry-sdk's predecessor, to the old store endpoint, and says what it sent."""

from __future__ import annotations

import importlib
import json
from typing import Any

raven: Any = importlib.import_module("raven")
http: Any = importlib.import_module("raven.transport.http")

client: Any = raven.Client(
    transport=http.HTTPTransport,
    release="1.2.3",
    environment="staging",
    site="shop",
    include_paths=["__main__"],
)
sent: list[str] = []
send_remote = client.send_remote


def counting(url: str, data: Any, headers: Any = None) -> Any:
    sent.append(url)
    return send_remote(url, data, headers)


client.send_remote = counting
client.tags_context({"region": "eu"})
client.user_context({"id": 42, "email": "jane@example.com"})
client.context.activate()
raven.breadcrumbs.record(message="logged in", category="auth")
ids = [
    client.captureMessage("Spec failed: %s", params=("structure",), level="warning", extra={"rows": [1, 2]})
]
try:
    raise ValueError("no such cart: ünïcode")
except ValueError:
    ids.append(client.captureException(data={"fingerprint": ["cart"]}))
ids.append(client.capture("raven.events.Query", query="SELECT 1", engine="postgres"))
print(json.dumps({"requests": len(sent), "ids": ids, "failed": client.state.did_fail()}))  # noqa: T201
