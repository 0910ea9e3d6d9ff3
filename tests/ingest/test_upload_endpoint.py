"""Large files by the TUS protocol: `POST` creates an upload, `PATCH` sends its bytes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.store import uploads
from pytest_sentryintegration.verdict import judge
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.uploads import Location
from tests.ingest.asking import AUTH, KEY, Fake, header, said, text

UPLOAD = "/api/42/upload/"
TYPE = "application/offset+octet-stream"
HELLO = b"hello world"


def create(fake: Fake, path: str = UPLOAD, **headers: Any) -> Reply:
    return fake.post(path, b"", tus_resumable="1.0.0", **(headers or {"upload_length": "11"}))


def begun(fake: Fake, **headers: Any) -> str:
    location = header(create(fake, **headers), "location")
    assert location is not None
    return location


def patch(fake: Fake, location: str, chunk: bytes, offset: int = 0, **headers: Any) -> Reply:
    sent: dict[str, str | None] = {
        "tus_resumable": "1.0.0",
        "content_type": TYPE,
        "upload_offset": str(offset),
        "x_decoded_content_length": str(len(chunk)),
        **headers,
    }
    given = {name: value for name, value in sent.items() if value is not None}
    return fake.ask("PATCH", location, chunk, auth=AUTH, **given)


def test_an_upload_is_created_and_nothing_is_kept_yet(fake: Fake) -> None:
    # Relay: relay-server/src/endpoints/upload.rs:156; tests/integration/test_upload.py:48.
    reply = create(fake)
    location = Location.parse(header(reply, "location") or "")

    assert (reply.status, reply.body) == (201, b"")
    assert (header(reply, "tus-resumable"), header(reply, "tus-extension")) == ("1.0.0", "creation")
    assert header(reply, "upload-offset") is None
    assert location.path.startswith(UPLOAD)
    assert (location.length, location.is_valid, bool(location.upload_id)) == (11, True, True)
    assert fake.store.since("test") == []


def test_a_file_that_came_in_pieces_is_kept_as_one_item(fake: Fake) -> None:
    # Relay: services/upload.rs:525; tests/integration/test_attachment_ref.py:320.
    location = begun(fake)
    first = patch(fake, location, HELLO[:6])
    second = patch(fake, header(first, "location") or "", HELLO[6:], 6)
    final = Location.parse(header(second, "location") or "")

    assert [(one.status, header(one, "upload-offset")) for one in (first, second)] == [
        (204, "6"),
        (204, "11"),
    ]
    assert (final.path, final.length, final.upload_id) == (location.partition("?")[0], 11, None)
    part = {"type": "upload_part", "location": final.path, "offset": 0, "length": 6}
    assert [arrival.envelope.items for arrival in fake.arrivals] == [
        (RawItem(part, HELLO[:6]),),
        (RawItem({"type": "upload", "location": final.path, "length": 11}, HELLO),),
    ]
    assert fake.arrivals[0].endpoint == "upload"


def test_a_length_may_be_left_open(fake: Fake) -> None:
    # Relay: services/upload.rs:459; test_upload.py:1085.
    location = begun(fake, upload_defer_length="1")
    reply = patch(fake, location, HELLO, x_decoded_content_length=None)

    assert Location.parse(location).length is None
    assert (reply.status, Location.parse(header(reply, "location") or "").length) == (204, 11)
    assert fake.envelope.items[0].payload == HELLO


def test_each_upload_of_an_open_length_has_a_location_of_its_own(fake: Fake) -> None:
    # Relay: services/upload.rs:499.
    location = begun(fake, upload_defer_length="1")
    finals = [header(patch(fake, location, chunk), "location") or "" for chunk in (b"one", b"two")]

    assert [arrival.envelope.items[0].headers["location"] for arrival in fake.arrivals] == [
        final.partition("?")[0] for final in finals
    ]
    assert len({location, *finals}) == 3
    assert all(Location.parse(final).path.startswith(UPLOAD) for final in finals)


def test_what_comes_with_the_creation_is_kept_though_sentry_drops_it(fake: Fake) -> None:
    reply = fake.post(UPLOAD, HELLO, tus_resumable="1.0.0", upload_length="11")
    path = Location.parse(header(reply, "location") or "").path

    assert fake.envelope.items == (RawItem({"type": "upload_part", "location": path, "length": 11}, HELLO),)
    assert judge(fake.arrivals[0], 0).outcome == "dropped"
    assert patch(fake, header(reply, "location") or "", HELLO).status == 204
    assert judge(fake.arrivals[1], 0).outcome == "accepted"


def test_what_comes_with_a_creation_is_kept_in_the_encoding_that_it_claims_falsely(fake: Fake) -> None:
    headers = {"tus_resumable": "1.0.0", "upload_length": "11", "content_encoding": "gzip"}

    assert fake.post(UPLOAD, HELLO, **headers).status == 201
    assert fake.envelope.items[0].payload == HELLO


@pytest.mark.parametrize("deferred", [False, True])
def test_a_piece_that_a_fault_refuses_may_be_sent_again(fake: Fake, deferred: bool) -> None:
    location = begun(fake, **({"upload_defer_length": "1"} if deferred else {}))
    fake.faults.status(503, times=1)

    assert [patch(fake, location, HELLO).status for _ in range(2)] == [503, 204]
    assert fake.envelope.items[0].payload == HELLO


def test_a_creation_that_is_refused_ends_no_other_upload(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST", 1)
    location = begun(fake)
    fake.faults.status(503, times=1)
    fake.faults.rate_limit("attachment", times=1)

    sent = {"tus_resumable": "1.0.0", "upload_length": "11"}
    assert [fake.post(UPLOAD, HELLO, **sent).status for _ in range(2)] == [503, 429]
    assert fake.arrivals == []
    assert HELLO in fake.refused[1].body
    assert patch(fake, location, HELLO).status == 204


def test_of_two_pieces_at_once_one_is_409() -> None:
    known = uploads.Uploads()
    known.start("a", "test", 11)
    assert [known.joined("a", 0, HELLO[:6]) for _ in range(2)] == [None, None]
    known.append("a", 0, HELLO[:6])

    with pytest.raises(uploads.UploadError, match="invalid Upload-Offset 0, expected 6"):
        known.append("a", 0, HELLO[:6])


def test_pieces_are_taken_back_in_turn() -> None:
    known = uploads.Uploads()
    known.start("a", "test", 11)
    first = known.append("a", 0, HELLO[:6])
    empty = known.append("a", 6, b"")
    second = known.append("a", 6, HELLO[6:])

    second()
    empty()
    assert known.joined("a", 6, HELLO[6:]) == HELLO
    first()
    assert known.joined("a", 0, HELLO) == HELLO


def test_a_piece_of_an_upload_that_was_forgotten_meanwhile_is_not_taken_back() -> None:
    known = uploads.Uploads()
    known.start("a", "test", 11)
    take_back = known.append("a", 0, HELLO[:6])
    known.forget("test")
    take_back()

    with pytest.raises(uploads.UploadError, match="its inbox was cleared or closed"):
        known.joined("a", 6, HELLO[6:])


def test_the_location_names_the_inbox(fake: Fake) -> None:
    fake.store.open("other")
    location = header(create(fake, "/other" + UPLOAD), "location") or ""
    patch(fake, location, HELLO)

    assert location.startswith("/other/api/42/upload/")
    assert len(fake.store.since("other")) == 1


@pytest.mark.parametrize(
    "metadata",
    ["", "sentry e30=", "filename YQ==,alone", "sentry eyJhdHRhY2htZW50X3R5cGUiOiAiZXZlbnQubWluaWR1bXAifQ=="],
)
def test_metadata_may_say_what_the_upload_becomes(fake: Fake, metadata: str) -> None:
    assert create(fake, upload_length="1", upload_metadata=metadata).status == 201


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        # Relay: relay-server/src/utils/tus.rs:140.
        ({"upload_length": "5"}, 412, "expected Tus-Resumable: 1.0.0, got: (missing)"),
        ({"tus_resumable": "0.2.0"}, 412, "expected Tus-Resumable: 1.0.0, got: 0.2.0"),
        (
            {"tus_resumable": "1.0.0", "content_type": TYPE, "upload_length": "5"},
            415,
            f"expected Content-Type: none, got: {TYPE}",
        ),
        (
            {"tus_resumable": "1.0.0"},
            400,
            "expected Upload-Length or Upload-Defer-Length=1, got Upload-Length=None,"
            " Upload-Defer-Length=None",
        ),
        (
            {"tus_resumable": "1.0.0", "upload_defer_length": "2"},
            400,
            "expected Upload-Length or Upload-Defer-Length=1, got Upload-Length=None,"
            " Upload-Defer-Length=Some(2)",
        ),
        (
            {"tus_resumable": "1.0.0", "upload_length": "-5", "upload_defer_length": "x"},
            400,
            "expected Upload-Length or Upload-Defer-Length=1, got Upload-Length=None,"
            " Upload-Defer-Length=None",
        ),
    ],
)
def test_a_creation_that_is_malformed_is_refused(
    fake: Fake, headers: dict[str, str], status: int, detail: str
) -> None:
    reply = fake.post(UPLOAD, b"hello", **headers)

    assert said(reply) == (status, {"detail": detail})
    assert header(reply, "tus-resumable") == "1.0.0"
    assert header(reply, "tus-version") == ("1.0.0" if status == 412 else None)


@pytest.mark.parametrize("sent", [b"{", b"[]", b'{"attachment_type":"nonsense"}', b'{"attachment_type":[]}'])
def test_metadata_that_is_malformed_is_400(fake: Fake, sent: bytes) -> None:
    # Relay: tus.rs:247.
    encoded = base64.b64encode(sent).decode()
    status, answer = said(create(fake, upload_length="1", upload_metadata=f"sentry {encoded}"))

    assert status == 400
    assert answer["detail"].startswith("invalid `sentry` Upload-Metadata payload: ")
    assert "unhashable" not in answer["detail"]
    broken = said(create(fake, upload_length="1", upload_metadata="sentry e="))
    assert (broken[0], broken[1]["detail"][:25]) == (400, "invalid base64 in `sentry")


def test_an_upload_that_is_announced_too_long_is_413(fake: Fake) -> None:
    reply = create(fake, upload_length=str(2**30 + 1))

    assert (reply.status, reply.body) == (413, b"")
    assert create(fake, upload_length=str(2**30)).status == 201
    assert create(fake, upload_length="0" * 5000 + "11").status == 201
    # Relay: usize, of 64 bits.
    assert [create(fake, upload_length=str(2**64 + more)).status for more in (-1, 0)] == [413, 400]


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        # Relay: tests/integration/test_upload.py:141.
        ({"upload_offset": None}, 400, "expected Upload-Offset >= 0"),
        ({"content_type": None}, 415, f"expected Content-Type: {TYPE}, got: "),
        ({"content_type": "text/plain"}, 415, f"expected Content-Type: {TYPE}, got: text/plain"),
        ({"tus_resumable": None}, 412, "expected Tus-Resumable: 1.0.0, got: (missing)"),
        # Relay: relay-server/src/endpoints/upload.rs:462; test_upload.py:938.
        ({"x_decoded_content_length": None}, 400, "Missing X-Decoded-Content-Length header"),
        (
            {"x_decoded_content_length": "12"},
            400,
            "Chunk of 12 bytes exceeds the remaining 11 bytes",
        ),
        ({"upload_offset": "12"}, 409, "Invalid Upload-Offset 12 for Upload-Length 11"),
        (
            {"upload_offset": "1", "x_decoded_content_length": "10"},
            400,
            "upload error: stream exceeded upper bound: received 11 > 10",
        ),
    ],
)
def test_a_piece_that_is_malformed_is_refused(
    fake: Fake, headers: dict[str, Any], status: int, detail: str
) -> None:
    reply = patch(fake, begun(fake), HELLO, **headers)

    assert (said(reply)[0], said(reply)[1]["detail"]) == (status, detail)
    assert header(reply, "tus-resumable") == "1.0.0"
    assert fake.arrivals == []


@pytest.mark.parametrize(("chunk", "bound"), [(HELLO[:5], "shorter than lower"), (HELLO, "exceeded upper")])
def test_a_piece_has_the_length_that_was_announced(fake: Fake, chunk: bytes, bound: str) -> None:
    # Relay: relay-server/src/utils/stream/bounded.rs:66.
    reply = patch(fake, begun(fake), chunk, x_decoded_content_length="6")

    assert said(reply)[0] == 400
    assert bound in said(reply)[1]["detail"]


def test_a_piece_that_was_sent_before_is_409_and_the_upload_goes_on(fake: Fake) -> None:
    # Relay: test_upload.py:900.
    location = begun(fake)
    patch(fake, location, HELLO[:6])
    again = said(patch(fake, location, HELLO[:6]))

    assert again[0] == 409
    assert again[1]["detail"] == "upload error: invalid Upload-Offset 0, expected 6"
    assert patch(fake, location, HELLO[6:], 6).status == 204
    assert said(patch(fake, location, HELLO[6:], 6))[1]["detail"] == "upload error: upload already completed"


@pytest.mark.parametrize(
    "changed",
    ["upload_length=111", "upload_length=12", "upload_id=other", "upload_signature=x", "upload_more=1"],
)
def test_a_location_that_was_changed_is_400(fake: Fake, changed: str) -> None:
    # Relay: test_upload.py:951.
    name = changed.partition("=")[0]
    path, _, query = begun(fake).partition("?")
    parameters = [one for one in query.split("&") if not one.startswith(name)]
    status, answer = said(patch(fake, f"{path}?{'&'.join([*parameters, changed])}", HELLO))

    assert (status, answer["detail"]) == (400, "upload error: invalid signature: invalid signature")
    assert fake.arrivals == []


def test_a_location_that_cannot_be_read_counts_before_the_headers(fake: Fake) -> None:
    # Relay: the query is an extractor, relay-server/src/endpoints/upload.rs:224; it reads headers in :236.
    without_version: dict[str, Any] = {"tus_resumable": None, "content_type": None}
    reply = patch(fake, UPLOAD + "key/?upload_length=11", HELLO, **without_version)

    assert text(reply) == (400, "Failed to deserialize query string: missing field `upload_signature`")
    assert header(reply, "tus-resumable") == "1.0.0"
    # The hostile twin: what can be read and belongs to no upload counts after them.
    assert patch(fake, UPLOAD + "key/?upload_id=a&upload_signature=a", HELLO, **without_version).status == 412
    assert fake.ask("PATCH", UPLOAD + "key/", HELLO).status == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("upload_signature=&upload_signature=", "upload_signature"),
        ("signature=a&upload_signature=b", "upload_signature"),
        ("upload_length=1&length=1&upload_signature=a", "upload_length"),
        ("upload_id=a&upload_id=a&upload_signature=a", "upload_id"),
    ],
)
def test_a_parameter_of_the_location_stands_there_once(fake: Fake, query: str, field: str) -> None:
    # Relay: LocationQueryParams in relay-server/src/services/upload.rs:761.
    refused = text(patch(fake, UPLOAD + "key/?" + query, HELLO))

    assert refused == (400, f"Failed to deserialize query string: duplicate field `{field}`")
    assert patch(fake, begun(fake) + "&upload_more=1&upload_more=1&other=2&other=2", HELLO).status == 400


def test_a_location_without_a_signature_is_400(fake: Fake) -> None:
    assert text(patch(fake, UPLOAD + "key/?upload_length=11", HELLO)) == (
        400,
        "Failed to deserialize query string: missing field `upload_signature`",
    )
    assert text(patch(fake, UPLOAD + "key/?upload_length=x&upload_signature=a", HELLO))[0] == 400
    status, answer = said(patch(fake, UPLOAD + "key/?upload_id=a&upload_signature=a", HELLO))
    assert (status, answer["detail"][:27]) == (400, "upload error: invalid input")


def test_a_complete_upload_may_be_sent_again_but_not_longer(fake: Fake) -> None:
    # Relay: test_upload.py:1040.
    final = header(patch(fake, begun(fake), HELLO), "location") or ""

    assert said(patch(fake, final, HELLO + b"!", 6))[1]["detail"] == (
        "upload error: stream exceeded upper bound: received 12 > 11"
    )
    assert patch(fake, final, HELLO).status == 204


@pytest.mark.parametrize("category", ["attachment", "attachment_item"])
def test_a_rate_limit_on_attachments_is_429(fake: Fake, category: str) -> None:
    # Relay: test_upload.py:407.
    fake.faults.rate_limit(category)
    reply = create(fake)

    assert (reply.status, header(reply, "x-sentry-rate-limits")) == (429, f"60:{category}:organization")
    assert "rate limit" in said(reply)[1]["detail"]


def test_of_too_many_uploads_the_first_are_forgotten(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST", 1)
    first, second = begun(fake), begun(fake)

    status, answer = said(patch(fake, first, HELLO))
    assert status == 404
    assert answer["detail"].startswith("upload error: no such upload: it was forgotten: at most 100 uploads")
    assert patch(fake, second, HELLO).status == 204


def test_of_uploads_that_are_too_long_together_the_idle_are_forgotten(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    idle, busy = begun(fake), begun(fake)
    patch(fake, busy, HELLO[:5])
    patch(fake, idle, HELLO[:5])
    patch(fake, busy, HELLO[5:7], 5)

    assert patch(fake, idle, HELLO[5:], 5).status == 404
    assert patch(fake, busy, HELLO[7:], 7).status == 204


def test_what_an_upload_lacks_is_forgotten_with_its_inbox(fake: Fake) -> None:
    location = begun(fake)
    patch(fake, location, HELLO[:6])
    fake.store.clear("test")

    assert said(patch(fake, location, HELLO[6:], 6))[1]["causes"] == [
        "no such upload: its inbox was cleared or closed before it was complete"
    ]
    assert fake.arrivals == []


def test_an_upload_that_another_process_began_is_404(fake: Fake) -> None:
    location = begun(Fake())

    assert said(patch(fake, location, HELLO))[1]["detail"] == (
        "upload error: no such upload: this fake Sentry has not begun it, or long ago"
    )


def test_it_is_remembered_of_so_many_uploads_how_they_ended(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_REMEMBERED", 1)
    first, second = begun(fake), begun(fake)
    for location in (first, second):
        patch(fake, location, HELLO)

    assert [patch(fake, location, HELLO).status for location in (first, second)] == [404, 409]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_credentials_are_always_needed(fake: Fake, strict: Fake, method: str) -> None:
    path = UPLOAD if method == "POST" else UPLOAD + "key/"

    for one in (fake, strict):
        assert one.ask(method, path, b"", tus_resumable="1.0.0").status == 401
        assert one.ask(method, path.replace("42", "x"), auth=AUTH).status == 400
    toy = strict.ask(method, path, auth="Sentry sentry_key=public", tus_resumable="1.0.0")
    assert said(toy)[1]["detail"] == "bad sentry DSN public key"
    assert fake.ask(method, f"{path}?sentry_key={KEY}", tus_resumable="1.0.0").status != 401
