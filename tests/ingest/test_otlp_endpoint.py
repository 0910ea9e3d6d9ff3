from __future__ import annotations

import pytest

from pytest_sentryintegration.ingest.request import Request
from pytest_sentryintegration.wire.envelope import RawItem
from tests.ingest.asking import AUTH, Fake, header, said

TRACES = "/api/42/integration/otlp/v1/traces"
LOGS = "/api/42/integration/otlp/v1/logs"
JSON = "application/json"
PROTOBUF = "application/x-protobuf"


@pytest.mark.parametrize(
    ("path", "integration"), [(TRACES, "otlp_traces"), (TRACES + "/", "otlp_traces"), (LOGS, "otlp_logs")]
)
@pytest.mark.parametrize(
    ("content_type", "answer"), [(JSON, b"{}"), ("application/json; charset=utf-8", b"{}"), (PROTOBUF, b"")]
)
def test_the_payload_is_kept_as_it_was_sent(
    fake: Fake, path: str, integration: str, content_type: str, answer: bytes
) -> None:
    reply = fake.post(path, b"anything", content_type=content_type)

    assert (reply.status, reply.body) == (200, answer)
    assert header(reply, "content-type") == content_type.partition(";")[0]
    headers = {"type": "integration", "integration": integration, "content_type": content_type, "length": 8}
    assert fake.envelope.items == (RawItem(headers, b"anything"),)
    assert fake.arrivals[0].endpoint == "otlp"


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/json; charset=latin-1", "application/protobuf"]
)
def test_another_content_type_is_415_in_json(fake: Fake, content_type: str) -> None:
    reply = fake.post(TRACES, b"{}", auth=None, content_type=content_type)

    assert said(reply) == (415, {"code": 3, "message": f"unsupported content type: {content_type}"})


def test_no_authentication_is_a_status_in_json(fake: Fake) -> None:
    reply = fake.post(TRACES, b"{}", auth=None, content_type=JSON)

    assert said(reply) == (401, {"code": 16, "message": "missing authorization information"})
    assert len(fake.refused) == 1


def test_no_authentication_is_a_status_in_protobuf(fake: Fake) -> None:
    reply = fake.post(TRACES, b"{}", auth=None, content_type=PROTOBUF)

    assert (reply.status, header(reply, "content-type")) == (401, PROTOBUF)
    message = b"missing authorization information"
    assert reply.body == b"\x08\x10\x12" + bytes([len(message)]) + message


UNREADABLE = "unable to read body: Failed to buffer the request body: "
TOO_LONG = UNREADABLE + "length limit exceeded"


def test_a_body_that_is_too_long_is_a_status(fake: Fake) -> None:
    # Relay: relay-server/src/extractors/integration_builder.rs:102; tests/integration/test_otlp_logs.py:132.
    reply = fake.post(LOGS, b"x" * (12 * 2**20 + 1), content_type=JSON)

    assert said(reply) == (413, {"code": 8, "message": TOO_LONG})


def test_a_body_that_is_broken_is_a_status(fake: Fake) -> None:
    status, answer = said(fake.post(TRACES, b"nonsense", content_type=JSON, content_encoding="gzip"))

    assert (status, answer["code"]) == (400, 3)
    assert answer["message"].startswith(UNREADABLE)


def test_what_the_server_refuses_is_a_status_too(fake: Fake) -> None:
    reason = "Failed to buffer the request body: length limit exceeded"
    headers = (("content-type", PROTOBUF), ("x-sentry-auth", AUTH))
    reply = fake.ingest.refuse(Request("POST", LOGS, headers, b"x"), 413, reason)

    assert (reply.status, header(reply, "content-type")) == (413, PROTOBUF)
    assert reply.body == b"\x08\x08\x12" + bytes([len(TOO_LONG)]) + TOO_LONG.encode()
    assert [refused.reason for refused in fake.refused] == [reason]


def test_a_rate_limit_is_a_status_with_its_headers(fake: Fake) -> None:
    fake.faults.rate_limit("log_item", seconds=7)
    reply = fake.post(LOGS, b"{}", content_type=JSON)

    assert said(reply)[1]["code"] == 8
    assert (reply.status, header(reply, "retry-after")) == (429, "7")
    assert header(reply, "x-sentry-rate-limits") == "7:log_item:organization"
    assert fake.arrivals == []


def test_a_long_message_is_well_formed_protobuf(fake: Fake) -> None:
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    fake.faults.status(503)
    reply = fake.post(LOGS, b"{}", content_type=PROTOBUF)

    # Field 2 is a message in both; field 1 is unknown to this one, and skipped.
    assert Status.FromString(reply.body).message == "fault set by the test: status 503"
    assert reply.body.startswith(b"\x08\x0e")
