"""Encodings and sizes at the endpoint."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from tests.ingest.asking import EVENT, EVENT_ID, Fake, header, said, text

ENCODERS: dict[str, Any] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "": bytes,
    "UTF-8": bytes,
}
MIB = 2**20


@pytest.mark.parametrize("encoding", ENCODERS)
def test_each_encoding_is_undone(fake: Fake, encoding: str) -> None:
    reply = fake.post(body=ENCODERS[encoding](EVENT), content_encoding=encoding)

    assert said(reply) == (200, {"id": EVENT_ID})
    assert fake.envelope.items[0].payload == b'{"message":"hi"}'


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_body_is_400_whatever_its_encoding(fake: Fake, encoding: str) -> None:
    assert said(fake.post(body=b"", content_encoding=encoding)) == (400, {"detail": "empty request body"})


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_broken_body_is_400_in_plain_text(fake: Fake, encoding: str) -> None:
    status, answer = text(fake.post(body=b"nonsense", content_encoding=encoding))

    assert status == 400
    assert answer.startswith("Failed to buffer the request body: ")
    assert [refused.body for refused in fake.refused] == [b"nonsense"]


@pytest.mark.parametrize("path", ["/api/42/envelope/", "/api/42/store/", "/api/x/envelope/", "/nowhere"])
@pytest.mark.parametrize("encoding", ["gzip, br", "x-gzip", "GZIP", "nonsense"])
def test_an_unknown_encoding_is_415_before_anything_else(fake: Fake, path: str, encoding: str) -> None:
    reply = fake.post(path, body=b"", auth=None, content_encoding=encoding)

    assert (reply.status, reply.body) == (415, b"")
    assert header(reply, "accept-encoding") == "zstd,gzip,deflate,br"
    assert header(reply, "access-control-allow-origin") is None
    assert [refused.status for refused in fake.refused] == [415]


def test_what_is_refused_is_listed_decoded(fake: Fake) -> None:
    fake.post(body=gzip.compress(b"nonsense"), content_encoding="gzip")

    assert [refused.body for refused in fake.refused] == [b"nonsense"]


def test_a_store_body_may_have_a_mebibyte(fake: Fake) -> None:
    body = b'{"message":"%s"}' % (b"x" * (MIB - 14))

    assert len(body) == MIB
    assert fake.post("/api/42/store/", body).status == 200
    assert text(fake.post("/api/42/store/", body + b" ")) == (
        413,
        "Failed to buffer the request body: length limit exceeded",
    )


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_413_and_listed_as_it_came(fake: Fake, encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(10 * MIB))

    assert fake.post("/api/42/store/", bomb, content_encoding=encoding).status == 413
    assert [(refused.status, refused.body) for refused in fake.refused] == [(413, bomb)]


@pytest.mark.parametrize(
    ("body", "label"),
    [
        (b'{}\n{"type":"event","length":%d}\n' % (MIB + 1) + b"x" * (MIB + 1), "event"),
        (b'{}\n{"type":"event"}\n{}\n{"type":"transaction"}\n{}', "transaction"),
        (b'{}\n{"type":"event"}\n{}\n{"type":"feedback"}\n{}', "user_report_v2"),
        (b'{}\n{"type":"event"}\n{}\n' + b'{"type":"attachment"}\n\n' * 31, "attachment:attachment"),
        (b"{}\n" + b'{"type":"check_in"}\n{}\n' * 2, "check_in"),
    ],
)
@pytest.mark.parametrize("is_strict", [False, True])
def test_too_much_of_a_kind_is_413_for_the_whole_envelope(body: bytes, label: str, is_strict: bool) -> None:
    fake = Fake(strict=is_strict)
    link = "https://develop.sentry.dev/sdk/envelopes/#size-limits"

    assert said(fake.post(body=body)) == (
        413,
        {"detail": f"envelope exceeded size limits for type '{label}' ({link})"},
    )
    assert fake.arrivals == []
    assert [refused.body for refused in fake.refused] == [body]


def test_unknown_items_count_for_nothing_and_are_kept(fake: Fake) -> None:
    body = b'{}\n{"type":"event"}\n{}\n' + b'{"type":"invented"}\n{}\n' * 400

    assert fake.post(body=body).status == 200
    assert len(fake.envelope.items) == 401
