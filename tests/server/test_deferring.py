from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_sentryintegration.ingest.request import Client, Deferred, Reply, Request
from pytest_sentryintegration.server import deferring
from pytest_sentryintegration.server.serving import Server


class Served:
    """A server whose replies are deferred where the path is not /now, and a connection to it."""

    def __init__(self, make: Callable[[Client], Reply]) -> None:
        self.server = Server(lambda request: self._handle(request, make), limit=lambda path: 1000)
        self.server.start()
        self.socket = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
        self.file = self.socket.makefile("rb")

    def _handle(self, request: Request, make: Callable[[Client], Reply]) -> Reply | Deferred:
        return Reply(200, [], b"now") if request.target == "/now" else Deferred(make)

    def ask(self, *targets: str, headers: str = "") -> None:
        requests = [f"GET {target} HTTP/1.1\r\nhost: x\r\n{headers}\r\n" for target in targets]
        self.socket.sendall("".join(requests).encode())

    def head(self) -> list[bytes]:
        lines = []
        while (line := self.file.readline()) not in (b"\r\n", b""):
            lines.append(line.strip())
        return lines

    def answer(self) -> bytes:
        length = next(line for line in self.head() if line.startswith(b"content-length"))
        return self.file.read(int(length.split()[1]))

    def close(self) -> None:
        self.file.close()
        self.socket.close()
        self.server.stop()


Serve = Callable[[Callable[[Client], Reply]], Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    served: list[Served] = []

    def start(make: Callable[[Client], Reply]) -> Served:
        served.append(Served(make))
        return served[-1]

    yield start
    for each in served:
        each.close()


def test_a_reply_is_made_in_a_thread_of_its_own(serve: Serve) -> None:
    served = serve(lambda client: Reply(200, [], f"{threading.current_thread().name} {client.peer}".encode()))

    served.ask("/later")

    assert served.answer() == b"sentryintegration.answer 127.0.0.1"


def test_others_are_answered_while_one_waits(serve: Serve) -> None:
    go = threading.Event()
    served = serve(lambda client: Reply(200, [], b"late" if go.wait(20) else b"never"))
    served.ask("/later")

    with socket.create_connection(("127.0.0.1", served.server.port), timeout=20) as other:
        other.sendall(b"GET /now HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert other.makefile("rb").read().endswith(b"now")
    go.set()
    assert served.answer() == b"late"


def test_answers_keep_the_order_of_their_requests(serve: Serve) -> None:
    served = serve(lambda client: Reply(200, [], b"later"))

    served.ask("/later", "/now", "/later")

    assert [served.answer() for _ in range(3)] == [b"later", b"now", b"later"]


def test_a_stream_is_sent_piece_by_piece(serve: Serve) -> None:
    go = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"one"
        go.wait(20)
        yield b"two"

    served = serve(lambda client: Reply(200, [("content-type", "text/plain")], chunks=chunks()))
    served.ask("/stream", "/now")

    assert served.head() == [b"HTTP/1.1 200 OK", b"content-type: text/plain", b"transfer-encoding: chunked"]
    assert served.file.readline() + served.file.readline() == b"3\r\none\r\n"
    go.set()
    assert served.file.read(len(b"3\r\ntwo\r\n0\r\n\r\n")) == b"3\r\ntwo\r\n0\r\n\r\n"
    assert served.answer() == b"now"


def test_a_stream_to_a_client_that_keeps_no_connection_ends_with_it(serve: Serve) -> None:
    served = serve(lambda client: Reply(200, [], chunks=iter([b"one", b"two"])))

    served.ask("/stream", headers="connection: close\r\n")

    assert served.file.read() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonetwo"


def test_a_stream_ends_when_its_client_leaves(serve: Serve) -> None:
    ended = threading.Event()

    def chunks() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            ended.set()

    served = serve(lambda client: Reply(200, [], chunks=chunks()))
    served.ask("/stream")
    served.head()
    served.file.close()
    served.socket.close()

    assert ended.wait(20)


def test_a_client_that_takes_nothing_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferring, "PATIENCE", 0.05)
    sent = 0
    ended = threading.Event()

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        try:
            while True:
                sent += 100_000
                yield b"x" * 100_000
        finally:
            ended.set()

    served = serve(lambda client: Reply(200, [], chunks=chunks()))
    served.ask("/stream")

    assert ended.wait(20)
    # What the sockets of both sides hold, and no more.
    assert sent < 20_000_000


def test_a_piece_is_made_when_the_one_before_it_was_given_to_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    turns: list[Callable[[], object]] = []

    class Waited(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            """Let the serving thread do what it was given."""
            while turns:
                turns.pop(0)()
            return super().wait(0)

    class Loop:
        def call_soon_threadsafe(self, call: Callable[..., object], *arguments: object) -> None:
            turns.append(lambda: call(*arguments))

    class Noting:
        peer = ""

        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *arguments: done.append(name)

    def chunks() -> Iterator[bytes]:
        for number in range(3):
            done.append(f"made {number}")
            yield b"x"

    monkeypatch.setattr(deferring, "threading", SimpleNamespace(Event=Waited))
    making: Any = deferring.Making(cast(Any, Loop()), cast(Any, Noting()), True)

    making.run(Deferred(lambda client: Reply(200, [], chunks=chunks())))

    assert done == ["made 0", "begin", "write", "made 1", "write", "made 2", "write"]


def test_a_client_sees_that_another_has_left(serve: Serve) -> None:
    left = threading.Event()

    def make(client: Client) -> Reply:
        while not client.has_left():
            left.wait(0.01)
        left.set()
        return Reply(200)

    served = serve(make)
    served.ask("/later")
    served.file.close()
    served.socket.close()

    assert left.wait(20)


def test_replies_in_the_making_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferring, "LIMIT", 0)
    served = serve(lambda client: Reply(200))

    served.ask("/later", "/now")

    assert served.answer() == b"0 requests are being answered already: try again when some are done"
    assert served.answer() == b"now"


def test_the_server_stops_while_a_reply_is_in_the_making(serve: Serve) -> None:
    go = threading.Event()
    begun = threading.Event()

    def make(client: Client) -> Reply:
        begun.set()
        go.wait(20)
        return Reply(200)

    served = serve(make)
    served.ask("/later")
    begun.wait(20)
    served.server.stop()
    go.set()

    assert served.file.read() == b""
