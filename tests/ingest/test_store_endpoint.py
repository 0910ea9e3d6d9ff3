from __future__ import annotations

import base64
import re
import zlib
from urllib.parse import quote

import pytest

from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from tests.ingest.asking import EVENT, EVENT_ID, KEY, Fake, header, said, text

STORE = "/api/42/store/"
SENT = b'{"event_id":"%s","message":"hi"}' % EVENT_ID.encode()
KEPT = RawEnvelope(
    {"event_id": EVENT_ID},
    (RawItem({"type": "event", "content_type": "application/json", "length": len(SENT)}, SENT),),
)


@pytest.mark.parametrize(
    "body",
    [SENT, base64.b64encode(SENT), base64.b64encode(zlib.compress(SENT))],
    ids=["plain", "base64", "zlib"],
)
def test_an_event_becomes_an_envelope(fake: Fake, body: bytes) -> None:
    assert said(fake.post(STORE, body)) == (200, {"id": EVENT_ID})
    assert fake.envelope == KEPT
    assert (fake.arrivals[0].endpoint, fake.arrivals[0].project_id) == ("store", "42")


def test_an_event_without_id_gets_one(fake: Fake) -> None:
    status, answer = said(fake.post(STORE, b"{}"))

    assert (status, fake.envelope.headers) == (200, {"event_id": answer["id"]})
    assert re.fullmatch("[0-9a-f]{32}", answer["id"])


def test_the_oldest_path_has_no_project(fake: Fake) -> None:
    assert fake.post("/api/store/", SENT).status == 200
    assert fake.arrivals[0].project_id == "0"


@pytest.mark.parametrize(
    ("event_type", "item_type"),
    [
        ("default", "event"),
        ("error", "event"),
        ("invented", "event"),
        ("transaction", "transaction"),
        ("csp", "security"),
        ("feedback", "feedback"),
    ],
)
def test_the_type_decides_the_item(fake: Fake, event_type: str, item_type: str) -> None:
    fake.post(STORE, b'{"type":"%s"}' % event_type.encode())

    assert [item.type for item in fake.envelope.items] == [item_type]


def test_an_envelope_is_taken_by_its_content_type(fake: Fake) -> None:
    assert said(fake.post(STORE, EVENT, content_type="application/x-sentry-envelope")) == (
        200,
        {"id": EVENT_ID},
    )
    assert fake.envelope.items[0].payload == b'{"message":"hi"}'


def test_an_event_in_the_query_is_answered_with_a_pixel(fake: Fake) -> None:
    reply = fake.ask("GET", f"{STORE}?sentry_key={KEY}&sentry_data={quote(SENT)}")

    assert (reply.status, header(reply, "content-type")) == (200, "image/gif")
    assert reply.body == b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"
    assert fake.envelope == KEPT


def test_a_query_without_an_event_is_400(fake: Fake) -> None:
    reply = fake.ask("GET", f"{STORE}?sentry_key={KEY}")

    assert text(reply) == (400, "Failed to deserialize query string: missing field `sentry_data`")


@pytest.mark.parametrize("body", [b"", base64.b64encode(zlib.compress(b""))])
def test_an_empty_event_is_400(fake: Fake, body: bytes) -> None:
    assert said(fake.post(STORE, body)) == (400, {"detail": "empty request body"})


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense!",
        b" {}",
        base64.b64encode(b"not compressed"),
        base64.b64encode(zlib.compress(SENT)[:-3]),
        b"\xff\xfe",
        base64.b64encode(SENT)[:-1],
    ],
)
def test_a_body_in_no_known_form_is_400(fake: Fake, body: bytes) -> None:
    status, answer = said(fake.post(STORE, body))

    assert (status, answer["detail"]) == (400, "invalid request body")
    assert len(fake.refused) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a":}',
        b'{"a":NaN}',
        b'{"a":1}}',
        b'{"event_id":"nonsense"}',
        b'{"event_id":7}',
        b'{"type":7}',
        b'{"type":null}',
        b'{"a":"\xff"}',
        base64.b64encode(zlib.compress(b"null")),
        base64.b64encode(zlib.compress(b'{"message":"%s"}' % (b"x" * 2**20))),
    ],
)
def test_broken_json_is_400_at_once(fake: Fake, body: bytes) -> None:
    status, answer = said(fake.post(STORE, body))

    assert status == 400
    assert re.fullmatch(r'invalid JSON data: Error\(".*", line: \d+, column: \d+\)', answer["detail"])


def test_the_error_says_where(fake: Fake) -> None:
    reply = fake.post(STORE, b'{\n "a": nonsense}')

    assert said(reply)[1]["detail"].endswith(", line: 2, column: 7)")


@pytest.mark.parametrize(
    "body",
    [b'{"a":"\\ud800"}', b'{"a":1e999}', b'{"a":' + b"[" * 99_999 + b"]" * 99_999 + b"}", b"{}" + b" " * 9],
)
def test_what_relay_passes_over_here_is_accepted(fake: Fake, body: bytes) -> None:
    assert fake.post(STORE, body).status == 200


@pytest.mark.parametrize("client", ["raven-python/6.10", "sentry-python/0.1"])
def test_nan_of_old_python_clients_is_made_zero(fake: Fake, client: str) -> None:
    auth = f"Sentry sentry_key={KEY},sentry_client={client}"
    body = b'{"a":NaN,"b":[Infinity,-Infinity],"c":"NaN \\" Infinity"}'

    assert fake.post(STORE, body, auth=auth).status == 200
    assert fake.envelope.items[0].payload == (b'{"a":0  ,"b":[0       ,-0       ],"c":"NaN \\" Infinity"}')
