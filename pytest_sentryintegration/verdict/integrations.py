"""What comes in formats that are not Sentry's: OpenTelemetry, Vercel's log drains, browsers' reports (NEL).

Relay: ``relay-server/src/processing/logs/integrations`` and ``processing/spans/integrations``.
"""

from __future__ import annotations

from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, capital, dropped, kept
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.log_drains import LogDrainError, nel_logs, vercel_logs

__all__ = ["judge_integration"]


def judge_integration(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge an ``integration`` item. Kept when it can be decoded."""
    integration, content_type = (str(item.headers.get(name)) for name in ("integration", "content_type"))
    if integration not in ("nel", "vercel_logs"):
        return _judge_otlp(item, content_type)
    try:
        logs = nel_logs(item.payload) if integration == "nel" else vercel_logs(item.payload, content_type)
    except LogDrainError as error:
        return dropped("invalid_json", item.payload, f"{error}; all of it is lost.")
    findings = tuple(
        Finding(str(index), "invalid_json", log.sent, None, capital(f"{log.problem}; Sentry drops the log."))
        for index, log in enumerate(logs)
        if log.fields is None
    )
    if findings and len(findings) == len(logs):
        return Ruling("dropped", "invalid_json", findings)
    return kept(findings, item.payload)


def _judge_otlp(item: RawItem, content_type: str) -> Ruling:
    # Protocol buffers take long to load, and few tests receive any.
    from pytest_sentryintegration.wire.otlp import OtlpError, otlp_logs, otlp_spans

    decode = otlp_logs if item.headers.get("integration") == "otlp_logs" else otlp_spans
    try:
        decode(item.payload, content_type)
    except OtlpError as error:
        reason = "invalid_json" if "json" in content_type else "invalid_proto"
        return dropped(reason, item.payload, f"{error}; all of it is lost.")
    return kept((), item.payload)
