from __future__ import annotations

import gzip

import pytest

from pytest_sentryintegration.ingest.request import Request
from pytest_sentryintegration.ingest.routes import find_route, read_path
from pytest_sentryintegration.wire.refusal import Refusal
from tests.ingest.asking import EVENT, EVENT_ID, KEY, Fake, header, said

ENDPOINTS = [
    "/api/42/envelope/",
    "/api/42/store/",
    "/api/store/",
    "/api/42/security/",
    "/api/42/csp-report/",
    "/api/42/cron/slug",
    "/api/42/cron/slug/",
    "/api/42/cron/slug/key",
    "/api/42/cron/slug/key/",
    "/api/42/minidump",
    "/api/42/minidump/",
    "/api/42/events/event/attachments/",
    "/api/42/unreal/key/",
    "/api/42/upload/",
    "/api/42/upload/key/",
    "/api/42/nel/",
    "/api/42/integration/vercel/logs",
    "/api/42/integration/vercel/logs/",
    "/api/42/integration/otlp/v1/traces",
    "/api/42/integration/otlp/v1/traces/",
    "/api/42/integration/otlp/v1/logs",
    "/api/42/integration/otlp/v1/logs/",
    "/stream",
    "/stream/",
]
NOWHERE = [
    "/",
    "",
    "*",
    "/api/",
    "/api/42/",
    "/api/42/envelope",
    "/api/42/store",
    "/api/42/security",
    "/api/envelope/",
    "/api/42/otlp/v1/traces",
    "/api/42/nel",
    "/api/42/unreal/",
    "/api/42/unreal/key",
    "/api/42/events/event/attachments",
    "/api/42/attachment/",
    "/api/42/upload",
    "/api/0/projects/org/project/user-feedback/",
    "/envelope/",
    "/api/42/envelope/more",
    "/api/42/integration/otlp/v1/metrics",
]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("prefix", ["", "/inbox", "/inbox/two"])
def test_a_preflight_is_answered_on_every_endpoint(fake: Fake, prefix: str, path: str) -> None:
    reply = fake.ask("OPTIONS", prefix + path)

    assert (reply.status, reply.body) == (200, b"")
    assert header(reply, "access-control-allow-origin") == "*"
    assert header(reply, "access-control-allow-methods") == "POST"
    assert header(reply, "access-control-max-age") == "3600"
    assert header(reply, "access-control-allow-headers") == (
        "x-sentry-auth,x-requested-with,x-forwarded-for,origin,referer,accept,content-type,"
        "authentication,authorization,content-encoding,transfer-encoding"
    )
    assert fake.store.since("test") == []


@pytest.mark.parametrize("path", ENDPOINTS)
def test_answers_may_be_read_by_any_origin(fake: Fake, path: str) -> None:
    for reply in (fake.post(path), fake.ask("DELETE", path)):
        assert header(reply, "access-control-allow-origin") == "*"
        assert (
            header(reply, "access-control-expose-headers")
            == "x-sentry-error,x-sentry-rate-limits,retry-after"
        )


@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
@pytest.mark.parametrize("path", NOWHERE)
def test_any_other_path_is_404_and_listed(fake: Fake, method: str, path: str) -> None:
    reply = fake.ask(method, path, EVENT)

    assert (reply.status, reply.body) == (404, b"")
    (refused,) = fake.store.since("test") or fake.store.since("strays")
    assert (refused.status, refused.method, refused.path, refused.body) == (404, method, path, EVENT)  # type: ignore[union-attr]


@pytest.mark.parametrize(("path", "status"), [("/api/42/attachment/", 413), ("/attachment/", 404)])
def test_a_bomb_to_what_relay_would_hand_on_is_413(fake: Fake, path: str, status: int) -> None:
    # Relay: relay-server/src/endpoints/forward.rs:104; tests/integration/test_basic.py:211.
    bomb = gzip.compress(bytes(20 * 2**20 + 1))

    assert fake.post(path, bomb, content_encoding="gzip").status == status
    assert [entry.status for entry in fake.store.since("test")] == [status]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/42/envelope/", "POST"),
        ("PUT", "/api/42/envelope/", "POST"),
        ("DELETE", "/api/42/store/", "GET,HEAD,POST"),
        ("PUT", "/api/42/cron/slug/", "GET,HEAD,POST"),
        ("GET", "/stream", "POST"),
    ],
)
def test_a_wrong_method_is_405_and_listed(fake: Fake, method: str, path: str, allow: str) -> None:
    reply = fake.ask(method, path)

    assert (reply.status, reply.body, header(reply, "allow")) == (405, b"", allow)
    assert [refused.status for refused in fake.refused] == [405]


def test_a_missing_slash_is_named(fake: Fake) -> None:
    fake.post("/api/42/envelope")

    assert fake.refused[0].reason == "no such endpoint: /api/42/envelope (a slash is missing at its end)"


