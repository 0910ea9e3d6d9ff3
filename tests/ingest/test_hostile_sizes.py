"""Large requests made to be slow are answered in time that grows with their length alone.

Each of them took minutes where a pattern tried every start, or a copy was made at every step.
"""

from __future__ import annotations

import gzip

import pytest

from tests.ingest.asking import KEY, Fake

MIB = 2**20
PART = b'--X\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a"\r\n\r\n'

ENVELOPES = {
    "quotes that are never closed": b'{"\\' + b'"\\' * MIB,
    "blank lines": b"\n" * MIB,
    "a deep header": b'{\n"a":' + b"[" * MIB,
    "a deep item header": b'{}\n{"type":"a"}\n\n{\n"b":' + b'{"a":' * MIB,
    "headers over two lines": b"{}\n" + b'{"type":"a"\n}\n\n' * 499 + b" " * MIB,
    "text that is not UTF-8": b'{}\n{"a":"\xff' + b"a" * MIB,
    "a time full of space": b'{"sent_at":"2020-01-01' + b" " * MIB + b'Z"}',
    "a long number": b'{"a":' + b"9" * MIB + b"}",
}
FORMS = {
    "carriage returns": b"\r" * MIB,
    "newlines": b"\n" * MIB,
    "line ends": b"\r\n" * MIB,
    "almost a boundary": b"\r\n--" * MIB,
    "almost the boundary": b"\r\n--Y" * (MIB // 4),
    "a boundary and space": b"\r\n--X" + b" " * MIB,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", ENVELOPES)
def test_a_slow_envelope_is_refused_in_time(fake: Fake, what: str) -> None:
    assert fake.post(body=ENVELOPES[what]).status == 400


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", FORMS)
@pytest.mark.parametrize("head", [b"", PART, PART[:-2]], ids=["alone", "in a part", "in a head"])
def test_a_slow_form_is_refused_in_time(fake: Fake, what: str, head: bytes) -> None:
    reply = fake.post("/api/42/minidump", head + FORMS[what], content_type="multipart/form-data; boundary=X")

    assert reply.status == 400


@pytest.mark.timeout(30)
def test_a_slow_event_of_an_old_client_is_refused_in_time(fake: Fake) -> None:
    auth = f"Sentry sentry_key={KEY},sentry_client=raven-python/1"

    assert fake.post("/api/42/store/", b'{"\\' + b'"\\' * (MIB // 2 - 2), auth=auth).status == 400


@pytest.mark.timeout(30)
@pytest.mark.parametrize("members", [9_000, 50_000])
def test_endless_members_are_refused_in_time(fake: Fake, members: int) -> None:
    body = gzip.compress(b"") * members + b"x" * MIB

    assert fake.post(body=body, content_encoding="gzip").status == 400


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/" + "api/1/" * 10_000, 404),
        ("/" + "a/" * 30_000 + "stream/x", 404),
        ("/api/" + "1" * 60_000 + "/envelope/", 400),
        ("/api/1/store/?sentry_key=" + "&a=b" * 15_000, 401),
    ],
    ids=["slashes", "a long inbox", "a long project", "a long query"],
)
def test_a_long_target_is_refused_in_time(fake: Fake, path: str, status: int) -> None:
    assert fake.ask("POST", path, b"{}").status == status
