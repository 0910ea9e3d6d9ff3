from __future__ import annotations

import pytest

from pytest_sentryintegration.ingest.endpoints import multipart
from pytest_sentryintegration.wire.envelope import RawItem
from tests.ingest.asking import EVENT_ID, Fake, said, text
from tests.ingest.test_minidump_endpoint import FORM, form, part

ATTACHMENTS = f"/api/42/events/{EVENT_ID}/attachments/"
FILE = part("att_1", b"hi", "a.txt", "text/plain")


def test_files_become_attachments_of_the_event(fake: Fake) -> None:
    # Relay: tests/integration/test_attachments.py:35.
    reply = fake.post(ATTACHMENTS, form(FILE, part("att_2", b"", "b.txt")), content_type=FORM)

    assert (reply.status, reply.body) == (201, b"")
    kind = {"type": "attachment", "attachment_type": "event.attachment"}
    assert fake.envelope.headers == {"event_id": EVENT_ID}
    assert fake.envelope.items == (
        RawItem({**kind, "filename": "a.txt", "length": 2, "content_type": "text/plain"}, b"hi"),
        RawItem({**kind, "filename": "b.txt", "length": 0}, b""),
    )
    assert fake.arrivals[0].endpoint == "attachments"


def test_fields_become_form_data(fake: Fake) -> None:
    # Relay: relay-server/src/utils/multipart.rs:292; test_attachments.py:788.
    fake.post(ATTACHMENTS, form(FILE, part("a", b"\xff")), content_type=FORM)

    headers = {"type": "form_data", "content_type": "text/plain", "length": 12}
    assert fake.envelope.items[1] == RawItem(headers, b"\1\0\0\0a\3\0\0\0\xef\xbf\xbd")


def test_an_event_id_that_is_none_is_400(fake: Fake) -> None:
    # Relay: relay-server/src/endpoints/attachments.rs:22; test_attachments.py:16.
    status, said_ = text(fake.post("/api/42/events/123abc/attachments/", form(FILE), content_type=FORM))

    assert (status, said_) == (400, "Invalid URL: Cannot parse `event_id` with value `123abc`")


def test_the_type_of_a_form_may_be_in_any_case(fake: Fake) -> None:
    # Relay: multer's parse_boundary reads it with the crate mime.
    upper = FORM.replace("multipart/form-data", "Multipart/Form-Data")

    assert fake.post(ATTACHMENTS, form(FILE), content_type=upper).status == 201


def test_what_is_no_form_is_400(fake: Fake) -> None:
    status, answer = said(fake.post(ATTACHMENTS, form(FILE), content_type="application/json"))

    assert (status, answer["detail"]) == (400, "invalid multipart data")


@pytest.mark.parametrize(("limit", "status"), [("MAX_ATTACHMENT_SIZE", 400), ("MAX_ATTACHMENTS_SIZE", 413)])
def test_one_file_that_is_too_long_is_400_and_all_of_them_413(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, limit: str, status: int
) -> None:
    # Relay: test_attachments.py:834.
    monkeypatch.setattr(multipart, limit, 1)

    assert fake.post(ATTACHMENTS, form(FILE), content_type=FORM).status == status
    assert fake.arrivals == []


@pytest.mark.parametrize("category", ["attachment", "attachment_item"])
def test_a_rate_limit_on_attachments_is_429(fake: Fake, category: str) -> None:
    # Relay: test_attachments.py:194.
    fake.faults.rate_limit(category)

    assert fake.post(ATTACHMENTS, form(FILE), content_type=FORM).status == 429
    assert fake.arrivals == []
