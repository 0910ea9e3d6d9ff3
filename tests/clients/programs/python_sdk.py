"""Sends one of everything with whichever sentry-sdk is installed, and says what it sent."""

from __future__ import annotations

import importlib
import json
import logging
from collections import Counter
from typing import Any

sentry_sdk: Any = importlib.import_module("sentry_sdk")
crons: Any = importlib.import_module("sentry_sdk.crons")
logger: Any = importlib.import_module("sentry_sdk.logger")

VERSION = tuple(int(part) for part in sentry_sdk.VERSION.split("b")[0].split("."))
SENT: Counter[str] = Counter()


def init() -> None:
    options: dict[str, Any] = (
        {} if VERSION >= (3,) else {"_experiments": {"enable_metrics": True}, "enable_logs": True}
    )
    sentry_sdk.init(
        release="shop@1.2.3",
        environment="staging",
        traces_sample_rate=1.0,
        before_send=lambda event, hint: None if event.get("message") == "dropped" else event,
        **options,
    )
    transport = sentry_sdk.get_client().transport
    send = transport._send_request

    def counting(*args: Any, **kwargs: Any) -> Any:
        SENT.update(item.headers["type"] for item in kwargs["envelope"].items)
        return send(*args, **kwargs)

    transport._send_request = counting


def send_events() -> None:
    sentry_sdk.set_tag("region", "eu")
    sentry_sdk.set_user({"id": "42", "email": "jane@example.com"})
    sentry_sdk.add_breadcrumb(category="auth", message="logged in", level="info")
    sentry_sdk.capture_message("spec failed", "warning")
    sentry_sdk.capture_message("dropped")
    with sentry_sdk.new_scope() as scope:
        scope.add_attachment(bytes=b"DROP TABLES ;\n", filename="query.sql")
        scope.add_attachment(bytes=bytes(range(256)), filename="every.bin")
        try:
            try:
                raise KeyError("cart")
            except KeyError as error:
                raise ValueError("no such cart: ünïcode") from error
        except ValueError as error:
            sentry_sdk.capture_exception(error)


def send_spans() -> None:
    if VERSION >= (3,):
        with sentry_sdk.traces.start_span("checkout", {"sentry.op": "http.server"}):
            with sentry_sdk.traces.start_span("SELECT * FROM cart", {"sentry.op": "db.query", "rows": 3}):
                pass
            with sentry_sdk.traces.start_span("GET cart", {"sentry.op": "cache.get"}):
                pass
        return
    with sentry_sdk.start_transaction(name="checkout", op="http.server"):
        with sentry_sdk.start_span(op="db.query", name="SELECT * FROM cart") as query:
            query.set_data("rows", 3)
        with sentry_sdk.start_span(op="cache.get", name="GET cart"):
            pass


def send_telemetry() -> None:
    logger.info("cart {cart} opened", cart=7)
    logger.warning("cart is slow")
    metrics: Any = importlib.import_module(
        "sentry_sdk._metrics" if VERSION < (2, 44) else "sentry_sdk.metrics"
    )
    metrics.count("carts", 2)
    metrics.gauge("queue", 5)
    metrics.distribution("latency", 12.5, unit="millisecond")
    run = crons.capture_checkin(
        monitor_slug="nightly",
        status="in_progress",
        monitor_config={"schedule": {"type": "crontab", "value": "0 3 * * *"}},
    )
    crons.capture_checkin(monitor_slug="nightly", check_in_id=run, status="ok", duration=1.5)


def send_session() -> None:
    scope = sentry_sdk.get_isolation_scope()
    scope.start_session(session_mode="application")
    scope.end_session()


logging.disable(logging.CRITICAL)
init()
send_events()
send_spans()
send_telemetry()
send_session()
sentry_sdk.flush(10)
print(json.dumps(SENT))  # noqa: T201
