"""Attachments, and the events that they belong to."""

from __future__ import annotations

import pytest

from pytest_sentryintegration.model import UnreadablePayload
from tests.model.sent import Sender, item, received, transaction

EVENT = item("event", {"message": "hi"})


def test_an_attachment_has_all_that_was_sent() -> None:
    raw = item(
        "attachment",
        b'{"a": 1}',
        filename="a.json",
        content_type="application/json",
        attachment_type="event.view_hierarchy",
    )

    (attachment,) = received(raw).attachments

    assert (attachment.filename, attachment.content_type) == ("a.json", "application/json")
    assert (attachment.attachment_type, attachment.payload) == ("event.view_hierarchy", b'{"a": 1}')
    assert (attachment.text, attachment.json, attachment.event) == ('{"a": 1}', {"a": 1}, None)
    assert repr(attachment) == "<Attachment 'a.json' application/json 8 bytes>"


def test_an_attachment_without_headers_is_empty() -> None:
    (attachment,) = received(
        item("attachment", b"", filename=3, content_type=None, attachment_type=[])
    ).attachments

    assert (attachment.filename, attachment.content_type, attachment.payload) == ("3", None, b"")
    assert attachment.attachment_type == "event.attachment"


REFERENCE = "application/vnd.sentry.attachment-ref+json"


def test_an_attachment_that_refers_to_an_upload_has_its_bytes() -> None:
    sender = Sender()
    path = "/api/1/upload/key/"
    sent = {"location": f"{path}?upload_length=5", "content_type": "text/plain"}
    reference = item("attachment", sent, content_type=REFERENCE, filename="a.txt")
    sender.send(item("upload", b"hello", location=path), endpoint="upload")

    (attachment,) = sender.send(EVENT, reference).attachments
    assert (attachment.payload, attachment.raw, attachment.text) == (b"hello", b"hello", "hello")
    assert (attachment.content_type, attachment.filename) == ("text/plain", "a.txt")
    assert attachment.event is sender.contents.events[0]


@pytest.mark.parametrize("payload", [b"{}", b"nonsense", b'{"location": 7, "content_type": 7}'])
def test_an_attachment_that_refers_to_nothing_is_what_was_sent(payload: bytes) -> None:
    (attachment,) = received(item("attachment", payload, content_type=REFERENCE)).attachments

    assert attachment.payload == payload


def test_only_the_endpoint_makes_uploads() -> None:
    reference = item("attachment", {"location": "a"}, content_type=REFERENCE)
    contents = received(item("upload", b"hello", location="a"), reference)

    assert contents.attachments[0].payload == b'{"location": "a"}'


def test_an_event_has_the_attachments_of_its_envelope_by_filename() -> None:
    contents = received(EVENT, item("attachment", b"1", filename="a"), item("attachment", b"2", filename="b"))

    (event,) = contents.events

    assert event.attachments == {"a": contents.attachments[0], "b": contents.attachments[1]}
    assert [attachment.event for attachment in contents.attachments] == [event, event]


def test_attachments_of_the_same_name_are_all_there() -> None:
    files = [item("attachment", data, filename="a") for data in (b"1", b"2", b"3")]

    (event,) = received(*files, EVENT).events

    assert {name: file.payload for name, file in event.attachments.items()} == {
        "a": b"1",
        "a (2)": b"2",
        "a (3)": b"3",
    }


def test_an_attachment_of_a_transaction_belongs_to_no_event() -> None:
    contents = received(item("transaction", transaction()), item("attachment", b"1", filename="a"))

    assert contents.attachments[0].event is None


def test_an_unreadable_event_owns_no_attachments() -> None:
    contents = received(item("event", b"nope"), item("attachment", b"1", filename="a"), EVENT)

    assert contents.attachments[0].event is contents.events[0]


def test_bytes_that_are_no_text_are_shown_and_are_no_json() -> None:
    (attachment,) = received(item("attachment", b"\xff\x00", filename="x.bin")).attachments

    assert attachment.text == "\ufffd\x00"
    with pytest.raises(UnreadablePayload, match=r"attachment 'x.bin': not UTF-8"):
        _ = attachment.json


def test_a_transaction_has_the_attachments_of_its_envelope_by_filename() -> None:
    contents = received(item("transaction", transaction()), item("attachment", b"1", filename="a"))

    assert contents.transactions[0].attachments == {"a": contents.attachments[0]}


def test_an_event_has_the_attachments_that_came_with_it_and_with_a_transaction() -> None:
    contents = received(item("transaction", transaction()), EVENT, item("attachment", b"1", filename="a"))

    assert list(contents.events[0].attachments) == ["a"]
    with pytest.raises(KeyError, match="no attachment is named 'a'; there came: none"):
        contents.transactions[0].attachments["a"]


def test_an_attachment_that_did_not_come_is_an_error_with_those_that_did() -> None:
    event = received(EVENT, item("attachment", b"1", filename="order.json")).events[0]

    with pytest.raises(KeyError, match=r"no attachment is named 'order.txt'; there came: 'order.json'"):
        event.attachments["order.txt"]
    with pytest.raises(KeyError, match=r"there came: 'order.json'; did you mean 'order.json'\?"):
        event.attachments["ordr.json"]
