from __future__ import annotations

import re

import pytest

from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from tests.ingest.asking import AUTH, EVENT, EVENT_ID, KEY, Fake, header, said

INVALID = {"detail": "invalid event envelope"}


def test_an_envelope_is_kept_as_it_was_sent(fake: Fake) -> None:
    reply = fake.post(content_type="text/plain")

    assert said(reply) == (200, {"id": EVENT_ID})
    (arrival,) = fake.arrivals
    assert arrival.envelope == RawEnvelope(
        {"event_id": EVENT_ID}, (RawItem({"type": "event"}, b'{"message":"hi"}'),)
    )
    assert (arrival.project_id, arrival.public_key, arrival.client) == ("42", KEY, "sentry.test/1.0")
    assert (arrival.endpoint, arrival.tolerated, arrival.test) == ("envelope", None, "test_it.py::test_it")
    assert ("content-type", "text/plain") in arrival.headers
    assert fake.refused == []


def test_the_event_id_is_answered_in_its_plain_spelling(fake: Fake) -> None:
    body = b'{"event_id":"9EC79C33-EC99-42AB-8353-589FCB2E04DC"}'

    assert said(fake.post(body=body)) == (200, {"id": EVENT_ID})


@pytest.mark.parametrize(
    "item",
    [
        b'{"type":"event"}\n{}',
        b'{"type":"transaction"}\n{}',
        b'{"type":"feedback"}\n{}',
        b'{"type":"raw_security"}\n{}',
        b'{"type":"attachment","attachment_type":"event.minidump"}\nMDMP',
    ],
)
def test_an_envelope_that_needs_an_event_id_gets_one(fake: Fake, item: bytes) -> None:
    status, answer = said(fake.post(body=b"{}\n" + item))

    assert (status, sorted(answer)) == (200, ["id"])
    assert re.fullmatch("[0-9a-f]{32}", answer["id"])
    assert fake.envelope.headers == {}


@pytest.mark.parametrize(
    "item_type", ["session", "client_report", "log", "attachment", "check_in", "unheard_of"]
)
def test_an_envelope_without_events_has_no_id(fake: Fake, item_type: str) -> None:
    reply = fake.post(body=b'{}\n{"type":"%s"}\n{}' % item_type.encode())

    assert (reply.status, reply.body) == (200, b"{}")
    assert [item.type for item in fake.envelope.items] == [item_type]


def test_an_envelope_without_items_is_accepted(fake: Fake) -> None:
    assert fake.post(body=b"{}\n").body == b"{}"
    assert fake.envelope == RawEnvelope({}, ())


def test_an_empty_body_is_400(fake: Fake) -> None:
    assert said(fake.post(body=b"")) == (400, {"detail": "empty request body"})


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"\n", "missing envelope header"),
        (b"{}\n\n", "unexpected end of file"),
        (b"{} \n", "missing newline after header or payload"),
        (b"{}\r\n", "missing newline after header or payload"),
        (b'{}\n{"type":"event","length":20}\n{}', "unexpected end of file"),
        (b"{}\n" + b'{"type":"x"}\n\n' * 501, "too many individual items"),
    ],
)
def test_broken_framing_is_400_with_relays_cause(fake: Fake, body: bytes, cause: str) -> None:
    assert said(fake.post(body=body)) == (400, {**INVALID, "causes": [cause]})
    (refused,) = fake.refused
    assert (refused.status, refused.reason, refused.body) == (400, f"invalid event envelope: {cause}", body)
    assert fake.arrivals == []


def test_an_item_that_only_relay_may_make_is_400(fake: Fake) -> None:
    body = b'{}\n{"type":"integration","integration":"otlp_traces"}\n{}'

    assert said(fake.post(body=body)) == (400, {"detail": "envelope contains internal items"})


def test_broken_payloads_are_accepted_since_nobody_looks_yet(fake: Fake) -> None:
    assert fake.post(body=b'{}\n{"type":"event"}\nthis is no JSON').status == 200


@pytest.mark.parametrize("project", ["x", "-1", "1.0", "18446744073709551616", "%20", "42a"])
@pytest.mark.parametrize("is_strict", [False, True])
def test_a_project_is_a_number(project: str, is_strict: bool) -> None:
    fake = Fake(strict=is_strict)
    status, answer = said(fake.post(f"/api/{project}/envelope/"))

    assert (status, answer["detail"]) == (400, "bad project path parameter")
    assert len(fake.refused) == 1