@pytest.mark.parametrize(
    "path", ["//api//42///envelope/", "/api/42/envelope//", "http://host:1/api/42/envelope/"]
)
def test_doubled_slashes_and_whole_urls_are_fine(fake: Fake, path: str) -> None:
    assert said(fake.post(path)) == (200, {"id": EVENT_ID})


@pytest.mark.parametrize("path", ["/api/relay/healthcheck/live/", "/api/relay/healthcheck/ready/"])
def test_the_fake_is_healthy(fake: Fake, path: str) -> None:
    assert said(fake.ask("GET", path)) == (200, {"is_healthy": True})
    assert fake.store.since("test") == []


@pytest.mark.parametrize(
    ("target", "inbox"),
    [
        ("/other/api/42/envelope/", "other"),
        ("/a/b/api/42/envelope/", "a/b"),
        ("/%6Fther/api/42/envelope/", "other"),
        ("//other//api/42/envelope/", "other"),
        ("/unheard-of/api/42/envelope/", "strays"),
    ],
)
def test_the_path_names_the_inbox(fake: Fake, target: str, inbox: str) -> None:
    fake.store.open("other")
    fake.store.open("a/b")
    fake.post(target)

    assert len(fake.store.since(inbox)) == 1
    assert fake.arrivals == []


def test_what_is_refused_goes_to_the_inbox_of_its_path(fake: Fake) -> None:
    fake.store.open("other")
    fake.post("/other/api/42/envelope/", b"nonsense")
    fake.post("/other/api/42/nowhere/")
    fake.post("/other/api/42/store/", content_encoding="nonsense")

    assert [entry.status for entry in fake.store.since("other")] == [400, 404, 415]  # type: ignore[union-attr]


def test_what_the_server_refuses_is_listed_too(fake: Fake) -> None:
    fake.store.open("other")
    fake.ingest.refuse(Request("POST", "/other/api/42/envelope/", (("a", "b"),), b"xyz"), 413, "too long")
    fake.ingest.refuse(Request("", "", (), b""), 400, "no HTTP")

    (refused,) = fake.store.since("other")
    assert (refused.status, refused.reason, refused.body) == (413, "too long", b"xyz")  # type: ignore[union-attr]
    assert [refused.reason for refused in fake.refused] == ["no HTTP"]


def test_a_slug_may_be_anything(fake: Fake) -> None:
    assert fake.ask("GET", f"/api/42/cron/api/{KEY}?status=ok").status == 202


def test_spotlights_stream_takes_envelopes_from_anybody(fake: Fake) -> None:
    assert said(fake.post("/stream", auth=None)) == (200, {"id": EVENT_ID})
    (arrival,) = fake.arrivals
    assert (arrival.project_id, arrival.endpoint) == ("0", "stream")
    assert arrival.tolerated == "no_such_endpoint"


def test_a_broken_envelope_is_400_for_spotlight_too(fake: Fake) -> None:
    assert fake.post("/stream", b"", auth=None).status == 400


@pytest.mark.parametrize("path", NOWHERE)
def test_the_router_knows_no_other_path(path: str) -> None:
    with pytest.raises(Refusal) as refused:
        find_route(path).take("POST")

    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a?b", "/a"),
        ("//a///b//?c//d", "/a/b/"),
        ("/%2Fa%00", "//a\0"),
        ("http://host", "/"),
        ("http://host/a/b?c", "/a/b"),
        ("/%ff", "/\ufffd"),
    ],
)
def test_a_path_is_read_as_relay_reads_it(target: str, path: str) -> None:
    assert read_path(target) == path


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/1/envelope/", 200 * 2**20),
        ("/inbox/api/1/envelope/", 200 * 2**20),
        ("/stream", 200 * 2**20),
        ("//api//1//envelope//", 200 * 2**20),
        ("/api//1//cron//slug", 2**20),
        ("/api/1/store/", 2**20),
        ("/api/store/", 2**20),
        ("/api/1/security/", 2**20),
        ("/api/1/csp-report/", 2**20),
        ("/api/1/cron/slug/key/", 2**20),
        ("/a/b/api/1/cron/slug", 2**20),
        ("/api/1/minidump", 1224 * 2**20),
        ("/api/1/minidump/", 1224 * 2**20),
        ("/api/1/events/event/attachments/", 200 * 2**20),
        ("/api/1/unreal/key/", 200 * 2**20),
        ("/api/1/upload/", 2**30),
        ("/api/1/upload/key/", 2**30),
        ("/api/1/nel/", 12 * 2**20),
        ("/api/1/integration/vercel/logs", 12 * 2**20),
        ("/api/1/integration/otlp/v1/traces", 12 * 2**20),
        ("/api/1/integration/otlp/v1/logs/", 12 * 2**20),
        ("/", 20 * 2**20),
    ],
)
def test_a_body_has_the_limit_of_its_endpoint(path: str, limit: int) -> None:
    assert find_route(path).endpoint.limit == limit
