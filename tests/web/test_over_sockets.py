"""The same over real sockets: of ``serve``, and of the server of a capture."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import capture
from pytest_sentryintegration.ingest.request import Deferred, Request
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web


@pytest.fixture(scope="module")
def sentry() -> Iterator[FakeSentry]:
    with FakeSentry(web=Web) as running:
        yield running


Connect = Callable[[int], http.client.HTTPConnection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[http.client.HTTPConnection] = []

    def open_one(port: int) -> http.client.HTTPConnection:
        opened.append(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"", **headers: str
) -> Any:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def send(connection: http.client.HTTPConnection, text: str, inbox: str) -> None:
    body = b'{}\n{"type":"event"}\n%s\n' % json.dumps({"message": text}).encode()
    assert ask(connection, "POST", f"/{inbox}/api/1/envelope/?sentry_key={'a' * 32}", body)[0] == 200


def test_a_worker_opens_an_inbox_sends_and_waits(sentry: FakeSentry, connect: Connect) -> None:
    connection = connect(sentry.port)
    status, opened = ask(connection, "POST", "/api/inboxes", b'{"name": "w"}')
    path = f"/{opened['inbox']}/api/captured/messages?wait=20"
    waiting = connect(sentry.port)
    waiting.request("GET", path)

    send(connection, "one", opened["inbox"])

    answer = waiting.getresponse()
    assert (status, answer.status) == (201, 200)
    assert [item["text"] for item in json.load(answer)["items"]] == ["one"]
    assert opened["dsn"].endswith(f"@127.0.0.1:{sentry.port}/{opened['inbox']}/1")


def test_workers_side_by_side_see_their_own_alone(sentry: FakeSentry, connect: Connect) -> None:
    seen: dict[int, list[str]] = {}

    def work(worker: int) -> None:
        connection = connect(sentry.port)
        inbox = ask(connection, "POST", "/api/inboxes")[1]["inbox"]
        for number in range(10):
            send(connection, f"{worker}/{number}", inbox)
            path = f"/api/captured/messages?inbox={inbox}&wait=20&count={number + 1}"
            seen[worker] = [item["text"] for item in ask(connection, "GET", path)[1]["items"]]

    threads = [threading.Thread(target=work, args=[worker]) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {worker: [f"{worker}/{number}" for number in range(10)] for worker in range(8)}


def test_many_wait_at_once(sentry: FakeSentry, connect: Connect) -> None:
    sender = connect(sentry.port)
    inbox = ask(sender, "POST", "/api/inboxes")[1]["inbox"]
    waiting = [connect(sentry.port) for _ in range(100)]
    for connection in waiting:
        connection.request("GET", f"/api/captured/messages?inbox={inbox}&wait=30")

    send(sender, "one", inbox)

    assert [json.load(connection.getresponse())["count"] for connection in waiting] == [1] * 100


def test_a_stream_is_read_while_envelopes_come(sentry: FakeSentry, connect: Connect) -> None:
    sender, reader = connect(sentry.port), connect(sentry.port)
    inbox = ask(sender, "POST", "/api/inboxes")[1]["inbox"]
    reader.request("GET", f"/{inbox}/api/captured/stream")
    stream = reader.getresponse()
    assert stream.headers["content-type"] == "text/event-stream"

    labels: list[str] = []
    for number in range(3):
        send(sender, f"m{number}", inbox)
        while len(labels) <= number:
            line = stream.readline()
            if line.startswith(b"data: "):
                labels += [item["label"] for item in json.loads(line[6:])["items"]]

    assert labels == ["'m0'", "'m1'", "'m2'"]
    stream.close()


def test_a_foreign_host_is_refused_and_sending_goes_on(sentry: FakeSentry, connect: Connect) -> None:
    connection = connect(sentry.port)

    assert ask(connection, "GET", "/api/captured/", host="evil.example")[0] == 403
    send(connection, "one", "strays")


def test_the_server_of_a_capture_answers_too(connect: Connect) -> None:
    with capture() as sentry_events:
        connection = connect(int(sentry_events.url.rpartition(":")[2]))
        inbox = sentry_events.dsn.rpartition("@")[2].split("/")[1]
        waiting = connect(connection.port)
        waiting.request("GET", f"/api/captured/messages?inbox={inbox}&wait=20")
        sentry_sdk.capture_message("one")
        sentry_sdk.flush()
        assert json.load(waiting.getresponse())["count"] == 1

        sentry_events.clear()
        assert ask(connection, "GET", f"/api/captured/messages?inbox={inbox}")[1]["count"] == 0
        # The thread that answers is none of the test's.
        waiting.request("GET", f"/api/captured/logs?inbox={inbox}&wait=20")
        with pytest.raises(AssertionError) as failure:
            sentry_events.messages.find("two", timeout=0.1)
        assert "sentryintegration.answer" not in str(failure.value)
        waiting.close()


def test_the_server_of_a_capture_answers_this_machine_alone(sentry_server: FakeSentry) -> None:
    class Remote:
        peer = "192.0.2.7"

        def has_left(self) -> bool:
            return False

    deferred = sentry_server._handle(Request("GET", "/api/captured/", (("host", "127.0.0.1"),), b""))

    assert isinstance(deferred, Deferred)
    assert deferred.make(Remote()).status == 403
