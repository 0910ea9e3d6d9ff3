"""What a shop of three services sends: of each kind something, so that every view has what to show.

``python -m tests.clients.shop`` runs a fake Sentry that was sent it, prints its URL, and ends with its input.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import Any, Final

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web

TRACE: Final = "04ce62235cd54ac5be82861c38d36cc3"
BROKEN: Final = "9d3f1c5a8b7e4f60a1b2c3d4e5f60718"
PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"
)
SVG: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.ran=1"><rect width="9" height="9"/></svg>'
)
PAGE: Final = b"<script>globalThis.ran=1</script><img src=x onerror='globalThis.ran=1'>"
KEY: Final = "a" * 32


def send(sentry: FakeSentry, *items: tuple[Any, ...], project: int = 1) -> None:
    """Send an envelope of items, each a type, a payload, and further headers."""
    lines = [b"{}"]
    for kind, payload, *further in items:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines += [
            json.dumps({"type": kind, "length": len(data), **(further or [{}])[0]}).encode(),
            data,
        ]
    sentry.receive(f"/api/{project}/envelope/?sentry_key={KEY}", {}, b"\n".join(lines))


def send_a_shop(sentry: FakeSentry) -> None:
    """Send a checkout that fails in the payments, and of everything else a little."""
    now = time.time() - 1
    _transactions(sentry, now)
    _error(sentry, now)
    _others(sentry, now)


def _span(
    number: int, parent: int, op: str, text: str, start: float, length: float, **more: Any
) -> dict[str, Any]:
    return {
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "parent_span_id": f"{parent:016x}",
        "op": op,
        "description": text,
        "start_timestamp": start,
        "timestamp": start + length,
        **more,
    }


def _transaction(name: str, service: str, root: dict[str, Any], *spans: dict[str, Any]) -> dict[str, Any]:
    trace = {key: root[key] for key in ("trace_id", "span_id", "parent_span_id", "op")}
    if trace["parent_span_id"] == "0" * 16:
        del trace["parent_span_id"]
    return {
        "type": "transaction",
        "transaction": name,
        "transaction_info": {"source": "route"},
        "server_name": service,
        "release": f"{service}@1.4.2",
        "environment": "ci",
        "tags": {"graph": "g1", "region": "eu-west"},
        "contexts": {"trace": trace},
        "start_timestamp": root["start_timestamp"],
        "timestamp": root["timestamp"],
        "spans": list(spans),
    }


def _transactions(sentry: FakeSentry, now: float) -> None:
    checkout = _span(1, 0, "http.server", "POST /checkout", now, 0.27)
    cart = _span(2, 1, "db.query", "SELECT * FROM cart", now + 0.004, 0.021, data={"db.system": "postgresql"})
    call = _span(3, 1, "http.client", "POST http://payments/charge", now + 0.026, 0.242)
    charge = _span(4, 3, "http.server", "POST /charge", now + 0.029, 0.237)
    limits = _span(5, 4, "cache.get", "limits:17", now + 0.031, 0.011)
    insert = _span(6, 4, "db.query", "INSERT INTO charges", now + 0.043, 0.117, status="internal_error")
    receipt = _span(7, 4, "queue.process", "send_receipt", now + 0.161, 0.101)
    render = _span(8, 7, "template.render", "receipt.html", now + 0.165, 0.032)
    mail = _span(9, 7, "smtp.send", "smtp://mail", now + 0.199, 0.06)
    send(sentry, ("transaction", _transaction("send_receipt", "worker", receipt, render, mail)), project=3)
    send(sentry, ("transaction", _transaction("POST /charge", "payments", charge, limits, insert)), project=2)
    send(sentry, ("transaction", _transaction("POST /checkout", "shop-web", checkout, cart, call)))
    lost = _transaction("orphaned work", "worker", {**checkout, "trace_id": BROKEN, "span_id": "b" * 16})
    lost["contexts"]["trace"]["parent_span_id"] = "f" * 16
    send(sentry, ("transaction", lost), project=3)


def _error(sentry: FakeSentry, now: float) -> None:
    frames = [
        {"filename": "flask/app.py", "function": "dispatch", "lineno": 880, "in_app": False},
        {
            "filename": "payments/charge.py",
            "function": "charge",
            "lineno": 31,
            "in_app": True,
            "pre_context": ["def charge(card, amount):", "    limit = limits.of(card)"],
            "context_line": '    raise CardError(f"{card} declined: {amount} is over {limit}")',
            "post_context": ["", "def refund(charge):"],
            "vars": {"amount": 120, "card": "'visa-17'", "limit": "100"},
        },
    ]
    group = {"exception_id": 0, "is_exception_group": True, "type": "generic", "handled": False}
    values = [
        {
            "type": "KeyError",
            "value": "'rate'",
            "mechanism": {"type": "chained", "exception_id": 2, "parent_id": 1},
        },
        {
            "type": "ValueError",
            "value": "no rate for EUR",
            "mechanism": {"type": "chained", "exception_id": 1, "parent_id": 0, "source": "exceptions[0]"},
        },
        {
            "type": "CardError",
            "value": "visa-17 declined: 120 is over 100",
            "module": "payments.errors",
            "stacktrace": {"frames": frames},
            "mechanism": group,
        },
    ]
    crumbs: list[dict[str, Any]] = [
        {"category": "http", "message": "GET /api/cart", "level": "info", "data": {"status_code": 200}},
        {"category": "query", "message": "SELECT * FROM limits", "level": "debug"},
        {"category": "auth", "message": "the token is about to expire", "level": "warning"},
    ]
    for place, crumb in enumerate(crumbs):
        crumb["timestamp"] = now - 0.4 + place * 0.15
    event = {
        "event_id": "4e6e5b8dfb1a408b907b06327590f39a",
        "timestamp": now + 0.12,
        "level": "error",
        "server_name": "payments",
        "release": "payments@1.4.2",
        "environment": "ci",
        "transaction": "POST /charge",
        "exception": {"values": values},
        "breadcrumbs": {"values": crumbs},
        "tags": {"graph": "g1", "region": "eu-west", "too long": "x" * 250},
        "user": {"id": "17", "email": "ada@example.com"},
        "request": {"url": "http://payments/charge", "method": "POST", "data": {"amount": 120}},
        "extra": {"attempt": 2},
        "contexts": {
            "trace": {"trace_id": TRACE, "span_id": f"{6:016x}"},
            "flags": {"values": [{"flag": "new-checkout", "result": True}]},
        },
    }
    files = [
        ("screenshot.png", "image/png", PNG),
        ("chart.svg", "image/svg+xml", SVG),
        ("liar.png", "image/png", SVG),
        (
            "page.html",
            "text/html",
            b"<script>globalThis.ran=1</script><img src=x onerror='globalThis.ran=1'>",
        ),
        ("server.log", "text/plain", b"line one\nline two\n"),
        ("core.bin", "application/octet-stream", bytes(range(256))),
    ]
    items = [
        ("attachment", data, {"filename": name, "content_type": kind, "attachment_type": "event.attachment"})
        for name, kind, data in files
    ]
    send(sentry, ("event", event), *items, project=2)


def _others(sentry: FakeSentry, now: float) -> None:
    send(
        sentry, ("event", {"message": "Unknown API graphql-v3", "level": "warning", "tags": {"graph": "g2"}})
    )
    logs = [
        {
            "timestamp": now + 0.05,
            "trace_id": TRACE,
            "span_id": f"{4:016x}",
            "level": level,
            "body": body,
            "attributes": {"shop.id": {"value": 7, "type": "integer"}},
        }
        for level, body in (("warn", "the limit of visa-17 is near"), ("info", "receipt sent"))
    ]
    count = {"item_count": 2, "content_type": "application/vnd.sentry.items.log+json"}
    send(sentry, ("log", {"items": logs}, count), project=2)
    metric = {
        "timestamp": now,
        "trace_id": TRACE,
        "name": "cart.value",
        "type": "distribution",
        "value": 120.5,
    }
    count = {"item_count": 1, "content_type": "application/vnd.sentry.items.trace-metric+json"}
    send(
        sentry,
        ("trace_metric", {"items": [{**metric, "value": 120.5, "unit": "euro", "attributes": {}}]}, count),
    )
    send(sentry, ("check_in", {"check_in_id": "c" * 32, "monitor_slug": "nightly", "status": "error"}))
    session = {"sid": "d" * 32, "status": "crashed", "errors": 1, "init": True}
    attributes = {"release": "shop-web@1.4.2", "environment": "ci"}
    send(sentry, ("session", {**session, "started": "2026-03-01T12:00:00Z", "attrs": attributes}))
    said = {"message": "The button does nothing", "contact_email": "ada@example.com", "name": "Ada"}
    send(sentry, ("feedback", {"contexts": {"feedback": said}}))
    lost = [{"reason": "before_send", "category": "error", "quantity": 2}]
    send(sentry, ("client_report", {"timestamp": now, "discarded_events": lost}))
    send(sentry, ("unheard_of", {"a": 1}))
    sentry.receive(f"/api/1/envelope/?sentry_key={KEY}", {}, b"this is no envelope")


if __name__ == "__main__":
    with FakeSentry(web=Web) as running:
        send_a_shop(running)
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
