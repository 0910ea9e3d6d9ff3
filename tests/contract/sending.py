"""The same telemetry through whichever tracing API is installed, and raw bytes past every SDK.

``SENTRYINTEGRATION_TEST_MODE=stream`` chooses span streaming on sentry-sdk 2.x; sentry-sdk 3 always streams.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sentry_sdk

V3 = sentry_sdk.VERSION.startswith("3")
STREAM = os.environ.get("SENTRYINTEGRATION_TEST_MODE") == "stream"
STREAMED = V3 or STREAM
"""Spans are sent one by one, without a transaction event around them."""

OPTIONS: dict[str, Any] = {"traces_sample_rate": 1.0, **({"trace_lifecycle": "stream"} if STREAM else {})}
LOGS: dict[str, Any] = {} if V3 else {"enable_logs": True}
"""What older SDKs need before they send logs, and the newest one refuses."""

REAL_DSN = "https://0123456789abcdef0123456789abcdef@o17.ingest.sentry.io/42"
TRACE = "771a43a4192642f0b136d5159a501700"


@contextmanager
def root(name: str, op: str | None = None, **attributes: Any) -> Iterator[None]:
    """A transaction, or what takes its place in this mode: a segment in a trace of its own."""
    if STREAMED:
        traces: Any = importlib.import_module("sentry_sdk.traces")
        traces.new_trace()
        given = {"sentry.op": op} if op else {}
        with traces.start_span(name=name, attributes={**given, **attributes}):
            yield
    else:
        with sentry_sdk.start_transaction(name=name, op=op or "") as transaction:
            for key, value in attributes.items():
                transaction.set_data(key, value)
            yield


@contextmanager
def child(op: str, description: str | None = None, **attributes: Any) -> Iterator[None]:
    """A span inside the active one."""
    if STREAMED:
        traces: Any = importlib.import_module("sentry_sdk.traces")
        with traces.start_span(name=description or op, attributes={"sentry.op": op, **attributes}):
            yield
    else:
        with sentry_sdk.start_span(op=op, name=description) as span:
            for key, value in attributes.items():
                span.set_data(key, value)
            yield


def fail(error: BaseException) -> None:
    """Raise *error* and report it, as an application does."""
    try:
        raise error
    except BaseException as caught:
        sentry_sdk.capture_exception(caught)


@dataclass(frozen=True)
class Answer:
    """What the fake Sentry answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def envelope(*items: tuple[dict[str, Any], Any], **header: Any) -> bytes:
    """Bytes of an envelope; payloads are bytes, or anything JSON can hold."""
    lines = [json.dumps(header).encode()]
    for headers, payload in items:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines += [json.dumps({**headers, "length": len(data)}).encode(), data]
    return b"\n".join(lines) + b"\n"


def request(dsn: str, path: str, body: bytes, *, key: str | None = None, **headers: str) -> Answer:
    """POST *body* over a bare socket, which no SDK instruments, to ``path`` of the project of *dsn*."""
    parts = urlsplit(dsn)
    inbox, _, project = parts.path.rpartition("/")
    lines = [
        f"POST {inbox}/api/{project}/{path}/ HTTP/1.1",
        f"Host: {parts.hostname}:{parts.port}",
        f"X-Sentry-Auth: Sentry sentry_key={key or parts.username}, sentry_version=7, sentry_client=other/1",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    answered = dict(line.lower().split(": ", 1) for line in rest)
    return Answer(int(first.split()[1]), answered, content)


def post(dsn: str, *items: tuple[dict[str, Any], Any], key: str | None = None, **header: Any) -> Answer:
    """Send one envelope as another process does."""
    return request(dsn, "envelope", envelope(*items, **header), key=key)


def event(message: str = "hello", **fields: Any) -> tuple[dict[str, Any], Any]:
    """An event item as a small client of another language sends it."""
    identity = os.urandom(16).hex()
    return {"type": "event"}, {"event_id": identity, "timestamp": time.time(), "message": message, **fields}


def thrown(*values: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], Any]:
    """An event item with the exceptions *values*, innermost cause first."""
    header, payload = event(exception={"values": list(values)}, **fields)
    del payload["message"]
    return header, payload


def streamed(*spans: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """An item of streamed spans."""
    content = "application/vnd.sentry.items.span.v2+json"
    header = {"type": "span", "item_count": len(spans), "content_type": content}
    return header, {"version": 2, "items": list(spans)}


def streamed_span(
    number: int, name: str, op: str, parent: int | None = None, **attributes: Any
) -> dict[str, Any]:
    """Span *number* of a trace; later numbers start later."""
    start = time.time() - 10 + number / 100
    given = {"sentry.op": op, **attributes}
    kinds = {str: "string", bool: "boolean", int: "integer", float: "double"}
    return {
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        **({"parent_span_id": f"{parent:016x}"} if parent is not None else {}),
        "name": name,
        "status": "ok",
        "is_segment": parent is None,
        "start_timestamp": start,
        "end_timestamp": start + 1,
        "attributes": {key: {"value": value, "type": kinds[type(value)]} for key, value in given.items()},
    }


def transaction(
    name: str, op: str, *spans: dict[str, Any], number: int = 1, **fields: Any
) -> tuple[dict[str, Any], Any]:
    """A transaction item, its spans inside it."""
    start = time.time() - 10 + number / 100
    return {"type": "transaction"}, {
        "type": "transaction",
        "event_id": os.urandom(16).hex(),
        "transaction": name,
        "start_timestamp": start,
        "timestamp": start + 1,
        "contexts": {"trace": {"trace_id": TRACE, "span_id": f"{number:016x}", "op": op}},
        "spans": list(spans),
        **fields,
    }


def static_span(
    number: int, parent: int, op: str, description: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Span *number* inside a transaction; later numbers start later."""
    start = time.time() - 10 + number / 100
    return {
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "parent_span_id": f"{parent:016x}",
        "op": op,
        "description": description,
        "start_timestamp": start,
        "timestamp": start + 0.5,
        **fields,
    }
