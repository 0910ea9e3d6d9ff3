"""A connection that is kept for the next request, and what happens where the server has ended it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import pytest

from pytest_sentryintegration.sdk.posting import Poster, PostError

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[Poster, SimpleQueue[bytes]]]:
    """Take a connection for each of *answers*, and end it after these bytes; the queue has what it got."""
    received: SimpleQueue[bytes] = SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    body = connection.recv(65536).rpartition(b"\r\n\r\n")[2]
                    connection.sendall(answer)
                received.put(body)

        serving = threading.Thread(target=serve)
        serving.start()
        yield Poster("127.0.0.1", listening.getsockname()[1]), received
        serving.join()


def test_a_connection_that_the_server_has_ended_meanwhile_is_replaced() -> None:
    with answering(ANSWER, ANSWER) as (poster, received):
        for body in (b"first", b"second"):
            assert poster.post("/", {}, body).data == b"{}"
            assert received.get(timeout=10) == body


@pytest.mark.parametrize("part", [b"", ANSWER[:10], ANSWER[:-1]])
def test_a_request_of_which_the_answer_ends_in_the_middle_is_sent_once(part: bytes) -> None:
    with answering(part) as (poster, received), pytest.raises(PostError, match="the connection ended"):
        poster.post("/", {}, b"first")

    assert received.get(timeout=10) == b"first"


def test_a_request_that_the_server_does_not_read_to_its_end_is_sent_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(ANSWER)
                connection.recv(1024)

        serving = threading.Thread(target=serve)
        serving.start()
        poster = Poster("127.0.0.1", listening.getsockname()[1])
        poster.post("/", {}, b"first")
        with pytest.raises(OSError, match=r"reset|pipe|ended|closed|aborted"):
            poster.post("/", {}, b"x" * 2**23)
        serving.join()
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()
