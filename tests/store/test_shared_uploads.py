"""Uploads in pieces over one Redis: each piece may come to another replica."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.store import Arrival, HolderError, UploadError, Uploads, uploads
from pytest_sentryintegration.store.shared_uploads import SharedUploads
from pytest_sentryintegration.store.stream import Stream
from tests.ingest.asking import AUTH, header
from tests.store.redis_server import RedisServer
from tests.store.test_replica import Make, make, own_server, running, server
from tests.web.conftest import Api

__all__ = ["make", "own_server", "running", "server"]

pytestmark = pytest.mark.clients

HELLO = b"hello world"


def ask(api: Api, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
    sent = {"x-sentry-auth": AUTH, "tus-resumable": "1.0.0"}
    sent |= {name.replace("_", "-"): text for name, text in headers.items()}
    reply = api.sentry.ingest.handle(Request(method, target, tuple(sent.items()), body))
    return api.sentry.ingest.save() or reply


def begun(api: Api, inbox: str = "", upload_length: str = "11") -> str:
    reply = ask(api, "POST", f"{inbox and '/' + inbox}/api/1/upload/", upload_length=upload_length)
    return header(reply, "location") or ""


def patch(api: Api, location: str, chunk: bytes, offset: int = 0) -> tuple[int, Any]:
    reply = ask(
        api,
        "PATCH",
        location,
        chunk,
        content_type="application/offset+octet-stream",
        upload_offset=str(offset),
        x_decoded_content_length=str(len(chunk)),
    )
    return reply.status, json.loads(reply.body)["causes"] if reply.body else header(reply, "upload-offset")


def files(api: Api) -> list[tuple[str, bytes]]:
    """Return type and payload of all that a replica has."""
    api.sentry.store.catch_up()
    entries = api.sentry.store.since(None)
    items = [item for entry in entries if isinstance(entry, Arrival) for item in entry.envelope.items]
    return [(item.type, item.payload) for item in items]


def test_an_upload_goes_on_at_another_replica_than_began_it(server: RedisServer, make: Make) -> None:
    first, second, third = make(server), make(server), make(server)

    location = begun(first)
    answers = [
        patch(second, location, HELLO[:6]),
        patch(first, location, HELLO[:6]),
        patch(third, location, HELLO[6:9], 6),
        patch(first, location, HELLO[9:], 9),
        patch(second, location, HELLO),
    ]

    assert answers == [
        (204, "6"),
        (409, ["invalid Upload-Offset 0, expected 6"]),
        (204, "9"),
        (204, "11"),
        (409, ["upload already completed"]),
    ]
    expected = [("upload_part", b"hello "), ("upload_part", b"wor"), ("upload", HELLO)]
    assert [files(api) for api in (first, second, third)] == [expected] * 3


def test_an_upload_that_no_replica_has_begun_is_404(server: RedisServer, make: Make) -> None:
    location = begun(make(server))
    server.ask("FLUSHALL")

    causes = ["no such upload: this fake Sentry has not begun it, or long ago"]
    assert patch(make(server), location, HELLO) == (404, causes)


@pytest.mark.parametrize("ending", ["close", "clear", "clear all"])
def test_an_upload_is_forgotten_with_its_inbox_whichever_replica_ends_that(
    ending: str, server: RedisServer, make: Make
) -> None:
    first, second = make(server), make(server)
    inbox, other = (first.post("/api/inboxes").json["inbox"] for _ in range(2))
    location, left = begun(second, inbox), begun(first, other)
    patch(first, location, HELLO[:6])

    path = {"close": f"/api/inboxes/{inbox}", "clear": f"/api/captured/?inbox={inbox}"}
    assert second.ask("DELETE", path.get(ending, "/api/captured/")).status < 300

    causes = ["no such upload: its inbox was cleared or closed before it was complete"]
    assert [patch(api, location, HELLO[6:], 6) for api in (first, second)] == [(404, causes)] * 2
    assert patch(second, left, HELLO)[0] == (404 if ending == "clear all" else 204)


def test_what_a_replica_does_not_know_of_an_inbox_yet_redis_knows(
    server: RedisServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(server), make(server)
    inbox = first.post("/api/inboxes").json["inbox"]
    monkeypatch.setattr(second.sentry.store, "knows", lambda name: False)

    location = begun(second, inbox)
    first.ask("DELETE", "/api/captured/?inbox=strays")

    assert patch(second, location, HELLO)[0] == 204


def test_a_piece_that_a_full_redis_does_not_take_may_be_sent_again(
    own_server: RedisServer, make: Make
) -> None:
    first, second = make(own_server), make(own_server)
    location = begun(first)
    own_server.ask("CONFIG", "SET", "maxmemory", "1mb")
    status, causes = patch(second, location, HELLO)
    own_server.ask("CONFIG", "SET", "maxmemory", "0")

    assert (status, "used memory > 'maxmemory'" in causes[0]) == (503, True)
    assert patch(first, location, HELLO) == (204, "11")


def test_a_piece_whose_envelope_is_not_saved_is_taken_back(
    server: RedisServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(server), make(server)
    location = begun(first)
    patch(first, location, HELLO[:6])
    with monkeypatch.context() as patched:
        patched.setattr(Stream, "add", refusing)
        answers = [patch(second, location, HELLO[6:8], 6), patch(second, location, HELLO[6:], 6)]

    assert answers == [(503, ["full"])] * 2
    assert patch(first, location, HELLO[6:], 6) == (204, "11")
    assert files(second)[-1] == ("upload", HELLO)


def test_an_upload_whose_pieces_redis_forgot_is_a_404_and_never_shorter(
    server: RedisServer, make: Make
) -> None:
    first, second = make(server), make(server)
    location = begun(first)
    patch(first, location, HELLO[:6])
    server.ask("DEL", *server.ask("KEYS", "{sentryintegration}:pieces:*"))

    causes = ["no such upload: 0 of its first 6 bytes are left, so it has to be begun anew"]
    assert patch(second, location, HELLO[6:], 6) == (404, causes)
    assert files(second) == [("upload_part", b"hello ")]


def refusing(*arguments: Any) -> int:
    raise HolderError("full")


def test_an_upload_without_redis_is_a_503(own_server: RedisServer, make: Make) -> None:
    api = make(own_server)
    location = begun(api)
    own_server.kill()

    status, causes = patch(api, location, HELLO)
    assert (status, own_server.where in causes[0]) == (503, True)
    assert ask(api, "POST", "/api/1/upload/", upload_length="11").status == 503


def test_what_is_too_long_for_redis_is_a_503_and_the_next_is_taken(
    own_server: RedisServer, make: Make
) -> None:
    api = make(own_server)
    own_server.ask("CONFIG", "SET", "proto-max-bulk-len", "1mb")
    location = begun(api, upload_length=str(2**21))

    status, causes = patch(api, location, bytes(2**21))
    assert (status, causes[0].startswith("cannot use Redis at ")) == (503, True)
    assert patch(api, begun(api), HELLO) == (204, "11")


@pytest.fixture
def shared(server: RedisServer) -> Iterator[list[Uploads]]:
    streams = [Stream(server.url) for _ in range(2)]
    for stream in streams:
        stream.begin(0)
    yield [SharedUploads(stream) for stream in streams]
    for stream in streams:
        stream.close()


def outcome(do: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return do(*arguments)
    except UploadError as error:
        return str(error), error.known


@pytest.mark.parametrize("seed", range(5))
def test_uploads_of_several_replicas_do_what_those_of_one_do(
    seed: int, shared: list[Uploads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST", 3)
    monkeypatch.setattr(uploads, "MOST_BYTES", 25)
    chance, alone = random.Random(seed), Uploads()
    received: dict[str, int] = {"never begun": 0}

    for number in range(300):
        here = chance.choice(shared)
        if number % 20 == 0:
            for each in (alone, here):
                each.start(f"{seed}-{number}", "strays", 11)
            received[f"{seed}-{number}"] = 0
        name = chance.choice([*received][-6:])
        offset = received[name] if chance.random() < 0.8 else chance.randrange(12)
        chunk = HELLO[offset : offset + chance.choice((0, 3, 4, 11))]
        assert outcome(here.joined, name, offset, chunk) == outcome(alone.joined, name, offset, chunk)
        backs = [outcome(each.append, name, offset, chunk) for each in (alone, here)]
        if not callable(backs[0]):
            assert backs[1] == backs[0]
        elif chance.random() < 0.2:
            for back in backs:
                back()
        else:
            received[name] = offset + len(chunk)
