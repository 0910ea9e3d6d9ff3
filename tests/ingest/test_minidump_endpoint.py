from __future__ import annotations

import bz2
import gzip
import json
import lzma
import uuid
from dataclasses import replace
from typing import Any

import pytest
import zstandard

from pytest_sentryintegration.ingest.routes import find_route
from pytest_sentryintegration.verdict import judge
from pytest_sentryintegration.wire.form_fields import write_fields
from tests.ingest.asking import EVENT_ID, Fake, said, text
from tests.wire.test_msgpack import pack

MINIDUMP = "/api/42/minidump/"
DUMP = b"MDMP\x93\xa7\r\n--X\x00"
FORM = "multipart/form-data; boundary=X"
INVALID = "invalid multipart data"


def part(name: str, payload: bytes, filename: str | None = None, content_type: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    head = f"Content-Disposition: {disposition}\r\n"
    if content_type is not None:
        head += f"Content-Type: {content_type}\r\n"
    return b"--X\r\n" + head.encode() + b"\r\n" + payload + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--X--\r\n"


def dump(payload: bytes = DUMP, filename: str = "crash.dmp") -> bytes:
    return part("upload_file_minidump", payload, filename, "application/octet-stream")


def attachments(fake: Fake) -> list[tuple[str, str, bytes]]:
    return [
        (item.headers["attachment_type"], item.headers["filename"], item.payload)
        for item in fake.envelope.items
        if item.type == "attachment"
    ]


def event(fake: Fake) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(fake.envelope.items[0].payload)
    return loaded


@pytest.mark.parametrize("path", ["/api/42/minidump", MINIDUMP])
def test_a_minidump_becomes_an_event_with_an_attachment(fake: Fake, path: str) -> None:
    status, answer = text(fake.post(path, form(dump()), content_type=FORM))

    assert (status, str(uuid.UUID(answer))) == (200, answer)
    assert [item.type for item in fake.envelope.items] == ["event", "attachment"]
    assert event(fake) == {"platform": "native", "level": "fatal", "event_id": uuid.UUID(answer).hex}
    assert attachments(fake) == [("event.minidump", "crash.dmp", DUMP)]
    assert fake.arrivals[0].endpoint == "minidump"


def test_fields_and_files_come_along(fake: Fake) -> None:
    sentry = json.dumps({"event_id": EVENT_ID, "release": "1.0", "level": "error"}).encode()
    body = form(
        part("sentry", sentry),
        part("sentry[tags][a]", b"1"),
        part("guid", b"g"),
        dump(),
        part("log", b"line\r\nline", "app.log", "text/plain"),
        part("view-hierarchy.json", b"{}", "view-hierarchy.json"),
        part("gpu", b"x", "crash.nv-gpudmp"),
    )

    assert text(fake.post(MINIDUMP, body, content_type=FORM)) == (200, str(uuid.UUID(EVENT_ID)))
    assert event(fake) == {
        "platform": "native",
        "level": "error",
        "event_id": EVENT_ID,
        "release": "1.0",
        "tags": {"a": "1"},
        "extra": {"guid": "g"},
    }
    assert attachments(fake) == [
        ("event.minidump", "crash.dmp", DUMP),
        ("event.attachment", "app.log", b"line\r\nline"),
        ("event.view_hierarchy", "view-hierarchy.json", b"{}"),
        ("event.nv_gpudmp", "crash.nv-gpudmp", b"x"),
    ]


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/x-dmp"])
@pytest.mark.parametrize("payload", [DUMP, b"PMDM"])
def test_a_minidump_may_come_raw(fake: Fake, content_type: str, payload: bytes) -> None:
    assert fake.post(MINIDUMP, payload, content_type=content_type).status == 200
    assert attachments(fake) == [("event.minidump", "Minidump", payload)]


@pytest.mark.parametrize(
    ("compressed", "suffix"),
    [
        (gzip.compress(DUMP), ".gz"),
        (lzma.compress(DUMP), ".xz"),
        (bz2.compress(DUMP), ".bz2"),
        (zstandard.compress(DUMP), ".zst"),
    ],
    ids=["gzip", "xz", "bzip2", "zstd"],
)
def test_a_compressed_minidump_is_decompressed(fake: Fake, compressed: bytes, suffix: str) -> None:
    fake.post(MINIDUMP, form(dump(compressed, f"crash.dmp{suffix}")), content_type=FORM)

    assert attachments(fake) == [("event.minidump", "crash.dmp", DUMP)]


def test_a_minidump_in_a_form_in_the_field_is_found(fake: Fake) -> None:
    inner = b'--inner\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a"\r\n\r\n'
    fake.post(MINIDUMP, form(dump(inner + b"MDMP1\r\n--inner--\r\n")), content_type=FORM)

    assert attachments(fake) == [("event.minidump", "crash.dmp", b"MDMP1")]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (form(), "missing minidump"),
        (form(part("log", b"x", "app.log")), "missing minidump"),
        (form(part("upload_file_minidump", DUMP)), "missing minidump"),
        (form(dump(b"nonsense")), "invalid minidump"),
        (form(dump(b"")), "invalid minidump"),
        (form(dump(gzip.compress(b"nonsense"))), "invalid minidump"),
        (form(dump(gzip.compress(DUMP)[:-4])), "invalid compression format"),
        (form(dump(b"BZh9nonsense")), "invalid compression format"),
        (form(dump())[:-20], INVALID),
        (b"nonsense", INVALID),
        (b"", INVALID),
        (b"--X\r\n\r\n", INVALID),
        (b"--X\r\nnonsense\r\n\r\nx\r\n--X--\r\n", INVALID),
        (form(*[part("f", b"")] * 2_000), "missing minidump"),
    ],
)
def test_a_form_without_a_minidump_is_400(fake: Fake, body: bytes, detail: str) -> None:
    status, answer = said(fake.post(MINIDUMP, body, content_type=FORM))

    assert (status, answer["detail"]) == (400, detail)
    assert [refused.body for refused in fake.refused] == [body]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (form(dump())[:-20], "field 'upload_file_minidump' received with incomplete data"),
        (form(dump())[:60], "failed to read field complete headers"),
        (part("a", b"x"), "field 'a' received with incomplete data"),
        (b"", "incomplete multipart stream"),
        (b"nonsense", "incomplete multipart stream"),
        (b"--X\r\nnonsense\r\n\r\nx\r\n--X--\r\n", "a part of the form has no Content-Disposition"),
    ],
)
def test_a_broken_form_is_400_with_its_cause(fake: Fake, body: bytes, cause: str) -> None:
    # Relay: BadStoreRequest::InvalidMultipart in relay-server/src/endpoints/common.rs:76.
    expected = (400, {"detail": INVALID, "causes": [cause]})

    assert said(fake.post(MINIDUMP, body, content_type=FORM)) == expected


