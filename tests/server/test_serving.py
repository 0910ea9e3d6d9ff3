from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator

import pytest

from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.server.listening import PortBusyError
from pytest_sentryintegration.server.serving import Server


class Recorder:
    """Keeps what it is asked, answers what it is told."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refused: list[tuple[Request, int, str]] = []
        self.reply = Reply(200, [("content-type", "text/plain")], b"ok")

    def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply

    def refuse(self, request: Request, status: int, reason: str) -> Reply:
        self.refused.append((request, status, reason))
        return Reply(status, [], b"refused")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def server(recorder: Recorder) -> Iterator[Server]:
    server = Server(recorder.handle, limit=lambda path: 1000, refused=recorder.refuse)
    server.start()
    yield server
    server.stop()


def exchange(server: Server, data: bytes, *, ends: bool = True) -> bytes:
    """Send *data* and return everything until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(data)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_headers_that_come_again_are_kept_once(server: Server, recorder: Recorder) -> None:
    request = b"POST / HTTP/1.1\r\nhost: a\r\nX-Thing: Value\r\ncontent-length: 0\r\n\r\n"
    exchange(server, request * 2)

    first, second = (request.headers for request in recorder.requests)
    assert first == second == (("host", "a"), ("x-thing", "Value"), ("content-length", "0"))
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_a_request_arrives_as_it_was_sent(server: Server, recorder: Recorder) -> None:
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.request("POST", "/t1/api/1/envelope/?a=b", body=b"\x00\xff", headers={"X-Thing": "Value"})
    response = connection.getresponse()

    assert (response.status, response.read()) == (200, b"ok")
    (request,) = recorder.requests
    assert (request.method, request.target, request.body) == ("POST", "/t1/api/1/envelope/?a=b", b"\x00\xff")
    assert ("x-thing", "Value") in request.headers
    connection.close()


def test_a_connection_is_kept_for_the_next_request(server: Server, recorder: Recorder) -> None:
    connection = http.client.HTTPConnection(server.host, server.port)
    for number in range(3):
        connection.request("POST", f"/{number}", body=b"x")
        connection.getresponse().read()

    assert [request.target for request in recorder.requests] == ["/0", "/1", "/2"]
    connection.close()


def test_a_chunked_body_is_put_together(server: Server, recorder: Recorder) -> None:
    exchange(
        server,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    )

    assert [request.body for request in recorder.requests] == [b"abcde"]


def test_pipelined_requests_are_answered_in_order(server: Server, recorder: Recorder) -> None:
    one = b"POST /%d HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx"

    received = exchange(server, one % 1 + one % 2)

    assert [request.target for request in recorder.requests] == ["/1", "/2"]
    assert received.count(b"HTTP/1.1 200 OK") == 2


def test_a_client_that_expects_it_is_told_to_continue(server: Server) -> None:
    received = exchange(
        server, b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx"
    )

    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_body_over_the_limit_is_413_and_listed(server: Server, recorder: Recorder) -> None:
    received = exchange(server, b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n" + b"x" * 2000)

    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.endswith(b"refused")
    ((request, status, reason),) = recorder.refused
    assert (request.method, request.target, status) == ("POST", "/x", 413)
    assert reason == "Failed to buffer the request body: length limit exceeded"
    assert recorder.requests == []


def test_what_cannot_be_read_is_refused_after_what_came_before_it(recorder: Recorder) -> None:
    saved: list[int] = []

    def save() -> None:
        saved.append(len(recorder.requests))

    server = Server(recorder.handle, limit=lambda path: 1000, refused=recorder.refuse, save=save)
    server.start()
    received = exchange(server, b"GET /1 HTTP/1.1\r\nhost: x\r\n\r\nnonsense\r\n\r\n", ends=False)
    server.stop()

    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"400"]
    assert [status for _, status, _ in recorder.refused] == [400]
    assert saved[0] == 1


def test_headers_without_end_are_cut_off(server: Server, recorder: Recorder) -> None:
    header = b"x-filler: " + b"x" * 1000 + b"\r\n"

    received = exchange(server, b"POST / HTTP/1.1\r\nhost: x\r\n" + header * 100)

    assert received.startswith(b"HTTP/1.1 431 ")
    assert [status for _, status, _ in recorder.refused] == [431]


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01", b"hello\r\n\r\n", b"POST\r\n\r\n"])
def test_what_is_not_http_is_400_and_listed(server: Server, recorder: Recorder, garbage: bytes) -> None:
    received = exchange(server, garbage)

    assert received.startswith(b"HTTP/1.1 400 ")
    assert [status for _, status, _ in recorder.refused] == [400]


def test_a_client_that_dies_inside_the_body_leaves_nothing(server: Server, recorder: Recorder) -> None:
    exchange(server, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
    exchange(server, b"POST /next HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")

    assert [request.target for request in recorder.requests] == ["/next"]


def test_a_cut_reply_ends_in_the_middle(server: Server, recorder: Recorder) -> None:
    recorder.reply = Reply(200, [], b"x" * 100, cut=20)

    received = exchange(server, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")

    assert received == b"HTTP/1.1 200 OK\r\ncon"


def test_a_delayed_reply_does_not_hold_up_others(server: Server, recorder: Recorder) -> None:
    recorder.reply = Reply(200, [], b"late", delay=3600)
    slow = socket.create_connection((server.host, server.port))
    slow.sendall(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    connection = http.client.HTTPConnection(server.host, server.port)
    while not recorder.requests:
        threading.Event().wait(0.001)
    recorder.reply = Reply(200, [], b"soon")

    connection.request("POST", "/quick", body=b"")

    assert connection.getresponse().read() == b"soon"
    connection.close()
    slow.close()


def test_a_thousand_slow_clients_do_not_stop_an_honest_one(server: Server, recorder: Recorder) -> None:
    slow = [socket.create_connection((server.host, server.port)) for _ in range(1000)]
    for connection in slow:
        connection.sendall(b"P")

    received = exchange(
        server, b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    )

    assert received.endswith(b"ok")
    for connection in slow:
        connection.close()


def test_a_busy_port_is_an_error_that_says_which(server: Server) -> None:
    second = Server(lambda request: Reply(200), limit=lambda path: 0, port=server.port)

    with pytest.raises(PortBusyError, match=f"port {server.port} of 127.0.0.1 is in use"):
        second.start()


def test_stopping_closes_the_port_and_the_connections(recorder: Recorder) -> None:
    server = Server(recorder.handle, limit=lambda path: 0)
    server.start()
    idle = socket.create_connection((server.host, server.port), timeout=10)
    before = threading.active_count()

    server.stop()

    assert idle.recv(1) == b""
    assert threading.active_count() == before - 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port))
    idle.close()
