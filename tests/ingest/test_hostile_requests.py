"""Whatever is sent is stored or refused: never a 5xx, never a hang, never lost without an entry."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli  # type: ignore[import-untyped]
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.ingest.request import Request
from tests.ingest.asking import AUTH, EVENT, KEY, Fake

ENCODERS: dict[str, Any] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
}
FORM = (
    b'--X\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a"\r\n\r\nMDMP\r\n'
    b'--X\r\nContent-Disposition: form-data; name="sentry[a][b]"\r\n\r\n1\r\n--X--\r\n'
)
VALID = [
    ("POST", "/api/42/envelope/", "text/plain", EVENT + b'{"type":"attachment","length":3}\na\nb\n'),
    ("POST", "/inbox/api/42/envelope/?a=b", "", b'{}\n{"type":"log","item_count":1}\n{"items":[{}]}'),
    ("POST", "/api/42/store/", "application/json", b'{"message":"hi"}'),
    ("POST", "/api/42/store/", "application/x-sentry-envelope", EVENT),
    ("POST", "/api/42/security/", "application/reports+json", b'[{"type":"csp-violation"},{"a":[1,2]}]'),
    ("POST", f"/api/42/cron/slug/{KEY}/", "application/json", b'{"status":"ok","duration":1.5}'),
    ("GET", "/api/42/cron/slug?status=ok&duration=2", "", b""),
    ("POST", "/api/42/minidump", "multipart/form-data; boundary=X", FORM),
    ("POST", "/api/42/minidump", "application/x-dmp", gzip.compress(b"MDMP")),
    ("POST", "/api/42/integration/otlp/v1/traces", "application/json", b'{"resourceSpans":[]}'),
    ("POST", "/api/42/integration/otlp/v1/logs/", "application/x-protobuf", b"\x0a\x00"),
    ("POST", "/api/42/integration/vercel/logs", "application/x-ndjson", b'{"id":"1"}\n'),
    ("POST", "/api/42/nel/", "application/reports+json", b'[{"body":{}}]'),
    ("POST", f"/api/42/events/{'a' * 32}/attachments/", "multipart/form-data; boundary=X", FORM),
    ("POST", f"/api/42/unreal/{KEY}/?UserID=a", "", b"CR1"),
    ("POST", "/stream", "", EVENT),
]


def judge(request: Request, *, strict: bool) -> None:
    fake = Fake(strict=strict)
    reply = fake.ingest.handle(request)
    entries = [*fake.store.since("test"), *fake.store.since("strays")]

    assert reply.status < 500, fake.refused
    if reply.status >= 400:
        assert [entry.status for entry in entries] == [reply.status]  # type: ignore[union-attr]
    elif request.method != "OPTIONS":
        # An empty array of reports is the only accepted request without an item.
        assert entries or b"[" in request.body
    assert (reply.delay, reply.cut) == (0.0, None)


@st.composite
def mutated(draw: st.DrawFn, value: bytes) -> bytes:
    changed = bytearray(value)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(changed)))
        end = min(start + draw(st.integers(0, 4)), len(changed))
        changed[start:end] = draw(st.binary(max_size=3) | st.sampled_from([b"\n", b'"', b"{", b"]", b"\\u"]))
    return bytes(changed)


@given(st.data(), st.sampled_from(VALID), st.sampled_from(sorted(ENCODERS)), st.booleans())
def test_a_mutated_request_is_stored_or_refused(
    data: st.DataObject, valid: tuple[str, str, str, bytes], encoding: str, strict: bool
) -> None:
    method, target, content_type, body = valid
    sent = ENCODERS[encoding](data.draw(mutated(body)))
    headers = [
        ("content-type", data.draw(mutated(content_type.encode())).decode("latin-1")),
        (
            "content-encoding",
            data.draw(mutated(encoding.encode()) | st.just(encoding.encode())).decode("latin-1"),
        ),
    ]
    if KEY not in target:
        headers.append(
            ("x-sentry-auth", data.draw(mutated(AUTH.encode()) | st.just(AUTH.encode())).decode("latin-1"))
        )
    target = data.draw(mutated(target.encode()) | st.just(target.encode())).decode("latin-1")
    judge(Request(method, target, tuple(headers), data.draw(mutated(sent) | st.just(sent))), strict=strict)


@given(
    st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", ""]),
    st.sampled_from([valid[1] for valid in VALID]) | st.text(max_size=30),
    st.lists(
        st.tuples(
            st.sampled_from(["content-type", "content-encoding", "x-sentry-auth", "authorization", "origin"]),
            st.text(max_size=20) | st.sampled_from([AUTH, "gzip", "Basic YTpi", "application/json"]),
        ),
        max_size=4,
    ),
    st.binary(max_size=80),
    st.booleans(),
)
def test_any_request_is_stored_or_refused(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes, strict: bool
) -> None:
    judge(Request(method, target, tuple(headers), body), strict=strict)
