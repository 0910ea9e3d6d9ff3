"""Logs in formats that are not Sentry's: Vercel's log drains, and browsers' reports of failed requests (NEL).

Read as Relay reads them, long after it has answered, so nothing here is an HTTP error. Relay:
``relay-ourlogs/src/vercel_to_sentry.rs``, ``relay-event-normalization/src/normalize/nel.rs``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import urlsplit

from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.envelope import parse_event_id

__all__ = ["LogDrainError", "SentLog", "nel_logs", "vercel_logs"]

_LEVELS = {"info": "info", "warning": "warn", "error": "error", "fatal": "fatal"}
_REQUIRED = ("id", "deploymentId", "source", "host", "projectId")
# Sentry's names where they are not Vercel's own in snake case.
_VERCEL = {"host": "server.address", "type": "vercel.log_type", "environment": "sentry.environment"}
_TEXTS = (
    *("buildId", "entrypoint", "destination", "path", "type", "requestId", "environment", "branch"),
    *("ja3Digest", "ja4Digest", "edgeType", "projectName", "executionRegion", "message"),
    *("traceId", "trace.id", "spanId", "span.id"),
)
_NOT_ATTRIBUTES = ("message", "traceId", "trace.id", "spanId", "span.id")
_PROXY_REQUIRED = ("method", "host", "path", "region")
_PROXY_TEXTS = (
    *("referer", "clientIp", "scheme", "cacheId", "pathType", "pathTypeVariant", "vercelId", "vercelCache"),
    *("lambdaRegion", "wafAction", "wafRuleId"),
)
_PROXY_NUMBERS = ("statusCode", "responseByteSize")
_NEL: dict[str, tuple[str, Any]] = {
    "elapsed_time": ("http.request.duration", int),
    "method": ("http.request.method", str),
    "referrer": ("http.request.header.referer", str),
    "status_code": ("http.response.status_code", int),
    "server_ip": ("server.address", str),
    "phase": ("nel.phase", str),
    "sampling_fraction": ("nel.sampling_fraction", (int, float)),
    "type": ("nel.type", str),
}
_CAPITAL = re.compile("[A-Z]")


class LogDrainError(ValueError):
    """A payload of which Sentry keeps nothing, with the reason."""


@dataclass(frozen=True, slots=True)
class SentLog:
    """One log as it was sent, and what Sentry makes of it."""

    sent: Any
    """The value as it stands in the payload; of a line that is no JSON, its bytes."""
    fields: dict[str, Any] | None
    """The same as an element of a ``log`` item; ``None`` where Sentry drops it."""
    problem: str = ""
    """Why it is dropped."""
    age: float = 0.0
    """Seconds between the log and its arrival, where it has no ``timestamp`` of its own."""


def vercel_logs(payload: bytes, content_type: str) -> list[SentLog]:
    """Return the logs of a log drain: a JSON array, or one on each line.

    Of an array, one that is not as it should be loses all; of lines, only itself.

    Args:
        payload: The decoded body of the request.
        content_type: ``application/json`` or ``application/x-ndjson``, parameters allowed.

    Raises:
        LogDrainError: Sentry keeps none of it.

    >>> sent = '{"id":"1","deploymentId":"d","source":"build","host":"h","projectId":"p","timestamp":1000,'
    >>> line = sent + '"level":"warning","message":"slow"}'
    >>> vercel_logs(line.encode(), "application/x-ndjson")[0].fields["level"]
    'warn'
    """
    if content_type.partition(";")[0].strip().lower() == "application/x-ndjson":
        logs = [_vercel_line(line) for line in payload.split(b"\n") if line]
    else:
        logs = [_vercel_log(sent) for sent in _array(payload)]
        for index, log in enumerate(logs):
            if log.fields is None:
                raise LogDrainError(f"log {index}: {log.problem}")
    if all(log.fields is None for log in logs):
        raise LogDrainError(logs[0].problem if logs else "no log in it")
    return logs


def nel_logs(payload: bytes) -> list[SentLog]:
    """Return the logs that browsers' reports become, one for each; their text is the report's type.

    Sentry writes a sentence for that type instead.

    Raises:
        LogDrainError: *payload* is no JSON array.

    >>> nel_logs(b'[{"age":500,"body":{"type":"tcp.refused"}}]')[0].fields["body"]
    'tcp.refused'
    """
    return [_nel_log(sent) for sent in _array(payload)]


def _array(payload: bytes) -> list[Any]:
    try:
        sent = strict_json.loads(payload, mark_doubled=True)
    except strict_json.StrictJSONError as error:
        raise LogDrainError(f"not JSON: {error}") from None
    if not isinstance(sent, list):
        raise LogDrainError("expected a JSON array")
    return sent


def _vercel_line(line: bytes) -> SentLog:
    try:
        return _vercel_log(strict_json.loads(line, mark_doubled=True))
    except strict_json.StrictJSONError as error:
        return SentLog(line, None, f"not JSON: {error}")


def _vercel_log(sent: Any) -> SentLog:
    problem = _vercel_problem(sent)
    if problem:
        return SentLog(sent, None, problem)
    attributes = {"sentry.origin": "auto.log_drain.vercel"}
    for name in (*_REQUIRED, *_TEXTS, "statusCode"):
        if sent.get(name) is not None and name not in _NOT_ATTRIBUTES:
            attributes[_VERCEL.get(name, "vercel." + _snake(name))] = sent[name]
    proxy = sent.get("proxy")
    if proxy is not None:
        for name in ("timestamp", *_PROXY_REQUIRED, *_PROXY_TEXTS, *_PROXY_NUMBERS):
            if proxy.get(name) is not None:
                attributes["vercel.proxy." + _snake(name)] = proxy[name]
        agents = json.dumps(proxy["userAgent"], separators=(",", ":"), ensure_ascii=False)
        attributes["vercel.proxy.user_agent"] = agents
    trace_id = _first(sent, "traceId", "trace.id") or sent.get("requestId")
    fields = {
        "level": _LEVELS[sent["level"]],
        "body": sent.get("message") or "",
        "attributes": {name: {"value": value} for name, value in attributes.items()},
        "trace_id": parse_event_id(trace_id),
        "span_id": _first(sent, "spanId", "span.id"),
        "timestamp": sent["timestamp"] / 1000,
    }
    return SentLog(sent, fields)


def _vercel_problem(sent: Any) -> str:
    if not isinstance(sent, dict):
        return "expected an object"
    proxy = sent.get("proxy")
    if proxy is not None and not isinstance(proxy, dict):
        return "proxy: expected an object"
    problems = list(_wrong(sent, "", _REQUIRED, _TEXTS, ("statusCode",)))
    level = sent.get("level")
    if not isinstance(level, str) or level not in _LEVELS:
        problems.append(f"level: expected one of {', '.join(_LEVELS)}")
    if proxy is not None:
        problems += _wrong(proxy, "proxy.", _PROXY_REQUIRED, _PROXY_TEXTS, _PROXY_NUMBERS)
        agents = proxy.get("userAgent")
        if not isinstance(agents, list) or not all(isinstance(agent, str) for agent in agents):
            problems.append("proxy.userAgent: expected an array of strings")
    return problems[0] if problems else ""


def _wrong(
    sent: dict[str, Any],
    prefix: str,
    texts: tuple[str, ...],
    optional_texts: tuple[str, ...],
    optional_numbers: tuple[str, ...],
) -> Iterator[str]:
    # serde refuses a struct whose known fields are doubled; of others the last wins.
    if isinstance(sent, strict_json.Doubled):
        others = ("timestamp", "userAgent") if prefix else ("timestamp", "level", "proxy")
        for name in (*texts, *optional_texts, *optional_numbers, *others):
            if name in sent.doubled:
                yield f"{prefix}{name}: duplicate field"
    for name in texts:
        if not isinstance(sent.get(name), str):
            yield f"{prefix}{name}: expected a string"
    for name in optional_texts:
        if not isinstance(sent.get(name), str | None):
            yield f"{prefix}{name}: expected a string"
    for name in ("timestamp", *optional_numbers):
        value = sent.get(name)
        fine = type(value) is int and -(2**63) <= value < 2**63
        if not fine and not (value is None and name in optional_numbers):
            yield f"{prefix}{name}: expected an integer"


def _first(sent: dict[str, Any], *names: str) -> Any:
    return next((sent[name] for name in names if sent.get(name) is not None), None)


def _snake(name: str) -> str:
    return _CAPITAL.sub(lambda match: "_" + match[0].lower(), name)


def _nel_log(sent: Any) -> SentLog:
    body = sent.get("body") if isinstance(sent, dict) else None
    if not isinstance(body, dict):
        return SentLog(sent, None, "a report needs an object 'body'")
    attributes: dict[str, Any] = {
        "sentry.origin": "auto.http.browser_report.nel",
        "browser.report.type": "network-error",
    }
    url = sent.get("url")
    if isinstance(url, str):
        attributes["url.full"] = url
        if url:
            attributes["url.domain"] = _domain(url)
    for name, (attribute, kind) in _NEL.items():
        value = body.get(name)
        if isinstance(value, kind) and not isinstance(value, bool):
            attributes[attribute] = value
    if isinstance(body.get("referrer"), str):
        attributes["nel.referrer"] = body["referrer"]
    if isinstance(body.get("protocol"), str):
        name, _, version = body["protocol"].partition("/")
        parts = {"network.protocol.name": name, "network.protocol.version": version.partition("/")[0]}
        attributes.update({key: part for key, part in parts.items() if part})
    error = body["type"] if isinstance(body.get("type"), str) else "unknown"
    age = sent.get("age")
    fields = {
        "level": "info" if error == "ok" else "warn",
        "body": error,
        "attributes": {name: {"value": value} for name, value in attributes.items()},
    }
    return SentLog(sent, fields, age=age / 1000 if type(age) is int and abs(age) < 2**53 else 0.0)


def _domain(url: str) -> str:
    # Relay: extract_server_address in nel.rs:163; of what is no URL, or has no host, it takes all.
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
        if not host or not parts.netloc.rpartition("@")[2].startswith("["):
            return host or url
        address = IPv6Address(host)
    except ValueError:
        return url
    # A URL has no zone, and writes an embedded IPv4 address in hexadecimal, as Python before 3.13 does.
    if address.scope_id is not None:
        return url
    mapped = None if address.ipv4_mapped is None else int(address.ipv4_mapped)
    return f"[{address}]" if mapped is None else f"[::ffff:{mapped >> 16:x}:{mapped & 0xFFFF:x}]"
