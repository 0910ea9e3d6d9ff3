"""Two servers that keep the bytes of each body and do nothing else: what receiving alone costs."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Keeping(asyncio.Protocol):
    """One connection, whose requests come one after the other and say how long they are."""

    def __init__(self, bodies: list[bytes]) -> None:
        self.bodies = bodies
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length:")[2].split()[0]):
            self.bodies.append(body)
            self.data = b""
            self.transport.write(ANSWER)


def serve_with_asyncio(bodies: list[bytes]) -> int:
    """Serve in a thread, as a fake that a test can look into does; returns the port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: Keeping(bodies), "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    port: int = server.sockets[0].getsockname()[1]
    return port


def serve_with_werkzeug(bodies: list[bytes]) -> int:
    """Serve with werkzeug's threaded server, which keeps connections open; returns the port."""
    from werkzeug import Request, Response
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Write no line for each request: what is compared is taking requests in."""

    @Request.application
    def keep(request: Any) -> Response:
        bodies.append(request.get_data())
        return Response(b"{}", mimetype="application/json")

    server = make_server("127.0.0.1", 0, keep, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.port
