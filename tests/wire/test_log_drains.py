from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire.log_drains import LogDrainError, nel_logs, vercel_logs

JSON, LINES = "application/json", "application/x-ndjson; charset=utf-8"
TRACE, SPAN = "1b02cd14bb8642fd092bc23f54c7ffcd", "f24e8631bd11faa7"
LOG: dict[str, Any] = {
    "id": "1",
    "deploymentId": "dpl_1",
    "source": "lambda",
    "host": "shop.vercel.app",
    "timestamp": 1573817250283,
    "projectId": "p",
    "level": "warning",
}
PROXY: dict[str, Any] = {
    "timestamp": 1573817250172,
    "method": "GET",
    "host": "shop.vercel.app",
    "path": "/api",
    "region": "sfo1",
    "userAgent": ["Mozilla/5.0", "ü"],
}


def vercel(*logs: Any) -> Any:
    return [log.fields for log in vercel_logs(json.dumps(logs).encode(), JSON)]


def attributes(fields: Any) -> dict[str, Any]:
    return {name: attribute["value"] for name, attribute in fields["attributes"].items()}


def test_a_log_of_vercel_has_sentrys_names() -> None:
    # Relay: relay-ourlogs/src/vercel_to_sentry.rs:175.
    more = {"message": "hi", "traceId": TRACE, "spanId": SPAN, "type": "stdout", "environment": "preview"}
    (fields,) = vercel({**LOG, **more, "statusCode": 200, "ja3Digest": "j", "more": 1})

    assert attributes(fields) == {
        "sentry.origin": "auto.log_drain.vercel",
        "vercel.id": "1",
        "vercel.deployment_id": "dpl_1",
        "vercel.source": "lambda",
        "server.address": "shop.vercel.app",
        "vercel.project_id": "p",
        "vercel.log_type": "stdout",
        "sentry.environment": "preview",
        "vercel.ja3_digest": "j",
        "vercel.status_code": 200,
    }
    del fields["attributes"]
    assert fields == {
        "level": "warn",
        "body": "hi",
        "trace_id": TRACE,
        "span_id": SPAN,
        "timestamp": 1573817250.283,
    }


@pytest.mark.parametrize(
    "name", ["level", "message", "traceId", "trace.id", "statusCode", "timestamp", "proxy"]
)
def test_a_field_of_vercel_that_is_doubled_loses_the_log(name: str) -> None:
    # Relay: VercelLog in relay-ourlogs/src/vercel_to_sentry.rs:12; serde refuses doubled fields.
    log = json.dumps(
        {**LOG, "message": "hi", "traceId": TRACE, "trace.id": TRACE, "proxy": PROXY, "statusCode": 1}
    )
    value = json.dumps(json.loads(log)[name])
    doubled = f'{log[:-1]}, "{name}": {value}}}'

    lost, kept = vercel_logs(f"{doubled}\n{log}".encode(), LINES)
    assert (lost.fields, lost.problem) == (None, f"{name}: duplicate field")
    assert kept.fields is not None
    with pytest.raises(LogDrainError, match=f"log 1: {name}: duplicate field"):
        vercel_logs(f"[{log},{doubled}]".encode(), JSON)


def test_of_a_field_that_vercel_does_not_have_the_last_counts() -> None:
    log = json.dumps({**LOG, "proxy": PROXY})
    unknown = log[:-1] + ', "more": 1, "more": 2, "userAgent": 1, "userAgent": 2, "object": {"a": 1, "a": 2}}'

    assert vercel_logs(f"[{unknown}]".encode(), JSON)[0].problem == ""


@pytest.mark.parametrize("name", ["userAgent", "method", "timestamp", "cacheId"])
def test_a_field_of_vercels_proxy_that_is_doubled_loses_the_log(name: str) -> None:
    # Relay: VercelProxy in vercel_to_sentry.rs:101.
    proxy = json.dumps({**PROXY, "cacheId": "c"})
    proxy = f'{proxy[:-1]}, "{name}": {json.dumps(json.loads(proxy)[name])}}}'
    (log,) = (json.dumps(LOG)[:-1] + f', "proxy": {proxy}}}',)

    with pytest.raises(LogDrainError, match=f"log 0: proxy.{name}: duplicate field"):
        vercel_logs(f"[{log}]".encode(), JSON)


