"""What stands between services: hands requests on, and allows what a page of another origin may send."""

from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HEADERS = "sentry-trace, baggage, traceparent"
PATIENCE = 120.0
"""Seconds for what takes one of them where the machine is not busy."""


class Gateway(ThreadingHTTPServer):
    """Hands requests to the service at port `to`, without the headers in `drops`."""

    def __init__(self, to: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handing)
        self.to = to
        self.drops: set[str] = set()
        self.allowed = HEADERS
        """What the page may send to another origin."""
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handing(BaseHTTPRequestHandler):
    server: Gateway

    def do_OPTIONS(self) -> None:
        # Not to be kept by the browser, which lives on into the next test.
        self.answer(
            b"", **{"access-control-allow-headers": self.server.allowed, "access-control-max-age": "0"}
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in self.server.drops
        }
        service = http.client.HTTPConnection("127.0.0.1", self.server.to, timeout=PATIENCE)
        service.request("POST", self.path, body, headers)
        self.answer(service.getresponse().read())
        service.close()

    def answer(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        for name, value in {
            "access-control-allow-origin": "*",
            "content-length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class PageServer(ThreadingHTTPServer):
    """Serves the page, and takes what it says when it is done."""

    def __init__(self, script: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.script = script
        self.said: queue.Queue[dict[str, str]] = queue.Queue()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def done(self, order: str) -> dict[str, str]:
        """Wait until the page of an order is done, and return what it says of it."""
        while (said := self.said.get(timeout=PATIENCE))["order"] != order:
            pass  # of a test that did not wait for it any longer
        return said


class Page(Handing):
    server: PageServer  # type: ignore[assignment]

    def do_GET(self) -> None:
        self.answer(
            self.server.script
            if self.path == "/page.js"
            else b"<!doctype html><meta charset=utf-8><script type=module src=/page.js></script>",
            **{"content-type": "text/javascript" if self.path == "/page.js" else "text/html"},
        )

    def do_POST(self) -> None:
        self.server.said.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.answer(b"")


@contextmanager
def running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