@pytest.mark.parametrize(("project", "number"), [("007", "7"), ("+7", "7"), ("%34%32", "42"), ("0", "0")])
def test_a_project_is_kept_as_a_plain_number(fake: Fake, project: str, number: str) -> None:
    fake.post(f"/api/{project}/envelope/")

    assert [arrival.project_id for arrival in fake.arrivals] == [number]


def test_what_is_wrong_with_the_project_comes_before_what_is_wrong_with_the_key(strict: Fake) -> None:
    assert said(strict.post("/api/x/envelope/", auth=None))[1]["detail"] == "bad project path parameter"


def test_what_is_wrong_with_the_key_comes_before_what_is_wrong_with_the_body(strict: Fake) -> None:
    reply = strict.post(auth="Sentry sentry_key=public", body=b"", content_encoding="gzip")

    assert said(reply)[1]["detail"] == "bad sentry DSN public key"


@pytest.mark.parametrize(
    ("dsn", "cause"),
    [
        (f"https://{KEY}@sentry.io/43", "project id header mismatch between envelope and request"),
        (f"https://{'0' * 32}@sentry.io/42", "public key header mismatch between envelope and request"),
    ],
)
def test_the_dsn_of_an_envelope_is_that_of_its_request(fake: Fake, dsn: str, cause: str) -> None:
    body = b'{"dsn":"%s"}' % dsn.encode()

    assert said(fake.post(body=body)) == (400, {**INVALID, "causes": [cause]})


def test_host_and_scheme_of_the_dsn_do_not_matter(fake: Fake) -> None:
    body = b'{"dsn":"http://%s@elsewhere:8000/inbox/42"}' % KEY.encode()

    assert fake.post(body=body).status == 200


@pytest.mark.parametrize("dsn", ['"nonsense"', "7", '"https://key@host/name"'])
def test_an_invalid_dsn_is_an_invalid_header(fake: Fake, dsn: str) -> None:
    status, answer = said(fake.post(body=b'{"dsn":%s}' % dsn.encode()))

    assert (status, answer["detail"], answer["causes"][0]) == (
        400,
        "invalid event envelope",
        "invalid envelope header",
    )


def test_the_origin_of_an_envelope_is_that_of_its_request(fake: Fake) -> None:
    body = b'{"origin":"https://shop.example/"}'

    assert fake.post(body=body, origin="https://shop.example").status == 200
    assert fake.post(body=body, referer="https://SHOP.example/").status == 200
    assert said(fake.post(body=body, origin="https://other.example"))[1]["causes"] == [
        "origin header mismatch between envelope and request"
    ]
    assert fake.post(body=body).status == 400


@pytest.mark.parametrize("origin", ["https://[shop", "ftp://shop.example"])
def test_a_request_whose_origin_is_no_address_is_known_by_its_referer(fake: Fake, origin: str) -> None:
    body = b'{"origin":"https://shop.example/"}'

    assert fake.post(body=body, origin=origin, referer="https://shop.example").status == 200
    assert fake.post(body=body, origin=origin).status == 400


def test_the_first_of_doubled_headers_counts(fake: Fake) -> None:
    from pytest_sentryintegration.ingest.request import Request

    headers = (("x-sentry-auth", AUTH), ("x-sentry-auth", "Sentry sentry_key=other"))
    fake.ingest.handle(Request("POST", "/api/1/envelope/", headers, EVENT))

    assert fake.arrivals[0].public_key == KEY


def test_every_answer_has_the_servers_headers(fake: Fake) -> None:
    for reply in (fake.post(), fake.post(body=b""), fake.post("/nowhere")):
        assert header(reply, "server") == "sentryintegration"
        assert header(reply, "cross-origin-resource-policy") == "cross-origin"


def test_an_answer_leaves_its_length_to_the_server(fake: Fake) -> None:
    assert header(fake.post(), "content-length") is None


def test_an_error_of_the_fake_itself_is_a_500_and_listed(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("pytest_sentryintegration.ingest.app.check_limits", broken)

    assert said(fake.post()) == (500, {"detail": "internal error of the fake Sentry"})
    (refused,) = fake.refused
    assert (refused.status, refused.body) == (500, EVENT)
    assert refused.reason.endswith("ZeroDivisionError: on purpose\n")