def test_the_proxy_of_vercel_is_in_the_attributes() -> None:
    (fields,) = vercel({**LOG, "proxy": {**PROXY, "statusCode": 404, "vercelCache": "MISS", "referer": None}})

    assert {name: value for name, value in attributes(fields).items() if ".proxy." in name} == {
        "vercel.proxy.timestamp": 1573817250172,
        "vercel.proxy.method": "GET",
        "vercel.proxy.host": "shop.vercel.app",
        "vercel.proxy.path": "/api",
        "vercel.proxy.region": "sfo1",
        "vercel.proxy.vercel_cache": "MISS",
        "vercel.proxy.status_code": 404,
        "vercel.proxy.user_agent": '["Mozilla/5.0","ü"]',
    }


@pytest.mark.parametrize(
    ("sent", "trace_id", "span_id"),
    [
        ({"trace.id": TRACE, "span.id": SPAN}, TRACE, SPAN),
        ({"traceId": TRACE, "trace.id": "x", "spanId": SPAN, "span.id": "y"}, TRACE, SPAN),
        ({"requestId": "643af4e3-975a-4cc7-9e7a-1eda11539d90"}, "643af4e3975a4cc79e7a1eda11539d90", None),
        ({}, None, None),
    ],
)
def test_ids_have_two_spellings_and_a_request_stands_for_a_trace(
    sent: dict[str, Any], trace_id: str | None, span_id: str | None
) -> None:
    # Relay: vercel_to_sentry.rs:83 and 154.
    (fields,) = vercel({**LOG, **sent})

    assert (fields["trace_id"], fields["span_id"]) == (trace_id, span_id)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"id": None}, "id: expected a string"),
        ({"timestamp": 1.5}, "timestamp: expected an integer"),
        ({"timestamp": True}, "timestamp: expected an integer"),
        ({"level": "debug"}, "level: expected one of info, warning, error, fatal"),
        ({"level": []}, "level: expected one of info, warning, error, fatal"),
        ({"statusCode": "200"}, "statusCode: expected an integer"),
        ({"message": 7}, "message: expected a string"),
        ({"proxy": "x"}, "proxy: expected an object"),
        ({"proxy": {**PROXY, "userAgent": "x"}}, "proxy.userAgent: expected an array of strings"),
        ({"proxy": {**PROXY, "region": 1}}, "proxy.region: expected a string"),
    ],
)
def test_one_bad_log_loses_an_array_and_itself_alone_among_lines(wrong: dict[str, Any], problem: str) -> None:
    # Relay: relay-server/src/processing/logs/integrations/vercel.rs:16.
    bad = {**LOG, **wrong}
    lines = "\n".join(map(json.dumps, (LOG, bad))).encode() + b"\n\nnonsense"

    with pytest.raises(LogDrainError, match="^log 1: " + problem.replace(".", "[.]")):
        vercel_logs(json.dumps([LOG, bad]).encode(), JSON)
    first, second, third = vercel_logs(lines, LINES)
    assert (first.sent, second.sent, second.fields, second.problem) == (LOG, bad, None, problem)
    assert (third.sent, third.fields) == (b"nonsense", None)


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [(b"[]", JSON), (b"{}", JSON), (b"[", JSON), (b"", JSON), (b"\n", LINES), (b"{}\nx", LINES)],
)
def test_a_payload_without_a_log_is_lost(payload: bytes, content_type: str) -> None:
    with pytest.raises(LogDrainError):
        vercel_logs(payload, content_type)