@pytest.mark.parametrize(
    "content_type",
    ["", "nonsense", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=X"],
)
def test_a_form_without_a_boundary_is_400(fake: Fake, content_type: str) -> None:
    status, answer = said(fake.post(MINIDUMP, form(dump()), content_type=content_type))

    assert (status, answer["detail"]) == (400, INVALID)


def test_a_form_may_have_any_number_of_fields(fake: Fake) -> None:
    fields = [(f"f{number}", "") for number in range(2_000)]
    body = form(*(part(name, value.encode()) for name, value in fields), dump())

    assert fake.post(MINIDUMP, body, content_type=FORM).status == 200
    assert fake.envelope.items[-1].payload == fields_kept(*fields)


def test_a_form_of_more_parts_than_can_be_taken_is_413(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_sentryintegration.ingest.endpoints.multipart._PARTS", 3)
    body = form(dump(), *[part("f", b"")] * 3)

    assert said(fake.post(MINIDUMP, body, content_type=FORM))[1]["detail"].startswith(
        "envelope exceeded size limits for type 'form_data'"
    )


def test_too_many_fields_are_413(fake: Fake) -> None:
    body = form(dump(), part("note", b"x" * 2**20))

    assert said(fake.post(MINIDUMP, body, content_type=FORM))[1]["detail"].startswith(
        "envelope exceeded size limits for type 'form_data'"
    )


def limit_files(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for module in ("minidump", "multipart"):
        monkeypatch.setattr(f"pytest_sentryintegration.ingest.endpoints.{module}.MAX_ATTACHMENT_SIZE", size)


def test_a_minidump_in_a_form_that_is_too_long_is_400(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    # Relay: relay-server/src/utils/multipart.rs:229; tests/integration/test_minidump.py:1039.
    limit_files(monkeypatch, 5)

    assert said(fake.post(MINIDUMP, form(dump()), content_type=FORM)) == (
        400,
        {"detail": INVALID, "causes": ['field "upload_file_minidump" exceeded the size limit: 5 bytes']},
    )


def test_another_file_that_is_too_long_costs_itself_alone(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Relay: relay-server/src/endpoints/minidump.rs:263.
    limit_files(monkeypatch, 100)
    body = form(dump(), part("log", b"x" * 101, "app.log"), part("log", b"x" * 100, "short.log"))

    assert fake.post(MINIDUMP, body, content_type=FORM).status == 200
    assert [filename for _, filename, _ in attachments(fake)] == ["crash.dmp", "short.log"]
    assert [(refused.status, refused.reason, len(refused.body)) for refused in fake.refused] == [
        (413, "too large, and dropped: 'app.log'", 101)
    ]


def test_a_raw_minidump_that_is_too_long_is_413(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    # Relay: relay-server/src/endpoints/minidump.rs:583; tests/integration/test_minidump.py:998.
    limit_files(monkeypatch, 5)
    reply = fake.post(MINIDUMP, DUMP, content_type="application/x-dmp")

    assert said(reply)[0] == 413
    assert said(reply)[1]["detail"].startswith("envelope exceeded size limits for type 'attachment:minidump'")


def test_files_that_are_too_long_together_are_413(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_sentryintegration.ingest.endpoints.multipart.MAX_ATTACHMENTS_SIZE", 100)
    body = form(dump(), part("log", b"x" * 99, "app.log"))

    assert said(fake.post(MINIDUMP, body, content_type=FORM)) == (
        413,
        {"detail": "request content exceeded size limits"},
    )


def test_a_form_that_is_a_bomb_is_413_in_json(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    route = find_route(MINIDUMP)
    small = replace(route, endpoint=replace(route.endpoint, limit=1000))
    monkeypatch.setattr("pytest_sentryintegration.ingest.app.find_route", lambda target: small)
    reply = fake.post(MINIDUMP, gzip.compress(bytes(10_000)), content_type=FORM, content_encoding="gzip")

    assert said(reply) == (413, {"detail": "request content exceeded size limits"})


def test_a_minidump_that_is_a_bomb_is_413(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_sentryintegration.ingest.endpoints.minidump.MAX_ATTACHMENT_SIZE", 1000)
    reply = fake.post(MINIDUMP, gzip.compress(bytes(10_000)), content_type="application/x-dmp")

    assert said(reply)[1]["detail"].startswith("envelope exceeded size limits for type 'attachment:minidump'")


HEX = uuid.UUID(EVENT_ID)
FIELDS = [
    # Relay: event_id_from_formdata in relay-server/src/endpoints/common.rs:300.
    ([("sentry[event_id]", str(HEX))], True),
    ([("sentry", json.dumps({"event_id": EVENT_ID}))], True),
    ([("sentry", "{}"), ("sentry[event_id]", EVENT_ID)], False),
    ([("sentry", "nonsense"), ("sentry[event_id]", EVENT_ID)], False),
    ([("sentry[event_id]", "nonsense")], False),
    ([("sentry__1", json.dumps({"event_id": EVENT_ID}))], False),
    ([("sentry___a", json.dumps({"event_id": EVENT_ID}))], False),
    ([("event_id", EVENT_ID)], False),
]


@pytest.mark.parametrize(("fields", "taken"), FIELDS)
def test_two_fields_name_the_event_id(fake: Fake, fields: list[tuple[str, str]], taken: bool) -> None:
    body = form(*(part(name, value.encode()) for name, value in fields), dump())
    _, answer = text(fake.post(MINIDUMP, body, content_type=FORM))

    assert (uuid.UUID(answer) == HEX) is taken
    assert event(fake)["event_id"] == fake.envelope.headers["event_id"] == uuid.UUID(answer).hex


def crumb(**fields: Any) -> bytes:
    return pack({"category": "a", **fields})


def test_the_event_of_a_native_sdk_comes_as_a_file(fake: Fake) -> None:
    # Relay: relay-server/src/processing/errors/errors/utils/attachment.rs:9; test_minidump.py:60.
    sent = {"event_id": EVENT_ID, "level": "error", "tags": {"a": "1"}}
    body = form(
        part("sentry[release]", b"passed over"),
        part("__sentry-event", pack(sent), "__sentry-event"),
        part("__sentry-breadcrumb1", crumb(timestamp=3.0) + crumb(timestamp=4.0), "1"),
        part("__sentry-breadcrumb2", crumb(timestamp=1.0), "2"),
        dump(),
    )

    assert text(fake.post(MINIDUMP, body, content_type=FORM)) == (200, str(HEX))
    crumbs = [{"category": "a", "timestamp": moment} for moment in (3.0, 4.0)]
    assert event(fake) == {"platform": "native", **sent, "breadcrumbs": {"values": crumbs}}
    assert [kind for kind, _, _ in attachments(fake)] == [
        "event.payload",
        "event.breadcrumbs",
        "event.breadcrumbs",
        "event.minidump",
    ]


def test_breadcrumbs_alone_make_an_event_too(fake: Fake) -> None:
    crumbs = part("__sentry-breadcrumb1", crumb(), "1")
    broken = part("__sentry-breadcrumb2", b"\xc1", "2")
    fake.post(MINIDUMP, form(crumbs, broken, part("sentry[a]", b"passed over"), dump()), content_type=FORM)

    assert event(fake)["breadcrumbs"] == {"values": [{"category": "a"}]}
    assert "a" not in event(fake)


def fields_kept(*fields: tuple[str, str]) -> bytes:
    """Return form data as Relay writes it."""
    texts = [text.encode() for field in fields for text in field]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


@pytest.mark.parametrize(
    "beside",
    [
        part("__sentry-event", pack({}), "__sentry-event"),
        part("__sentry-breadcrumb1", crumb(), "1"),
        part("log", b"x", "app.log"),
    ],
)
def test_every_field_is_kept_as_it_came(fake: Fake, beside: bytes) -> None:
    # Relay: relay-server/src/utils/multipart.rs:300.
    fields = [("password", "hunter2"), ("sentry", "{nonsense")]
    body = form(*(part(name, value.encode()) for name, value in fields), beside, dump())
    fake.post(MINIDUMP, body, content_type=FORM)
    kept = fake.envelope.items[-1]

    assert (kept.type, kept.headers["content_type"]) == ("form_data", "text/plain")
    assert kept.payload == fields_kept(*fields)
    assert judge(fake.arrivals[0], len(fake.envelope.items) - 1).outcome == "accepted"


@pytest.mark.parametrize("path", [MINIDUMP, f"/api/42/events/{EVENT_ID}/attachments/"])
def test_a_part_without_a_name_is_listed_as_refused(fake: Fake, path: str) -> None:
    nameless = b"--X\r\nContent-Disposition: form-data\r\n\r\nhunter2\r\n"

    assert fake.post(path, form(nameless, dump()), content_type=FORM).status in (200, 201)
    assert [(refused.status, refused.reason, refused.body) for refused in fake.refused] == [
        (400, "dropped: a part of the form without name and filename", b"hunter2")
    ]


def test_an_event_may_be_as_long_as_the_fields_that_it_is_made_of_allow(fake: Fake) -> None:
    # A control character takes six characters in JSON.
    body = form(part("note", b"\x01" * 2**19), dump())

    assert fake.post(MINIDUMP, body, content_type=FORM).status == 200
    assert event(fake)["extra"]["note"] == "\x01" * 2**19


LONG = pack({"event_id": EVENT_ID, "message": "x" * 2**20})


def test_an_event_that_is_too_long_names_its_id_and_is_dropped(fake: Fake) -> None:
    # Relay: event_id_from_items in endpoints/common.rs:338; processing/errors/errors/utils/attachment.rs:73.
    body = form(part("__sentry-event", LONG, "__sentry-event"), dump())

    assert text(fake.post(MINIDUMP, body, content_type=FORM)) == (200, str(HEX))
    verdicts = [judge(fake.arrivals[0], index) for index in range(3)]
    assert [(one.outcome, one.reason) for one in verdicts] == [
        ("dropped", "too_large:attachment:event_payload")
    ] * 3


@pytest.mark.parametrize(
    ("crumbs", "reason"),
    [
        (crumb(message="x" * 2**20), "too_large:attachment:breadcrumbs"),
        (crumb()[:-1], "invalid_msgpack"),
        (b"\xc1", "invalid_msgpack"),
        (b"", None),
    ],
)
def test_breadcrumbs_that_cannot_be_read_cost_the_crash(
    fake: Fake, crumbs: bytes, reason: str | None
) -> None:
    # Relay: relay-server/src/processing/errors/errors/utils/attachment.rs:20.
    body = form(part("__sentry-breadcrumb1", crumb(), "1"), part("__sentry-breadcrumb2", crumbs, "2"), dump())

    assert fake.post(MINIDUMP, body, content_type=FORM).status == 200
    assert {judge(fake.arrivals[0], index).reason for index in range(4)} == {reason}


UNREADABLE = [
    b"\x82" + pack("event_id") + pack(str(HEX)) + pack("extra") + rest
    for rest in (b"\xc4\x01a", b"\xd4\x01a", b"\x81\x05\x06", b"\xa1\xff", b"\x91\xc4\x01a")
]


@pytest.mark.parametrize("sent", UNREADABLE)
def test_an_event_with_what_no_event_has_is_answered_by_its_id_and_dropped_then(
    fake: Fake, sent: bytes
) -> None:
    # Relay: MinimalEvent in endpoints/common.rs:261; then errors/utils/attachment.rs:61.
    body = form(part("__sentry-event", sent, "__sentry-event"), dump())

    assert text(fake.post(MINIDUMP, body, content_type=FORM)) == (200, str(HEX))
    verdicts = [judge(fake.arrivals[0], index) for index in range(3)]
    assert [(one.outcome, one.reason) for one in verdicts] == [("dropped", "invalid_msgpack")] * 3


@pytest.mark.parametrize(
    "sent",
    [
        b"\x81" + pack("event_id") + b"\xc4\x01a",
        b"\x81\xc0\x01",
        LONG[:-1],
        b"",
        b"\xc1",
        b"\x90",
        pack({"event_id": "x"}),
        pack({"event_id": 7}),
    ],
)
def test_an_event_that_is_no_messagepack_is_400(fake: Fake, sent: bytes) -> None:
    # Relay: event_id_from_msgpack in relay-server/src/endpoints/common.rs:286.
    body = form(part("__sentry-event", sent, "__sentry-event"), dump())
    status, answer = said(fake.post(MINIDUMP, body, content_type=FORM))

    assert (status, answer["detail"]) == (400, "invalid messagepack data")
    assert fake.arrivals == []


DEEP = [("sentry[message]", "hi"), ("sentry" + "[a]" * 16, "too deep")]


def test_a_field_that_is_nested_too_deep_costs_the_crash_after_the_answer(fake: Fake) -> None:
    # Relay: utils/param_parser.rs:26; services/processor.rs:146; services/outcome/mod.rs:482.
    body = form(*(part(name, value.encode()) for name, value in DEEP), dump())

    assert fake.post(MINIDUMP, body, content_type=FORM).status == 200
    assert event(fake)["message"] == "hi"
    verdicts = [judge(fake.arrivals[0], index) for index in range(len(fake.envelope.items))]
    assert [(one.outcome, one.reason) for one in verdicts] == [("dropped", "nesting_too_deep")] * 3


def test_fields_beside_the_event_of_a_native_sdk_are_not_looked_into(fake: Fake) -> None:
    # Relay: take_event_from_crash_items in processing/errors/errors/utils/mod.rs:185.
    fields = [part(name, value.encode()) for name, value in DEEP]
    fake.post(
        MINIDUMP,
        form(part("__sentry-event", pack({}), "__sentry-event"), *fields, dump()),
        content_type=FORM,
    )

    assert judge(fake.arrivals[0], 0).outcome == "accepted"


def test_form_data_of_an_envelope_loses_its_minidump_too_where_a_name_is_too_deep(fake: Fake) -> None:
    fields = write_fields((name, value.encode()) for name, value in DEEP)
    headers = b'{"type":"form_data","length":%d}' % len(fields)
    minidump = b'{"type":"attachment","attachment_type":"event.minidump","length":4}'
    fake.post(body=b"\n".join([b'{"event_id":"%s"}' % EVENT_ID.encode(), headers, fields, minidump, b"MDMP"]))

    assert [judge(fake.arrivals[0], index).reason for index in (0, 1)] == ["nesting_too_deep"] * 2


@pytest.mark.parametrize(
    ("filename", "attachment_type"),
    [
        ("gpu.nv-gpudmp", "event.nv_gpudmp"),
        ("shader.nvdbg", "event.nv_shader_debug"),
        ("a.log", "event.attachment"),
    ],
)
def test_a_file_of_a_graphics_driver_is_known_by_its_name(
    fake: Fake, filename: str, attachment_type: str
) -> None:
    fake.post(MINIDUMP, form(dump(), part("extra", b"x", filename)), content_type=FORM)

    assert attachments(fake)[1] == (attachment_type, filename, b"x")
