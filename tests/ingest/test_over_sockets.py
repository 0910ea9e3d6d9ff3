"""The same over a real port: chunks, and connections that faults break."""

from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS, Arrival, RefusedRequest
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, serialize_envelope
from tests.ingest.asking import AUTH, EVENT, EVENT_ID

PATH = "/api/42/envelope/"


@pytest.fixture(scope="module")
def sentry() -> Iterator[FakeSentry]:
    with FakeSentry() as running:
        yield running


@pytest.fixture
def faults(sentry: FakeSentry) -> Iterator[Faults]:
    sentry.store.clear(STRAYS)
    found = sentry.ingest.faults_for(STRAYS)
    yield found
    found.clear()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def send(sentry: FakeSentry, body: bytes | list[bytes], **headers: str) -> Answer:
    connection = http.client.HTTPConnection(sentry.host, sentry.port, timeout=10)
    sent = {"X-Sentry-Auth": AUTH, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with closing(connection):
        connection.request("POST", PATH, body, sent, encode_chunked=isinstance(body, list))
        with connection.getresponse() as response:
            return Answer(response.status, dict(response.headers), response.read())


def entries(sentry: FakeSentry) -> list[Arrival | RefusedRequest]:
    return sentry.store.since(STRAYS)


def kept(sentry: FakeSentry) -> list[RawEnvelope]:
    return [entry.envelope for entry in entries(sentry) if isinstance(entry, Arrival)]


def chunked(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [chunk for chunk in [*chunks, data] if chunk]


@settings(max_examples=40)
@given(
    payloads=st.lists(st.binary(max_size=300), max_size=5),
    sizes=st.lists(st.integers(1, 200), max_size=10),
    compressed=st.booleans(),
)
def test_any_chunking_comes_back_equal(
    sentry: FakeSentry, payloads: list[bytes], sizes: list[int], compressed: bool
) -> None:
    items = (RawItem({"type": "attachment", "length": len(payload)}, payload) for payload in payloads)
    envelope = RawEnvelope({"event_id": EVENT_ID}, tuple(items))
    data = serialize_envelope(envelope)
    data = gzip.compress(data) if compressed else data
    sentry.store.clear(STRAYS)
    headers = {"content_encoding": "gzip"} if compressed else {}
    answer = send(sentry, chunked(data, sizes), transfer_encoding="chunked", **headers)

    assert answer.body == b'{"id":"%s"}' % EVENT_ID.encode()
    assert kept(sentry) == [envelope]


def test_a_disconnect_keeps_what_was_sent(sentry: FakeSentry, faults: Faults) -> None:
    faults.disconnect(times=1)

    with pytest.raises((http.client.BadStatusLine, ConnectionError)):
        send(sentry, EVENT)
    assert [item.type for item in kept(sentry)[0].items] == ["event"]
    assert send(sentry, EVENT).status == 200


def test_a_truncated_answer_is_incomplete(sentry: FakeSentry, faults: Faults) -> None:
    faults.truncate()

    with pytest.raises(http.client.IncompleteRead):
        send(sentry, EVENT)
    assert len(kept(sentry)) == 1


def test_a_delayed_answer_comes_late_but_is_stored_at_once(sentry: FakeSentry, faults: Faults) -> None:
    faults.delay(0.1)
    started = time.perf_counter()
    assert send(sentry, EVENT).status == 200

    assert time.perf_counter() - started >= 0.1
    assert len(kept(sentry)) == 1


def test_a_status_and_its_headers_arrive(sentry: FakeSentry, faults: Faults) -> None:
    faults.rate_limit("error", seconds=9)
    answer = send(sentry, EVENT)

    assert (answer.status, answer.headers["retry-after"]) == (429, "9")
    assert answer.headers["x-sentry-rate-limits"] == "9:error:organization"


def test_a_bomb_is_413_over_the_wire(sentry: FakeSentry, faults: Faults) -> None:
    bomb = gzip.compress(bytes(201 * 2**20), 1)
    answer = send(sentry, bomb, content_encoding="gzip")

    assert (answer.status, answer.body) == (
        413,
        b"Failed to buffer the request body: length limit exceeded",
    )
    (entry,) = entries(sentry)
    assert isinstance(entry, RefusedRequest)
    assert (entry.status, entry.body) == (413, bomb)