def test_a_report_of_a_browser_becomes_a_log() -> None:
    # Relay: relay-event-normalization/src/normalize/nel.rs:207; tests/integration/test_nel.py:9.
    body = {
        "elapsed_time": 37,
        "method": "GET",
        "phase": "application",
        "protocol": "http/1.1",
        "referrer": "https://shop.example/nel/",
        "sampling_fraction": 1,
        "server_ip": "123.123.123.123",
        "status_code": 500,
        "type": "http.error",
    }
    report = {"age": 1200000, "body": body, "type": "network-error", "url": "https://shop.example/cart?a=1"}
    (log,) = nel_logs(json.dumps([report]).encode())

    assert (log.sent, log.age) == (report, 1200.0)
    assert log.fields is not None
    assert (log.fields["level"], log.fields["body"]) == ("warn", "http.error")
    assert attributes(log.fields) == {
        "sentry.origin": "auto.http.browser_report.nel",
        "browser.report.type": "network-error",
        "url.full": "https://shop.example/cart?a=1",
        "url.domain": "shop.example",
        "http.request.duration": 37,
        "http.request.method": "GET",
        "http.request.header.referer": "https://shop.example/nel/",
        "http.response.status_code": 500,
        "server.address": "123.123.123.123",
        "nel.phase": "application",
        "nel.sampling_fraction": 1,
        "nel.type": "http.error",
        "nel.referrer": "https://shop.example/nel/",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
    }


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("http://[::1]:8080/foo", "[::1]"),
        ("https://user:secret@[2001:DB8:0:0::1]/", "[2001:db8::1]"),
        ("http://[::ffff:1.2.3.4]/", "[::ffff:102:304]"),
        ("http://Localhost:8080/foo?bar=1", "localhost"),
        ("https://example.com/foo?bar=1", "example.com"),
        ("123.123.123.123", "123.123.123.123"),
        # What is no URL is taken as it is.
        ("http://[::1", "http://[::1"),
        ("http://[zz]/", "http://[zz]/"),
        ("http://[v1.x]/", "http://[v1.x]/"),
        ("http://[fe80::1%eth0]/", "http://[fe80::1%eth0]/"),
        ("http://example.com:99999/", "http://example.com:99999/"),
        ("", None),
    ],
)
def test_the_domain_of_a_url_is_its_host(url: str, domain: str | None) -> None:
    # Relay: extract_server_address in normalize/nel.rs:163; what is empty is left out, :241.
    (log,) = nel_logs(json.dumps([{"url": url, "body": {}}]).encode())

    assert attributes(log.fields).get("url.domain") == domain


def test_a_request_that_succeeded_is_information() -> None:
    (log,) = nel_logs(b'[{"body":{"type":"ok"}}]')

    assert log.fields is not None
    assert (log.fields["level"], log.fields["body"], log.age) == ("info", "ok", 0.0)


def test_of_a_report_what_has_a_wrong_type_is_passed_over() -> None:
    nonsense: dict[str, Any] = dict.fromkeys(("elapsed_time", "status_code"), "x")
    nonsense |= dict.fromkeys(("method", "phase", "protocol", "referrer", "server_ip", "type"), 7)
    first, *rest = nel_logs(json.dumps([{"age": "x", "url": 7, "body": nonsense}, {}, 7, None]).encode())

    assert first.fields is not None
    assert (first.fields["body"], first.age) == ("unknown", 0.0)
    assert set(attributes(first.fields)) == {"sentry.origin", "browser.report.type"}
    assert [log.fields for log in rest] == [None, None, None]


KEYS = st.sampled_from([*LOG, "proxy", "body", "url", "age"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner),
    max_leaves=6,
)


@pytest.mark.parametrize("content_type", [JSON, LINES, "nel"])
@given(sent=st.lists(VALUES, max_size=3) | VALUES)
def test_whatever_is_sent_is_read_or_lost(content_type: str, sent: Any) -> None:
    payload = json.dumps(sent).encode()
    with contextlib.suppress(LogDrainError):
        logs = nel_logs(payload) if content_type == "nel" else vercel_logs(payload, content_type)
        assert all(bool(log.problem) == (log.fields is None) for log in logs)
